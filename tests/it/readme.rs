//! The README's commands, run one after the other in one shell, as a newcomer would paste them.
//!
//! A block ```` ```sh ```` is run; lines `# …` at the left margin in it are what it prints. A block ```` ```sh wsk ```` or
//! ```` ```sh aio ```` is run where that client is there. A block ```` ```rust ```` becomes `src/main.rs` of the project that was just
//! made. Blocks ```` ```console ```` are for the eye.

use std::path::{Path, PathBuf};
use std::process::Command;

use wask_tests::ServerProcess;

const README: &str = include_str!("../../README.md");
/// What the README's own server listens on.
const ADDRESS: &str = "http://127.0.0.1:3233";
/// The examples that `make run` deploys.
const EXAMPLES: [&str; 7] = ["hello", "typed", "web-page", "long-job", "front", "tick", "hello-c"];

fn root() -> PathBuf {
    std::fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap()
}

struct Block {
    /// What stands behind the fence: `sh`, `sh wsk`, `rust`.
    kind: String,
    text: String,
}

impl Block {
    /// The lines that it is said to print.
    fn printed(&self) -> Vec<&str> {
        self.text.lines().filter_map(|line| line.strip_prefix("# ")).collect()
    }
}

fn blocks() -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push(Block { kind: kind.to_owned(), text: text.join("\n") });
        }
    }
    found
}

/// Where a client's command is: on the PATH, or where `make clients` puts it.
fn client(name: &str) -> Option<PathBuf> {
    let own = root().join("target/clients/node_modules/.bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([own]);
    folders.map(|folder| folder.join(name)).find(|command| command.is_file())
}

/// Whether a block is run here; says so where it is not.
fn runs(block: &Block) -> bool {
    match block.kind.strip_prefix("sh ") {
        Some(name) if client(name).is_none() => {
            println!("README: left out a block of `{name}`, which is not installed here");
            false
        }
        Some(_) => true,
        None => block.kind == "sh" || block.kind == "rust",
    }
}

/// One script of all blocks; the output of block `n` goes to the file `n`.
fn script(blocks: &[Block], base: &str, server_data: &Path, folder: &Path) -> String {
    let mut script = format!("set -eu -o pipefail\nunset CARGO_TARGET_DIR\ncd '{}'\n", root().display());
    for (n, block) in blocks.iter().enumerate().filter(|(_, block)| runs(block)) {
        let text = block
            .text
            .replace(ADDRESS, base)
            .replace("$WASK/.wask/", &format!("{}/", server_data.display()))
            .replace("../greet", &folder.join("greet").display().to_string());
        match block.kind.as_str() {
            "rust" => script += &format!("cat > src/main.rs <<'END_OF_MAIN'\n{text}\nEND_OF_MAIN\n"),
            _ => script += &format!("exec >'{}'\n{text}\n", folder.join(n.to_string()).display()),
        }
    }
    script
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_readme_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let examples = folder.path().join("examples");
    std::fs::create_dir(&examples).unwrap();
    for name in EXAMPLES {
        let built = root().join("target/guests/wasm32-wasip1/guest").join(format!("{name}.wasm"));
        if built.is_file() {
            std::fs::copy(&built, examples.join(format!("{name}.wasm"))).unwrap();
        }
    }
    let server = ServerProcess::dev(&[examples.to_str().unwrap()]).await;
    server.guest().await;
    wask_tests::eventually("the examples are deployed", || async { server.stdout().contains("curl '").then_some(()) })
        .await;

    let blocks = blocks();
    let script = script(&blocks, server.base(), server.data_dir(), folder.path());
    let path = format!(
        "{}:{}",
        std::env::var("PATH").unwrap_or_default(),
        root().join("target/clients/node_modules/.bin").display()
    );
    let ran = tokio::task::spawn_blocking(move || {
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]).env("PATH", path);
        bash.envs([("AIO_TELEMETRY_DISABLED", "1"), ("AIO_SKIP_NEW_VERSION_CHECK", "true"), ("NO_COLOR", "1")]);
        bash.output().unwrap()
    });
    let ran = ran.await.unwrap();

    assert!(ran.status.success(), "{}\n{}", String::from_utf8_lossy(&ran.stderr), server.stdout());
    for (n, block) in blocks.iter().enumerate().filter(|(_, block)| block.kind.starts_with("sh") && runs(block)) {
        let printed = std::fs::read_to_string(folder.path().join(n.to_string())).unwrap();
        let expected = block.printed();
        if !expected.is_empty() {
            assert_eq!(printed.trim_end().lines().collect::<Vec<_>>(), expected, "block:\n{}", block.text);
        }
    }
}

#[test]
fn the_first_action_of_the_readme_has_fewer_than_twenty_lines() {
    let action = blocks().into_iter().find(|block| block.kind == "rust").unwrap();
    assert!(action.text.lines().count() < 20, "{}", action.text);
}
