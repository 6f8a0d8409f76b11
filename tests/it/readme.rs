//! Runs the README's commands one after the other in one shell, as a newcomer would paste them.
//!
//! A block ```` ```sh ```` is run; lines `# …` at the left margin are its expected output. A block ```` ```sh wsk ```` or
//! ```` ```sh aio ```` is run with that client. Without `wsk`, wask's own client takes its place, because it has the same
//! commands; without `aio`, the block is skipped. A block ```` ```rust ```` becomes `src/main.rs` of the project that was
//! created before it. Blocks ```` ```console ```` are not run.

use std::path::{Path, PathBuf};
use std::process::Command;

use wask_tests::{ServerProcess, binary};

const README: &str = include_str!("../../README.md");
/// The address of the README's server.
const ADDRESS: &str = "http://127.0.0.1:3233";
/// The examples that `make run` deploys.
const EXAMPLES: [&str; 7] = ["hello", "typed", "web-page", "long-job", "front", "tick", "hello-c"];

fn root() -> PathBuf {
    std::fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap()
}

struct Block {
    /// The words after the fence: `sh`, `sh wsk`, `rust`.
    kind: String,
    text: String,
}

impl Block {
    /// Its expected output.
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

/// The folder of a client's command: one from the PATH, or the one where `make clients` installs clients.
fn client(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = root().join("target/clients/installed").is_file().then(|| root().join("tests/clients"));
    std::env::split_paths(&path).chain(own).find(|folder| folder.join(name).is_file())
}

/// Whether a block can run on this machine.
fn runs(block: &Block) -> bool {
    match block.kind.strip_prefix("sh ") {
        Some("wsk") => true,
        Some(name) => client(name).is_some(),
        None => block.kind == "sh" || block.kind == "rust",
    }
}

/// Prints one line for each missing client.
fn say_what_is_missing(blocks: &[Block]) {
    for (name, instead) in [("wsk", "ran with wask's own client"), ("aio", "are left out")] {
        let of_client = blocks.iter().filter(|block| block.kind == format!("sh {name}")).count();
        if 0 < of_client && client(name).is_none() {
            println!("README: {of_client} blocks of `{name}`, which is not installed here, {instead}");
        }
    }
}

/// A folder in which the server's binary is called `wask`, and also `wsk` if no `wsk` is installed.
fn own_commands(folder: &Path) -> PathBuf {
    let bin = folder.join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(binary(), bin.join("wask")).unwrap();
    if client("wsk").is_none() {
        std::os::unix::fs::symlink(binary(), bin.join("wsk")).unwrap();
    }
    bin
}

/// One script with all blocks; the output of block `n` goes to the file `n`.
fn script(blocks: &[Block], base: &str, server_data: &Path, folder: &Path) -> String {
    let mut script = format!("set -eu -o pipefail\nunset CARGO_TARGET_DIR\ncd '{}'\n", root().display());
    for (n, block) in blocks.iter().enumerate().filter(|(_, block)| runs(block)) {
        let text = block
            .text
            .replace(ADDRESS, base)
            .replace("$WASK/.wask", &server_data.display().to_string())
            .replace("$WASK/target/debug", &folder.join("bin").display().to_string())
            .replace("../greet", &folder.join("greet").display().to_string());
        match block.kind.as_str() {
            "rust" => script += &format!("cat > src/main.rs <<'END_OF_MAIN'\n{text}\nEND_OF_MAIN\n"),
            _ => script += &format!("exec >'{}'\n{text}\n", folder.join(n.to_string()).display()),
        }
    }
    script
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_readme_does_what_the_readme_says() {
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
    say_what_is_missing(&blocks);
    let script = script(&blocks, server.base(), server.data_dir(), folder.path());
    let path = std::env::var("PATH").unwrap_or_default();
    let own = own_commands(folder.path());
    let path = format!("{}:{path}:{}", own.display(), root().join("tests/clients").display());
    let ran = tokio::task::spawn_blocking(move || {
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]).env("PATH", path).env("CARGO_BUILD_BUILD_DIR", root().join("target/readme"));
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

/// The first screen of the README, up to the point where the server waits, is the server's output.
#[tokio::test(flavor = "multi_thread")]
async fn make_run_prints_what_the_readme_shows() {
    let folder = tempfile::tempdir().unwrap();
    for name in EXAMPLES {
        std::fs::write(folder.path().join(format!("{name}.wat")), wask_tests::wat("result-without-newline")).unwrap();
    }
    let server = ServerProcess::dev(&[folder.path().to_str().unwrap()]).await;
    let printed = wask_tests::eventually("everything is said", || async {
        let out = server.stdout();
        out.contains("keeps everything.").then_some(out)
    })
    .await;

    let shown = blocks().into_iter().find(|block| block.text.starts_with("$ make run")).expect("make run").text;
    let (_, shown) = shown.split_once("\nwask ").expect("the server's own lines");
    let data = server.data_dir().display();
    let printed = printed
        .replace(server.base(), ADDRESS)
        .replace(&format!("FILE={data}/"), "FILE=/home/ada/wask/.wask/")
        .replace(&data.to_string(), "./.wask")
        .replace(&folder.path().display().to_string(), ".wask/examples");
    assert_eq!(printed.trim_end(), format!("wask {shown}"));
}

#[test]
fn every_link_of_the_readmes_resolves() {
    let mut pages = vec![PathBuf::from("README.md"), "runtime/README.md".into(), "sdk/README.md".into()];
    pages.push("tests/guests/README.md".into());
    pages.extend(["runtime/GLOSSARY.md", "runtime/DEBUGGING.md", "CHANGELOG.md"].map(PathBuf::from));
    pages.extend([".github/CONTRIBUTING.md", ".github/SECURITY.md"].map(PathBuf::from));
    pages.extend(
        ["rest", "feeds", "guest", "threats", "clients"].map(|page| format!("runtime/contract/{page}.md").into()),
    );
    pages.extend(EXAMPLES.iter().map(|name| Path::new("examples").join(name).join("README.md")));
    for page in pages {
        let text = std::fs::read_to_string(root().join(&page)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = root().join(&page).parent().unwrap().join(link);
            assert!(link.starts_with("https://") || target.exists(), "{}: {link}", page.display());
        }
    }
}

#[test]
fn the_make_targets_that_the_readme_names_exist() {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    for named in ["`make ", "$ make "].iter().flat_map(|before| README.split(before).skip(1)) {
        let target: String = named.chars().take_while(char::is_ascii_lowercase).collect();
        assert!(makefile.contains(&format!("\n{target}:")), "make {target}");
    }
}

#[test]
fn the_first_action_of_the_readme_has_fewer_than_twenty_lines() {
    let action = blocks().into_iter().find(|block| block.kind == "rust").unwrap();
    assert!(action.text.lines().count() < 20, "{}", action.text);
}
