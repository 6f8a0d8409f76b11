//! What an action executes.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::FullName;

/// The name of a runtime in lower case, with aliases resolved: `wasm:1`, `sequence`, `blackbox`. rest.md §3.3.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(Arc<str>);

impl Kind {
    /// A WASI preview 1 command, as guest contract v1 describes it.
    pub const WASM: &'static str = "wasm:1";
    /// A fixed list of actions.
    pub const SEQUENCE: &'static str = "sequence";
    /// An action with a container image, in clients that know only containers. Here its code must be a module.
    pub const BLACKBOX: &'static str = "blackbox";
    /// Every name that a client may use for [`Kind::WASM`]. Stored is always `wasm:1`.
    pub const WASM_ALIASES: [&'static str; 3] = ["wasm:1", "wasm:default", "wasm"];

    /// Parses a client's text, in any case and with spaces around it. `None`: not a kind of this platform.
    pub fn resolve(text: &str) -> Option<Kind> {
        let text = text.trim_matches(' ').to_lowercase();
        if Kind::WASM_ALIASES.contains(&text.as_str()) {
            return Some(Kind(Kind::WASM.into()));
        }
        [Kind::SEQUENCE, Kind::BLACKBOX].into_iter().find(|kind| *kind == text).map(|kind| Kind(kind.into()))
    }

    /// The kind of actions that run inside the server; no client can ask for it.
    pub fn builtin() -> Kind {
        Kind("builtin:1".into())
    }

    /// The kind [`Kind::WASM`].
    pub fn wasm() -> Kind {
        Kind(Kind::WASM.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Points at code as it was posted. The store keeps the text under `digest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRef {
    /// SHA-256 of the posted text, in hex.
    pub digest: String,
    /// Bytes of the posted text.
    pub size: u64,
    /// Whether the posted text [looks like base64](looks_like_base64). What a client says about it is ignored.
    pub binary: bool,
    /// SHA-256 of the module inside, in hex, by which the sandbox finds it. `None`: the code is empty.
    pub module: Option<String>,
}

impl CodeRef {
    /// The [`CodeRef::digest`] of a posted text.
    pub fn digest_of(text: &str) -> String {
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What an action executes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Exec {
    /// A module that runs in the sandbox.
    Wasm {
        /// [`Kind::WASM`] or [`Kind::BLACKBOX`].
        kind: Kind,
        /// The module.
        code: CodeRef,
        /// The client's name for the entry point; shown, never used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        main: Option<String>,
        /// The container image of a `blackbox` action; shown, never fetched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image: Option<String>,
    },
    /// A fixed list of actions.
    Sequence {
        /// Each gets the result of the one before.
        components: Vec<FullName>,
    },
    /// An action of `/whisk.system` that runs inside the server.
    Builtin,
}

impl Exec {
    /// The runtime that it needs.
    pub fn kind(&self) -> Kind {
        match self {
            Exec::Wasm { kind, .. } => kind.clone(),
            Exec::Sequence { .. } => Kind(Kind::SEQUENCE.into()),
            Exec::Builtin => Kind::builtin(),
        }
    }

    /// The member `exec.binary` that clients see.
    pub fn binary(&self) -> bool {
        matches!(self, Exec::Wasm { code, .. } if code.binary)
    }
}

/// Whether the trimmed text is padded base64 of a non-zero length that 4 divides. rest.md §3.3.
pub fn looks_like_base64(text: &str) -> bool {
    let text = text.trim().as_bytes();
    if text.is_empty() || !text.len().is_multiple_of(4) {
        return false;
    }
    let padding = text.iter().rev().take_while(|&&b| b == b'=').count();
    let body = &text[..text.len() - padding.min(text.len())];
    padding <= 2 && body.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_resolve_in_any_case_and_under_every_alias() {
        assert_eq!(Kind::resolve("BlackBox ").unwrap().as_str(), "blackbox");
        for text in ["wasm", " WASM:default ", "wasm:1"] {
            assert_eq!(Kind::resolve(text).unwrap().as_str(), "wasm:1");
        }
        for text in ["nodejs:20", "wasm:1\n", "\twasm:1", "wasm\u{a0}"] {
            assert!(Kind::resolve(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn base64_is_distinguished_from_source_text() {
        assert!(looks_like_base64("main") && looks_like_base64("AGFzbQ==\n"));
        assert!(!looks_like_base64("") && !looks_like_base64("(module)") && !looks_like_base64("abc"));
    }
}
