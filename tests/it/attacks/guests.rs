//! Guests that do not let go of the processor.

use super::unnoticed;

#[tokio::test(flavor = "multi_thread")]
async fn endless_loops_of_one_namespace_leave_the_others_alone() {
    let outcome = unnoticed("endless loops").await;

    assert!(outcome.noted.starts_with("202 ×"), "{}", outcome.noted);
}
