//! The APIs of the gateway.

use async_trait::async_trait;
use wask_model::{Api, NamespaceName};

use crate::StoreError;

/// The limits of all APIs of one namespace together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiBounds {
    /// How many routes they may have.
    pub routes: u64,
    /// How many bytes their stored documents may have.
    pub bytes: u64,
}

/// How [`GatewayStore::put_api`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiPutOutcome {
    /// The API is on disk.
    Stored,
    /// The API has changed since it was read. Nothing was written.
    Changed,
    /// The namespace would have this many routes. Nothing was written.
    TooManyRoutes(u64),
    /// The documents of the namespace would have this many bytes. Nothing was written.
    TooLarge(u64),
}

/// APIs, by namespace and base path. A namespace has at most one API at a base path.
#[async_trait]
pub trait GatewayStore: Send + Sync {
    /// All APIs of a namespace, by base path.
    async fn apis(&self, namespace: &NamespaceName) -> Result<Vec<Api>, StoreError>;

    /// All APIs of a namespace by base path, without their documents and without the operations of their routes.
    async fn served_apis(&self, namespace: &NamespaceName) -> Result<Vec<Api>, StoreError>;

    /// Replaces the API that was read as `was`, or adds one if `was` is `None`, as long as the namespace stays within
    /// `bounds`.
    async fn put_api(
        &self,
        namespace: &NamespaceName,
        was: Option<&Api>,
        becomes: Api,
        bounds: ApiBounds,
    ) -> Result<ApiPutOutcome, StoreError>;

    /// Removes an API. `false`: it has changed since it was read as `was`, and stays.
    async fn delete_api(&self, namespace: &NamespaceName, was: &Api) -> Result<bool, StoreError>;
}
