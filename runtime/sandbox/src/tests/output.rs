//! Results and logs.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::*;
use crate::{LogLine, LogSink, Stream};

const ECHO: &str = r#"(func (export "_start") (local $n i32)
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.const 4096))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $print (i32.const 1) (i32.const 1024) (i32.load (i32.const 8))))"#;

#[tokio::test]
async fn a_guest_reads_its_arguments_and_returns_them() {
    let report = report(ECHO, Run::new(r#"{"name":"Ada","n":[1,2]}"#)).await;
    assert_eq!(report.end, RunEnd::Returned(json!({ "name": "Ada", "n": [1, 2] })));
    assert_eq!(report.logs, []);
    assert_eq!(report.peak_memory_bytes, 2 * 65536);
}

#[tokio::test]
async fn the_last_non_empty_line_is_the_result_and_earlier_ones_are_logs() {
    let report = report(&printing("one\n\ntwo\r\n{\"a\":1}\n\n  \n"), run()).await;
    assert_eq!(report.end, RunEnd::Returned(json!({ "a": 1 })));
    assert_eq!(texts(&report), ["one", "", "two"]);
}

#[tokio::test]
async fn an_array_on_a_line_without_end_is_a_result() {
    assert_eq!(end(&printing("[1,2]"), run()).await, RunEnd::Returned(json!([1, 2])));
}

#[tokio::test]
async fn streams_are_interleaved_in_the_order_they_were_written() {
    let body = r#"
        (data (i32.const 0) "out1\0aerr1\0aout2\0a{}\0a")
        (func (export "_start")
            (call $print (i32.const 1) (i32.const 0) (i32.const 5))
            (call $print (i32.const 2) (i32.const 5) (i32.const 5))
            (call $print (i32.const 1) (i32.const 10) (i32.const 5))
            (call $print (i32.const 2) (i32.const 5) (i32.const 5))
            (call $print (i32.const 1) (i32.const 15) (i32.const 3)))"#;
    let report = report(body, run()).await;
    assert_eq!(texts(&report), ["out1", "err1", "out2", "err1"]);
    assert_eq!(report.logs[0].stream, Stream::Stdout);
    assert_eq!(report.logs[1].stream, Stream::Stderr);
    assert!(report.logs.is_sorted_by_key(|line| line.at));
}

#[tokio::test]
async fn control_characters_are_escaped_and_bad_utf8_is_replaced() {
    let body = r#"(data (i32.const 0) "\1b[31mred\09tab\ff\0a{}")
        (func (export "_start") (call $print (i32.const 1) (i32.const 0) (i32.const 16)))"#;
    assert_eq!(texts(&report(body, run()).await), ["\\u{1b}[31mred\ttab\u{fffd}"]);
}

#[tokio::test]
async fn logs_beyond_the_limit_are_dropped_and_a_closing_line_says_so() {
    let lines: String = (0..20).map(|n| format!("line {n:05}\n")).collect();
    let mut few = run();
    few.limits.log_bytes = 120;
    let report = report(&printing(&format!("{lines}{{}}")), few).await;
    assert_eq!(report.end, RunEnd::Returned(json!({})));
    let closing = "Logs were truncated because the total bytes size exceeds the limit of 120 bytes.";
    assert_eq!(texts(&report), ["line 00000", "line 00001", closing]);
}

#[tokio::test]
async fn a_log_limit_of_zero_collects_nothing() {
    let mut none = run();
    none.limits.log_bytes = 0;
    assert_eq!(report(&printing("one\n{}"), none).await.logs, []);
}

#[tokio::test]
async fn a_flood_without_line_ends_is_bounded() {
    let body = r#"(func (export "_start") (local $i i32)
        (memory.fill (i32.const 0) (i32.const 120) (i32.const 50000))
        (loop $again
            (call $print (i32.const 2) (i32.const 0) (i32.const 50000))
            (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100)))))"#;
    let mut few = run();
    few.limits.log_bytes = 100_000;
    let report = report(body, few).await;
    assert_eq!(report.end, RunEnd::Silent);
    assert!(report.logs.iter().map(|line| line.text.len()).sum::<usize>() < 110_000);
    assert!(report.logs.last().unwrap().text.starts_with("Logs were truncated"));
}

