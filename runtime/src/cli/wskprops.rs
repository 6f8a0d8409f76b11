//! The file that `wsk` and `aio` read: API host, key, namespace.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What the file says.
pub struct Props<'a> {
    pub api_host: String,
    pub auth: String,
    pub namespace: &'a str,
}

/// Writes the file, readable by its owner only.
pub fn write(path: &Path, props: &Props<'_>) -> std::io::Result<()> {
    if path.exists() {
        std::fs::remove_file(path)?; // so that the mode below holds for a file that somebody made before
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    write!(file, "APIHOST={}\nAUTH={}\nNAMESPACE={}\n", props.api_host, props.auth, props.namespace)
}

pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
