//! Arguments → exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    wask::cli::run()
}
