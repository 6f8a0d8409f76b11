//! The actions of `/whisk.system/utils`.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use wask_model::{Response, SharedIdentity, messages};

use super::Builtin;

/// The action of this name in `/whisk.system/utils`, if it exists.
pub fn util(name: &str) -> Option<Arc<dyn Builtin>> {
    match name {
        "echo" => Some(Arc::new(Echo)),
        "sort" => Some(Arc::new(Sort)),
        _ => None,
    }
}

/// Returns its arguments.
struct Echo;

#[async_trait]
impl Builtin for Echo {
    async fn run(&self, _caller: &SharedIdentity, args: &Value) -> Response {
        match args.get("error") {
            Some(error) => Response::application_error(error.clone()), // as for every action that returns one
            None => Response::success(args.clone()),
        }
    }
}

/// Sorts the texts in `lines` and counts them.
struct Sort;

#[async_trait]
impl Builtin for Sort {
    async fn run(&self, _caller: &SharedIdentity, args: &Value) -> Response {
        let lines = match args.get("lines") {
            None => Some(Vec::new()),
            Some(lines) => lines.as_array().and_then(|all| all.iter().map(Value::as_str).collect()),
        };
        let Some(mut lines) = lines else { return Response::application_error(messages::SORT_LINES) };
        lines.sort_unstable();
        Response::success(json!({ "length": lines.len(), "lines": lines }))
    }
}
