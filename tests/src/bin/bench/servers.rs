//! The servers that the bench measures: wask, and a bare hyper server as the ceiling, each in its own process.

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// A server process; killed when dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub started: Instant,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended already
        let _ = self.child.wait();
    }
}

fn release_binary() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/wask"))
}

/// Starts `wask serve` without throttles on this data.
pub fn wask(data: &Path, variables: &[(&str, &str)]) -> anyhow::Result<Process> {
    let mut command = Command::new(std::env::var_os("WASK_BENCH_BINARY").map_or_else(release_binary, PathBuf::from));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
    command.envs([
        ("WASK_LIMITS__INVOCATIONS_PER_MINUTE", "0"),
        ("WASK_LIMITS__FIRES_PER_MINUTE", "0"),
        ("WASK_LIMITS__CONCURRENT_INVOCATIONS", "0"),
        ("WASK_LOG__LEVEL", "warn"),
    ]);
    command.envs(variables.iter().copied());
    spawn(command)
}

/// Starts this program as the bare server.
pub fn bare() -> anyhow::Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--bare");
    spawn(command)
}

fn spawn(mut command: Command) -> anyhow::Result<Process> {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or_else(|| anyhow::anyhow!("no output"))?).lines();
    let address = loop {
        let line = lines.next().ok_or_else(|| anyhow::anyhow!("{command:?} ended at once"))??;
        if let Some(at) = line.find("http://") {
            let text: String = line[at + 7..].chars().take_while(|c| !c.is_whitespace() && *c != '/').collect();
            break text.parse()?;
        }
    };
    std::thread::spawn(move || lines.for_each(drop)); // so that the process never waits for a reader
    Ok(Process { child, address, started })
}

/// Answers every request with the same few bytes until it is killed.
pub async fn serve_bare() -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer =
            service_fn(|_| async { Ok::<_, Infallible>(hyper::Response::new(Full::new(Bytes::from("pong")))) });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

/// A process's memory and threads, as the kernel reports them.
#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    pub private_kib: u64,
    pub threads: u64,
}

impl Process {
    pub fn footprint(&self) -> anyhow::Result<Footprint> {
        let folder = PathBuf::from(format!("/proc/{}", self.child.id()));
        let rollup = std::fs::read_to_string(folder.join("smaps_rollup"))?;
        let status = std::fs::read_to_string(folder.join("status"))?;
        let number = |text: &str, key: &str| -> u64 {
            let line = text.lines().find(|line| line.starts_with(key));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
        };
        let private_kib = number(&rollup, "Private_Clean:") + number(&rollup, "Private_Dirty:");
        Ok(Footprint { private_kib, threads: number(&status, "Threads:") })
    }

    /// Kills the process, as a crash would.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits until `path` is answered with 200; returns the time since the process was started.
    pub async fn first_answer(&self, path: &str) -> anyhow::Result<Duration> {
        let request = super::load::Request::get(self.address, path);
        while super::load::once(&request).await.ok() != Some(200) {
            anyhow::ensure!(self.started.elapsed() < Duration::from_secs(30), "no answer in 30 s");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(self.started.elapsed())
    }
}
