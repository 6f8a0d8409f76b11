//! Starting after a crash, being killed during a start, and starting next to another server.

use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use wask_tests::{Client, ServerProcess, binary, eventually, guest, run};

use super::{UNLIMITED, on, serve};

/// The compiled modules of a data folder by name, with their inodes. Compiling a module again makes another file.
fn compiled(data: &Path) -> BTreeMap<String, u64> {
    let files = std::fs::read_dir(data.join("cache")).expect("a cache").map(|file| file.expect("a file"));
    let modules = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "cwasm"));
    let named =
        |file: DirEntry| (file.file_name().into_string().expect("a name"), file.metadata().expect("its inode").ino());
    modules.map(named).collect()
}

/// A port of loopback on which nothing listens.
fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_server_serves_its_first_key_from_its_first_connection_on() {
    for _ in 0..5 {
        let (data, port) = (wask_tests::data_folder(), free_port());
        let listen = format!("127.0.0.1:{port}");
        let mut server = Command::new(binary());
        server.args(["serve", "--listen", &listen, "--data-dir"]).arg(data.path());
        let mut server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();

        eventually("it accepts a connection", || async { tokio::net::TcpStream::connect(&listen).await.ok() }).await;

        let props = std::fs::read_to_string(data.path().join("wskprops")).expect("the key is there before the socket");
        let auth = props.lines().find_map(|line| line.strip_prefix("AUTH=")).unwrap();
        let me = Client::new(format!("http://{listen}"), auth, "guest");
        let status = me.get("actions").await.status;
        server.kill().unwrap();
        server.wait().unwrap();
        assert_eq!(status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_after_a_crash_compiles_nothing_again() {
    let (mut wask, me) = serve().await;
    for action in ["echo", "sleeper"] {
        me.create_action(action, &guest(action)).await;
    }
    let before = compiled(wask.data_dir());
    assert_eq!(before.len(), 2);

    let (wask, me) = on(wask.kill().await).await;

    me.invoke("echo", &json!({})).await.expect(200);
    me.invoke("sleeper", &json!({ "ms": 0 })).await.expect(200);
    assert_eq!(compiled(wask.data_dir()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_compiled_code_is_compiled_again_instead_of_run() {
    let (mut wask, me) = serve().await;
    for action in ["echo", "sleeper"] {
        me.create_action(action, &guest(action)).await;
    }
    let data = wask.kill().await;
    let paths: Vec<PathBuf> = compiled(data.path()).keys().map(|name| data.path().join("cache").join(name)).collect();
    let sound: Vec<_> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let (mut flipped, truncated) = (sound[0].clone(), &sound[1][..1000]);
    flipped[1000] ^= 1;
    std::fs::write(&paths[0], flipped).unwrap();
    std::fs::write(&paths[1], truncated).unwrap();

    let (_wask, me) = on(data).await;

    assert_eq!(me.invoke("echo", &json!({ "a": 1 })).await.expect(200).json()["response"]["result"], json!({ "a": 1 }));
    let id = me.invoke_async("sleeper", &json!({ "ms": 0 })).await;
    assert_eq!(me.ended(&id).await["response"]["status"], "success");
    assert!(paths.iter().zip(&sound).all(|(path, code)| std::fs::read(path).unwrap() == *code));
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_compiled_code_is_compiled_again() {
    let (mut wask, me) = serve().await;
    me.create_action("echo", &guest("echo")).await;
    let data = wask.kill().await;
    std::fs::remove_dir_all(data.path().join("cache")).unwrap();

    let (_wask, me) = on(data).await;

    me.invoke("echo", &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused_with_the_pid_of_the_first() {
    let (wask, me) = serve().await;
    let data = wask.data_dir().to_str().unwrap();

    let second = tokio::task::block_in_place(|| run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data], &[]));

    assert_eq!(second.status.code(), Some(1));
    let printed = String::from_utf8_lossy(&second.stderr);
    let message = format!("another wask is using this data folder (pid {})", wask.pid());
    assert!(printed.contains(&message), "{printed}");
    me.get("limits").await.expect(200);
}

/// Starts `wask serve` on this data, without waiting for it.
fn spawn(data: &TempDir) -> Child {
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data.path()).envs(UNLIMITED);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process")
}

fn kill(mut child: Child) {
    child.kill().expect("a process to kill");
    child.wait().expect("an exit status");
}

/// Checks that the next start succeeds and that the key in its data is accepted; then kills it.
async fn starts(data: Arc<TempDir>) -> Arc<TempDir> {
    let mut wask = ServerProcess::start("serve", &[], &UNLIMITED, data).await;
    let me = wask.guest().await;
    me.get("limits").await.expect(200);
    me.put("triggers/dawn?overwrite=true", &json!({})).await.expect(200);
    wask.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_cut_off_at_any_moment_leaves_usable_data() {
    for round in 0..10_u64 {
        let data = Arc::new(wask_tests::data_folder());
        for delay in [10 * round, 25 * round] {
            let cut_off = spawn(&data);
            tokio::time::sleep(Duration::from_millis(delay)).await;
            kill(cut_off);
        }
        starts(data).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_first_start_survives_when_that_start_is_cut_off() {
    for delay in (0..10_u64).map(|n| 300 * n) {
        let mut data = Arc::new(wask_tests::data_folder());
        for _ in 0..2 {
            let mut cut_off = spawn(&data);
            let mut said = BufReader::new(cut_off.stdout.take().unwrap());
            said.read_line(&mut String::new()).unwrap(); // the server listens; next it makes the namespace and its key
            tokio::time::sleep(Duration::from_micros(delay)).await;
            kill(cut_off);
            data = starts(data).await;
        }
    }
}
