//! Fuzz targets: functions that take any bytes and panic if a promise about such input does not hold. `make fuzz` looks
//! for inputs that reach more of the code; what it found is kept in `tests/fuzz` and replayed by `tests/it/fuzz.rs`.

mod cron;
mod frames;
mod json;
mod manifest;
mod modules;
mod sandbox;
mod template;
mod upload;
mod valid;
mod web;

use std::path::PathBuf;

/// One function to fuzz.
pub struct Target {
    /// Its name, and that of the folder with its inputs in `tests/fuzz`.
    pub name: &'static str,
    /// Returns for every input that is handled as promised.
    pub run: fn(&[u8]),
}

/// All targets.
pub static ALL: [Target; 9] = [
    Target { name: "cron", run: cron::run },
    Target { name: "frames", run: frames::run },
    Target { name: "json", run: json::run },
    Target { name: "manifest", run: manifest::run },
    Target { name: "modules", run: modules::run },
    Target { name: "template", run: template::run },
    Target { name: "upload", run: upload::run },
    Target { name: "valid", run: valid::run },
    Target { name: "web", run: web::run },
];

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}

/// The folder of the kept inputs, with one folder per target.
pub fn corpus() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz"))
}
