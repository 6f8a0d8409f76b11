//! The keys of the annotations that the platform reads or writes. rest.md §2.4, §4.3.

// Of an action, set by its owner.

/// `true` makes the action a web action. rest.md §8.
pub const WEB_EXPORT: &str = "web-export";
/// `true` gives a web action the request as it is: query and body unparsed, nothing reserved. rest.md §8.5.
pub const RAW_HTTP: &str = "raw-http";
/// `true` forbids callers to override the action's parameters. rest.md §3.7, §8.
pub const FINAL: &str = "final";
/// `true` demands a valid key from callers of a web action; any other value demands that value in a header. rest.md §8.
pub const REQUIRE_WHISK_AUTH: &str = "require-whisk-auth";
/// `true` leaves CORS headers and `OPTIONS` to the web action. rest.md §8.
pub const WEB_CUSTOM_OPTIONS: &str = "web-custom-options";
/// Truthy or absent gives the action its caller's API key; absent becomes `false` at creation. rest.md §3.8.
pub const PROVIDE_API_KEY: &str = "provide-api-key";
/// Truthy makes the action a conductor. Also `true` in the record of a composition. rest.md §5.4.
pub const CONDUCTOR: &str = "conductor";
/// `false` forbids running an activation again after the node failed during its run.
pub const REDELIVERY: &str = "redelivery";
/// `true` answers a waiting caller only after the record is on disk, `false` before; absent: as the setting
/// `activations.durable_blocking` says. threats.md I1.
pub const DURABLE_BLOCKING: &str = "durable-blocking";
/// Says in words what an action or package is for.
pub const DESCRIPTION: &str = "description";

// Of an action or a rule, set by its owner.

/// The policy of retries, see [`RetryPolicy`](crate::RetryPolicy).
pub const RETRY: &str = "retry";

// Set by the server.

/// The kind of an action, which no client can change. rest.md §3.3.
pub const EXEC: &str = "exec";
/// On a binding, the `{namespace, name}` of its package; in a record, the full name of the binding that was used to
/// reach the action. rest.md §4.3, §7.
pub const BINDING: &str = "binding";

// Of an action or a trigger, set by its owner.

/// Marks an action as a feed; on a trigger, the full name of the feed that fires it. rest.md §10.
pub const FEED: &str = "feed";

// Of the record of an activation, set by the server.

/// The full name of the action.
pub const PATH: &str = "path";
/// The kind of the action; `sequence` for sequences and compositions.
pub const KIND: &str = "kind";
/// The limits under which the activation ran.
pub const LIMITS: &str = "limits";
/// Whether the activation used up its time limit.
pub const TIMEOUT: &str = "timeout";
/// Milliseconds from the request to the start of the run.
pub const WAIT_TIME: &str = "waitTime";
/// Milliseconds to make an instance ready; absent when one was ready.
pub const INIT_TIME: &str = "initTime";
/// `sequence` for components of a sequence or composition.
pub const CAUSED_BY: &str = "causedBy";
/// Whether a sequence or composition was invoked by itself, not as a component of another.
pub const TOPMOST: &str = "topmost";
/// How many attempts the activation took; absent after one.
pub const ATTEMPTS: &str = "attempts";
/// The attempts that failed before the last one.
pub const FAILED_ATTEMPTS: &str = "failedAttempts";
/// `true` if the activation ended because a caller cancelled it.
pub const CANCELLED: &str = "cancelled";
/// The id of the activation whose input this one was given again.
pub const RERUN_OF: &str = "rerunOf";
