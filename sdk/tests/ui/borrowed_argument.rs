#[wask_sdk::action]
fn greet(name: &str) -> String {
    name.to_string()
}
