//! `make attack`: runs every attack at full size against the release binary and prints one line for each.
//! `attack [NAME…]` runs those whose name contains one of the words. Ends with an error if the promise of
//! `threats.md §7` did not hold.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use wask_tests::attack::{self, Outcome, Size};

/// How long each attack lasts.
const SPAN: Duration = Duration::from_secs(4);

/// The attacker's threads give way to the server's, as an attacker's machine would not take the server's processor.
const LOW: i32 = 10;

fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let lower = || {
        let _ = rustix::process::setpriority_process(None, LOW); // where that is refused, the attack only costs more
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().on_thread_start(lower).enable_all().build()?;
    let started = Instant::now();
    println!("{}", Outcome::HEAD);
    let mut broken = Vec::new();
    for attack in attack::all() {
        if !words.is_empty() && !words.iter().any(|word| attack.name.contains(word.as_str())) {
            continue;
        }
        let outcome = runtime.block_on(runtime.spawn(async move { attack::run(&attack, Size::Full, SPAN).await }))?;
        println!("{outcome}");
        broken.extend(outcome.broken());
    }
    println!("{} s", started.elapsed().as_secs());
    for line in &broken {
        println!("broken: {line}");
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
