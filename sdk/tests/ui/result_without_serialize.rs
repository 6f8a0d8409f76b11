struct Greeting {
    text: String,
}

#[wask_sdk::action]
fn greet() -> Greeting {
    Greeting { text: "hello".into() }
}
