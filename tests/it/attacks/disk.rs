//! Callers that fill the disk.

use super::unnoticed;

#[tokio::test(flavor = "multi_thread")]
async fn entities_without_end_are_refused_and_leave_the_others_alone() {
    let outcome = unnoticed("entities without end").await;

    assert!(outcome.noted.contains("200 ×") && outcome.noted.contains("413 ×"), "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_without_end_to_a_receiver_that_is_down_are_refused_by_their_bytes() {
    let outcome = unnoticed("callbacks to nobody").await;

    assert!(outcome.noted.contains("202 ×"), "{}", outcome.noted);
    assert!(outcome.noted.contains("; then 429 Undelivered callbacks of the namespace would be"), "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_of_every_second_leave_the_others_alone() {
    let outcome = unnoticed("alarms every second").await;

    assert!(outcome.noted.contains("alarms with"), "{}", outcome.noted);
}
