#[wask_sdk::action]
struct Greeter {
    greeting: String,
}
