//! Guests that take all the memory and all the places they can get.

use serde_json::json;
use wask_tests::attack::{Attack, named};
use wask_tests::{ServerProcess, guest, wat};

use super::{unnoticed, unnoticed_attack};

const MIB: u64 = 1 << 20;
/// A budget of 600 MiB, of which guests have 300.
const SMALL_BUDGET: &[(&str, &str)] = &[
    ("WASK_SERVER__MEMORY_BYTES", "629145600"),
    ("WASK_LIMITS__CONCURRENT_INVOCATIONS", "0"),
    ("WASK_LIMITS__INVOCATIONS_PER_MINUTE", "0"),
];

#[tokio::test(flavor = "multi_thread")]
async fn six_guests_that_take_all_they_can_get_stay_within_the_budget() {
    let attack = Attack { settings: SMALL_BUDGET, ..named("six guests of 900 MiB") };

    let outcome = unnoticed_attack(&attack).await;

    assert!(100 * MIB < outcome.peak_bytes, "they took little: {} bytes", outcome.peak_bytes);
    assert!(outcome.peak_bytes < 600 * MIB, "{} bytes: {}", outcome.peak_bytes, outcome.noted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_beyond_its_share_ends_as_out_of_memory_and_others_have_room() {
    let server = ServerProcess::serve(SMALL_BUDGET).await;
    let (greedy, other) = (server.guest().await, server.create_namespace("other"));
    let limits = |timeout: u64| json!({ "limits": { "timeout": timeout, "memory": 1024 } });
    greedy.create_action_with("hold", &wat("memory-hold"), limits(4000)).await;
    greedy.create_action_with("touch", &wat("memory-touch"), limits(10_000)).await;
    greedy.create_action("alloc", &guest("alloc")).await;
    other.create_action("alloc", &guest("alloc")).await;
    let mut holding = Vec::new();
    for _ in 0..6 {
        holding.push(greedy.invoke_async("hold", &json!({})).await);
    }

    let refused = greedy.invoke("touch", &json!({})).await.expect(502);

    let error = refused.json()["response"]["result"]["error"].as_str().expect("an error").to_owned();
    assert!(
        error.starts_with("The action exhausted the memory that the server has for it and was aborted: "),
        "{error}"
    );
    assert!(error.contains("memory.guests_percent of server.memory_bytes"), "{error}");
    while greedy.state(&holding[5]).await != "ended" {
        let answer = other.invoke("alloc", &json!({ "mb": 8 })).await.expect(200);
        assert_eq!(answer.json()["response"]["result"], json!({ "allocated": 8 }));
    }
    for id in holding {
        let error = greedy.ended(&id).await["response"]["result"]["error"].clone();
        assert_eq!(error, "The action exceeded its time limits of 4000 milliseconds.");
    }
    assert!(server.peak_memory_bytes() < 600 * MIB, "{} bytes", server.peak_memory_bytes());
    greedy.invoke("alloc", &json!({ "mb": 100 })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_writes_counts_as_its_memory() {
    let settings = [SMALL_BUDGET, &[("WASK_MEMORY__GUESTS_PERCENT", "1")]].concat();
    let server = ServerProcess::serve(&settings).await; // 6 MiB for guests
    let me = server.guest().await;
    me.create_action("lines", &guest("log-lines")).await;
    me.invoke("lines", &json!({ "lines": 1000, "width": 50 })).await.expect(200);

    let refused = me.invoke("lines", &json!({ "lines": 1000, "width": 5000 })).await.expect(502);

    let error = refused.json()["response"]["result"]["error"].to_string();
    assert!(error.contains("memory.guests_percent"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_with_large_arguments_run_as_far_as_there_is_memory_for_them() {
    let server = ServerProcess::serve(SMALL_BUDGET).await;
    let (greedy, other) = (server.guest().await, server.create_namespace("other"));
    greedy.create_action_with("sleep", &wat("sleep-forever"), json!({ "limits": { "timeout": 500 } })).await;
    other.create_action("echo", &guest("echo")).await;
    let quiet = server.memory_bytes();
    let large = json!({ "numbers": vec![1; 150_000] }); // 300 KB of text

    let mut ids = Vec::new();
    for number in 0..40 {
        ids.push(greedy.invoke_async("sleep", &large).await);
        let id = other.invoke_async("echo", &json!({ "number": number })).await;
        assert_eq!(other.ended(&id).await["response"]["result"], json!({ "number": number }));
    }

    for id in ids {
        let error = greedy.ended(&id).await["response"]["result"]["error"].clone();
        assert_eq!(error, "The action exceeded its time limits of 500 milliseconds.");
    }
    let more = server.peak_memory_bytes() - quiet;
    assert!(more < 400 * MIB, "{more} bytes more");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_without_a_place_wait_for_one() {
    let outcome = unnoticed("more guests than places").await;

    assert!(outcome.noted.starts_with("200 ×"), "{}", outcome.noted);
    assert!(!outcome.noted.contains("50"), "{}", outcome.noted);
}
