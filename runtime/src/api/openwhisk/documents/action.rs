//! The JSON of actions. rest.md §2.2, §3.1 to §3.4.

use serde_json::{Value, json};
use wask_model::{
    Action, CommonPatch, Exec, Failure, FullName, Kind, Limits, LimitsPatch, NamespaceName, looks_like_base64, messages,
};

use super::reference::reference;
use crate::catalog::{ActionPatch, ActionView, ExecPatch};

/// The kinds that a client can ask for, in the order of the error text.
const SUPPORTED: [&str; 5] = ["wasm:1", "wasm:default", "wasm", Kind::SEQUENCE, Kind::BLACKBOX];

/// Reads the body of a PUT. `own` is the namespace that `_` stands for.
pub fn read(mut body: Value, own: &NamespaceName, limits: &Limits) -> Result<ActionPatch, Failure> {
    let given = body.get_mut("exec").map(Value::take).filter(|exec| !exec.is_null());
    let deleted = body.get("delAnnotations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if deleted.len() as u64 > limits.annotations_entries {
        let (count, most) = (deleted.len() as u64, limits.annotations_entries);
        let too_many = messages::too_many_entries("delAnnotations", count, most, "limits.annotations_entries");
        return Err(Failure::TooLarge(too_many));
    }
    let common = CommonPatch::from_wire(&body)?;
    Ok(ActionPatch {
        exec: given.map(|given| exec(given, own, limits)).transpose()?,
        common,
        del_annotations: deleted.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        limits: LimitsPatch::from_wire(body.get("limits").unwrap_or(&Value::Null))?,
    })
}

fn exec(mut exec: Value, own: &NamespaceName, limits: &Limits) -> Result<ExecPatch, Failure> {
    let text = exec.get("kind").and_then(Value::as_str).ok_or_else(|| Failure::malformed(messages::KIND_MISSING))?;
    let asked = text.trim().to_lowercase();
    let unsupported = || Failure::malformed(messages::kind_unsupported(&asked, &SUPPORTED));
    let kind = Kind::resolve(text).ok_or_else(unsupported)?;
    if kind.as_str() == Kind::SEQUENCE {
        return Ok(ExecPatch::Sequence { components: components(&exec, own, limits)? });
    }
    let (image, code) = (exec.get("image").and_then(Value::as_str), exec.get("code").and_then(Value::as_str));
    let image = match kind.as_str() {
        Kind::BLACKBOX => Some(image.ok_or_else(|| Failure::malformed(messages::IMAGE_MISSING))?.to_owned()),
        _ => None,
    };
    if image.is_some() && code.is_none_or(|code| code.trim().is_empty()) {
        return Err(Failure::BadRequest(messages::BLACKBOX_WITHOUT_CODE.into()));
    }
    let main = match exec.get("main") {
        None | Some(Value::Null) => None,
        Some(Value::String(main)) => Some(main.clone()),
        Some(_) => return Err(Failure::malformed(messages::MAIN_MALFORMED)),
    };
    match exec.get_mut("code").map(Value::take) {
        Some(Value::String(code)) => Ok(ExecPatch::Code { kind, code, main, image }),
        _ => Err(Failure::malformed(messages::code_missing(kind.as_str()))),
    }
}

/// The components of a sequence: each is a path, or `{path, name}`.
fn components(exec: &Value, own: &NamespaceName, limits: &Limits) -> Result<Vec<FullName>, Failure> {
    let list = exec.get("components").ok_or_else(|| Failure::malformed(messages::COMPONENTS_MISSING))?;
    let list = list.as_array().ok_or_else(|| Failure::malformed(messages::COMPONENTS_MALFORMED))?;
    if list.len() as u64 > u64::from(limits.sequence_length) {
        return Err(Failure::BadRequest(messages::SEQUENCE_TOO_LONG.into())); // before each of them is looked up
    }
    list.iter().map(|component| reference(component, own)).collect()
}

/// The full document. `code` is the text that was posted, or `None` if the client did not ask for it.
pub fn document(action: &Action, code: Option<String>) -> Value {
    json!({
        "namespace": action.name.path(),
        "name": action.name.name,
        "version": action.version,
        "publish": action.publish,
        "exec": exec_document(&action.exec, code),
        "parameters": action.parameters,
        "annotations": action.annotations,
        "limits": action.limits,
        "updated": action.updated,
    })
}

/// The document without code. It names the binding through which the action was read.
pub fn document_without_code(view: &ActionView) -> Value {
    let mut shown = document(&view.action, None);
    if let (Some(binding), Some(members)) = (&view.binding, shown.as_object_mut()) {
        members.insert("binding".to_owned(), json!(binding.to_string()));
    }
    shown
}

fn exec_document(exec: &Exec, code: Option<String>) -> Value {
    let mut members = serde_json::Map::new();
    members.insert("kind".to_owned(), json!(exec.kind()));
    match exec {
        Exec::Sequence { components } => {
            let paths: Vec<String> = components.iter().map(|name| format!("/{name}")).collect();
            members.insert("components".to_owned(), json!(paths));
        }
        Exec::Builtin => drop(members.insert("binary".to_owned(), json!(false))),
        Exec::Wasm { main, image, .. } => {
            members.insert("binary".to_owned(), json!(exec.binary()));
            members.extend(main.as_ref().map(|main| ("main".to_owned(), json!(main))));
            members.extend(image.as_ref().map(|image| ("image".to_owned(), json!(image))));
            debug_assert!(code.as_ref().is_none_or(|code| looks_like_base64(code) == exec.binary()));
            members.extend(code.map(|code| ("code".to_owned(), Value::String(code))));
        }
    }
    Value::Object(members)
}
