//! Prints the lines of a log, as stored or without time and stream.

use serde_json::Value;

use crate::screen;

/// How a line of a log is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LineFormat {
    Whole,
    /// Without time and stream.
    Stripped,
}

pub fn print(logs: &Value, lines: LineFormat) {
    for line in logs.as_array().into_iter().flatten().filter_map(Value::as_str) {
        print_line(line, lines);
    }
}

pub fn print_line(line: &str, lines: LineFormat) {
    screen::foreign(match lines {
        LineFormat::Whole => line,
        LineFormat::Stripped => stripped(line),
    });
}

/// `2026-01-01T00:00:00.000000000Z stdout: hi` → `hi`; a line of another form is left alone.
fn stripped(line: &str) -> &str {
    let text = line.split_once(' ').map(|(_, rest)| rest.trim_start());
    let text = text.and_then(|rest| rest.strip_prefix("stdout:").or_else(|| rest.strip_prefix("stderr:")));
    text.map_or(line, |text| text.strip_prefix(' ').unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stripped_line_is_what_the_action_wrote() {
        for (line, text) in [
            ("2026-01-01T00:00:00.000000000Z stdout: hi", "hi"),
            ("2026-01-01T00:00:00.123Z       stderr:  two: spaces", " two: spaces"),
            ("2026-01-01T00:00:00.000000000Z stdout: ", ""),
            ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        ] {
            assert_eq!(stripped(line), text);
        }
    }
}
