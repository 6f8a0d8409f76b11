//! Few file descriptors, and strangers who want them all. threats.md F28.

use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use tokio::net::TcpStream;
use wask_tests::{Client, ServerProcess, binary, eventually, guest};

use super::assert_unavailable;

/// So many descriptors the process may have at most.
const DESCRIPTORS: usize = 700;

/// Kills its process when dropped.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended already
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn out_of_descriptors_the_server_goes_on_and_still_opens_what_it_needs() {
    let data = wask_tests::data_folder();
    let limit = format!("ulimit -Sn 64 && ulimit -Hn {DESCRIPTORS} && exec \"$@\"");
    let mut server = Command::new("sh");
    server.args(["-c", &limit, "sh"]).arg(binary()).args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    let mut server = server.arg(data.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let out = server.stdout.take().unwrap();
    let _server = Killed(server);
    let address = std::io::BufRead::lines(std::io::BufReader::new(out)).map(Result::unwrap);
    let address = address.filter_map(|line| line.split_once("http://").map(|(_, address)| address.to_owned()));
    let address = { address }.next().expect("it says where it listens");
    let props = std::fs::read_to_string(data.path().join("wskprops")).unwrap();
    let auth = props.lines().find_map(|line| line.strip_prefix("AUTH=")).unwrap();
    let me = Client::new(format!("http://{address}"), auth, "guest");

    let mut held = Vec::new();
    for _ in 0..2 * DESCRIPTORS {
        match tokio::time::timeout(Duration::from_millis(50), TcpStream::connect(&address)).await {
            Ok(connected) => held.push(connected.unwrap()),
            Err(_) => break, // the kernel's queue is full
        }
    }
    assert!(DESCRIPTORS / 4 < held.len(), "{}", held.len());

    me.create_action("echo", &guest("echo")).await; // opens the database, the code cache, and a socket
    let answer = me.invoke("echo", &json!({ "n": 1 })).await.expect(200);
    assert_eq!(answer.json()["response"]["result"], json!({ "n": 1 }));

    drop(held);
    eventually("all is as before", || async { me.get("actions").await.status.is_success().then_some(()) }).await;
}

/// Changes how many descriptors a running server may have. Those that it has stay.
fn allow(server: &ServerProcess, descriptors: u64) {
    let pid = Pid::from_raw(server.pid().cast_signed());
    let limit = Rlimit { current: Some(descriptors), maximum: Some(4096) };
    prlimit(pid, Resource::Nofile, limit).expect("a process to limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn out_of_descriptors_compiled_code_counts_as_out_of_reach_and_not_as_gone() {
    const SAYS: &str = "The server has too many files open to load or compile a module; try again later.";
    let mut wask = ServerProcess::serve(&[]).await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    let data = wask.data();
    let compiled = || {
        let files = std::fs::read_dir(data.path().join("cache")).unwrap().map(|file| file.unwrap());
        let modules = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "cwasm"));
        modules.map(|file| file.metadata().unwrap().ino()).collect::<Vec<_>>()
    };
    let before = compiled();
    let wask = ServerProcess::start("serve", &[], &[], wask.kill().await).await; // it has no code in memory
    let me = wask.guest().await;
    let _connections = tokio::join!(me.get("limits"), me.get("limits"));

    allow(&wask, 1);
    let (echo, args) = (guest("echo"), json!({ "n": 1 }));
    let (not_run, not_made) = tokio::join!(me.invoke("echo", &args), me.put_code("another", &echo, json!({})));
    assert_unavailable(&not_made, SAYS);
    let not_run = not_run.json()["response"].clone();
    assert_eq!((&not_run["status"], &not_run["result"]["error"]), (&json!("whisk internal error"), &json!(SAYS)));

    let give_some_back = async {
        tokio::time::sleep(Duration::from_millis(500)).await; // meanwhile the run waits, which nobody can see
        allow(&wask, 4096);
    };
    let (ran, ()) = tokio::join!(me.invoke("echo", &args), give_some_back);
    assert_eq!(ran.expect(200).json()["response"]["result"], args);
    assert_eq!(compiled(), before, "nothing was compiled again");
}
