//! wask's own client: the real binary, in a folder of its own, against a server.

mod actions;
mod activations;
mod callbacks;
mod connection;
mod dead_letters;
mod following;
mod gateway;
mod manifest;
mod packages;
mod properties;
mod status;
mod triggers;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;
use wask_tests::{Client, TestServer, binary, guest};

/// The exit code and the output of a command.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|cause| panic!("{cause}: {}{}", self.out, self.err))
    }

    /// Standard error without the transaction ids.
    fn error(&self) -> String {
        match self.err.trim_end().split_once(" (code ") {
            Some((text, _)) => text.to_owned(),
            None => self.err.trim_end().to_owned(),
        }
    }
}

/// A working folder with the properties of one namespace.
struct Shell {
    folder: TempDir,
}

impl Shell {
    fn new(server: &TestServer, client: &Client) -> Self {
        let shell = Shell::without_properties();
        let properties = format!("APIHOST={}\nAUTH={}\nNAMESPACE={}\n", server.base(), client.auth, client.namespace);
        std::fs::write(shell.path(".wskprops"), properties).unwrap();
        shell
    }

    fn without_properties() -> Self {
        Shell { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Puts a guest of `tests/guests` into the folder.
    fn put_guest(&self, file: &str, name: &str) -> Vec<u8> {
        let module = STANDARD.decode(guest(name)).unwrap();
        self.put(file, &module);
        module
    }

    fn put(&self, file: &str, content: impl AsRef<[u8]>) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path(file)).unwrap()
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[]).await
    }

    async fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let output = self.command(arguments).envs(variables.iter().copied()).output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(binary());
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env_remove("WSK_CONFIG_FILE").env("HOME", self.folder.path());
        command
    }

    /// Runs a command that must succeed.
    async fn ok(&self, arguments: &[&str]) -> Ran {
        self.run(arguments).await.expect(0)
    }
}
