//! Existing clients that run on node, as `make clients` installs them: `aio rt` and the npm package `openwhisk`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::{Client, PATIENCE, guests};

/// The folder `tests/clients`: the lock file, the command `aio`, and the script that runs tests of `openwhisk`.
fn sources() -> PathBuf {
    std::fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/clients")).expect("tests/clients")
}

/// Whether `make clients` has installed what the current lock file lists.
fn are_installed() -> bool {
    let lock = std::fs::read(sources().join("package-lock.json")).expect("the lock");
    let installed = std::fs::read(sources().join("../../target/clients/installed"));
    installed.is_ok_and(|installed| installed == lock)
}

/// The clients, with the key of one namespace and a folder as their home and working directory.
pub struct NodeClients {
    folder: TempDir,
    base: String,
    auth: String,
    namespace: String,
}

impl NodeClients {
    /// `None`, after printing a line that says so, if the clients are not installed. The test then has nothing to run.
    pub fn new(client: &Client) -> Option<Self> {
        if !are_installed() {
            // Not `eprintln!`, which the test runner captures when a test passes.
            let line = b"clients: skipped a test, `make clients` has not installed them\n";
            std::io::Write::write_all(&mut std::io::stderr(), line).expect("standard error");
            return None;
        }
        Some(NodeClients {
            folder: tempfile::tempdir().expect("a folder"),
            base: client.base().to_owned(),
            auth: client.auth.clone(),
            namespace: client.namespace.clone(),
        })
    }

    /// Writes a file in the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), content).expect("a file in the folder");
    }

    /// Writes the module of a guest to `name.wasm` in the folder.
    pub fn write_guest(&self, name: &str) {
        self.write(&format!("{name}.wasm"), guests::built(name));
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).expect("a file in the folder")
    }

    /// Runs `aio` with the arguments in `line`, as a shell splits them.
    pub async fn aio(&self, line: &str) -> Ran {
        let mut shell = self.command("sh");
        shell.args(["-c", &format!("aio {line}")]).stdin(Stdio::null());
        shell.envs([("AIO_RUNTIME_APIHOST", &self.base), ("AIO_RUNTIME_AUTH", &self.auth)]);
        shell.envs([("AIO_RUNTIME_NAMESPACE", self.namespace.as_str()), ("USE_RUNTIME_AUTH", "1")]);
        shell.envs([("AIO_TELEMETRY_DISABLED", "1"), ("AIO_SKIP_NEW_VERSION_CHECK", "true"), ("NO_COLOR", "1")]);
        let child = shell.spawn().expect("a shell");
        Ran::wait_for(child, line).await
    }

    /// Like `aio`; expects success and returns what the command prints.
    pub async fn prints(&self, line: &str) -> String {
        self.aio(line).await.succeeded().stdout
    }

    /// The JSON that a command prints.
    pub async fn json(&self, line: &str) -> Value {
        let printed = self.prints(line).await;
        let from = printed.find(['{', '[']).unwrap_or_else(|| panic!("aio {line}: no JSON in {printed}"));
        serde_json::from_str(&printed[from..]).unwrap_or_else(|cause| panic!("aio {line}: {cause}: {printed}"))
    }

    /// The table that a command prints: its head and its rows, cells separated by single spaces.
    pub async fn table(&self, line: &str) -> Vec<String> {
        let printed = self.prints(line).await;
        let rows = printed.lines().filter(|row| !row.contains('─'));
        rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// Runs a command that must fail; returns its error message.
    pub async fn refusal(&self, line: &str) -> String {
        let ran = self.aio(line).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "aio {line}: {}", ran.stderr);
        let text: Vec<&str> = ran.stderr.split_whitespace().filter(|word| *word != "›").collect();
        let text = text.join(" ");
        let text = text.strip_prefix("Error: ").unwrap_or(&text);
        text.strip_suffix(" specify --verbose flag for more information").unwrap_or(text).to_owned()
    }

    /// Runs JavaScript, the body of an async function, and returns its result. See `tests/clients/openwhisk.js`.
    pub async fn openwhisk(&self, story: &str) -> Value {
        self.openwhisk_as(story, [&self.base, &self.auth, &self.namespace]).await
    }

    /// Like `openwhisk`, with another host, key and namespace.
    pub async fn openwhisk_as(&self, story: &str, [host, key, namespace]: [&str; 3]) -> Value {
        let mut node = self.command("node");
        node.arg(sources().join("openwhisk.js")).stdin(Stdio::piped());
        node.envs([("__OW_API_HOST", host), ("__OW_API_KEY", key), ("__OW_NAMESPACE", namespace)]);
        let mut child = node.spawn().expect("node");
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(story.as_bytes()).await.expect("a story that is read");
        drop(stdin);
        let printed = Ran::wait_for(child, story).await.succeeded().stdout;
        serde_json::from_str(&printed).unwrap_or_else(|cause| panic!("{story}: {cause}: {printed}"))
    }

    /// A command that does not see this machine's settings, and only the environment that it needs.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", path()).env("HOME", self.folder.path()).env("TZ", "UTC");
        command.env("COLUMNS", "200").current_dir(self.folder.path()).kill_on_drop(true);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The PATH with `aio` in front.
fn path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{}:{path}", Path::display(&sources()))
}

/// A command that has ended.
pub struct Ran {
    line: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    async fn wait_for(child: tokio::process::Child, line: &str) -> Self {
        let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
        let output = ended.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for {line}")).expect("its output");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Ran { line: line.to_owned(), code: output.status.code(), stdout, stderr }
    }

    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}\n{}", self.line, self.stdout);
        self
    }
}
