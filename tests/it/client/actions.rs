//! `wask action …`.

use reqwest::Method;
use serde_json::json;
use wask_tests::{TestServer, annotation, wat};

use super::Shell;

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_module_can_be_saved_byte_for_byte() {
    let wask = TestServer::start().await;
    let shell = Shell::new(&wask, &wask.guest());
    let module = shell.put_guest("echo.wasm", "echo");

    let created = shell.ok(&["action", "create", "echo", "echo.wasm"]).await;
    assert_eq!((created.out.as_str(), created.err.as_str()), ("ok: created action echo\n", ""));
    shell.ok(&["action", "get", "echo", "--save-as", "back.wasm"]).await;
    assert_eq!(shell.read("back.wasm"), module);

    let taken = shell.run(&["action", "get", "echo", "--save"]).await.expect(1);
    assert_eq!(taken.error(), "error: The file 'echo.wasm' already exists");
    let answered = shell.ok(&["action", "invoke", "echo", "-r", "-p", "n", "5", "-p", "t", "five"]).await;
    assert_eq!((answered.json(), answered.err.as_str()), (json!({ "n": 5, "t": "five" }), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn wat_text_and_zip_files_can_be_uploaded() {
    let wask = TestServer::start().await;
    let shell = Shell::new(&wask, &wask.guest());
    shell.put("env.wat", wat("env-dump"));
    shell.put("m.zip", {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("m.wasm", zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, &shell.put_guest("m.wasm", "echo")).unwrap();
        zip.finish().unwrap().into_inner()
    });
    for file in ["env.wat", "m.zip"] {
        shell.ok(&["action", "create", "a", file]).await;
        shell.ok(&["action", "invoke", "a", "-r"]).await;
        shell.ok(&["action", "delete", "a"]).await;
    }
    shell.put("a.js", "function main() {}");
    let unknown = shell.run(&["action", "create", "a", "a.js"]).await.expect(2);
    assert!(unknown.error().starts_with("error: '.js' is not a supported action runtime"), "{}", unknown.err);
    let missing = shell.run(&["action", "create", "a", "none.wasm"]).await.expect(1);
    assert!(missing.error().contains("File 'none.wasm' is not a valid file or it does not exist"), "{}", missing.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_of_action_create_end_up_in_the_document() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let shell = Shell::new(&wask, &me);
    shell.put_guest("echo.wasm", "echo");
    shell.put("p.json", r#"{"a": 1, "b": {"c": [true]}}"#);

    let all = ["-t", "120000", "-m", "512", "-l", "2", "-c", "3", "-P", "p.json", "-p", "a", "2", "-p", "neg", "-5"];
    let create = ["action", "create", "echo", "echo.wasm", "-a", "note", r#"{"x":1}"#, "--main", "go"];
    shell.ok(&[&create[..], &all].concat()).await;

    let document = me.get("actions/echo").await.expect(200).json();
    assert_eq!(document["limits"], json!({ "timeout": 120_000, "memory": 512, "logs": 2, "concurrency": 3 }));
    let parameters =
        json!([{ "key": "a", "value": 2 }, { "key": "b", "value": { "c": [true] } }, { "key": "neg", "value": -5 }]);
    assert_eq!(document["parameters"], parameters);
    assert_eq!(annotation(&document, "note"), Some(json!({ "x": 1 })));
    assert_eq!(document["exec"]["main"], "go");

    shell.ok(&["action", "update", "echo", "-m", "128"]).await;
    let document = me.get("actions/echo").await.expect(200).json();
    assert_eq!((&document["limits"]["memory"], &document["limits"]["timeout"]), (&json!(128), &json!(120_000)));
    assert_eq!(document["parameters"], parameters, "an update leaves alone what it does not mention");

    shell.ok(&["action", "create", "twin", "echo", "--copy", "-p", "own", "1"]).await;
    let twin = me.get("actions/twin").await.expect(200).json();
    assert_eq!(twin["exec"], document["exec"]);
    assert_eq!(annotation(&twin, "note"), Some(json!({ "x": 1 })));
    assert_eq!(twin["parameters"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_becomes_a_web_action_gets_a_secret_and_loses_both() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let shell = Shell::new(&wask, &me);
    shell.put_guest("echo.wasm", "echo");
    let status = async || me.web(Method::GET, "echo.json").await.status.as_u16();

    shell.ok(&["action", "create", "echo", "echo.wasm", "--web", "true", "-a", "note", "kept"]).await;
    assert_eq!(status().await, 200);
    let url = shell.ok(&["action", "get", "echo", "--url"]).await;
    assert_eq!(url.out, format!("{}/api/v1/web/guest/default/echo\n", wask.base()));

    shell.ok(&["action", "update", "echo", "--web-secure", "hush"]).await;
    assert_eq!(status().await, 401);
    let open = me.anonymous(Method::GET, &me.web_path("echo.json")).header("x-require-whisk-auth", "hush");
    me.send(open).await.expect(200);
    shell.ok(&["action", "update", "echo", "--web-secure", "false"]).await;
    assert_eq!(status().await, 200);

    shell.ok(&["action", "update", "echo", "--web", "no"]).await;
    assert_eq!(status().await, 404);
    let document = me.get("actions/echo").await.json();
    assert_eq!(annotation(&document, "note"), Some(json!("kept")));
    shell.ok(&["action", "update", "echo", "--del-annotation", "note"]).await;
    assert_eq!(annotation(&me.get("actions/echo").await.json(), "note"), None);

    let refused = shell.run(&["action", "update", "echo", "--web-secure", "x"]).await.expect(2);
    assert_eq!(refused.error(), "error: The --web-secure option is only valid when the --web option is enabled.");
    let refused = shell.run(&["action", "update", "echo", "--web", "maybe"]).await.expect(2);
    assert!(refused.err.contains("Invalid argument 'maybe' for --web flag."), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_of_invoke_shows_how_the_activation_ended() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &wask_tests::guest("echo")).await;
    me.create_action("fails", &wask_tests::guest("error")).await;
    let shell = Shell::new(&wask, &me);

    let started = shell.ok(&["action", "invoke", "echo"]).await;
    let id = started.out.trim_end().strip_prefix("ok: invoked /_/echo with id ").expect("an id").to_owned();
    assert_eq!(me.ended(&id).await["name"], "echo");

    let waited = shell.ok(&["action", "invoke", "/guest/echo", "-b", "-p", "a", "1"]).await;
    assert_eq!(waited.json()["response"]["result"], json!({ "a": 1 }), "the document alone is on standard output");
    assert!(waited.err.starts_with("ok: invoked /guest/echo with id "), "{}", waited.err);

    let failed = shell.run(&["action", "invoke", "fails", "-r", "-p", "error", "boom"]).await.expect(246);
    assert_eq!(failed.out, "");
    let told: serde_json::Value = serde_json::from_str(&failed.err).unwrap();
    assert!(told.get("error").is_some(), "{told}");
    shell.run(&["action", "invoke", "fails", "-b"]).await.expect(246);
    let gone = shell.run(&["action", "invoke", "gone", "-r"]).await.expect(148);
    assert_eq!(gone.error(), "error: Unable to invoke action 'gone': The requested resource does not exist.");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_the_text_and_the_exit_code_of_wsk() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &wask_tests::guest("echo")).await;
    let shell = Shell::new(&wask, &me);
    shell.put_guest("echo.wasm", "echo");
    shell.put("bad.wasm", b"\0asm nonsense");

    for (arguments, code, text) in [
        (&["action", "get", "x"][..], 148, "Unable to get action 'x': The requested resource does not exist."),
        (&["action", "delete", "x"], 148, "Unable to delete action 'x': The requested resource does not exist."),
        (&["action", "create", "echo", "echo.wasm"], 153, "Unable to create action 'echo': resource already exists"),
        (&["trigger", "get", "x"], 148, "Unable to get trigger 'x': The requested resource does not exist."),
        (&["rule", "enable", "x"], 148, "Unable to enable rule 'x': The requested resource does not exist."),
        (
            &["action", "get", "/other/x"],
            147,
            "Unable to get action 'x': The supplied authentication is not authorized to access 'other/x'.",
        ),
        (
            &["action", "list", "-l", "201"],
            144,
            "Unable to obtain the list of actions for namespace '_': The query parameter 'limit' was malformed:",
        ),
        (&["action", "get", "echo", "nofield"], 2, "Invalid field filter 'nofield'."),
        (&["action", "create", "a"], 2, "Invalid argument(s). An action name and code artifact are required."),
        (
            &["action", "create", "a", "echo.wasm", "--kind", "wasm:1", "--docker", "x"],
            149,
            "Cannot specify both --kind and --docker at the same time.",
        ),
    ] {
        let refused = shell.run(arguments).await;
        assert_eq!((refused.code, refused.out.as_str()), (code, ""), "{arguments:?}: {}", refused.err);
        assert!(refused.error().starts_with(&format!("error: {text}")), "{arguments:?}: {}", refused.err);
    }
    shell.run(&["action", "create", "bad", "bad.wasm"]).await.expect(144);
    shell.run(&["action", "invoke"]).await.expect(2);
    shell.run(&["action", "get", "a//b"]).await.expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_tables_by_default_and_json_with_a_flag() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("beta", &wask_tests::guest("echo")).await;
    me.create_action("a-long-name", &wask_tests::guest("echo")).await;
    me.create_trigger("go").await;
    me.create_rule("r", "go", "beta").await;
    let shell = Shell::new(&wask, &me);

    let list = shell.ok(&["action", "list", "-n"]).await;
    let rows = "actions\n/guest/a-long-name  private  wasm:1\n/guest/beta         private  wasm:1\n";
    assert_eq!(list.out, rows, "no colours where nobody sees them");
    assert_eq!(shell.ok(&["action", "list", "-l", "1"]).await.out.lines().count(), 2);
    let json = shell.ok(&["action", "list", "-o", "json"]).await.json();
    assert_eq!(json, me.get("actions").await.json());

    let all = shell.ok(&["list"]).await.out;
    for part in [
        "Entities in namespace: guest\npackages\n",
        "triggers\n/guest/go",
        "/guest/r  private  active  /guest/go -> /guest/beta",
    ] {
        assert!(all.contains(part), "{part:?} is not in\n{all}");
    }
    assert_eq!(shell.ok(&["namespace", "list"]).await.out, "namespaces\nguest\n");
    assert_eq!(shell.ok(&["namespace", "get", "/guest", "-o", "json"]).await.json()["rules"][0]["name"], "r");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_is_a_list_of_actions() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &wask_tests::guest("echo")).await;
    let shell = Shell::new(&wask, &me);

    shell.ok(&["action", "create", "twice", "--sequence", "echo,/guest/echo"]).await;

    let result = shell.ok(&["action", "invoke", "twice", "-r", "-p", "a", "1"]).await.json();
    assert_eq!(result, json!({ "a": 1 }));
    let save = shell.run(&["action", "get", "twice", "--save"]).await.expect(1);
    assert_eq!(save.error(), "error: Cannot save action sequences");
}
