//! `make chaos`: kills a server under load for five minutes, or for the given number of seconds, and prints a report.
//! `chaos [SECONDS [SEED]]`; the seed decides the random choices, but the timing differs from run to run.

use std::process::ExitCode;
use std::time::Duration;

use wask_tests::chaos::{Plan, run};

const SECONDS: u64 = 300;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(SECONDS), |text| text.parse())?;
    let seed = arguments.next().map_or(Ok(fastrand::u64(..)), |text| text.parse())?;
    println!("{seconds} seconds, seed {seed}");
    let report = run(Plan { seed, span: Duration::from_secs(seconds) }).await;
    print!("{report}");
    Ok(if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
