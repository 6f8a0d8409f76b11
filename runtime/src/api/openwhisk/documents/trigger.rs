//! The JSON of triggers. rest.md §2.2, §6.1.

use serde_json::{Map, Value, json};
use wask_model::{CommonPatch, Failure, Trigger};

pub fn read(body: &Value) -> Result<CommonPatch, Failure> {
    CommonPatch::from_wire(body)
}

pub fn document(trigger: &Trigger) -> Value {
    let mut document = json!({
        "namespace": trigger.name.path(),
        "name": trigger.name.name,
        "version": trigger.version,
        "publish": trigger.publish,
        "parameters": trigger.parameters,
        "annotations": trigger.annotations,
        "limits": {},
        "updated": trigger.updated,
    });
    if let (Some(rules), Some(members)) = (&trigger.rules, document.as_object_mut()) {
        let links: Map<String, Value> = rules
            .iter()
            .map(|(rule, link)| {
                let action = json!({ "path": link.action.path(), "name": link.action.name });
                (rule.clone(), json!({ "action": action, "status": link.status }))
            })
            .collect();
        members.insert("rules".to_owned(), Value::Object(links));
    }
    document
}
