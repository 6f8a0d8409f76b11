//! Strangers who guess keys.

use super::unnoticed;

#[tokio::test(flavor = "multi_thread")]
async fn t26_guessers_are_unnoticed() {
    let outcome = unnoticed("wrong keys from every socket").await;

    assert!(outcome.noted.contains("401 ×"), "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_guessers_at_the_address_of_another_caller_are_unnoticed() {
    let outcome = unnoticed("wrong keys from the canary's address").await;

    assert!(outcome.noted.contains("401 ×"), "{}", outcome.noted);
}
