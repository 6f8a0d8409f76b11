//! APIs of the gateway.

use async_trait::async_trait;
use wask_model::{Api, NamespaceName};

use crate::StoreError;

/// What all APIs of a namespace may take together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiBounds {
    pub routes: u64,
    /// Of their documents as stored.
    pub bytes: u64,
}

/// How a put ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiPutOutcome {
    Stored,
    /// It is not as it was read; nothing was written.
    Changed,
    /// The namespace would have that many routes; nothing was written.
    TooManyRoutes(u64),
    /// Its documents would have that many bytes; nothing was written.
    TooLarge(u64),
}

/// A namespace has at most one API at a base path.
#[async_trait]
pub trait GatewayStore: Send + Sync {
    /// All APIs of a namespace, by base path.
    async fn apis(&self, namespace: &NamespaceName) -> Result<Vec<Api>, StoreError>;

    /// Replaces `was` if it is still so (`None`: if there is none at this base path) and all APIs of the namespace then
    /// stay within `bounds`.
    async fn put_api(
        &self,
        namespace: &NamespaceName,
        was: Option<&Api>,
        becomes: Api,
        bounds: ApiBounds,
    ) -> Result<ApiPutOutcome, StoreError>;

    /// Removes the API if it is still as it was read. `false`: it is not.
    async fn delete_api(&self, namespace: &NamespaceName, was: &Api) -> Result<bool, StoreError>;
}
