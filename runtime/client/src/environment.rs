//! The environment of a command: variables and the home folder.

use std::path::PathBuf;

/// An environment variable; `None` if it is not set or not text.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The properties file: `WSK_CONFIG_FILE`, otherwise `.wskprops` in the home folder.
pub fn properties_file() -> Option<PathBuf> {
    match variable("WSK_CONFIG_FILE").filter(|path| !path.is_empty()) {
        Some(path) => Some(path.into()),
        None => Some(std::env::home_dir()?.join(".wskprops")),
    }
}
