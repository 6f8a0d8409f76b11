//! `make chaos`: kills a server under load for five minutes, or as many seconds as are given, and says what came of it.
//! `chaos [SECONDS [SEED]]`; the seed decides the order of chances, though not what the machine makes of them.

use std::process::ExitCode;
use std::time::Duration;

use wask_tests::chaos::{Plan, run};

const SECONDS: u64 = 300;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(SECONDS), |text| text.parse())?;
    let seed = arguments.next().map_or(Ok(fastrand::u64(..)), |text| text.parse())?;
    println!("{seconds} seconds with seed {seed}");
    let report = run(Plan { seed, span: Duration::from_secs(seconds) }).await;
    print!("{report}");
    Ok(if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
