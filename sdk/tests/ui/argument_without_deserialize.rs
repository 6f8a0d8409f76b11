struct Person {
    name: String,
}

#[wask_sdk::action]
fn greet(person: Person) -> String {
    person.name
}
