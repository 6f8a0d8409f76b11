//! The operator's commands for namespaces, while a server runs on the same data folder.

mod allowed;
mod blocked;
mod logins;
mod tokens;
mod unrecorded;

use std::path::Path;
use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Client, ServerProcess, eventually, guest, run, wat};

/// Runs `wask namespace` with these arguments on this data folder.
fn namespace(data: &Path, arguments: &[&str]) -> Output {
    run(&[&["namespace"], arguments, &["--data-dir", data.to_str().unwrap()]].concat(), &[])
}

/// Like `namespace`, but the command must succeed; returns its output.
#[track_caller]
fn done(data: &Path, arguments: &[&str]) -> String {
    let output = namespace(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A client with the key that `create` or `key` printed.
fn client(wask: &ServerProcess, name: &str, printed: &str) -> Client {
    Client::new(wask.base(), printed.trim_end(), name)
}

/// Waits until this client's requests get this status.
async fn answered(client: &Client, status: u16) {
    eventually(&format!("{} is answered {status}", client.namespace), || async {
        (client.get("actions").await.status == status).then_some(())
    })
    .await;
}

async fn web_status(client: &Client, name: &str) -> u16 {
    client.web(Method::GET, &format!("{name}.json")).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_created_while_the_server_runs_works_at_once() {
    let wask = ServerProcess::serve(&[]).await;

    let made = namespace(wask.data_dir(), &["create", "team-a"]);

    let key = String::from_utf8(made.stdout).unwrap();
    let (uuid, secret) = key.trim_end().split_once(':').expect("uuid:key");
    assert_eq!((uuid.len(), secret.len(), key.lines().count()), (36, 64, 1), "the key alone, so that it can be piped");
    assert!(String::from_utf8_lossy(&made.stderr).contains("created namespace `team-a`"));
    let team = client(&wask, "team-a", &key);
    assert_eq!(team.get("").await.status, 404);
    team.create_web_action("a", &wat("result-then-exit-0")).await;
    team.invoke("a", &json!({})).await.expect(200);
    assert_eq!(web_status(&team, "a").await, 200);
    let own = team.send(team.request(Method::GET, "/api/v1/namespaces")).await.expect(200);
    assert_eq!(own.json(), json!(["team-a"]));

    let listed: Value = serde_json::from_str(&done(wask.data_dir(), &["list", "-o", "json"])).unwrap();
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["namespace"].as_str().unwrap()).collect();
    assert_eq!(names, ["guest", "team-a"]);
    let text = done(wask.data_dir(), &["list"]);
    assert!(text.lines().any(|line| line == format!("team-a  {uuid}  active")), "{text}");
    let shown = done(wask.data_dir(), &["get", "team-a"]);
    assert_eq!(shown, format!("namespace  team-a\nuuid       {uuid}\nstate      active\nkeys       1\n"));
    assert!(!shown.contains(secret) && !text.contains(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_previous_key_stays_valid_until_it_is_revoked() {
    let wask = ServerProcess::serve(&[]).await;
    let data = wask.data_dir();
    let first = client(&wask, "team", &done(data, &["create", "team"]));
    first.get("actions").await.expect(200);

    let second = client(&wask, "team", &done(data, &["key", "team"]));
    second.get("actions").await.expect(200);
    first.get("actions").await.expect(200);

    let third = client(&wask, "team", &done(data, &["key", "team"]));
    third.get("actions").await.expect(200);
    second.get("actions").await.expect(200);
    let refused = first.get("actions").await.expect(401);
    assert_eq!(refused.error(), "The supplied authentication is invalid", "no more than two are valid");

    let printed = done(data, &["key", "team", "--revoke-others", "-o", "json"]);
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["namespace"], "team");
    let fourth = client(&wask, "team", printed["auth"].as_str().unwrap());
    fourth.get("actions").await.expect(200);
    for revoked in [&second, &third] {
        revoked.get("actions").await.expect(401);
    }

    // Also if no client has used the new key, so that the server has not seen it.
    let fifth = client(&wask, "team", &done(data, &["key", "team", "--revoke-others"]));
    answered(&fourth, 401).await;
    fifth.get("actions").await.expect(200);
    assert!(done(data, &["get", "team"]).contains("keys       1\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn blocking_and_unblocking_take_effect_within_a_second() {
    let wask = ServerProcess::serve(&[]).await;
    let me = wask.guest().await;
    me.create_web_action("a", &wat("result-then-exit-0")).await;
    assert_eq!(web_status(&me, "a").await, 200);

    done(wask.data_dir(), &["block", "guest"]);
    answered(&me, 401).await;
    assert_eq!(web_status(&me, "a").await, 404);
    assert!(done(wask.data_dir(), &["list"]).trim_end().ends_with("blocked"));

    done(wask.data_dir(), &["unblock", "guest"]);
    me.get("actions/a").await.expect(200);
    eventually("its web actions are back", || async { (web_status(&me, "a").await == 200).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_a_namespace_apply_within_a_second_and_show_their_origin() {
    let wask = ServerProcess::serve(&[("WASK_LIMITS__FIRES_PER_MINUTE", "61")]).await;
    let data = wask.data_dir();
    let me = wask.guest().await;
    me.create_action("a", &wat("result-then-exit-0")).await;
    me.invoke("a", &json!({})).await.expect(200);

    let change = ["limits", "guest", "--set", "invocations_per_minute=0", "--set", "action_memory_max_mb=300"];
    let table = done(data, &change);

    let line = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap().split_whitespace();
    assert_eq!(line("invocations_per_minute").collect::<Vec<_>>()[1..], ["0", "namespace"]);
    assert_eq!(line("concurrent_invocations").collect::<Vec<_>>()[1..], ["100", "default"]);
    let refused = eventually("the limit holds", || async {
        let answer = me.invoke("a", &json!({})).await;
        (answer.status == 429).then_some(answer)
    })
    .await;
    assert!(refused.error().ends_with("allowed: 0)."), "{}", refused.error());
    let shown = me.get("limits").await.expect(200).json();
    assert_eq!((&shown["invocationsPerMinute"], &shown["maxActionMemory"]), (&json!(0), &json!(300)));

    let folder = data.to_str().unwrap();
    let arguments = ["namespace", "limits", "guest", "-o", "json", "--data-dir", folder];
    let output =
        run(&arguments, &[("WASK_LIMITS__FIRES_PER_MINUTE", "61"), ("WASK_LIMITS__ACTION_MEMORY_MAX_MB", "256")]);
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(all["fires_per_minute"], json!({ "value": 61, "origin": "WASK_LIMITS__FIRES_PER_MINUTE" }));
    let beyond = json!({ "value": 256, "origin": "namespace: 300, outside the server's range" });
    assert_eq!(all["action_memory_max_mb"], beyond);

    let change = ["limits", "guest", "--set", "record_bytes=5000", "--set", "reads_per_minute=500"];
    let table = done(data, &change);
    let line = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap().split_whitespace();
    assert_eq!(line("record_bytes").collect::<Vec<_>>()[1..], ["5000", "namespace"]);
    assert_eq!(line("dead_letter_bytes").collect::<Vec<_>>()[1..], ["268435456", "default"]);
    assert_eq!(line("reads_per_minute").collect::<Vec<_>>()[1..], ["500", "namespace"]);
    done(data, &["limits", "guest", "--unset", "record_bytes", "--unset", "reads_per_minute"]);

    done(data, &["limits", "guest", "--unset", "invocations_per_minute"]);
    eventually("it holds no more", || async { (me.invoke("a", &json!({})).await.status == 200).then_some(()) }).await;
    assert!(done(data, &["get", "guest"]).ends_with("limit      action_memory_max_mb = 300\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_namespace_of_the_same_name_finds_nothing_of_a_deleted_one() {
    let wask = ServerProcess::serve(&[]).await;
    let data = wask.data_dir();
    let first = client(&wask, "team", &done(data, &["create", "team"]));
    first.create_web_action("a", &guest("echo")).await;
    first.create_alarm("t", "0 6 * * *", json!({})).await;
    first.create_rule("r", "t", "a").await;
    first.post("triggers/t", &json!({})).await.expect(202);
    first.activations_of_at_least("a", 1).await;
    let code = first.get("actions/a").await.expect(200).json();
    assert_eq!(web_status(&first, "a").await, 200);

    let refused = namespace(data, &["delete", "team"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).ends_with("; confirm with --yes\n"));
    first.get("actions").await.expect(200);
    done(data, &["delete", "team", "--yes"]);

    answered(&first, 401).await;
    assert_eq!(web_status(&first, "a").await, 404);
    assert_eq!(namespace(data, &["get", "team"]).status.code(), Some(1));
    let second = client(&wask, "team", &done(data, &["create", "team"]));
    for collection in ["actions", "triggers", "rules", "packages", "activations"] {
        assert_eq!(second.get(collection).await.expect(200).json(), json!([]), "{collection}");
    }
    assert_eq!(web_status(&second, "a").await, 404);
    second.create_trigger("t").await;
    let alarm = second.alarm("READ", "t", json!({})).await;
    assert_eq!(alarm.status, 502, "{}", alarm.text());
    second.put("actions/a", &json!({ "exec": code["exec"] })).await.expect(200);
    first.get("actions").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_commands_work_while_the_server_is_busy() {
    let wask = ServerProcess::serve(&[]).await;
    let me = wask.guest().await;
    me.create_action("a", &wat("result-then-exit-0")).await;
    let load = tokio::spawn(async move {
        for _ in 0..60 {
            me.invoke("a", &json!({})).await.expect(200);
            me.invoke_async("a", &json!({})).await;
        }
    });

    for n in 0..10 {
        let name = format!("team-{n}");
        let team = client(&wask, &name, &done(wask.data_dir(), &["create", &name]));
        team.get("actions").await.expect(200);
        done(wask.data_dir(), &["limits", &name, "--set", "fires_per_minute=1"]);
    }

    load.await.unwrap();
    assert_eq!(done(wask.data_dir(), &["list"]).lines().count(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_arguments_of_an_operator_are_named() {
    let wask = ServerProcess::serve(&[]).await;
    wask.guest().await;
    let data = wask.data_dir();
    done(data, &["create", "team"]);
    for (arguments, code, told) in [
        (&["create", "guest"][..], 1, "wask: the namespace `guest` already exists"),
        (&["create", "whisk.system"], 1, "wask: The namespace 'whisk.system' is built into the server"),
        (&["create", "a/b"], 2, "The namespace contains illegal characters."),
        (&["get", "nobody"], 1, "wask: there is no namespace `nobody`"),
        (&["key", "nobody"], 1, "wask: there is no namespace `nobody`"),
        (&["limits", "nobody"], 1, "wask: there is no namespace `nobody`"),
        (&["block", "nobody"], 1, "wask: there is no namespace `nobody`"),
        (&["delete", "nobody", "--yes"], 1, "wask: there is no namespace `nobody`"),
        (&["limits", "team", "--set", "fires"], 2, "wask: --set fires: must be LIMIT=VALUE"),
        (
            &["limits", "team", "--set", "fires_per_minute=many"],
            2,
            "wask: fires_per_minute = many: must be a whole number from 0 to 4294967295",
        ),
        (
            &["limits", "team", "--set", "fires_per_minute=5", "--set", "action_timeout_max_ms=99"],
            2,
            "wask: action_timeout_max_ms = 99: must be a whole number from 100 to 10800000",
        ),
        (&["limits", "team", "--unset", "fires"], 2, "wask: fires: not a limit of a namespace; the limits are"),
    ] {
        let output = namespace(data, arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(told), "{arguments:?}: {text}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert!(done(data, &["get", "team"]).ends_with("keys       1\n"), "nothing of it was written");

    let elsewhere = wask_tests::data_folder();
    let folder = elsewhere.path().join("none");
    let text = namespace(&folder, &["list"]);
    assert_eq!(text.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&text.stderr).contains("is not a data folder of wask: there is no "));
    assert!(!folder.exists());
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("wask.sqlite"), "text").unwrap();
    let text = namespace(&folder, &["create", "team"]);
    assert!(String::from_utf8_lossy(&text.stderr).contains("cannot be used"));
    assert_eq!(std::fs::read_to_string(folder.join("wask.sqlite")).unwrap(), "text");
}
