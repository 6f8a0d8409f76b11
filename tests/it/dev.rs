//! `wask dev`: the first minutes of a newcomer.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;
use wask_tests::{Answer, Client, Receiver, ServerProcess, eventually, guest, run, wat};

/// The key that every OpenWhisk tutorial uses.
const KEY: &str =
    "23bc46b1-71f6-4ed5-8c54-816aa4f8c502:123zO3xZCLrMN6v2BKK1dXYFpXlPkccOFqm12CdAsMgRU4VrNZ9lyGVCGuMDGIwP";

/// Puts a guest of `tests/guests` into the folder.
fn put(folder: &Path, file: &str, name: &str) {
    std::fs::write(folder.join(file), STANDARD.decode(guest(name)).unwrap()).unwrap();
}

async fn dev(folder: &Path) -> ServerProcess {
    ServerProcess::dev(&[folder.to_str().unwrap()]).await
}

async fn says(wask: &ServerProcess, what: &str) -> String {
    eventually(&format!("it says {what:?}"), || async {
        let out = wask.stdout();
        out.contains(what).then_some(out)
    })
    .await
}

/// Waits for a line that contains all of these parts.
async fn line_with(wask: &ServerProcess, parts: &[&str]) -> String {
    eventually(&format!("a line has {parts:?}"), || async {
        let out = wask.stdout();
        let line = out.lines().find(|line| parts.iter().all(|part| line.contains(part)))?;
        Some(line.to_owned())
    })
    .await
}

async fn get(me: &Client, path: &str) -> Answer {
    me.send(me.anonymous(Method::GET, &me.web_path(path))).await
}

