//! Unreachable servers, wrong keys, and the output of `-v`.

use wask_tests::{TestServer, guest};

use super::Shell;

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_server_and_a_wrong_key_give_different_errors() {
    let wask = TestServer::start().await;
    let shell = Shell::new(&wask, &wask.guest());

    let wrong = shell.run(&["action", "list", "--auth", "a:b"]).await.expect(145);
    assert_eq!(
        wrong.error(),
        "error: Unable to obtain the list of actions for namespace '_': The supplied authentication is invalid"
    );
    let nobody = shell.run(&["action", "list", "--apihost", "http://127.0.0.1:1"]).await.expect(3);
    assert!(nobody.error().contains("no answer from http://127.0.0.1:1/api/v1/namespaces/_/actions"), "{}", nobody.err);
    for host in ["ftp://x", "http://", "http://a b"] {
        let refused = shell.run(&["action", "list", "--apihost", host]).await.expect(1);
        assert!(refused.error().starts_with("error: Invalid host address"), "{host}: {}", refused.err);
    }
    shell.run(&["action", "list", "--auth", "no-colon"]).await.expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_prints_requests_and_responses_without_the_key() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    let shell = Shell::new(&wask, &me);
    let secret = me.auth.split_once(':').unwrap().1;

    let create = ["-v", "trigger", "create", "t", "--feed", "/whisk.system/alarms/alarm", "-p", "cron", "0 6 * * *"];
    let echoed = ["action", "invoke", "echo", "-r", "-p", "key", secret, "--debug"];
    for (arguments, out) in
        [(&create[..], "ok: created trigger t\n".to_owned()), (&echoed, format!("{{\n    \"key\": \"{secret}\"\n}}\n"))]
    {
        let ran = shell.ok(arguments).await;
        assert_eq!(ran.out, out);
        for part in ["REQUEST:\n[P", "RESPONSE: Got response with code 200", "x-request-id", "Authorization: Basic ***"]
        {
            assert!(ran.err.contains(part), "{part:?} is not in\n{}", ran.err);
        }
        assert!(!ran.err.contains(secret), "{}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_start_a_server_reject_the_flags_of_the_client() {
    let shell = Shell::without_properties();
    for arguments in [&["-i", "serve"][..], &["--apihost", "x", "dev"], &["-v", "settings"]] {
        let refused = shell.run(arguments).await.expect(2);
        assert!(
            refused.err.contains("the flags in front of this command are for commands that talk to a server"),
            "{arguments:?}: {}",
            refused.err
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_help_and_every_shell_has_completions() {
    let shell = Shell::without_properties();
    for (noun, verbs) in [
        ("action", &["create", "update", "invoke", "get", "delete", "list"][..]),
        ("activation", &["list", "get", "logs", "result", "status", "cancel", "rerun", "input", "poll"]),
        ("dlq", &["list", "get", "redrive", "purge"]),
        ("callback", &["list", "get", "retry", "cancel", "settings", "rotate"]),
        ("task", &["list"]),
        ("package", &["bind", "create", "update", "get", "delete", "list"]),
        ("trigger", &["fire", "create", "update", "get", "delete", "list"]),
        ("rule", &["create", "update", "enable", "disable", "status", "get", "delete", "list"]),
        ("api", &["create", "get", "delete", "list"]),
        ("namespace", &["list", "get"]),
        ("property", &["get", "set", "unset"]),
    ] {
        let help = shell.ok(&[noun, "--help"]).await.out;
        for verb in verbs {
            assert!(help.contains(&format!("\n  {verb} ")), "`wask {noun} --help` does not say {verb}:\n{help}");
            let help = shell.ok(&[noun, verb, "--help"]).await.out;
            assert!(help.contains(&format!("Usage: wask {noun} {verb}")), "{help}");
            assert!(help.lines().all(|line| line.chars().count() <= 100), "too wide: {help}");
        }
    }
    for (name, part) in [("bash", "complete -F _wask"), ("zsh", "#compdef wask"), ("fish", "complete -c wask")] {
        let script = shell.ok(&["completions", name]).await.out;
        assert!(script.contains(part) && script.contains("activation"), "{name}");
    }
}
