//! The file `.wskprops`: lines `KEY=VALUE` that `wsk`, `aio` and wask share. Unknown lines stay as they are.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::environment;
use crate::failure::Failure;

pub const API_HOST: &str = "APIHOST";
pub const API_VERSION: &str = "APIVERSION";
pub const AUTH: &str = "AUTH";
pub const NAMESPACE: &str = "NAMESPACE";
pub const INSECURE: &str = "INSECURE_SSL";

/// Where `wask dev` writes its key, below the folder that it was started in.
const OF_A_DEV_SERVER: &str = ".wask/wskprops";

/// The properties that a server writes.
pub struct Props<'a> {
    pub api_host: &'a str,
    pub auth: &'a str,
    pub namespace: &'a str,
}

/// The lines of a properties file.
#[derive(Default)]
pub struct Properties {
    path: Option<PathBuf>,
    lines: Vec<String>,
}

impl Properties {
    /// Reads the user's file, or, if it does not exist, the file that `wask dev` wrote in this folder.
    pub fn load() -> Result<Self, Failure> {
        let path = environment::properties_file();
        if let Some(path) = &path
            && let Some(lines) = read(path)?
        {
            return Ok(Properties { path: Some(path.clone()), lines });
        }
        let lines = read(Path::new(OF_A_DEV_SERVER))?.unwrap_or_default();
        Ok(Properties { path, lines })
    }

    /// Reads the user's file only, so that it can be changed.
    pub fn load_own() -> Result<Self, Failure> {
        let path = environment::properties_file();
        let lines = path.as_deref().map(read).transpose()?.flatten().unwrap_or_default();
        Ok(Properties { path, lines })
    }

    /// The value on the last line of a key; `None` if it is empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        let value = self.lines.iter().rev().find_map(|line| value_of(line, key))?;
        (!value.is_empty()).then_some(value)
    }

    pub fn set(&mut self, key: &str, value: &str) {
        self.unset(key);
        self.lines.push(format!("{key}={value}"));
    }

    pub fn unset(&mut self, key: &str) {
        self.lines.retain(|line| value_of(line, key).is_none());
    }

    /// Replaces the file in one step; only its owner can read it.
    pub fn save(&self) -> Result<(), Failure> {
        let Some(path) = &self.path else {
            return Err(Failure::general("Whisk properties file write failure: there is no home folder"));
        };
        let written = draft_lines(path, &self.lines).and_then(|()| publish(path));
        written.map_err(|cause| {
            Failure::general(format!("Whisk properties file write failure: {}: {cause}", path.display()))
        })
    }

    /// The path of the file, for messages.
    pub fn location(&self) -> String {
        self.path.as_ref().map_or_else(|| ".wskprops".to_owned(), |path| path.display().to_string())
    }
}

fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (found, value) = line.split_once('=')?;
    (found.trim() == key).then(|| value.trim())
}

fn read(path: &Path) -> Result<Option<Vec<String>>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.lines().map(str::to_owned).collect())),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => {
            Err(Failure::general(format!("Unable to read the properties file '{}': {cause}", path.display())))
        }
    }
}

/// Writes a server's file in one step.
pub fn write(path: &Path, props: &Props<'_>) -> std::io::Result<()> {
    draft(path, props)?;
    publish(path)
}

/// Writes a server's file as a draft next to it, durably; only its owner can read it.
pub fn draft(path: &Path, props: &Props<'_>) -> std::io::Result<()> {
    let lines = [(API_HOST, props.api_host), (AUTH, props.auth), (NAMESPACE, props.namespace)];
    draft_lines(path, &lines.map(|(key, value)| format!("{key}={value}")))
}

/// Renames the draft to the file.
pub fn publish(path: &Path) -> std::io::Result<()> {
    std::fs::rename(draft_of(path), path)
}

/// The key in the file, or in a draft that an interrupted start left behind. `None`: neither has a key.
pub fn auth(path: &Path) -> Option<String> {
    let auth = |path: &Path| {
        let text = std::fs::read_to_string(path).ok()?;
        text.lines().find_map(|line| value_of(line, AUTH)).map(str::to_owned)
    };
    auth(path).or_else(|| auth(&draft_of(path)))
}

pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn draft_lines(path: &Path, lines: &[String]) -> std::io::Result<()> {
    let draft = draft_of(path);
    match std::fs::remove_file(&draft) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(cause),
        _ => (), // an existing file would keep its own mode
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    for line in lines {
        writeln!(file, "{line}")?;
    }
    file.sync_all()
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".draft");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_a_key_counts_and_unknown_lines_stay() {
        let lines = ["# mine", "AUTH=a:b", "AUTH = c:d=e ", "CERT=x", "APIHOST="].map(str::to_owned).to_vec();
        let mut file = Properties { path: None, lines };
        assert_eq!(file.get(AUTH), Some("c:d=e"));
        assert_eq!(file.get(API_HOST), None);
        file.set(AUTH, "f:g");
        assert_eq!(file.lines, ["# mine", "CERT=x", "APIHOST=", "AUTH=f:g"]);
    }
}
