//! The demo actions that `make build` embeds in the binary; without them `wask dev` says how to get them.

/// A demo action: name and module.
pub struct Demo {
    pub name: &'static str,
    pub wasm: &'static [u8],
}

/// `hello`, `worker` and `tick`, or nothing when the binary was built without them.
pub fn all() -> Vec<Demo> {
    include!(concat!(env!("OUT_DIR"), "/demos.rs"))
}
