//! The binary as a user meets it: its output, the files that it writes, and the arguments that it refuses.

mod settings;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use rustix::process::Signal;
use serde_json::json;
use wask_tests::{Client, ServerProcess, guest, run};

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn fresh() -> Arc<tempfile::TempDir> {
    Arc::new(wask_tests::data_folder())
}

async fn stop(server: &mut ServerProcess) {
    server.signal(Signal::TERM);
    assert!(server.ended().await.success(), "{}", server.stderr());
}

#[test]
fn the_version_names_wasmtime_too() {
    let lock = include_str!("../../../Cargo.lock");
    let entry = lock.split("[[package]]").find(|entry| entry.contains("name = \"wasmtime\"\n")).unwrap();
    let engine = entry.lines().find_map(|line| line.strip_prefix("version = ")).unwrap().trim_matches('"');
    for flag in ["--version", "-V"] {
        let told = run(&[flag], &[]);
        assert_eq!(stdout(&told), format!("wask {} (wasmtime {engine})\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn help_says_where_to_start_and_lists_each_commands_arguments() {
    for (arguments, told) in [
        (
            &["--help"][..],
            &["Usage: wask <COMMAND>", "  dev ", "  serve ", "  namespace ", "  settings ", "Start here: `wask dev`"][..],
        ),
        (&["help"], &["Usage: wask <COMMAND>"]),
        (
            &["dev", "--help"],
            &["[FOLDER]", "--listen <ADDR:PORT>", "[default: 127.0.0.1:3233]", "./.wask", "three demo actions"],
        ),
        (&["serve", "--help"], &["--config <FILE>", "--data-dir <DIR>", "./wask-data", "wskprops", "SIGTERM"]),
        (&["serve", "--help"], &["`wask settings`", "WASK_LIMITS__CONCURRENT_INVOCATIONS"]),
        (&["namespace", "--help"], &["  create ", "  delete ", "--data-dir <DIR>", "also while a server runs on it"]),
        (&["namespace", "limits", "--help"], &["--set <LIMIT=VALUE>", "--unset <LIMIT>", "wask settings"]),
        (&["settings", "--help"], &["every setting"]),
    ] {
        let output = run(arguments, &[]);
        assert!(output.status.success(), "{arguments:?}");
        let text = stdout(&output);
        for part in told {
            assert!(text.contains(part), "`wask {}` does not say {part:?}:\n{text}", arguments.join(" "));
        }
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "too wide: {line}");
        }
    }
    for wrong in [&[][..], &["launch"], &["serve", "--port", "1"], &["dev", "a", "b"]] {
        let output = run(wrong, &[]);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(stderr(&output).contains("Usage: wask"), "{wrong:?}: {}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_creates_a_namespace_and_prints_how_to_use_it() {
    let wask = ServerProcess::serve(&[]).await;
    let me = wask.guest().await;
    let props = wask.data_dir().join("wskprops");

    let text = std::fs::read_to_string(&props).unwrap();
    assert_eq!(text, format!("APIHOST={}\nAUTH={}\nNAMESPACE=guest\n", wask.base(), me.auth));
    assert_eq!(props.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let (uuid, secret) = me.auth.split_once(':').unwrap();
    assert_eq!((uuid.len(), secret.len()), (36, 64), "the format that clients expect");

    let out = wask_tests::eventually("everything is said", || async {
        let out = wask.stdout();
        out.contains("export").then_some(out)
    })
    .await;
    let data = wask.data_dir().display();
    for part in [
        format!("listening on {}", wask.base()),
        format!("data in {data}"),
        "created namespace `guest`".to_owned(),
        format!("export WSK_CONFIG_FILE={}", props.display()),
    ] {
        assert!(out.contains(&part), "{part:?} is not said:\n{out}");
    }
    assert!(!out.contains(secret), "a key does not belong on the screen or into a log");
    assert_eq!(me.get("actions").await.expect(200).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_data_folder_is_accessible_to_its_owner_only() {
    let parent = fresh();
    let data = parent.path().join("deep/data");
    let mut child = std::process::Command::new(wask_tests::binary());
    child.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data);
    let mut child = child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    wask_tests::eventually("the key is written", || async { data.join("wskprops").is_file().then_some(()) }).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_start_keeps_the_key_and_writes_its_new_address() {
    let mut first = ServerProcess::serve(&[]).await;
    let before = first.guest().await;
    before.create_action("echo", &guest("echo")).await;
    stop(&mut first).await;
    let data = first.data();

    let second = ServerProcess::start("serve", &[], &[], data).await;
    let props = second.data_dir().join("wskprops");
    let after = wask_tests::eventually("wskprops has the new address", || async {
        let text = std::fs::read_to_string(&props).ok()?;
        let auth = text.lines().find_map(|line| line.strip_prefix("AUTH="))?.to_owned();
        text.contains(second.base()).then(|| Client::new(second.base(), auth, "guest"))
    })
    .await;

    assert_eq!(before.auth, after.auth);
    assert_eq!(
        after.invoke("echo", &json!({ "a": 1 })).await.expect(200).json()["response"]["result"],
        json!({ "a": 1 })
    );
    assert!(!second.stdout().contains("created"), "{}", second.stdout());
    assert_eq!(props.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_wskprops_is_reported_and_not_replaced_by_a_wrong_one() {
    let mut first = ServerProcess::serve(&[]).await;
    first.guest().await;
    stop(&mut first).await;
    let data = first.data();
    let props = data.path().join("wskprops");
    std::fs::remove_file(&props).unwrap();

    let second = ServerProcess::start("serve", &[], &[], data).await;

    wask_tests::eventually("it says that the file is gone", || async {
        second.stdout().contains("which had its key, is gone").then_some(())
    })
    .await;
    assert!(!props.exists());
}

/// The files with compiled code.
fn compiled(data: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(data.join("cache")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "cwasm"));
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_after_a_restart_needs_no_compiler() {
    let mut first = ServerProcess::serve(&[]).await;
    let me = first.guest().await;
    me.create_web_action("echo", &guest("echo")).await;
    stop(&mut first).await;
    let data = first.data();
    let before = compiled(data.path());
    assert_eq!(before.len(), 1, "what is kept of the compiled code: {before:?}");

    // In a compile time of 1 ms, no compiler even starts: the server refuses every module that it has to compile.
    let forbidden = [("WASK_SANDBOX__COMPILE_TIME_MS", "1")];
    let second = ServerProcess::start("serve", &[], &forbidden, data).await;
    let me = Client::new(second.base(), me.auth, "guest");
    let answer = me.send(me.anonymous(reqwest::Method::GET, &me.web_path("echo.json?a=1"))).await.expect(200);

    assert_eq!(answer.json()["a"], "1");
    assert_eq!(compiled(second.data_dir()), before);
    me.put_code("other", &guest("array"), json!({})).await.expect(503);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_or_folder_in_use_is_named_in_the_error() {
    let wask = ServerProcess::serve(&[]).await;
    let address = wask.base().trim_start_matches("http://");
    let elsewhere = fresh();

    let port = run(&["serve", "--listen", address, "--data-dir", elsewhere.path().to_str().unwrap()], &[]);
    assert_eq!(port.status.code(), Some(1));
    let last = stderr(&port).lines().last().unwrap().to_owned();
    assert!(
        last.starts_with(&format!("wask: cannot listen on {address} (--listen chooses another address): ")),
        "{last}"
    );
    assert!(last.contains("Address already in use"), "{last}");

    let data = wask.data_dir().to_str().unwrap();
    let folder = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data], &[]);
    assert_eq!(folder.status.code(), Some(1));
    let last = stderr(&folder).lines().last().unwrap().to_owned();
    assert_eq!(last, format!("wask: another wask is using this data folder (pid {})", wask.pid()));

    let unwritable = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "/proc"], &[]);
    assert_eq!(unwritable.status.code(), Some(2));
    assert!(stderr(&unwritable).contains("/proc holds keys and code"), "{}", stderr(&unwritable));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_others_may_enter_is_refused_with_the_command_that_mends_it() {
    let parent = fresh();
    let data = parent.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    for command in ["serve", "dev"] {
        let refused = run(&[command, "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()], &[]);
        assert_eq!(refused.status.code(), Some(2));
        let says = stderr(&refused);
        assert_eq!(says.lines().count(), 1, "{says}");
        let mends = format!("others may enter it (mode 755); run `chmod 700 {}`", data.display());
        assert!(says.contains(&mends), "{says}");
    }
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0, "nothing was made in it");

    let wask = ServerProcess::start("serve", &[], &[], parent).await; // and what others made readable is taken back
    let me = wask.guest().await;
    me.create_action("echo", &wask_tests::guest("echo")).await;
    let (mut wask, folder) = (wask, data.parent().unwrap());
    for name in ["wask.sqlite", "wskprops", "cache/key"] {
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    stop(&mut wask).await;
    std::fs::remove_dir(&data).unwrap();
    let wask = ServerProcess::start("serve", &[], &[], wask.data()).await;
    wask.guest().await.create_trigger("t").await;
    let entries = |folder: &std::path::Path| -> Vec<_> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let mut all = entries(wask.data_dir());
    all.extend(entries(&wask.data_dir().join("cache")));
    assert!(all.iter().any(|path| path.ends_with("wask.sqlite-wal")), "{all:?}");
    for path in all {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{}", path.display());
    }
}

#[test]
fn a_data_folder_of_another_user_is_refused_with_the_command_that_mends_it() {
    let (folder, own) = (fresh(), rustix::process::geteuid());
    let foreign = std::os::unix::fs::chown(folder.path(), Some(4711), None);
    // Who may not give a folder away has none but the system's that is another's.
    let data = if own.is_root() { folder.path() } else { Path::new("/") };
    assert_eq!(foreign.is_ok(), own.is_root());
    let owner = std::fs::metadata(data).unwrap().uid();
    for command in ["serve", "dev"] {
        let refused = run(&[command, "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()], &[]);
        assert_eq!(refused.status.code(), Some(2));
        let says = stderr(&refused);
        assert_eq!(says.lines().count(), 1, "{says}");
        let (data, own) = (data.display(), own.as_raw());
        let mends = format!(
            "{data} belongs to the user with the id {owner}, and this process runs as {own}; \
             run `chown -R {own} {data}` as root"
        );
        assert!(says.contains(&mends), "{says}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made in it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_keeps_running_when_its_standard_output_is_closed() {
    let data = fresh();
    let mut child = std::process::Command::new(wask_tests::binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take()); // like `wask serve | head -1`
    let props = data.path().join("wskprops");
    wask_tests::eventually("the key is written", || async { props.is_file().then_some(()) }).await;
    let text = std::fs::read_to_string(&props).unwrap();
    let base = text.lines().find_map(|line| line.strip_prefix("APIHOST=")).unwrap().to_owned();

    let me = Client::new(base, "a:b", "guest");
    let alive = me.send(me.anonymous(reqwest::Method::GET, "/ping")).await;

    assert_eq!(alive.text(), "pong");
    child.kill().unwrap();
    child.wait().unwrap();
}
