//! The time limit: whatever a guest does, it ends at its limit.

use serde_json::json;
use tokio::task::JoinSet;
use wask_tests::attack::unrolled_guests;
use wask_tests::{TestServer, annotation, guest};

use super::{run, run_wat};

/// Guests that never end, each in a different way.
const ENDLESS: [&str; 13] = [
    "endless-loop",
    "endless-tail-call",
    "endless-fill",     // one instruction moves 16 MiB
    "memory-hold",      // after it has taken all memory
    "result-then-loop", // a result does not save it
    "busy-host-call",   // WASI, which answers at once
    "busy-wask-call",   // a service of the host
    "busy-write",
    "random-flood",
    "stdout-flood",
    "stdout-no-newline",
    "sleep-forever", // inside the host, where no code of the guest can be interrupted
    "start-loop",    // before `_start`
];

#[tokio::test(flavor = "multi_thread")]
async fn every_endless_guest_is_ended_at_its_limit_and_the_log_names_it() {
    let wask = TestServer::start().await;
    let mut runs = JoinSet::new();
    for name in ENDLESS {
        let me = wask.guest();
        runs.spawn(async move { (name, run_wat(&me, name, json!({ "timeout": 500, "memory": 128 })).await) });
    }

    while let Some(ended) = runs.join_next().await {
        let (name, ran) = ended.unwrap();
        let phase = if name == "start-loop" { " during initialization" } else { "" };
        assert_eq!(ran.answer.status, 502, "{name}");
        assert_eq!(ran.status(), "action developer error", "{name}");
        assert_eq!(ran.error(), format!("The action exceeded its time limits of 500 milliseconds{phase}."), "{name}");
        assert_eq!(annotation(&ran.record, "timeout"), Some(true.into()), "{name}");
        assert!((500..15_000).contains(&ran.duration_ms()), "{name} took {} ms", ran.duration_ms());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn host_calls_in_a_straight_line_end_at_the_shortest_limit() {
    let wask = TestServer::start().await;

    for (call, code) in unrolled_guests() {
        let ran = run(&wask.guest(), call, &code, json!({ "timeout": 100 }), json!({})).await;

        assert_eq!(ran.error(), "The action exceeded its time limits of 100 milliseconds.", "{call}");
        assert!((100..5_000).contains(&ran.duration_ms()), "{call} took {} ms", ran.duration_ms());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b67_the_shortest_time_limit_ends_a_guest_and_the_caller_reads_it() {
    let wask = TestServer::start().await;

    let ran = run_wat(&wask.guest(), "endless-loop", json!({ "timeout": 100 })).await;

    assert_eq!(ran.answer.status, 502);
    assert_eq!(ran.answer.json()["response"]["status"], "action developer error");
    let error = json!({ "error": "The action exceeded its time limits of 100 milliseconds." });
    assert_eq!(ran.answer.json()["response"]["result"], error);
    assert_eq!(annotation(&ran.answer.json(), "timeout"), Some(true.into()));
    assert!(100 <= ran.duration_ms(), "{} ms", ran.duration_ms());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_runs_out_of_time_keeps_its_logs() {
    let wask = TestServer::start().await;

    let ran =
        run(&wask.guest(), "sleeper", &guest("sleeper"), json!({ "timeout": 300 }), json!({ "ms": 60_000 })).await;

    assert_eq!(ran.error(), "The action exceeded its time limits of 300 milliseconds.");
    assert!(ran.logs()[0].ends_with(": start"), "{:?}", ran.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_ends_within_its_limit_is_not_reported_as_timed_out() {
    let wask = TestServer::start().await;

    let ran = run(&wask.guest(), "spin", &guest("spin"), json!({ "timeout": 30_000 }), json!({ "ms": 50 })).await;

    assert_eq!(ran.status(), "success");
    assert_eq!(annotation(&ran.record, "timeout"), Some(false.into()));
    assert!(50 <= ran.duration_ms());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_call_over_the_limit_is_refused_with_an_error_for_the_guest() {
    let wask = TestServer::builder().configure(|config| config.limits.host_calls = 10).start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    let code = guest("host-call");
    let calls =
        |times: u32| json!({ "header": { "op": "actions.invoke", "name": "echo" }, "body": "{}", "times": times });

    let within = run(&me, "host-call", &code, json!({}), calls(10)).await;
    let beyond = run(&me, "host-call", &code, json!({}), calls(11)).await;

    assert_eq!(within.result()["times"], 10, "{}", within.result());
    assert!(within.result()["answer"]["activationId"].is_string(), "{}", within.result());
    assert_eq!(beyond.result()["times"], 10, "{}", beyond.result());
    assert_eq!(beyond.result()["refused"]["error"], "this activation has used up its host calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_dies_of_a_refused_host_call_has_the_limit_in_its_log() {
    let wask = TestServer::builder().configure(|config| config.limits.host_calls = 0).start().await;

    let ran = run_wat(&wask.guest(), "frame-malformed", json!({})).await;

    assert_eq!(ran.status(), "action developer error");
    assert_eq!(ran.error(), "The action made more host calls than allowed: 1 > 0.");
}
