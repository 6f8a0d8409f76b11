#[wask_sdk::action]
fn greet(name: String, greeting: String) -> String {
    format!("{greeting}, {name}")
}
