//! What a command takes from its surroundings: variables and the home folder.

use std::path::PathBuf;

/// A variable of the environment, when it is set and is text.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The properties file that `WSK_CONFIG_FILE` names, else `.wskprops` in the home folder.
pub fn properties_file() -> Option<PathBuf> {
    match variable("WSK_CONFIG_FILE").filter(|path| !path.is_empty()) {
        Some(path) => Some(path.into()),
        None => Some(std::env::home_dir()?.join(".wskprops")),
    }
}
