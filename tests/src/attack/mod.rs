//! Attacks: what one caller can do to a server, while a canary of another namespace checks that nobody else notices.
//!
//! Each attack is one function in the file of its topic. The stories in `tests/it/attacks` run it for a moment against
//! the server as it is built for development, `make attack` runs it at full size against the release binary.

mod canary;
mod compiling;
mod disk;
mod guests;
mod memory;
mod outcome;
mod requests;
mod sockets;
mod storm;
mod target;

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

pub use canary::{Canary, Seen};
pub use guests::unrolled_guests;
pub use outcome::Outcome;
pub use target::{Size, Target};

use crate::ServerProcess;

/// How long the canary is watched before the attack begins.
const BEFORE: Duration = Duration::from_millis(500);
/// How long after the attack the server may still feel it.
const RECOVERY: Duration = Duration::from_secs(2);
/// How long the canary is watched after that.
const AFTER: Duration = Duration::from_secs(1);
/// How long the last requests of the canary may take.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// What the attack saw, in a few words for the table: which answers it got, what was refused.
pub type Noted = String;

type Launch = fn(Target) -> Pin<Box<dyn Future<Output = Noted> + Send>>;

/// One attack.
pub struct Attack {
    /// A few words that say what the attacker does.
    pub name: &'static str,
    /// Settings of the attacked server, beyond the defaults.
    pub settings: &'static [(&'static str, &'static str)],
    /// Attacks until [`Target::lasts`] says that it is over, then lets go of everything it holds.
    pub launch: Launch,
}

/// Every attack, in the order of the table of `make attack`.
pub fn all() -> Vec<Attack> {
    [
        guests::attacks(),
        memory::attacks(),
        compiling::attacks(),
        requests::attacks(),
        sockets::attacks(),
        disk::attacks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The attack of this name.
pub fn named(name: &str) -> Attack {
    let found = all().into_iter().find(|attack| attack.name == name);
    found.unwrap_or_else(|| panic!("no attack is called {name}"))
}

/// Starts a server, a canary and the attack; returns what the canary saw during it and after it.
pub async fn run(attack: &Attack, size: Size, span: Duration) -> Outcome {
    allow_many_sockets();
    let server = ServerProcess::serve(attack.settings).await;
    let other = server.create_namespace("canary");
    let canary = Canary::deploy(other).await;
    let quiet = server.memory_bytes();
    tokio::time::sleep(BEFORE).await;

    let begun = Instant::now();
    let target = Target::new(&server, server.guest().await, size, begun + span);
    let noted = (attack.launch)(target).await;
    let let_go = Instant::now();
    tokio::time::sleep(RECOVERY + AFTER + LAST_ANSWERS).await;

    let before = canary.seen_between(begun - BEFORE, begun);
    let during = canary.seen_between(begun, let_go);
    let after = canary.seen_between(let_go + RECOVERY, let_go + RECOVERY + AFTER);
    canary.stop();
    Outcome {
        name: attack.name,
        noted,
        before,
        during,
        after,
        quiet_bytes: quiet,
        peak_bytes: server.peak_memory_bytes(),
        left_bytes: server.memory_bytes(),
        stderr: server.stderr(),
    }
}

/// An attacker has as many sockets as it wants.
fn allow_many_sockets() {
    let limits = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limits.maximum, ..limits };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("the hard limit is allowed");
}
