//! Actions on the wire. REST contract §2.2, §3.1–3.4.

use serde_json::{Value, json};
use wask_model::{Action, Annotations, Exec, Failure, Kind, LimitsPatch, looks_like_base64, messages};

use super::CommonFields;
use crate::catalog::{ActionPatch, ExecPatch};

/// The kinds that a client may ask for, as the error text lists them.
const SUPPORTED: [&str; 3] = Kind::WASM_ALIASES;

/// Reads the body of a PUT.
pub fn read(body: &Value) -> Result<ActionPatch, Failure> {
    let common = CommonFields::read(body)?;
    let deleted = body.get("delAnnotations").and_then(Value::as_array).into_iter().flatten();
    Ok(ActionPatch {
        exec: body.get("exec").filter(|exec| !exec.is_null()).map(exec).transpose()?,
        parameters: common.parameters,
        annotations: common.annotations,
        del_annotations: deleted.filter_map(Value::as_str).map(str::to_owned).collect(),
        limits: LimitsPatch::from_wire(body.get("limits").unwrap_or(&Value::Null))?,
        version: common.version,
        publish: common.publish,
    })
}

fn exec(exec: &Value) -> Result<ExecPatch, Failure> {
    let text = exec.get("kind").and_then(Value::as_str).ok_or_else(|| Failure::malformed(messages::KIND_MISSING))?;
    let asked = text.trim().to_lowercase();
    let unsupported = || Failure::malformed(messages::kind_unsupported(&asked, &SUPPORTED));
    let kind = Kind::resolve(text).ok_or_else(unsupported)?;
    if kind.as_str() == Kind::SEQUENCE {
        return Err(Failure::malformed(messages::SEQUENCES_LATER));
    }
    let code = exec.get("code").and_then(Value::as_str);
    let code = code.ok_or_else(|| Failure::malformed(messages::code_missing(kind.as_str())))?.to_owned();
    let main = match exec.get("main") {
        None | Some(Value::Null) => None,
        Some(Value::String(main)) => Some(main.clone()),
        Some(_) => return Err(Failure::malformed(messages::MAIN_MALFORMED)),
    };
    Ok(ExecPatch { kind, code, main })
}

/// The full document. `code`: the posted text, left out when the client asked for none.
pub fn document(action: &Action, code: Option<&str>) -> Value {
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

fn exec_document(exec: &Exec, code: Option<&str>) -> Value {
    let mut document = json!({ "kind": exec.kind(), "binary": exec.binary() });
    if let (Exec::Wasm { main: Some(main), .. }, Some(members)) = (exec, document.as_object_mut()) {
        members.insert("main".to_owned(), json!(main));
    }
    if let (Some(code), Some(members)) = (code, document.as_object_mut()) {
        debug_assert_eq!(looks_like_base64(code), exec.binary());
        members.insert("code".to_owned(), json!(code));
    }
    document
}

/// What a list shows.
pub fn summary(action: &Action) -> Value {
    json!({
        "namespace": action.name.path(),
        "name": action.name.name,
        "version": action.version,
        "publish": action.publish,
        "annotations": action.annotations,
        "limits": action.limits,
        "exec": { "binary": action.exec.binary() },
        "updated": action.updated,
    })
}

/// What a package shows of one of its actions or feeds.
pub fn member(action: &Action) -> Value {
    let annotations: &Annotations = &action.annotations;
    json!({ "name": action.name.name, "version": action.version, "annotations": annotations })
}
