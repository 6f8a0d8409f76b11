//! Bodies and lists that cost more than they look.

use wask_tests::attack::Outcome;

use super::unnoticed;

/// How much memory a small attack may take: bodies of the largest size, parsed, and what a debug build adds.
const MEMORY: u64 = 600 << 20;

fn assert_memory(outcome: &Outcome) {
    let more = outcome.peak_bytes.saturating_sub(outcome.quiet_bytes);
    assert!(more < MEMORY, "{} MiB more than before: {}", more >> 20, outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_parameters_are_refused_before_they_delay_anybody() {
    let outcome = unnoticed("300,000 small parameters").await;

    assert!(outcome.noted.starts_with("413 ×"), "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_small_numbers_are_refused_while_they_arrive() {
    let outcome = unnoticed("20 MiB of small numbers").await;

    assert!(!outcome.noted.contains("200 ×"), "{}", outcome.noted);
    assert_memory(&outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_bodies_of_one_namespace_are_parsed_one_after_the_other() {
    let outcome = unnoticed("bodies as large as they may be").await;

    assert!(outcome.noted.starts_with("200 ×"), "{}", outcome.noted);
    assert_memory(&outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_do_not_skip_further_than_allowed() {
    let outcome = unnoticed("deep skips in lists").await;

    assert!(outcome.noted.starts_with("400 ×") && !outcome.noted.contains("200 ×"), "{}", outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_pages_are_cut_and_leave_readers_to_the_others() {
    let outcome = unnoticed("large pages in parallel").await;

    assert!(outcome.noted.starts_with("200 ×"), "{}", outcome.noted);
    assert_memory(&outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_take_no_more_than_their_part_of_the_memory() {
    let outcome = unnoticed("readers that do not read").await;

    assert_memory(&outcome);
}
