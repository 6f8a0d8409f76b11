//! What cannot be an action gets one readable error on the author's own text. `TRYBUILD=overwrite` writes them anew.

#[test]
fn what_cannot_be_an_action_says_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
