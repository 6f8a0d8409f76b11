//! Guests that do not let go of the processor.

use super::unnoticed;

#[tokio::test(flavor = "multi_thread")]
async fn endless_loops_of_one_namespace_leave_the_others_alone() {
    let outcome = unnoticed("endless loops").await;

    assert!(outcome.noted.starts_with("202 ×"), "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn host_calls_in_a_straight_line_leave_the_others_alone_and_end_with_the_time_limit() {
    for attack in ["unrolled random_get", "unrolled fd_write", "unrolled clock_time_get"] {
        let outcome = unnoticed(attack).await;

        // 502: the time limit ended the guest.
        assert!(outcome.noted.starts_with("502 ×"), "{attack}: {}", outcome.noted);
    }
}
