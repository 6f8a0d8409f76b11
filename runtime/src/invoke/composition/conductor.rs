//! What a conductor's result means: the end, or which component runs next on what. Pure. REST contract §5.4.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wask_model::{Arguments, FullName, NamespaceName, Response, Status, messages};

/// Where a composition stands.
///
/// ```text
///            ┌──── result, state laid over it ────┐
///            ▼                                    │
/// Decide ── {action, params, state} ──▶ Call ── component ends
///   └────── no `action`, or it failed ──▶ the composition ends
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConductorState {
    /// The invoker's: names without a namespace are its own.
    namespace: NamespaceName,
    #[serde(rename = "turn")]
    pub next_step: NextStep,
    /// What the conductor last asked to be told again.
    state: Option<Arguments>,
    /// Components begun and runs of conductors, since the outermost of the compositions that enclose each other directly.
    pub components: u32,
    pub runs: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NextStep {
    /// The conductor runs next.
    Decide,
    /// This component runs next.
    Call(FullName),
}

impl ConductorState {
    pub fn new(namespace: NamespaceName) -> Self {
        ConductorState { namespace, next_step: NextStep::Decide, state: None, components: 0, runs: 0 }
    }

    pub fn continue_from(&mut self, around: &ConductorState) {
        (self.components, self.runs) = (around.components, around.runs);
    }

    /// Once before, between and after as many components as there may be.
    pub fn may_decide(&self, longest: u32) -> bool {
        self.runs <= 2 * longest
    }

    /// Takes the end of the conductor or of the component it called. `Some`: the composition ends with this response.
    pub fn take(&mut self, response: Response, longest: u32, input: &mut Value) -> Option<Response> {
        if let NextStep::Call(_) = self.next_step {
            *input = self.answer(response.result); // a failed component too: the conductor decides
            return None;
        }
        self.runs += 1;
        let said = match &response.result {
            Value::Object(said) if response.status == Status::Success => said,
            _ => return Some(response),
        };
        let params = said.get("params").map(|params| boxed("value", params.clone()));
        let Some(action) = said.get("action") else {
            let result = params.map_or_else(|| response.result.clone(), Value::Object);
            return Some(Response { result, ..response });
        };
        self.state = said.get("state").map(|state| boxed("state", state.clone()));
        match self.named(action) {
            None => *input = self.answer(json!({ "error": messages::composition_name_invalid(action) })),
            Some(_) if longest <= self.components => {
                *input = self.answer(json!({ "error": messages::COMPOSITION_TOO_LONG }));
            }
            Some(component) => {
                self.components += 1;
                self.next_step = NextStep::Call(component);
                *input = Value::Object(params.unwrap_or_default());
            }
        }
        None
    }

    /// What the conductor gets next: `result`, with its state laid over it.
    pub fn answer(&mut self, result: Value) -> Value {
        self.next_step = NextStep::Decide;
        let mut answer = boxed("value", result);
        answer.extend(self.state.take().unwrap_or_default());
        Value::Object(answer)
    }

    fn named(&self, action: &Value) -> Option<FullName> {
        FullName::relative(action.as_str()?, &self.namespace).ok()
    }
}

/// What is no object becomes the only member of one.
fn boxed(key: &str, value: Value) -> Arguments {
    match value {
        Value::Object(object) => object,
        other => Arguments::from_iter([(key.to_owned(), other)]),
    }
}
