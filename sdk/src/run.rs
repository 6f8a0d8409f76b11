//! Runs one activation inside the guest: reads the arguments from standard input, calls the author's function, and
//! writes the result to standard output.

use std::fmt::Arguments;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use serde::Deserialize;

use crate::answer::ResultLine;
use crate::arguments;

/// Runs `action` with the arguments of the activation. The exit code is 0 even for an application error, because the
/// result line carries the error.
pub fn run<A: for<'de> Deserialize<'de>>(action: impl FnOnce(A) -> ResultLine) -> ExitCode {
    let line = match read_input().and_then(|text| arguments::parse(&text)) {
        Ok(args) => action(args),
        Err(message) => ResultLine::error(&message),
    };
    match write_result(&line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Writes one log line. A log that cannot be written does not fail the activation.
pub fn log(message: Arguments) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

fn read_input() -> Result<String, String> {
    let mut text = String::new();
    match io::stdin().lock().read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(cause) => Err(format!("arguments: {cause}")),
    }
}

fn write_result(line: &ResultLine) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_str().as_bytes())?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}
