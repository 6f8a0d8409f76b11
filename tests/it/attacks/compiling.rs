//! Modules that keep the compiler busy or make it large.

use super::unnoticed;

/// What the attacker's uploads came to, apart from those that were cut off at the end of the attack.
fn answers(noted: &str) -> Vec<&str> {
    let all = noted.split(", ").filter_map(|count| count.split(" ×").next());
    all.filter(|answer| *answer != "no answer").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn loops_without_number_are_refused_before_they_are_compiled() {
    for attack in ["20,000 loops in a function", "100,000 loops in a function"] {
        let outcome = unnoticed(attack).await;

        assert_eq!(answers(&outcome.noted), ["400"], "{attack}: {}", outcome.noted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn locals_in_nested_loops_are_refused_before_they_are_compiled() {
    let outcome = unnoticed("locals in nested loops").await;

    assert_eq!(answers(&outcome.noted), ["400"], "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_with_thousands_of_nested_labels_is_refused_without_looking_them_up() {
    let outcome = unnoticed("text with nested labels").await;

    assert_eq!(answers(&outcome.noted), ["400"], "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploaders_that_hang_up_keep_nobody_waiting() {
    let outcome = unnoticed("uploaders that hang up").await;

    assert!(outcome.noted.starts_with("cut ×"), "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_of_a_compilation_is_not_the_servers() {
    let outcome = unnoticed("values live in many blocks").await;

    assert!(outcome.peak_bytes < 512 << 20, "{} bytes: {}", outcome.peak_bytes, outcome.noted);
}
