//! Embeds the demo actions of `wask dev` when `WASK_DEMOS` names the folder with their modules (`make build` sets it),
//! and tells the binary which wasmtime it is built with.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Name of the action, name of the module.
const DEMOS: [(&str, &str); 3] = [("hello", "hello"), ("worker", "long-job"), ("tick", "tick")];

fn main() {
    println!("cargo:rerun-if-env-changed=WASK_DEMOS");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let folder = env::var_os("WASK_DEMOS").map(PathBuf::from);
    fs::write(out.join("demos.rs"), demos(folder.as_deref())).expect("OUT_DIR can be written to");
    println!("cargo:rustc-env=WASMTIME_VERSION={}", wasmtime_version());
}

/// The expression that `demo.rs` includes.
fn demos(folder: Option<&Path>) -> String {
    let mut list = String::from("vec![");
    for (name, file) in DEMOS {
        let Some(module) = folder.map(|folder| folder.join(format!("{file}.wasm"))) else { continue };
        println!("cargo:rerun-if-changed={}", module.display());
        assert!(module.is_file(), "WASK_DEMOS has no {file}.wasm: run `make guests`");
        write!(list, "Demo {{ name: {name:?}, wasm: include_bytes!({module:?}) }},").expect("writing to a string");
    }
    list + "]"
}

/// From the lock file: wasmtime itself does not tell.
fn wasmtime_version() -> String {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    println!("cargo:rerun-if-changed={}", lock.display());
    let text = fs::read_to_string(lock).unwrap_or_default();
    let entry = text.split("[[package]]").find(|entry| entry.contains("name = \"wasmtime\"\n"));
    let version = entry.and_then(|entry| entry.lines().find_map(|line| line.strip_prefix("version = ")));
    version.map_or_else(|| "unknown".to_owned(), |version| version.trim_matches('"').to_owned())
}
