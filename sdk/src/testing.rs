//! Doubles for the host in native tests of actions. They belong to the current thread, and therefore to one test.
//!
//! ```
//! use serde_json::{Value, json};
//! use wask_sdk::{HostError, Invocation, testing};
//!
//! fn double_the_sum(numbers: Value) -> Result<Value, HostError> {
//!     let sum: Value = Invocation::of("sum").result(&numbers)?;
//!     Ok(json!({ "doubled": sum["sum"].as_i64().unwrap_or(0) * 2 }))
//! }
//!
//! testing::on_invoke(|name, params| {
//!     assert_eq!((name, params), ("sum", json!({ "numbers": [1, 2] })));
//!     Ok(json!({ "sum": 3 }))
//! });
//! assert_eq!(double_the_sum(json!({ "numbers": [1, 2] })), Ok(json!({ "doubled": 6 })));
//! ```

use std::cell::RefCell;

use serde_json::{Value, json};

use crate::{Context, HostError, Reason};

/// Answers all following invocations: `action` gets the name and the parameters, and returns the result. `Err` refuses
/// the call. A result with the member `error` means that the action failed.
pub fn on_invoke(action: impl FnMut(&str, Value) -> Result<Value, HostError> + 'static) {
    DOUBLES.with_borrow_mut(|doubles| doubles.on_invoke = Some(Box::new(action)));
}

/// Answers all following firings: `trigger` gets the name and the payload. `Err` refuses the call.
pub fn on_fire(mut trigger: impl FnMut(&str, Value) -> Result<(), HostError> + 'static) {
    let trigger = move |name: &str, payload: Value| trigger(name, payload).map(|()| json!({}));
    DOUBLES.with_borrow_mut(|doubles| doubles.on_fire = Some(Box::new(trigger)));
}

/// Makes [`context`](crate::context) return `context`.
pub fn set_context(context: Context) {
    DOUBLES.with_borrow_mut(|doubles| doubles.context = Some(context));
}

type Double = Box<dyn FnMut(&str, Value) -> Result<Value, HostError>>;

#[derive(Default)]
struct Doubles {
    on_invoke: Option<Double>,
    on_fire: Option<Double>,
    context: Option<Context>,
    answered: u128,
}

thread_local! {
    static DOUBLES: RefCell<Doubles> = RefCell::default();
}

pub(crate) fn context_double() -> Option<Context> {
    DOUBLES.with_borrow(|doubles| doubles.context.clone())
}

/// Answers a request frame in place of the host. Never `Err`, because only the host returns error codes.
pub(crate) fn exchange(frame: &[u8]) -> Result<Vec<u8>, i64> {
    let answer = match answer(frame) {
        Ok(body) => format!("{}\n{body}", json!({ "ok": true })),
        Err(refused) => json!({ "ok": false, "reason": refused.reason, "error": refused.message }).to_string(),
    };
    Ok(answer.into_bytes())
}

fn answer(frame: &[u8]) -> Result<Value, HostError> {
    let mut parts = serde_json::Deserializer::from_slice(frame).into_iter::<Value>();
    let mut part = || parts.next().and_then(Result::ok).unwrap_or_default();
    let (request, params) = (part(), part());
    let name = request["name"].as_str().unwrap_or_default();

    let (result, id) = DOUBLES.with_borrow_mut(|doubles| {
        let double = match request["op"].as_str() {
            Some("actions.invoke") => doubles.on_invoke.as_mut().ok_or_else(|| missing_double("on_invoke"))?,
            Some("triggers.fire") => doubles.on_fire.as_mut().ok_or_else(|| missing_double("on_fire"))?,
            Some(_) | None => return Err(HostError::new(Reason::BadRequest, "there is no such host call")),
        };
        let result = double(name, params)?;
        doubles.answered += 1;
        Ok((result, format!("{:032x}", doubles.answered)))
    })?;
    match request["blocking"].as_bool() {
        Some(true) => {
            let success = result.get("error").is_none();
            Ok(json!({ "activationId": id, "response": { "success": success, "result": result } }))
        }
        Some(false) | None => Ok(json!({ "activationId": id })),
    }
}

fn missing_double(double: &str) -> HostError {
    HostError::new(Reason::Unavailable, format!("no host here: a test answers through wask_sdk::testing::{double}"))
}
