//! What an action executes.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::FullName;

/// The name of a runtime, lower case, resolved: `wasm:1`, `sequence`, `blackbox`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(Arc<str>);

impl Kind {
    /// The one kind that runs today: guest contract v1, a WASI preview 1 command.
    pub const WASM: &'static str = "wasm:1";
    pub const SEQUENCE: &'static str = "sequence";
    /// What clients that know containers only call an action with an image; here its code has to be a module.
    pub const BLACKBOX: &'static str = "blackbox";
    /// Every name under which a client may ask for [`Kind::WASM`]; what is stored is always `wasm:1`.
    pub const WASM_ALIASES: [&'static str; 3] = ["wasm:1", "wasm:default", "wasm"];

    /// Resolves what a client wrote: trimmed, any case. `None`: not a kind of this platform.
    pub fn resolve(text: &str) -> Option<Kind> {
        let text = text.trim().to_lowercase();
        if Kind::WASM_ALIASES.contains(&text.as_str()) {
            return Some(Kind(Kind::WASM.into()));
        }
        [Kind::SEQUENCE, Kind::BLACKBOX].into_iter().find(|kind| *kind == text).map(|kind| Kind(kind.into()))
    }

    /// The kind of actions that run inside the server.
    pub fn builtin() -> Kind {
        Kind("builtin:1".into())
    }

    pub fn wasm() -> Kind {
        Kind(Kind::WASM.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Points at code as it was posted; the text itself stands in the store under `digest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRef {
    /// SHA-256 of the posted text, in hex.
    pub digest: String,
    /// Bytes of the posted text.
    pub size: u64,
    /// Whether the posted text is base64; computed, a client's claim is ignored.
    pub binary: bool,
    /// SHA-256 of the module inside, in hex; what the sandbox knows it by. `None`: empty code.
    pub module: Option<String>,
}

impl CodeRef {
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
        kind: Kind,
        code: CodeRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        main: Option<String>,
        /// What a `blackbox` action names; shown, never fetched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image: Option<String>,
    },
    /// A fixed list of actions.
    Sequence { components: Vec<FullName> },
    /// An action of `/whisk.system` that runs inside the server.
    Builtin,
}

impl Exec {
    pub fn kind(&self) -> Kind {
        match self {
            Exec::Wasm { kind, .. } => kind.clone(),
            Exec::Sequence { .. } => Kind(Kind::SEQUENCE.into()),
            Exec::Builtin => Kind::builtin(),
        }
    }

    /// What clients see as `exec.binary`.
    pub fn binary(&self) -> bool {
        matches!(self, Exec::Wasm { code, .. } if code.binary)
    }
}

/// True when the trimmed text is non-empty, has a length divisible by 4 and is well-padded base64. REST contract §3.3.
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
        assert!(Kind::resolve("nodejs:20").is_none());
    }

    #[test]
    fn base64_is_told_from_source_text() {
        assert!(looks_like_base64("main") && looks_like_base64("AGFzbQ==\n"));
        assert!(!looks_like_base64("") && !looks_like_base64("(module)") && !looks_like_base64("abc"));
    }
}
