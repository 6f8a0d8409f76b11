//! Actions that run inside the server.

mod utils;

use async_trait::async_trait;
use serde_json::Value;
use wask_model::{Response, SharedIdentity};

pub use utils::util;

/// An action of `/whisk.system` that needs no guest. It leaves an ordinary record.
#[async_trait]
pub trait Builtin: Send + Sync {
    async fn run(&self, caller: &SharedIdentity, args: &Value) -> Response;
}
