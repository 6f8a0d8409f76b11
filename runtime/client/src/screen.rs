//! What a command prints. Results go to standard output and notes about them to standard error; only a terminal gets
//! colours.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Local};
use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::connection::Format;
use crate::failure::Failure;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const TITLE: Style = AnsiColor::Blue.on_default().bold();
const BOLD: Style = Style::new().bold();

/// Text in bold.
pub fn bold(text: impl std::fmt::Display) -> String {
    format!("{BOLD}{text}{BOLD:#}")
}

/// Prints results in one format.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    pub format: Format,
}

impl Screen {
    /// The output of a command that changed something: `ok: created action a`, or the server's document.
    pub fn done(self, sentence: &str, document: &Value) {
        match self.format {
            Format::Table => line(&format!("{GREEN}ok:{GREEN:#} {sentence}")),
            Format::Json => print_document(document),
        }
    }

    /// A line above a document. It goes to standard error, so that standard output is the document alone.
    pub fn heading(self, sentence: &str) {
        if self.format == Format::Table {
            note(&format!("{GREEN}ok:{GREEN:#} {sentence}"));
        }
    }

    pub fn document(self, document: &Value) {
        print_document(document);
    }

    /// A document about a failure.
    pub fn failed_document(self, document: &Value) {
        note(&pretty(document));
    }

    /// A titled list of aligned rows, or the server's list.
    pub fn list(self, title: &str, rows: &[Vec<String>], documents: &Value) {
        match self.format {
            Format::Json => print_document(documents),
            Format::Table => {
                line(&format!("{TITLE}{title}{TITLE:#}"));
                aligned(rows).iter().for_each(|row| line(row));
            }
        }
    }

    /// Rows below the names of their columns, or the server's list.
    pub fn table(self, columns: &[&str], rows: &[Vec<String>], documents: &Value) {
        match self.format {
            Format::Json => print_document(documents),
            Format::Table => {
                let header = columns.iter().map(|&column| column.to_owned()).collect();
                let all: Vec<Vec<String>> = std::iter::once(header).chain(rows.iter().cloned()).collect();
                for (at, row) in aligned(&all).iter().enumerate() {
                    line(&if at == 0 { format!("{TITLE}{row}{TITLE:#}") } else { row.clone() });
                }
            }
        }
    }
}

/// A line on standard output; a closed pipe is not an error.
pub fn line(text: &str) {
    let _ = writeln!(anstream::stdout().lock(), "{text}");
}

/// A line on standard error.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

pub fn warning(text: &str) {
    note(&format!("warning: {text}"));
}

pub fn error(failed: &Failure) {
    if !failed.message.is_empty() {
        note(&format!("{RED}error:{RED:#} {}", failed.message));
    }
}

/// Text from a guest. A terminal would obey control characters, so they are replaced there; a pipe gets every byte.
pub fn foreign(text: &str) {
    use std::io::IsTerminal as _;
    let mut out = std::io::stdout().lock();
    let _ = if out.is_terminal() {
        writeln!(out, "{}", text.replace(|c: char| c.is_control() && c != '\t', " "))
    } else {
        writeln!(out, "{text}")
    };
}

/// Local time of milliseconds since 1970; empty if `ms` is not a number.
pub fn time(ms: &Value) -> String {
    ms.as_i64().map(time_of).unwrap_or_default()
}

pub fn time_of(ms: i64) -> String {
    let time = DateTime::from_timestamp_millis(ms).unwrap_or_default();
    time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// JSON as `wsk` prints it, with an indent of four.
pub fn pretty(document: &Value) -> String {
    let mut text = Vec::new();
    let mut writer = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"    "));
    document.serialize(&mut writer).expect("a value is JSON");
    String::from_utf8(text).expect("JSON is UTF-8")
}

fn print_document(document: &Value) {
    let _ = writeln!(std::io::stdout().lock(), "{}", pretty(document));
}

/// Rows with aligned columns; a row has no trailing spaces.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or_default()).collect();
    let padded = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(padded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["a".to_owned(), "bb".to_owned()], vec!["ccc".to_owned(), "d".to_owned()]];
        assert_eq!(aligned(&rows), ["a    bb", "ccc  d"]);
        assert_eq!(aligned(&[]), Vec::<String>::new());
    }
}
