//! Strangers who open connections and do not use them. threats.md T15.

use super::unnoticed;

#[tokio::test(flavor = "multi_thread")]
async fn silent_sockets_are_nobodys_business() {
    let outcome = unnoticed("2,000 silent sockets").await;
    assert!(outcome.noted.ends_with(" connected"), "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_never_end_are_nobodys_business() {
    let outcome = unnoticed("2,000 half heads").await;
    assert!(outcome.noted.ends_with(" connected"), "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn prefaces_of_http2_without_requests_are_nobodys_business() {
    unnoticed("2,000 HTTP/2 prefaces").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_their_bodies_take_no_place_of_the_action_that_they_name() {
    unnoticed("web requests without their bodies").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_whose_bodies_drip_take_no_place_either() {
    unnoticed("web requests whose bodies drip").await;
}
