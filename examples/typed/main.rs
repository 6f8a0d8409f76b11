//! Prices an order, with a typed argument, a typed result, and an error that a program can read.

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Order {
    item: String,
    count: u32,
    #[serde(default)]
    express: bool,
}

#[derive(Debug, PartialEq, Serialize)]
struct Quote {
    item: String,
    total_cents: u32,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "reason")]
enum Refusal {
    UnknownItem { item: String },
    TooMany { most: u32 },
}

const MOST: u32 = 100;

#[wask_sdk::action]
fn quote(order: Order) -> Result<Quote, Refusal> {
    if order.count > MOST {
        return Err(Refusal::TooMany { most: MOST });
    }
    let price = match order.item.as_str() {
        "pen" => 120,
        "ink" => 450,
        _ => return Err(Refusal::UnknownItem { item: order.item }),
    };
    let delivery = if order.express { 900 } else { 300 };
    Ok(Quote { item: order.item, total_cents: price * order.count + delivery })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_priced_or_refused() {
        let order = |item: &str, count| Order { item: item.into(), count, express: false };
        assert_eq!(quote(order("pen", 2)), Ok(Quote { item: "pen".into(), total_cents: 540 }));
        assert_eq!(quote(order("cat", 1)), Err(Refusal::UnknownItem { item: "cat".into() }));
        assert_eq!(quote(order("pen", 101)), Err(Refusal::TooMany { most: 100 }));
    }
}
