#[wask_sdk::action]
fn greet() -> ! {
    panic!()
}
