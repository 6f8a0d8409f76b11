//! What a guest writes, how it exits, and what its author reads.

use serde_json::{Value, json};
use wask_tests::{TestServer, guest};

use super::{run, run_wat};

const ABNORMAL: &str = "The action did not produce a valid response and exited unexpectedly.";
const NO_JSON: &str = "The action did not produce a valid JSON or JSON Array response";
const MB: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_limit_of_zero_collects_nothing() {
    let wask = TestServer::start().await;
    let me = wask.guest();

    let chatty = run(&me, "log-lines", &guest("log-lines"), json!({ "logs": 0 }), json!({ "lines": 10 })).await;
    let trapped = run_wat(&me, "divide-by-zero", json!({ "logs": 0 })).await;

    assert_eq!(*chatty.result(), json!({ "lines": 10 }));
    assert_eq!(chatty.record["logs"], json!([]));
    assert_eq!(trapped.record["logs"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_cut_at_the_limit_and_a_last_line_says_so() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let args = json!({ "lines": 4000, "width": 1000 });
    let lines = run(&me, "log-lines", &guest("log-lines"), json!({ "logs": 1 }), args).await;
    let flood = run_wat(&me, "stderr-flood", json!({ "logs": 1 })).await;
    let unbroken = run_wat(&me, "stderr-no-newline", json!({ "logs": 1 })).await;

    for ran in [&lines, &flood, &unbroken] {
        assert_eq!(ran.status(), "success", "too many log lines are no failure");
        let stored = ran.record["logs"].as_array().unwrap();
        let last = stored.last().unwrap().as_str().unwrap();
        let cut = "Logs were truncated because the total bytes size exceeds the limit of 1048576 bytes.";
        assert!(last.ends_with(&format!(" stderr: {cut}")), "{last}");
        let bytes: usize = stored.iter().map(|line| line.as_str().unwrap().len()).sum();
        assert!((1_000_000..MB as usize + 200).contains(&bytes), "{bytes} bytes are stored");
    }
    assert_eq!(*lines.result(), json!({ "lines": 4000 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn b75_log_lines_keep_their_order_and_name_their_stream() {
    let wask = TestServer::start().await;

    let ran = run(&wask.guest(), "log-lines", &guest("log-lines"), json!({}), json!({ "lines": 4 })).await;

    let expected = ["stdout: line 00000", "stderr: line 00001", "stdout: line 00002", "stderr: line 00003"];
    assert_eq!(ran.logs(), expected);
    for line in ran.record["logs"].as_array().unwrap() {
        let stamp = line.as_str().unwrap().split(' ').next().unwrap();
        assert_eq!(stamp.len(), 30, "{stamp}");
        assert!(stamp.parse::<chrono::DateTime<chrono::Utc>>().is_ok(), "{stamp}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_line_cannot_forge_another() {
    let wask = TestServer::start().await;

    let ran = run_wat(&wask.guest(), "log-inject", json!({})).await;

    assert_eq!(*ran.result(), json!({}));
    let logs = ran.logs();
    assert!(logs.iter().all(|line| line.starts_with("stdout: ")), "{logs:?}");
    assert!(logs.iter().all(|line| !line.contains(char::is_control)), "{logs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b68_a_result_one_byte_over_the_limit_is_an_application_error() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let code = guest("big-result");

    let fits = run(&me, "big-result", &code, json!({}), json!({ "size": MB })).await;
    let too_large = run(&me, "big-result", &code, json!({}), json!({ "size": MB + 1 })).await;

    assert_eq!(fits.answer.status, 200);
    assert_eq!(fits.result()["data"].as_str().unwrap().len() as u64, MB - 11);
    assert_eq!(too_large.answer.status, 502);
    assert_eq!(too_large.status(), "application error");
    let sentence = "The action produced a response that exceeded the allowed length: 1048577 > 1048576 bytes. \
                    The truncated response was: {\"data\":\"xx";
    assert!(too_large.error().starts_with(sentence), "{:.200}", too_large.error());
    assert!(too_large.error().len() as u64 <= MB + 200, "the prefix is bounded, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_the_last_line_if_it_is_an_object_or_array() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let not_json = guest("not-json");
    for (text, reads) in [
        ("hello world", ": hello world"),
        ("42", ": 42"),
        ("\"text\"", ": \"text\""),
        ("null", ": null"),
        ("{\"a\":1", ": {\"a\":1"),
        ("{\"a\":1}{\"b\":2}", ": {\"a\":1}{\"b\":2}"),
    ] {
        let ran = run(&me, "not-json", &not_json, json!({}), json!({ "text": text })).await;
        assert_eq!(ran.answer.status, 502, "{text}");
        assert_eq!(ran.status(), "action developer error", "{text}");
        assert_eq!(ran.error(), format!("{NO_JSON}{reads}"));
    }
    let silent = run(&me, "silent", &guest("silent"), json!({}), json!({})).await;
    assert_eq!(silent.error(), format!("{NO_JSON}."));
    let array = run(&me, "array", &guest("array"), json!({}), json!({ "a": 1 })).await;
    assert_eq!(*array.result(), json!([{ "a": 1 }, { "a": 1 }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_nested_too_deeply_is_refused_and_the_server_survives() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let code = guest("deep-json");

    let fits = run(&me, "deep-json", &code, json!({}), json!({ "depth": 100 })).await;
    assert_eq!(fits.status(), "success");
    for depth in [200, 100_000] {
        let ran = run(&me, "deep-json", &code, json!({}), json!({ "depth": depth })).await;
        assert_eq!(ran.status(), "action developer error");
        assert!(ran.error().starts_with(NO_JSON), "{:.100}", ran.error());
    }
    assert_eq!(run(&me, "silent", &guest("silent"), json!({}), json!({})).await.answer.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guests_exit_decides_what_becomes_of_its_result() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (name, status, result) in [
        ("exit-3", "action developer error", json!({ "error": ABNORMAL })),
        ("result-then-exit-0", "success", json!({ "done": true })),
        ("result-then-exit-3", "action developer error", json!({ "error": ABNORMAL })),
        ("result-then-trap", "action developer error", json!({ "error": ABNORMAL })),
        ("result-without-newline", "success", json!({ "done": true })),
    ] {
        let ran = run_wat(&me, name, json!({})).await;
        assert_eq!((ran.status(), ran.result()), (status, &result), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn section_3_9_a_guest_that_dies_while_starting_has_its_own_error() {
    let wask = TestServer::start().await;

    let ran = run_wat(&wask.guest(), "start-trap", json!({})).await;

    assert_eq!((ran.answer.status.as_u16(), ran.status()), (502, "action developer error"));
    assert_eq!(ran.error(), "The action did not initialize and exited unexpectedly.");
    assert!(ran.logs()[0].contains("unreachable"), "{:?}", ran.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_traps_logs_name_its_cause_and_its_stack() {
    let wask = TestServer::start().await;

    let ran = run_wat(&wask.guest(), "divide-by-zero", json!({})).await;

    assert_eq!(ran.error(), ABNORMAL);
    let logs = ran.logs();
    assert!(logs[0].contains("integer divide by zero"), "{logs:?}");
    let frames: Vec<&str> = logs[1..].iter().map(|line| line.trim_start_matches("stderr:").trim()).collect();
    assert_eq!(frames, ["at divide", "at compute", "at _start"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panics_logs_have_its_message_and_the_next_run_works() {
    let wask = TestServer::start().await;
    let me = wask.guest();

    let ran = run(&me, "panic", &guest("panic"), json!({}), json!({ "message": "out of cheese ☃" })).await;

    assert_eq!(ran.answer.status, 502);
    assert_eq!(ran.status(), "action developer error");
    let logs = ran.logs();
    assert!(logs.iter().any(|line| line.contains("out of cheese ☃")), "{logs:?}");
    assert!(logs.iter().any(|line| line.contains("panic.rs:")), "{logs:?}");
    assert!(logs.iter().any(|line| line.contains("at panic::")), "function names, not numbers: {logs:?}");
    let again = super::invoke(&me, "panic", json!({ "message": "again" })).await;
    assert!(again.logs().iter().any(|line| line.contains("again")));
}

#[tokio::test(flavor = "multi_thread")]
async fn b72_text_of_every_unicode_plane_survives_in_result_and_logs() {
    let wask = TestServer::start().await;
    let args = json!({ "in": "☃ \u{1f980} \u{0} \u{2028}" });

    let ran = run(&wask.guest(), "unicode", &guest("unicode"), json!({}), args.clone()).await;

    assert_eq!(ran.result()["args"], args);
    let text = ran.result()["text"].as_str().unwrap();
    assert!(text.contains("世界 🦀") && text.contains('\u{0}') && text.contains('\u{10ffff}'));
    assert!(ran.logs()[0].contains("世界 🦀"), "{:?}", ran.logs());
    let broken: Value = run_wat(&wask.guest(), "invalid-utf8", json!({})).await.record;
    assert_eq!(broken["response"]["status"], "action developer error", "a result that is not UTF-8 is not JSON");
}
