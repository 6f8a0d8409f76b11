//! The fields that the documents of several entities share.

use serde_json::Value;
use wask_model::{Annotations, Failure, FullName, NamespaceName, Parameters, Version, messages};

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

/// The fields that every entity's PUT can have. Others are ignored: REST contract §1.6.
pub struct CommonFields {
    pub parameters: Option<Parameters>,
    pub annotations: Option<Annotations>,
    pub version: Option<Version>,
    pub publish: Option<bool>,
}

impl CommonFields {
    pub fn read(body: &Value) -> Result<Self, Failure> {
        let given = |key: &str| body.get(key).filter(|value| !value.is_null());
        let version = match given("version") {
            Some(Value::String(text)) => Some(text.parse()?),
            Some(_) => return Err(Failure::malformed(messages::VERSION_MALFORMED)),
            None => None,
        };
        let publish = match given("publish") {
            Some(Value::Bool(yes)) => Some(*yes),
            Some(_) => return Err(Failure::malformed(messages::PUBLISH_MALFORMED)),
            None => None,
        };
        Ok(CommonFields {
            parameters: given("parameters").map(Parameters::from_wire).transpose()?,
            annotations: given("annotations").map(Annotations::from_wire).transpose()?,
            version,
            publish,
        })
    }
}
