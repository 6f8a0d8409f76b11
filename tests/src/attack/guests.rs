//! Guests that do not let go of the processor.

use serde_json::json;
use tokio::task::JoinSet;

use super::{Attack, Noted, Target};
use crate::wat;

/// No throttle ends these attacks.
const UNLIMITED: &[(&str, &str)] =
    &[("WASK_LIMITS__CONCURRENT_INVOCATIONS", "0"), ("WASK_LIMITS__INVOCATIONS_PER_MINUTE", "0")];

pub(super) fn attacks() -> Vec<Attack> {
    vec![Attack { name: "endless loops", settings: UNLIMITED, launch: |on| Box::pin(endless_loops(on)) }]
}

/// Eight clients submit endless loops asynchronously, as fast as they are accepted.
async fn endless_loops(on: Target) -> Noted {
    let limits = json!({ "limits": { "timeout": 1000 } });
    on.attacker.create_action_with("loop", &wat("endless-loop"), limits).await;
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let on = on.clone();
        clients.spawn(async move {
            let mut accepted = 0;
            while on.lasts() {
                on.attacker.invoke_async("loop", &json!({})).await;
                accepted += 1;
            }
            accepted
        });
    }
    let accepted: usize = clients.join_all().await.into_iter().sum();
    format!("{accepted} loops accepted")
}
