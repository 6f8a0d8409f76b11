//! Memory, tables and the stack.

use serde_json::json;
use wask_tests::{TestServer, guest, wat};

use super::{run, run_wat};

const EXHAUSTED: &str = "The action exhausted its memory and was aborted.";
const ABNORMAL: &str = "The action did not produce a valid response and exited unexpectedly.";

#[tokio::test(flavor = "multi_thread")]
async fn memory_beyond_the_limit_is_refused_and_named_as_the_cause() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for name in ["memory-huge", "memory-grow", "memory-touch"] {
        let ran = run_wat(&me, name, json!({ "memory": 128 })).await;
        assert_eq!(ran.answer.status, 502, "{name}");
        assert_eq!(ran.status(), "action developer error", "{name}");
        assert_eq!(ran.error(), EXHAUSTED, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_gets_exactly_the_memory_it_asked_for() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let alloc = guest("alloc");
    for (memory, mb, fits) in [(128, 100, true), (128, 140, false), (256, 140, true)] {
        let ran = run(&me, "alloc", &alloc, json!({ "memory": memory }), json!({ "mb": mb })).await;
        match fits {
            true => assert_eq!(*ran.result(), json!({ "allocated": mb })),
            false => assert_eq!(ran.error(), EXHAUSTED),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_grows_to_its_limit_and_a_guest_that_needs_more_is_ended() {
    let wask = TestServer::start().await;

    let ran = run_wat(&wask.guest(), "table-grow", json!({})).await;

    assert_eq!(ran.status(), "action developer error");
    assert_eq!(ran.error(), ABNORMAL);
    assert!(ran.logs().iter().any(|line| line.contains("unreachable")), "{:?}", ran.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_declares_more_than_the_limits_is_refused_at_deploy() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (name, sentence) in [
        ("table-huge", "The module declares 10000000 elements in a table; at most 100000 are allowed."),
        ("tables-many", "The module declares 30 tables; at most 4 are allowed."),
        ("memories-many", "The module declares 31 memories; at most 1 are allowed."),
        ("memory-second-huge", "The module declares 2 memories; at most 1 are allowed."),
    ] {
        let refused = me.put_code(name, &wat(name), json!({})).await.expect(400);
        assert_eq!(refused.error(), sentence);
    }
    let shared = me.put_code("shared-memory", &wat("shared-memory"), json!({})).await.expect(400);
    assert!(shared.error().starts_with("The module is not valid: "), "{}", shared.error());
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_recursion_ends_with_its_stack_in_the_logs() {
    let wask = TestServer::start().await;
    let me = wask.guest();

    let ran = run_wat(&me, "stack-overflow", json!({})).await;

    assert_eq!(ran.status(), "action developer error");
    assert_eq!(ran.error(), ABNORMAL);
    let logs = ran.logs();
    assert!(logs[0].contains("call stack exhausted"), "{logs:?}");
    assert!(logs[1].contains("at deeper"), "{logs:?}");
    assert_eq!(run(&me, "echo", &guest("echo"), json!({}), json!({ "a": 1 })).await.status(), "success");
}
