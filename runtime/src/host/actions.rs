//! `actions.invoke`: a guest invokes an action, and may wait for its end.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use wask_model::{Arguments, Failure, FullName, SharedIdentity, Subscription};

use super::RunServices;
use crate::invoke::{Entrance, Invocation, Invoked, Wait};

/// The request of a guest.
#[derive(Deserialize)]
pub struct Invoke {
    name: String,
    #[serde(default)]
    blocking: bool,
    /// Whether the answer is the result alone.
    #[serde(default)]
    result: bool,
    /// How long a blocking call waits; milliseconds.
    #[serde(default)]
    timeout: Option<u64>,
}

impl RunServices {
    pub(super) async fn invoke(
        &self,
        identity: SharedIdentity,
        asked: Invoke,
        mut args: Arguments,
    ) -> Result<Value, Failure> {
        let action = FullName::relative(&asked.name, &identity.namespace)?;
        self.authority.check_invokes(&action)?;
        let callback = Subscription::take(&mut args)?;
        if callback.is_some() {
            self.authority.check_full()?; // it is signed in the name of the identity
        }
        let context = self.context();
        let in_flight = self.host.admission.admit(&identity, &action, context.accepted).await?;
        let (wait, in_flight) = if asked.blocking {
            // If it waited for a permit of its own, it might wait for the run that waits for it.
            (Wait::UpTo(self.wait_limit(asked.timeout)), in_flight.borrow_callers_permit())
        } else {
            (Wait::No, in_flight)
        };
        let request = Invocation { identity, action, args, wait, context, callback };
        // Boxed: an activation may invoke an activation may invoke …
        let reply = Box::pin(self.invoker.invoke(request, Entrance::InFlight(in_flight))).await?;
        Ok(answer(reply.into_inner().invoked, asked.result))
    }

    fn wait_limit(&self, asked_ms: Option<u64>) -> Duration {
        let longest = self.host.gate.limits().blocking_wait_ms;
        Duration::from_millis(asked_ms.map_or(longest, |ms| ms.min(longest)))
    }
}

fn answer(invoked: Invoked, result_only: bool) -> Value {
    match invoked {
        Invoked::Accepted(id) => json!({ "activationId": id }),
        Invoked::Ended(record) if result_only => record.response.result.clone(),
        Invoked::Ended(record) => record.to_wire(),
    }
}
