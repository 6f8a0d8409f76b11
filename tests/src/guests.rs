//! The modules that `make guests` builds, as a client posts them.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The bytes of the module.
pub(crate) fn built(name: &str) -> Vec<u8> {
    let path = root().join("target/guests/wasm32-wasip1/guest").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}; run `make guests`", path.display()))
}

/// A guest of `tests/guests`, as base64.
pub fn guest(name: &str) -> String {
    STANDARD.encode(built(name))
}

/// An example of `examples`, as base64.
pub fn example(name: &str) -> String {
    STANDARD.encode(built(name))
}

/// A guest of `tests/guests/wat`, as text.
pub fn wat(name: &str) -> String {
    let path = root().join("tests/guests/wat").join(format!("{name}.wat"));
    std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}
