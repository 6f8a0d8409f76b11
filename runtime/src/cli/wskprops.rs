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

/// Writes the file, readable by its owner only.
pub fn write(path: &Path, props: &Props<'_>) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(cause),
        _ => (), // gone, so that the mode below holds for a file that somebody made before
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    write!(file, "APIHOST={}\n{AUTH}{}\nNAMESPACE={}\n", props.api_host, props.auth, props.namespace)
}

/// The key that the file says. `None`: there is no such file, or no key in it.
pub fn auth(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(AUTH)).map(str::to_owned)
}

pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
