//! A function that cannot be an action gets one readable error on the author's own token. `TRYBUILD=overwrite` rewrites
//! the expected errors.

#[test]
fn an_error_says_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
