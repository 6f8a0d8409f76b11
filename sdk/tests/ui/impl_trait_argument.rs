#[wask_sdk::action]
fn greet(args: impl serde::de::DeserializeOwned) {
    drop(args);
}
