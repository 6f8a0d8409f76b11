#[wask_sdk::action]
fn greet<T: serde::de::DeserializeOwned + serde::Serialize>(args: T) -> T {
    args
}
