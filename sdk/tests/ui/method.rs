struct Greeter;

impl Greeter {
    #[wask_sdk::action]
    fn greet(&self) -> String {
        "hello".into()
    }
}

fn main() {}
