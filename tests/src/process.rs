//! A server in its own process: the real binary, which can be killed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{Client, data_folder, eventually};

/// A process of `wask serve` or `wask dev`, on a free port. Killed when dropped.
pub struct ServerProcess {
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    data: Arc<TempDir>,
    base: String,
}

/// A server that ended before it listened.
#[derive(Debug)]
pub struct EndedEarly {
    pub status: ExitStatus,
    /// Everything that it printed.
    pub printed: String,
}

/// The wask binary in the folder of the test's own binary. `make test` builds it first.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.ancestors().find(|folder| folder.join("wask").is_file());
    folder.map(|folder| folder.join("wask")).expect("the wask binary: run `cargo build -p wask`")
}

impl ServerProcess {
    /// Starts `wask serve` with these variables on fresh data.
    pub async fn serve(variables: &[(&str, &str)]) -> Self {
        ServerProcess::start("serve", &[], variables, Arc::new(data_folder())).await
    }

    /// Starts `wask dev` with these arguments on fresh data.
    pub async fn dev(arguments: &[&str]) -> Self {
        ServerProcess::start("dev", arguments, &[], Arc::new(data_folder())).await
    }

    /// Starts any command that serves, on this data; panics if the process ends before it listens.
    pub async fn start(command: &str, arguments: &[&str], variables: &[(&str, &str)], data: Arc<TempDir>) -> Self {
        let started = ServerProcess::try_start(command, arguments, variables, data).await;
        started.unwrap_or_else(|ended| panic!("the server ended, {}: {}", ended.status, ended.printed))
    }

    /// Like `start`; `Err` if the process ends before it listens.
    pub async fn try_start(
        command: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
        data: Arc<TempDir>,
    ) -> Result<Self, EndedEarly> {
        let mut child = Command::new(binary())
            .args([command, "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data.path())
            .args(arguments)
            .env("WASK_LIMITS__READS_PER_MINUTE", "0") // tests ask again and again until something has happened
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a process");
        let stdout = collect(child.stdout.take().expect("its output"));
        let stderr = collect(child.stderr.take().expect("its errors"));
        let mut server = ServerProcess { child, stdout, stderr, data, base: String::new() };
        server.base = server.wait_until_it_listens().await?;
        Ok(server)
    }

    async fn wait_until_it_listens(&mut self) -> Result<String, EndedEarly> {
        eventually("the server prints where it listens", || {
            let (ended, out) = (self.child.try_wait().expect("its state"), self.stdout());
            let ended = ended.map(|status| EndedEarly { status, printed: format!("{out}{}", self.stderr()) });
            async move {
                if ended.is_some() {
                    return ended.map(Err);
                }
                let at = out.find("http://127.0.0.1:")?;
                let url: String = out[at..].chars().take_while(|c| !c.is_whitespace()).collect();
                let port_end = url["http://127.0.0.1:".len()..].find('/');
                let complete = out[at..].contains('\n');
                complete.then(|| Ok(port_end.map_or(url.clone(), |end| url[..17 + end].to_owned())))
            }
        })
        .await
    }

    /// A client with the key that the server wrote to its data folder.
    pub async fn guest(&self) -> Client {
        let path = self.data.path().join("wskprops");
        let props = eventually("wskprops is written", || async {
            let text = std::fs::read_to_string(&path).ok()?;
            text.contains("NAMESPACE=").then_some(text)
        })
        .await;
        let auth = props.lines().find_map(|line| line.strip_prefix("AUTH=")).expect("AUTH=").to_owned();
        Client::new(self.base.clone(), auth, "guest")
    }

    /// Creates a namespace with the operator's command; returns a client with its key.
    pub fn create_namespace(&self, name: &str) -> Client {
        let data = self.data_dir().to_str().expect("a path in UTF-8");
        let made = run(&["namespace", "create", name, "--data-dir", data], &[]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Client::new(self.base.clone(), String::from_utf8_lossy(&made.stdout).trim_end(), name)
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn address(&self) -> SocketAddr {
        self.base.trim_start_matches("http://").parse().expect("address and port")
    }

    /// Resident memory of the process.
    pub fn memory_bytes(&self) -> u64 {
        self.status_kib("VmRSS:") << 10
    }

    /// The most resident memory that the process ever had.
    pub fn peak_memory_bytes(&self) -> u64 {
        self.status_kib("VmHWM:") << 10
    }

    /// 0: the process has ended.
    fn status_kib(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The data folder, for the next server.
    pub fn data(&self) -> Arc<TempDir> {
        self.data.clone()
    }

    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Everything printed to standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.lock().expect("no panic while it is held").clone()
    }

    pub fn stderr(&self) -> String {
        self.stderr.lock().expect("no panic while it is held").clone()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().cast_signed()).expect("a process id");
        kill_process(pid, signal).expect("a process to signal");
    }

    /// The exit status, if the process has ended.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its state")
    }

    /// Waits for the process to end.
    pub async fn ended(&mut self) -> ExitStatus {
        eventually("the server has ended", || {
            let ended = self.child.try_wait().expect("its state");
            async move { ended }
        })
        .await
    }

    /// Kills the process with `kill -9`, then starts `wask serve` on the same data.
    pub async fn kill_and_restart(mut self, variables: &[(&str, &str)]) -> Self {
        let data = self.kill().await;
        ServerProcess::start("serve", &[], variables, data).await
    }

    /// Kills the process with `kill -9` unless it has ended; returns its data folder.
    pub async fn kill(&mut self) -> Arc<TempDir> {
        if self.has_ended().is_none() {
            self.signal(Signal::KILL);
        }
        self.ended().await;
        self.data.clone()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended already
        let _ = self.child.wait();
    }
}

/// Runs a command of the binary to its end.
pub fn run(arguments: &[&str], variables: &[(&str, &str)]) -> std::process::Output {
    Command::new(binary()).args(arguments).envs(variables.iter().copied()).output().expect("a process")
}

fn collect(stream: impl std::io::Read + Send + 'static) -> Arc<Mutex<String>> {
    let text: Arc<Mutex<String>> = Arc::default();
    let into = text.clone();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream.take(16 << 20));
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            into.lock().expect("no panic while it is held").push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
    text
}
