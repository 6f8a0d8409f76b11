//! The JSON of rules. rest.md §2.2, §6.2.

use serde_json::{Value, json};
use wask_model::{CommonPatch, Failure, NamespaceName, RuleStatus, messages};

use super::reference::reference;
use crate::catalog::{RulePatch, RuleView};

pub fn read(body: &Value, own: &NamespaceName) -> Result<RulePatch, Failure> {
    let common = CommonPatch { parameters: None, ..CommonPatch::from_wire(body)? };
    let given = |key: &str| {
        let found = body.get(key).filter(|value| !value.is_null());
        found.map(|value| reference(value, own)).transpose()
    };
    Ok(RulePatch { trigger: given("trigger")?, action: given("action")?, common })
}

/// Reads the body of a POST: the status to set.
pub fn read_status(body: &Value) -> Result<RuleStatus, Failure> {
    match body.get("status").and_then(Value::as_str) {
        Some("active") => Ok(RuleStatus::Active),
        Some("inactive") => Ok(RuleStatus::Inactive),
        _ => Err(Failure::malformed(messages::RULE_STATUS)),
    }
}

pub fn document(RuleView { rule, status, .. }: &RuleView) -> Value {
    json!({
        "namespace": rule.name.path(),
        "name": rule.name.name,
        "version": rule.version,
        "publish": rule.publish,
        "annotations": rule.annotations,
        "trigger": { "path": rule.trigger.path(), "name": rule.trigger.name },
        "action": { "path": rule.action.path(), "name": rule.action.name },
        "updated": rule.updated,
        "status": status,
    })
}
