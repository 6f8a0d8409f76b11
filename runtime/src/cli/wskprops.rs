//! The file that `wsk` and `aio` read: API host, key, namespace.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

const AUTH: &str = "AUTH=";

/// What the file says.
pub struct Props<'a> {
    pub api_host: &'a str,
    pub auth: &'a str,
    pub namespace: &'a str,
}

/// Writes the file, whole or not at all.
pub fn write(path: &Path, props: &Props<'_>) -> std::io::Result<()> {
    draft(path, props)?;
    publish(path)
}

/// Writes what the file is to say beside it, durably and readable by its owner only.
pub fn draft(path: &Path, props: &Props<'_>) -> std::io::Result<()> {
    match std::fs::remove_file(draft_of(path)) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(cause),
        _ => (), // gone, so that the mode below holds for a file that somebody made before
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft_of(path))?;
    write!(file, "APIHOST={}\n{AUTH}{}\nNAMESPACE={}\n", props.api_host, props.auth, props.namespace)?;
    file.sync_all()
}

/// Makes the draft the file.
pub fn publish(path: &Path) -> std::io::Result<()> {
    std::fs::rename(draft_of(path), path)
}

/// The key that the file says, or the draft that a start left which was cut off. `None`: neither says one.
pub fn auth(path: &Path) -> Option<String> {
    let auth = |path: &Path| {
        let text = std::fs::read_to_string(path).ok()?;
        text.lines().find_map(|line| line.strip_prefix(AUTH)).map(str::to_owned)
    };
    auth(path).or_else(|| auth(&draft_of(path)))
}

fn draft_of(path: &Path) -> PathBuf {
    path.with_extension("draft")
}

pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
