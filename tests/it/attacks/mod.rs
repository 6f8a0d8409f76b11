//! What one caller does to a server, and that nobody else notices: each story is an attack beside a canary of another
//! namespace. threats.md §7.

mod compiling;
mod disk;
mod guests;
mod logins;
mod memory;
mod requests;
mod sockets;

use std::time::Duration;

use tokio::sync::Mutex;
use wask_tests::attack::{Attack, Outcome, Size, named, run};

/// One attack would disturb the canary of another: all servers of these stories share the processor.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
/// How long an attack of a story lasts.
const SPAN: Duration = Duration::from_secs(2);

/// Runs the attack and checks that nobody else noticed it: every request of the canary was answered, and the server is
/// itself again afterwards. How fast the answers were, `make attack` measures.
async fn unnoticed(attack: &str) -> Outcome {
    unnoticed_attack(&named(attack)).await
}

/// Like [`unnoticed`], for an attack on other settings.
async fn unnoticed_attack(attack: &Attack) -> Outcome {
    let _alone = ONE_AT_A_TIME.lock().await;
    let outcome = run(attack, Size::Small, SPAN).await;
    let attack = attack.name;
    for (when, seen) in [("before", &outcome.before), ("during", &outcome.during), ("after", &outcome.after)] {
        assert!(10 < seen.asked, "{attack}: the canary asked {} times {when} the attack", seen.asked);
        assert_eq!(seen.answered, seen.asked, "{attack}, {when}: {seen:?}; the attacker saw: {}", outcome.noted);
    }
    outcome
}
