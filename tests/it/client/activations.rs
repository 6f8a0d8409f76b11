//! `wask activation …`.

use serde_json::json;
use wask_tests::{TestServer, guest};

use super::Shell;

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_can_be_printed_in_every_form() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("logs", &guest("log-lines")).await;
    let shell = Shell::new(&wask, &me);
    let record = shell.ok(&["action", "invoke", "logs", "-b", "-p", "lines", "3"]).await.json();
    let id = record["activationId"].as_str().unwrap();
    let stored = me.ended(id).await;

    assert_eq!(shell.ok(&["activation", "get", id]).await.json(), stored);
    assert_eq!(shell.ok(&["activation", "get", "--last", "response"]).await.json(), stored["response"]);
    assert_eq!(shell.ok(&["activation", "result", id]).await.json(), stored["response"]["result"]);
    let whole: Vec<_> = stored["logs"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(!whole.is_empty());
    let logs = shell.ok(&["activation", "logs", "--last"]).await;
    assert_eq!(logs.out.lines().collect::<Vec<_>>(), whole);
    let stripped = shell.ok(&["activation", "logs", id, "--strip"]).await;
    let texts: Vec<_> = whole.iter().map(|line| line[31..].split_once(": ").map_or("", |(_, text)| text)).collect();
    assert_eq!(stripped.out.lines().collect::<Vec<_>>(), texts);

    let list = shell.ok(&["activation", "list", "logs"]).await;
    let lines: Vec<_> = list.out.lines().collect();
    assert!(lines[0].starts_with("Datetime"), "{}", list.out);
    for part in [id, "success", "guest/logs:0.0.1", "wasm:1"] {
        assert!(lines[1].contains(part), "{part} is not in {}", lines[1]);
    }
    assert_eq!(shell.ok(&["activation", "list", "other"]).await.out.lines().count(), 1);
    assert_eq!(shell.ok(&["activation", "list", "--full"]).await.json()[0], stored);
    let start = stored["start"].as_u64().unwrap();
    for (flag, time, count) in [("--since", start, 1), ("--since", start + 1, 0), ("--upto", start - 1, 0)] {
        let list = shell.ok(&["activation", "list", flag, &time.to_string(), "-o", "json"]).await;
        assert_eq!(list.json().as_array().unwrap().len(), count, "{flag} {time}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn activation_commands_name_an_activation_that_does_not_exist() {
    let wask = TestServer::start().await;
    let shell = Shell::new(&wask, &wask.guest());
    for (arguments, code, text) in [
        (
            &["activation", "get", "0123456789abcdef0123456789abcdef"][..],
            148,
            "Unable to get activation '0123456789abcdef0123456789abcdef': The requested resource does not exist.",
        ),
        (
            &["activation", "logs", "short"],
            144,
            "Unable to get logs for activation 'short': Activation id length is 5 but must be 32.",
        ),
        (
            &["activation", "result", "--last"],
            1,
            "Unable to get result for activation: Activation list does not contain any activations.",
        ),
    ] {
        let refused = shell.run(arguments).await.expect(code);
        assert_eq!(refused.error(), format!("error: {text}"));
    }
    shell.run(&["activation", "get"]).await.expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_prints_each_activation_once_from_the_given_start() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("logs", &guest("log-lines")).await;
    me.invoke("logs", &json!({ "lines": 2 })).await.expect(200);
    me.activations_of_at_least("logs", 1).await;
    let shell = Shell::new(&wask, &me);

    let from_now = shell.ok(&["activation", "poll", "--exit", "0"]).await;
    assert_eq!(from_now.out, "", "what ended before is not shown");
    let earlier = shell.ok(&["activation", "poll", "--exit", "3", "--since-minutes", "5"]).await;
    assert_eq!(earlier.out.matches("\nActivation: 'logs' (").count(), 1, "{}", earlier.out);
    assert!(earlier.out.contains("std"), "the logs are shown: {}", earlier.out);
    assert!(earlier.err.contains("Polling for activation logs"), "{}", earlier.err);
    let other = shell.ok(&["activation", "poll", "other", "--exit", "0", "--since-days", "1"]).await;
    assert_eq!(other.out, "");
}
