//! Actions that run inside the server.

mod utils;

use async_trait::async_trait;
use serde_json::Value;
use wask_model::{Activation, Response, SharedIdentity};

pub use utils::util;

use super::{AdmittedInvocation, Invoker};

/// The argument in which clients send their key to feeds: kept nowhere.
pub const AUTH_KEY: &str = "authKey";

/// An action of `/whisk.system` that needs no guest; it still leaves an ordinary record.
#[async_trait]
pub trait Builtin: Send + Sync {
    async fn run(&self, caller: &SharedIdentity, args: &Value) -> Response;
}

impl Invoker {
    pub(super) async fn run_builtin(&self, admitted: &AdmittedInvocation) -> Activation {
        let start = self.clock.now();
        let name = &admitted.entry.action.name;
        let response = match self.builtins.get().and_then(|all| all.get(name)) {
            Some(builtin) => builtin.run(&admitted.identity, &admitted.args).await,
            None => Response::whisk_error(wask_model::messages::ACTION_UNFETCHABLE),
        };
        self.activation(admitted, start, super::outcome::Outcome::without_guest(response))
    }
}