#[tokio::test]
async fn a_line_that_is_neither_object_nor_array_is_not_a_result() {
    for text in ["hello", "42", "\"text\"", "null", "{\"a\":", "{} trailing"] {
        let expected = RunEnd::NotJson { raw: text.into() };
        assert_eq!(end(&printing(text), run()).await, expected);
    }
}

#[tokio::test]
async fn a_deeply_nested_result_is_refused_without_harm() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(end(&printing(&deep), run()).await, RunEnd::NotJson { .. }));
}

#[tokio::test]
async fn an_oversized_result_is_reported_with_its_size_and_beginning() {
    let body = r#"(func (export "_start") (local $i i32)
        (memory.fill (i32.const 0) (i32.const 120) (i32.const 50000))
        (loop $again
            (call $print (i32.const 1) (i32.const 0) (i32.const 50000))
            (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100)))))"#;
    let mut small = run();
    small.limits.result_bytes = 1000;
    let expected = RunEnd::ResultTooLarge { size_bytes: 5_000_000, limit_bytes: 1000, prefix: "x".repeat(1000) };
    assert_eq!(end(body, small).await, expected);
}

#[tokio::test]
async fn a_silent_guest_has_no_result() {
    assert_eq!(end(r#"(func (export "_start"))"#, run()).await, RunEnd::Silent);
}

#[tokio::test]
async fn an_exit_code_is_reported_with_the_result_if_there_is_one() {
    let exit = |text: &str, code: i32| {
        format!(
            r#"(data (i32.const 0) "{text}") (func (export "_start")
                (call $print (i32.const 1) (i32.const 0) (i32.const {})) (call $proc_exit (i32.const {code})))"#,
            text.len()
        )
    };
    assert_eq!(end(&exit("{}", 0), run()).await, RunEnd::Returned(json!({})));
    assert_eq!(end(&exit("oops", 3), run()).await, RunEnd::Exited { code: 3, result: None });
    assert_eq!(end(&exit("{}", 200), run()).await, RunEnd::Exited { code: 200, result: Some(json!({})) });
}

#[tokio::test]
async fn a_trap_names_its_cause_and_the_functions() {
    let body = r#"(func $divide (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
        (func $_start (export "_start") (drop (call $divide (i32.const 0))))"#;
    let report = report(body, run()).await;
    let message = "wasm trap: integer divide by zero\n  at divide\n  at _start";
    assert_eq!(report.end, RunEnd::Trapped { message: message.into() });
    assert_eq!(texts(&report), message.lines().collect::<Vec<_>>());
}

#[tokio::test]
async fn the_environment_is_exactly_that_of_the_run() {
    let body = r#"
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (drop (call $sizes (i32.const 0) (i32.const 12)))
            (drop (call $get (i32.const 100) (i32.const 200)))
            (i32.store (i32.const 8) (i32.load (i32.const 100)))
            (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16))))"#;
    let module = prepare(&format!("(module {body})")).await.unwrap();
    let mut with_env = run();
    with_env.env = vec![("A".into(), "1".into()), ("__OW_KEY".into(), "x=y".into())];
    let report = sandbox().run(&module, with_env).await.unwrap();
    assert_eq!(report.end, RunEnd::NotJson { raw: "A=1\0__OW_KEY=x=y\0".into() });
}

#[tokio::test]
async fn a_log_sink_gets_lines_while_the_guest_runs() {
    #[derive(Default)]
    struct Seen(Mutex<Vec<String>>);
    impl LogSink for Seen {
        fn line(&self, line: &LogLine) {
            self.0.lock().unwrap().push(line.text.clone());
        }
    }
    let seen = Arc::new(Seen::default());
    let mut watched = run();
    watched.log_sink = Some(seen.clone());
    report(&printing("one\ntwo\n{}"), watched).await;
    assert_eq!(*seen.0.lock().unwrap(), ["one", "two"]);
}
