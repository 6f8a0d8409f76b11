//! Arguments → exit code.

use std::process::ExitCode;

/// Most of what a request allocates is freed by the thread that writes its record; the system's allocator makes the two
/// wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    wask::cli::run()
}
