//! Rules on the wire. REST contract §2.2, §6.2.

use serde_json::{Value, json};
use wask_model::{Failure, FullName, NamespaceName, Rule, RuleStatus, messages};

use super::CommonFields;
use crate::catalog::{RulePatch, RuleView};

pub fn read(body: &Value, own: &NamespaceName) -> Result<RulePatch, Failure> {
    let common = CommonFields::read(body)?;
    Ok(RulePatch {
        trigger: reference(body.get("trigger"), own)?,
        action: reference(body.get("action"), own)?,
        annotations: common.annotations,
        version: common.version,
        publish: common.publish,
    })
}

/// A path text, or `{"path", "name"}`.
fn reference(given: Option<&Value>, own: &NamespaceName) -> Result<Option<FullName>, Failure> {
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(path)) => FullName::qualified(path, own).map(Some),
        Some(parts) => {
            let part = |key: &str| parts.get(key).and_then(Value::as_str);
            let (Some(path), Some(name)) = (part("path"), part("name")) else {
                return Err(Failure::malformed(messages::PATH_MALFORMED));
            };
            FullName::qualified(&format!("{path}/{name}"), own).map(Some)
        }
    }
}

/// The body of a POST: the status to set.
pub fn read_status(body: &Value) -> Result<RuleStatus, Failure> {
    match body.get("status").and_then(Value::as_str) {
        Some("active") => Ok(RuleStatus::Active),
        Some("inactive") => Ok(RuleStatus::Inactive),
        _ => Err(Failure::malformed(messages::RULE_STATUS)),
    }
}

pub fn document(view: &RuleView) -> Value {
    let mut document = summary(&view.rule);
    document["status"] = json!(view.status);
    document
}

pub fn summary(rule: &Rule) -> Value {
    json!({
        "namespace": rule.name.path(),
        "name": rule.name.name,
        "version": rule.version,
        "publish": rule.publish,
        "annotations": rule.annotations,
        "trigger": { "path": rule.trigger.path(), "name": rule.trigger.name },
        "action": { "path": rule.action.path(), "name": rule.action.name },
        "updated": rule.updated,
    })
}
