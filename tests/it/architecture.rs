//! Reads the sources and checks the rules of the architecture that the compiler does not. `runtime/README.md` says why
//! they exist.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every Rust file below a folder, with its path from the project's root and its text.
pub fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().unwrap() != "target" {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    assert!(!found.is_empty(), "no sources in {folder}");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    };
    found.into_iter().map(read).collect()
}

/// The lines of code with their numbers, without comments and documentation.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Every line of code in `folder` with one of `words`, except in files whose path begins with one of `allowed`.
fn findings(folder: &str, words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in sources(folder) {
        if allowed.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        for (at, line) in code(&text) {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{at}: {}", line.trim()));
            }
        }
    }
    found
}

/// The table of `runtime/README.md`: each crate and module in build order, and what it may use in addition to `model`.
fn table() -> Vec<(String, Vec<String>)> {
    let page = include_str!("../../runtime/README.md");
    let (_, table) = page.split_once("| module | may use |\n| --- | --- |\n").expect("the table of imports");
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        let [_, name, used, _] = row.split('|').collect::<Vec<_>>()[..] else { panic!("two cells: {row}") };
        let used = used.split('(').next().unwrap().trim(); // brackets hold the reason
        let used = match used {
            "nothing of ours" => Vec::new(),
            "everything above" => rows.iter().map(|(name, _)| name.clone()).collect(),
            some => some.split(", ").map(str::to_owned).collect(),
        };
        rows.push((name.trim().trim_matches('`').trim_start_matches("wask-").to_owned(), used));
    }
    rows
}

/// The files of a crate or of a module of the runtime.
fn files_of(module: &str) -> Vec<(String, String)> {
    if root().join("runtime").join(module).is_dir() {
        return sources(&format!("runtime/{module}/src"));
    }
    let (file, folder) = (format!("runtime/src/{module}.rs"), format!("runtime/src/{module}/"));
    let all = sources("runtime/src").into_iter();
    all.filter(|(name, _)| *name == file || name.starts_with(&folder)).collect()
}

/// The modules and crates of ours that a line names.
fn used(line: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let modules = line.split("crate::").skip(1).map(word);
    let crates = line
        .split("wask_")
        .skip(1)
        .map(word)
        .filter(|name| ["store", "sandbox", "egress", "client"].contains(&name.as_str()));
    modules.chain(crates).collect()
}

