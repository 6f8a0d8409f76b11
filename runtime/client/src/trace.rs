//! Prints requests and responses for `-v` and `-d`. The key never appears, not even inside a body.

use std::fmt::Write as _;

/// How many characters of a body `-v` prints; `-d` prints all.
const SHOWN: usize = 1_000;

/// How much is printed to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    Off,
    Short,
    Whole,
}

impl Trace {
    pub fn request(self, method: &str, url: &str, body: Option<&str>, auth: Option<&str>) {
        if self == Trace::Off {
            return;
        }
        let mut text = format!("REQUEST:\n[{method}]\t{url}\n");
        if auth.is_some() {
            text.push_str("Authorization: Basic ***\n");
        }
        if let Some(body) = body {
            let _ = writeln!(text, "Body:\n{}", self.cut(body));
        }
        eprintln!("{}", masked(&text, auth).trim_end());
    }

    pub fn answer(self, status: u16, headers: &http::HeaderMap, body: &[u8], auth: Option<&str>) {
        if self == Trace::Off {
            return;
        }
        let mut text = format!("RESPONSE: Got response with code {status}\n");
        for (name, value) in headers {
            let _ = writeln!(text, "{name}: {}", value.to_str().unwrap_or("(not text)"));
        }
        let _ = writeln!(text, "Response body size is {} bytes", body.len());
        if !body.is_empty() {
            let _ = writeln!(text, "Response body received:\n{}", self.cut(&String::from_utf8_lossy(body)));
        }
        eprintln!("{}", masked(&text, auth).trim_end());
    }

    fn cut(self, body: &str) -> String {
        match body.char_indices().nth(SHOWN) {
            Some((end, _)) if self == Trace::Short => format!("{}… ({} bytes)", &body[..end], body.len()),
            _ => body.to_owned(),
        }
    }
}

/// The text without the key and without its secret half.
fn masked(text: &str, auth: Option<&str>) -> String {
    let Some((_, secret)) = auth.and_then(|auth| auth.split_once(':')) else { return text.to_owned() };
    if secret.is_empty() { text.to_owned() } else { text.replace(secret, "***") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_inside_a_body_is_masked() {
        let body = r#"{"authKey":"uuid:secret","echo":"secret"}"#;
        assert_eq!(masked(body, Some("uuid:secret")), r#"{"authKey":"uuid:***","echo":"***"}"#);
    }
}
