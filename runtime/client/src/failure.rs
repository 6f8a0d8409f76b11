//! How a command fails: a sentence for a person, and an exit code for a script.

use serde_json::Value;

/// Any other failure.
pub const GENERAL: u8 = 1;
/// The arguments are not valid.
pub const USAGE: u8 = 2;
/// The server did not answer.
pub const NETWORK: u8 = 3;
/// The arguments exclude each other.
pub const NOT_ALLOWED: u8 = 149;

/// The text after `error: ` and the exit code. Both are those of `wsk`.
#[derive(Debug)]
pub struct Failure {
    pub message: String,
    pub exit: u8,
}

impl Failure {
    pub fn general(message: impl Into<String>) -> Self {
        Failure { message: message.into(), exit: GENERAL }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Failure { message: message.into(), exit: USAGE }
    }

    pub fn not_allowed(message: impl Into<String>) -> Self {
        Failure { message: message.into(), exit: NOT_ALLOWED }
    }
}

/// Why a request failed.
#[derive(Debug)]
pub enum Refusal {
    /// The server answered with a status of 300 or above.
    Status { status: u16, body: Value, text: String },
    /// The server did not answer.
    NoAnswer(String),
    /// The response is not what the API promises.
    Unexpected(String),
}

impl Refusal {
    /// The command's failure; `what` goes in front, like `Unable to get action 'a'`.
    pub fn because(self, what: impl std::fmt::Display) -> Failure {
        let exit = self.exit();
        Failure { message: format!("{what}: {}", self.text()), exit }
    }

    pub fn is_not_found(&self) -> bool {
        matches!(self, Refusal::Status { status: 404, .. })
    }

    pub fn is_conflict(&self) -> bool {
        matches!(self, Refusal::Status { status: 409, .. })
    }

    pub fn text(&self) -> &str {
        match self {
            Refusal::Status { text, .. } | Refusal::NoAnswer(text) | Refusal::Unexpected(text) => text,
        }
    }

    /// The lowest eight bits of the HTTP status, like `wsk`: 404 is 148, 409 is 153, 502 is 246.
    pub fn exit(&self) -> u8 {
        match self {
            Refusal::Status { status, .. } => match status & 0xff {
                0 => GENERAL, // 0 would mean success
                low => low as u8,
            },
            Refusal::NoAnswer(_) => NETWORK,
            Refusal::Unexpected(_) => GENERAL,
        }
    }
}
