use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    item: String,
    count: u32,
    gift: Option<bool>,
    address: Option<Address>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Address {
    zip: u32,
}

fn refusal(text: &str) -> String {
    parse::<Order>(text).unwrap_err()
}

#[test]
fn text_stands_for_numbers_and_booleans() {
    let order: Order = parse(r#"{"item":"7","count":"3","gift":"true"}"#).unwrap();
    assert_eq!(order, Order { item: "7".into(), count: 3, gift: Some(true), address: None });
}

#[test]
fn a_refusal_names_the_argument() {
    assert_eq!(refusal(r#"{"item":"x"}"#), "argument `count`: missing");
    assert_eq!(refusal(""), "argument `item`: missing");
    assert_eq!(
        refusal(r#"{"item":"x","count":"many"}"#),
        "argument `count`: invalid type: string \"many\", expected u32"
    );
    assert_eq!(refusal(r#"{"item":"x","count":1,"address":{}}"#), "argument `address`: missing field `zip`");
    assert_eq!(refusal(r#"{"itme":"x"}"#), "argument `itme`: unknown, there are item, count, gift, address");
}

#[test]
fn text_that_is_not_an_object_is_refused_as_a_whole() {
    assert_eq!(refusal("{"), "arguments: EOF while parsing an object at line 1 column 1");
    assert_eq!(refusal("3"), "arguments: invalid type: integer `3`, expected struct Order");
}

#[test]
fn json_arrives_unchanged() {
    let text = json!({ "z": "3", "a": [1, null, { "b": 1.5 }] });
    assert_eq!(parse::<Value>(&text.to_string()).unwrap(), text);
    assert_eq!(parse::<Vec<u8>>("[1,2]").unwrap(), [1, 2]);
    assert_eq!(parse::<Option<Value>>("{}").unwrap(), Some(json!({})));
    parse::<IgnoredAny>(r#"{"a":1}"#).unwrap();
    parse::<IgnoredAny>("[]").unwrap();
}

#[test]
fn the_arguments_may_be_an_enum_or_flattened() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Shape {
        Circle { radius: u32 },
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Open {
        name: String,
        #[serde(flatten)]
        rest: Map<String, Value>,
    }
    assert_eq!(parse::<Shape>(r#"{"circle":{"radius":2}}"#).unwrap(), Shape::Circle { radius: 2 });
    let open: Open = parse(r#"{"a":1,"name":"x"}"#).unwrap();
    assert_eq!((open.name.as_str(), &open.rest["a"]), ("x", &json!(1)));
}
