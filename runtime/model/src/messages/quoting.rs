//! Quotes what a caller sent, so that no caller decides how long an error is.

use std::fmt::{self, Display, Write as _};

/// Bytes of the input that a sentence quotes at most.
const LONGEST: usize = 256;

/// What a caller sent, as a sentence quotes it: whole if it is short, otherwise its beginning and `…`.
pub fn quoted(given: impl Display) -> String {
    let mut kept = Beginning(String::new());
    if write!(kept, "{given}").is_err() {
        kept.0.push('…');
    }
    kept.0
}

/// Takes text until it is too long, so that a long one is never built whole.
struct Beginning(String);

impl fmt::Write for Beginning {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST - self.0.len();
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        assert_eq!(quoted("a".repeat(256)), "a".repeat(256));
        assert_eq!(quoted("a".repeat(257)), format!("{}…", "a".repeat(256)));
        assert_eq!(quoted(format!("a{}", "é".repeat(1000))), format!("a{}…", "é".repeat(127)));
        assert_eq!(quoted(serde_json::json!(vec![1; 1_000_000])).len(), 256 + "…".len());
    }
}
