//! Greets the person named in the argument.

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Person {
    #[serde(default = "stranger")]
    name: String,
}

#[derive(Debug, PartialEq, Serialize)]
struct Greeting {
    greeting: String,
}

#[wask_sdk::action]
fn hello(person: Person) -> Greeting {
    Greeting { greeting: format!("Hello, {}!", person.name) }
}

fn stranger() -> String {
    "stranger".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_greets_by_name() {
        assert_eq!(hello(Person { name: "Ada".into() }), Greeting { greeting: "Hello, Ada!".into() });
    }
}
