//! References from one entity to another.

use serde_json::Value;
use wask_model::{Failure, FullName, NamespaceName, messages};

/// Reads a reference to another entity: a path, or `{"path", "name"}`. `own` is the namespace that `_` stands for.
pub fn reference(given: &Value, own: &NamespaceName) -> Result<FullName, Failure> {
    if let Value::String(path) = given {
        return FullName::qualified(path, own);
    }
    let part = |key: &str| given.get(key).and_then(Value::as_str);
    let (Some(path), Some(name)) = (part("path"), part("name")) else {
        return Err(Failure::malformed(messages::PATH_MALFORMED));
    };
    FullName::qualified(&format!("{path}/{name}"), own)
}
