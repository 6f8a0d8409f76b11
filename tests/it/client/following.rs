//! `wask activation logs --follow`.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use wask_tests::{Client, PATIENCE, Receiver, Reply, TestServer, eventually, guest};

use super::Shell;

/// A command that follows a log.
struct Follower {
    command: Child,
    out: Lines<BufReader<ChildStdout>>,
}

impl Follower {
    fn start(shell: &Shell, id: &str, more: &[&str]) -> Self {
        let arguments = [&["activation", "logs", id, "--follow"], more].concat();
        let mut command = shell.command(&arguments);
        let mut command = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let out = BufReader::new(command.stdout.take().unwrap()).lines();
        Follower { command, out }
    }

    /// Waits for the next line; `None` after the last one.
    async fn line(&mut self) -> Option<String> {
        tokio::time::timeout(PATIENCE, self.out.next_line()).await.expect("a line within the time").unwrap()
    }

    async fn exit_code(mut self) -> i32 {
        let ended = tokio::time::timeout(PATIENCE, self.command.wait()).await.expect("an end within the time");
        ended.unwrap().code().unwrap()
    }
}

async fn running(me: &Client, id: &str) {
    eventually("it runs", || async { (me.state(id).await == "running").then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_prints_lines_during_the_run_and_ends_with_the_activation() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T06:00:00Z").start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let shell = Shell::new(&wask, &me);
    let id = me.invoke_async("sleeper", &json!({ "ms": 5000 })).await;
    running(&me, &id).await;

    let mut whole = Follower::start(&shell, &id, &[]);
    let mut stripped = Follower::start(&shell, &id, &["--strip"]);
    assert_eq!(stripped.line().await.as_deref(), Some("start"));
    let first = whole.line().await.unwrap();
    assert!(first.starts_with("2030-01-01T06:00:0") && first.ends_with(": start"), "{first}");
    assert_eq!(me.state(&id).await, "running", "the line came before the end");

    wask.advance(Duration::from_secs(5));
    assert_eq!(stripped.line().await.as_deref(), Some("end"));
    assert_eq!(stripped.line().await, None);
    assert_eq!(stripped.exit_code().await, 0);
    let last = whole.line().await.unwrap();
    assert_eq!(whole.line().await, None);
    assert_eq!(whole.exit_code().await, 0);
    assert_eq!(me.ended(&id).await["logs"], json!([first, last]));

    let after = shell.ok(&["activation", "logs", &id, "-f", "-r"]).await;
    assert_eq!(after.out, "start\nend\n", "of what has ended the log is printed at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_resumes_a_broken_stream_after_the_last_line() {
    let wask = TestServer::start().await;
    let shell = Shell::new(&wask, &wask.guest());
    let broken = Receiver::start().await;
    let stream = |body: &str| Reply::Full(200, vec![("content-type", "text/event-stream".to_owned())], body.to_owned());
    let end = "event: end\ndata: {\"status\":\"success\",\"statusCode\":0}\n\n";
    broken.next([
        stream("id: 0\ndata: one\n\nid: 1\ndata: two\n\nid: 2\ndata: thr"),
        Reply::Status(503),
        stream("id: 2\ndata: three\n\nevent: attempt\ndata: {\"attempt\":2}\n\n"),
        stream(&format!("id: 0\ndata: one again\n\n{end}id: 1\ndata: never\n\n")),
    ]);

    let id = "0123456789abcdef0123456789abcdef";
    let ran = shell.ok(&["activation", "logs", id, "--follow", "--apihost", &broken.url("")]).await;

    assert_eq!(ran.out, "one\ntwo\nthree\none again\n");
    assert_eq!(ran.error(), "restarted: attempt 2");
    let received = broken.received();
    let last: Vec<_> = received.iter().map(|request| request.header("last-event-id")).collect();
    assert_eq!(last, [None, Some("1"), Some("1"), None]);
    assert!(received.iter().all(|request| request.target.ends_with(&format!("{id}/logs?follow=true"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_reports_at_once_what_it_cannot_follow() {
    let wask = TestServer::start().await;
    let shell = Shell::new(&wask, &wask.guest());
    let id = "0123456789abcdef0123456789abcdef";
    let follow = ["activation", "logs", id, "--follow"];
    let unable = format!("error: Unable to get logs for activation '{id}': ");

    let unknown = shell.run(&follow).await.expect(148);
    assert_eq!(unknown.error(), format!("{unable}The requested resource does not exist."));
    let nobody = shell.run(&[&follow[..], &["--apihost", "http://127.0.0.1:1"]].concat()).await.expect(3);
    assert!(nobody.error().starts_with(&format!("{unable}no answer from http://127.0.0.1:1/")), "{}", nobody.err);
    let other = Receiver::start().await;
    other.next([Reply::Full(200, vec![("content-type", "application/json".to_owned())], "{\"logs\":[]}".to_owned())]);
    let refused = shell.run(&[&follow[..], &["--apihost", &other.url("")]].concat()).await.expect(1);
    assert_eq!(refused.error(), format!("{unable}the server does not stream: it answered with 'application/json'"));
}