#[test]
fn a_module_uses_only_what_the_table_of_imports_allows() {
    let table = table();
    let mut wrong = Vec::new();
    let crates = ["model", "store", "sandbox", "egress", "client"];
    for (module, allowed) in table.iter().filter(|(name, _)| !crates.contains(&name.as_str())) {
        let files = files_of(module);
        assert!(!files.is_empty(), "the table has `{module}`, the sources have not");
        for (name, text) in files {
            for (at, line) in code(&text) {
                let used = used(line).into_iter().filter(|used| used != module && !allowed.contains(used));
                wrong.extend(used.map(|used| format!("{name}:{at}: {module} uses {used}")));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_small_crates_depend_on_neither_each_other_nor_the_runtime() {
    for (folder, forbidden) in [
        ("runtime/model", &["wask_store", "wask_sandbox", "wask_egress", "wask::"][..]),
        ("runtime/store", &["wask_sandbox", "wask_egress", "wask::"]),
        ("runtime/sandbox", &["wask_model", "wask_store", "wask_egress", "wask::"]),
        ("runtime/egress", &["wask_model", "wask_store", "wask_sandbox", "wask::"]),
    ] {
        assert_eq!(findings(folder, forbidden, &[]), Vec::<String>::new());
    }
}

#[test]
fn the_client_depends_on_no_part_of_the_server() {
    // The client can only use what its manifest lists; the compiler checks that.
    let manifest = std::fs::read_to_string(root().join("runtime/client/Cargo.toml")).unwrap();
    let (_, dependencies) = manifest.split_once("[dependencies]\n").expect("the list of dependencies");
    let ours: Vec<&str> = dependencies.lines().filter(|line| line.starts_with("wask")).collect();
    assert_eq!(ours, Vec::<&str>::new());
    assert_eq!(findings("runtime/src", &["wask_client"], &["runtime/src/cli/"]), Vec::<String>::new());
}

#[test]
fn the_modules_are_declared_in_the_order_of_the_table() {
    let text = std::fs::read_to_string(root().join("runtime/src/lib.rs")).unwrap();
    let modules: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let table = table();
    let rows: Vec<&str> = table.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(rows[..5], ["model", "store", "sandbox", "egress", "client"]);
    assert_eq!(rows[5..], modules);
}

#[test]
fn http_stays_in_the_api() {
    let words = ["axum::", "StatusCode"];
    assert_eq!(findings("runtime/src", &words, &["runtime/src/api/"]), Vec::<String>::new());
    for crate_of_its_own in ["runtime/model", "runtime/store", "runtime/sandbox", "runtime/egress"] {
        assert_eq!(findings(crate_of_its_own, &words, &[]), Vec::<String>::new());
    }
}

#[test]
fn a_wing_of_the_api_uses_only_the_wings_below_it() {
    assert_eq!(findings("runtime/src/api/http", &["api::openwhisk", "api::wask"], &[]), Vec::<String>::new());
    assert_eq!(findings("runtime/src/api/wask", &["api::openwhisk"], &[]), Vec::<String>::new());
}

#[test]
fn a_folder_of_the_sandbox_uses_only_the_folders_below_it() {
    let folders = ["engine", "output", "abi", "run", "deploy"];
    for (at, folder) in folders.iter().enumerate() {
        let above: Vec<String> = folders[at + 1..].iter().map(|above| format!("crate::{above}")).collect();
        let above: Vec<&str> = above.iter().map(String::as_str).collect();
        assert_eq!(findings(&format!("runtime/sandbox/src/{folder}"), &above, &[]), Vec::<String>::new());
    }
}

/// The peer of a socket lives in real time, whatever the clock of a test shows.
const SOCKETS: [&str; 2] = ["runtime/src/api/http/serve.rs", "runtime/src/api/http/drain_body.rs"];

#[test]
fn only_the_clock_reads_the_time() {
    let words = ["SystemTime::now", "Instant::now", "Utc::now", "Local::now"];
    // The sandbox gets its clock from the node. One file has the system's clock, for runs outside a node, and the
    // stopwatch. The cache marks files as used now, which only decides what it deletes first.
    let sandbox =
        ["runtime/sandbox/src/engine/clock.rs", "runtime/sandbox/src/deploy/cache.rs", "runtime/sandbox/src/tests"];
    // The store has a stopwatch that ends queries.
    let store = ["runtime/store/src/sqlite/deadline.rs"];
    let examples = ["runtime/sandbox/examples", "runtime/store/examples", "runtime/store/tests"];
    // A command of the client has no server whose clock it could use.
    let own = ["runtime/src/clock.rs", "runtime/client/src/clock.rs"];
    let allowed = [&own[..], &sandbox, &store, &examples, &SOCKETS].concat();
    assert_eq!(findings("runtime", &words, &allowed), Vec::<String>::new());
}

#[test]
fn every_wait_of_a_node_goes_through_the_clock() {
    let words = ["time::sleep", "time::timeout", "time::interval", "use tokio::time"];
    let allowed = [&["runtime/src/clock.rs"][..], &SOCKETS].concat();
    assert_eq!(findings("runtime/src", &words, &allowed), Vec::<String>::new());
}

#[test]
fn only_the_configuration_reads_the_environment() {
    // A command of the client reads its user's variables, not the settings of a server.
    let server = ["runtime/src/config", "runtime/build.rs", "runtime/store/examples", "runtime/sandbox/examples"];
    // The point at which a debug build dies is not a setting: the store passes such points before it gets its settings.
    let others = ["runtime/client/src/environment.rs", "runtime/store/src/failpoint.rs"];
    let allowed = [&server[..], &others].concat();
    assert_eq!(findings("runtime", &["env::var"], &allowed), Vec::<String>::new());
}

#[test]
fn wasmtime_stays_in_the_sandbox_and_sql_in_the_store() {
    let allowed = ["runtime/sandbox/", "runtime/build.rs"];
    assert_eq!(findings("runtime", &["wasmtime::", "wasmtime_wasi"], &allowed), Vec::<String>::new());
    assert_eq!(findings("runtime", &["rusqlite::", "refinery::"], &["runtime/store/"]), Vec::<String>::new());
}

#[test]
fn only_egress_opens_outbound_connections() {
    let words =
        ["TcpStream::connect", "hyper::client", "client::legacy", "rustls", "ipnet", "lookup_host", "to_socket_addrs"];
    // A command of the client is not part of a server; it calls the server that its user names. Peers have ranges of
    // addresses too: those of the proxies in front of the server.
    let allowed = ["runtime/egress/", "runtime/client/src/http.rs", "runtime/src/api/http/peer.rs"];
    assert_eq!(findings("runtime", &words, &allowed), Vec::<String>::new());
}

#[test]
fn the_model_uses_neither_io_nor_async() {
    let words = ["std::fs", "std::net", "tokio", "async fn", "println!", "tracing"];
    assert_eq!(findings("runtime/model/src", &words, &[]), Vec::<String>::new());
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let all = ["runtime", "sdk", "examples", "tests"].into_iter().flat_map(sources);
    let long = all.map(|(name, text)| (name, text.lines().count())).filter(|(_, lines)| *lines > 400);
    assert_eq!(long.collect::<Vec<_>>(), Vec::new());
}

#[test]
fn no_code_is_unfinished_ignored_or_exempt_from_warnings() {
    let words = ["todo!(", "unimplemented!(", "#[ignore", "allow(dead_code"].map(String::from);
    let own = ["tests/it/architecture.rs"];
    for folder in ["runtime", "sdk", "examples", "tests"] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(findings(folder, &words, &own), Vec::<String>::new());
    }
}
