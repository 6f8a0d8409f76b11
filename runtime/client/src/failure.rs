//! How a command ends badly: one sentence for a person, one exit code for a script.

use serde_json::Value;

/// The command was understood, and something went wrong.
pub const GENERAL: u8 = 1;
/// Arguments that cannot be used.
pub const USAGE: u8 = 2;
/// No answer came.
pub const NETWORK: u8 = 3;
/// Arguments that exclude each other.
pub const NOT_ALLOWED: u8 = 149;

/// What is printed behind `error: `, and the exit code. Both are those of `wsk`.
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

/// Why a request brought nothing that the command can use.
#[derive(Debug)]
pub enum Refusal {
    /// The server answered with a status of its own.
    Status { status: u16, body: Value, text: String },
    /// The server did not answer.
    NoAnswer(String),
    /// The server answered something that the API does not know.
    Unexpected(String),
}

impl Refusal {
    /// The failure of a command, with what it was about in front: `Unable to get action 'a'`.
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

    /// The lowest eight bits of an HTTP status, as `wsk` has it: 404 is 148, 409 is 153, 502 is 246.
    pub fn exit(&self) -> u8 {
        match self {
            Refusal::Status { status, .. } => match status & 0xff {
                0 => GENERAL, // nothing that failed ends with 0
                low => low as u8,
            },
            Refusal::NoAnswer(_) => NETWORK,
            Refusal::Unexpected(_) => GENERAL,
        }
    }
}