#[test]
fn the_well_known_key_is_not_offered_to_other_machines() {
    for address in ["0.0.0.0:0", "192.0.2.1:3233", "[::]:0"] {
        let flag = run(&["dev", "--listen", address], &[]);
        let variable = run(&["dev"], &[("WASK_SERVER__LISTEN", address)]);
        for (refused, origin) in [(flag, "--listen"), (variable, "WASK_SERVER__LISTEN")] {
            assert_eq!(refused.status.code(), Some(2), "{address}");
            assert_eq!(
                String::from_utf8_lossy(&refused.stderr),
                format!(
                    "wask: server.listen = \"{address}\" ({origin}): \
                     must be a loopback address like 127.0.0.1:3233 for `wask dev`\n"
                )
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_screen_of_dev_shows_url_key_and_a_command_to_try() {
    let folder = wask_tests::data_folder();
    put(folder.path(), "hello.wasm", "echo");
    let wask = dev(folder.path()).await;
    let me = wask.guest().await;

    let out = says(&wask, "Ctrl-C stops").await;
    let (base, data) = (wask.base(), wask.data_dir().display());
    for part in [
        format!("wask {} · data {data} · namespace guest · loopback only\n", env!("CARGO_PKG_VERSION")),
        format!("  API         {base}/api/v1\n"),
        format!("  Key         guest key written to {data}/wskprops\n"),
        format!("export WSK_CONFIG_FILE={data}/wskprops\n"),
        format!("    hello      {base}/api/v1/web/guest/default/hello.json\n"),
        format!("  Try:   curl '{base}/api/v1/web/guest/default/hello.json?name=Ada'\n"),
        format!("         Ctrl-C stops; {data} keeps everything.\n"),
    ] {
        assert!(out.contains(&part), "{part:?} is not said:\n{out}");
    }
    assert_eq!(me.auth, KEY);
    let props = std::fs::read_to_string(wask.data_dir().join("wskprops")).unwrap();
    assert_eq!(props, format!("APIHOST={base}\nAUTH={KEY}\nNAMESPACE=guest\n"));
    assert_eq!(me.get("actions").await.expect(200).json()[0]["name"], "hello");
    assert_eq!(get(&me, "hello.json?name=Ada").await.expect(200).json()["name"], "Ada");
    assert_eq!(me.get("limits").await.json()["invocationsPerMinute"], i32::MAX, "no throttles");
    assert_eq!(wask.stderr(), "", "nothing that looks like trouble");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_deployed_does_not_stop_the_others() {
    let folder = wask_tests::data_folder();
    let at = |name: &str| folder.path().join(name);
    put(folder.path(), "zebra.wasm", "echo");
    std::fs::write(at("done.wat"), wat("result-without-newline")).unwrap();
    std::fs::write(at("broken.wasm"), b"\0asm\x01\0\0\0 and then nonsense").unwrap();
    std::fs::write(at("latin.wat"), b"(module) ;; \xff").unwrap();
    std::fs::write(at("-dash.wat"), wat("result-without-newline")).unwrap();
    std::fs::write(at("notes.txt"), "not looked at").unwrap();
    std::fs::create_dir(at("folder.wasm")).unwrap();
    let wask = dev(folder.path()).await;

    let out = says(&wask, "Ctrl-C stops").await;

    for refused in ["broken", "latin.wat", "-dash"] {
        let line = line_with(&wask, &[refused, "not deployed: "]).await;
        assert!(60 < line.len(), "no reason is given: {line}");
    }
    assert!(!out.contains("notes") && !out.contains("folder.wasm"), "{out}");
    let me = wask.guest().await;
    assert_eq!(get(&me, "done.json").await.expect(200).json(), json!({ "done": true }));
    get(&me, "zebra.json").await.expect(200);
    get(&me, "broken.json").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_to_a_receiver_on_the_same_machine_needs_no_setting() {
    let folder = wask_tests::data_folder();
    put(folder.path(), "echo.wasm", "echo");
    let wask = dev(folder.path()).await;
    says(&wask, "Ctrl-C").await;
    let me = Client::new(wask.base(), KEY, "guest");
    let receiver = Receiver::start().await;

    let path = "/api/v1/namespaces/_/actions/echo";
    let request = me.request(Method::POST, path).header("X-Wask-Callback", receiver.url("/ended"));
    let id = me.send(request.json(&json!({ "n": 1 }))).await.expect(202).json()["activationId"].clone();

    let received = &receiver.received_at_least(1).await[0];
    assert_eq!(received.json()["activationId"], id, "{}", received.body);
    let elsewhere = me.request(Method::POST, path).header("X-Wask-Callback", "http://10.0.0.1/ended");
    let refused = me.send(elsewhere.json(&json!({}))).await.expect(400);
    assert_eq!(refused.error(), "callback.http.url targets a forbidden address");
}

#[tokio::test(flavor = "multi_thread")]
async fn t31_dev_answers_neither_foreign_hosts_nor_pages_of_other_sites() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "echo.wasm", "echo");
    let wask = dev(folder.path()).await;
    says(&wask, "Ctrl-C").await;
    let me = wask.guest().await;
    let actions = || me.request(Method::GET, "/api/v1/namespaces/_/actions");

    let rebound = me.send(actions().header("host", "evil.example")).await.expect(421);
    assert_eq!(rebound.error(), "This server does not answer for the host 'evil.example', which is not in http.hosts.");
    let web = me.anonymous(Method::GET, &me.web_path("echo.json"));
    me.send(web.header("host", "evil.example:3233")).await.expect(421);
    for host in ["localhost:3233", "127.0.0.1", "[::1]:3233"] {
        me.send(actions().header("host", host)).await.expect(200);
    }

    let foreign = me.send(actions().header("origin", "http://evil.example")).await.expect(403).error();
    assert!(foreign.starts_with("A page of 'http://evil.example' may not read anything here: "), "{foreign}");
    me.send(actions().header("sec-fetch-site", "cross-site")).await.expect(403);
    let invoke = me.request(Method::POST, "/api/v1/namespaces/_/actions/echo");
    me.send(invoke.header("origin", "http://evil.example")).await.expect(403);
    me.send(actions().header("origin", wask.base())).await.expect(200);
    let page = me.anonymous(Method::GET, &me.web_path("echo.json?n=1")).header("origin", "http://evil.example");
    assert_eq!(me.send(page).await.expect(200).json()["n"], "1", "web actions are for everybody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_is_deployed_at_once() {
    let folder = wask_tests::data_folder();
    let wask = dev(folder.path()).await;
    says(&wask, "none yet; a .wasm or .wat file is deployed as soon as it appears there").await;
    let me = wask.guest().await;

    put(folder.path(), "mine.wasm", "echo");
    says(&wask, "mine 0.0.1 is live").await;
    assert_eq!(get(&me, "mine.json?a=1").await.expect(200).json()["a"], "1");

    put(folder.path(), "next.tmp", "array"); // like a compiler: writes another file, then renames it
    std::fs::rename(folder.path().join("next.tmp"), folder.path().join("mine.wasm")).unwrap();
    says(&wask, "mine 0.0.2 is live").await;
    assert!(get(&me, "mine.json").await.expect(200).json().is_array());

    std::fs::write(folder.path().join("mine.wasm"), b"half a fi").unwrap();
    says(&wask, "mine not deployed: ").await;
    assert!(get(&me, "mine.json").await.expect(200).json().is_array(), "the last good one stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_of_dev_keeps_actions_and_their_versions() {
    let folder = wask_tests::data_folder();
    put(folder.path(), "mine.wasm", "echo");
    let mut first = dev(folder.path()).await;
    says(&first, "Ctrl-C stops").await;
    let data = first.kill().await;

    let second = ServerProcess::start("dev", &[folder.path().to_str().unwrap()], &[], data).await;
    says(&second, "Ctrl-C stops").await;

    let me = Client::new(second.base(), KEY, "guest");
    assert_eq!(me.get("actions/mine").await.expect(200).json()["version"], "0.0.1", "the same code is no new version");
    get(&me, "mine.json").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_prints_a_line_per_activation() {
    let folder = wask_tests::data_folder();
    for name in ["echo", "sleeper", "error", "panic"] {
        put(folder.path(), &format!("{name}.wasm"), name);
    }
    let wask = dev(folder.path()).await;
    let me = wask.guest().await;
    says(&wask, "Ctrl-C stops").await;

    let web = get(&me, "echo.json").await.expect(200).header("x-openwhisk-activation-id").unwrap().to_owned();
    let line = line_with(&wask, &[&web]).await;
    let words: Vec<&str> = line.split_whitespace().collect();
    let [time, "echo", "ok", took, "ms", id] = words[..] else { panic!("{line}") };
    assert_eq!((time.len(), time.matches(':').count(), id), (8, 2, web.as_str()));
    took.parse::<u64>().expect("milliseconds");

    let queued = me.invoke_async("sleeper", &json!({ "ms": 50 })).await;
    line_with(&wask, &["sleeper", "ok", &queued]).await;

    let id = get(&me, "error.json?error=no%20luck%1b[2J").await.header("x-openwhisk-activation-id").unwrap().to_owned();
    line_with(&wask, &["error", "application error", &id]).await;
    let line = line_with(&wask, &["no luck"]).await;
    assert!(!line.contains('\u{1b}'), "a terminal would obey: {line:?}");

    let id = me.invoke("panic", &json!({ "message": "oh" })).await.json()["activationId"].as_str().unwrap().to_owned();
    line_with(&wask, &["panic", "action developer error", &id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_prints_a_line_for_what_an_alarm_started_too() {
    let folder = wask_tests::data_folder();
    put(folder.path(), "mine.wasm", "echo");
    let wask = dev(folder.path()).await;
    let me = wask.guest().await;
    says(&wask, "Ctrl-C stops").await;

    me.create_alarm("each-second", "* * * * * *", json!({})).await;
    me.create_rule("on-each-second", "each-second", "mine").await;

    let line = line_with(&wask, &["mine", "rule", "ok"]).await;
    assert_eq!(line.split_whitespace().nth(2), Some("rule"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_folder_there_are_demo_actions_or_a_hint_how_to_get_them() {
    let wask = ServerProcess::dev(&[]).await;
    let me = wask.guest().await;
    let out = says(&wask, "Ctrl-C stops").await;

    if out.contains("built without its demo actions") {
        assert!(out.contains("`make build` embeds them"), "{out}");
        assert!(out.contains("wask dev FOLDER"), "{out}");
        assert_eq!(me.get("actions").await.json(), json!([]));
        return;
    }
    for part in ["hello.json?name=Ada", "worker     async, 20 s", "tick       invoked by alarm \"demo-every-10s\""] {
        assert!(out.contains(part), "{part:?} is not said:\n{out}");
    }
    assert_eq!(get(&me, "hello.json?name=Ada").await.expect(200).json(), json!({ "greeting": "Hello, Ada!" }));
    line_with(&wask, &["tick", "rule", "ok"]).await; // within ten seconds
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_refuses_the_data_folder_of_a_server_with_another_key() {
    let mut server = ServerProcess::serve(&[]).await;
    let key = server.guest().await.auth;
    let data = server.kill().await;

    let refused = run(&["dev", "--listen", "127.0.0.1:0", "--data-dir", data.path().to_str().unwrap()], &[]);

    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("belongs to `wask serve`") && told.contains("choose another --data-dir"), "{told}");
    assert!(std::fs::read_to_string(data.path().join("wskprops")).unwrap().contains(&key), "its key is still there");

    let nowhere = run(&["dev", "--listen", "127.0.0.1:0", "no/such/folder"], &[]);
    assert_eq!(String::from_utf8_lossy(&nowhere.stderr), "wask: there is no folder no/such/folder\n");
}
