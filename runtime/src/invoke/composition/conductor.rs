//! What a conductor's result means: the end, or the next component and its input. Pure. rest.md §5.4.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wask_model::{Arguments, FullName, NamespaceName, Response, Status, messages};

/// The state of a composition.
///
/// ```text
///            ┌──── result, state laid over it ────┐
///            ▼                                    │
/// Decide ── {action, params, state} ──▶ Call ── component ends
///   └────── no `action`, or it failed ──▶ the composition ends
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConductorState {
    /// The invoker's namespace. It completes names of components that have none.
    namespace: NamespaceName,
    #[serde(rename = "turn")]
    pub next_step: NextStep,
    /// What the conductor wants back with the result of the component.
    state: Option<Arguments>,
    /// Components begun, and runs of conductors, since the outermost of directly nested compositions began.
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

    /// A conductor decides before, between and after its components, whose number is limited.
    pub fn may_decide(&self, longest: u32) -> bool {
        self.runs <= 2 * longest
    }

    /// Takes the end of the conductor, or of the component that it called. `Some`: the composition ends with this
    /// response.
    pub fn take(&mut self, response: Response, longest: u32, input: &mut Value) -> Option<Response> {
        if let NextStep::Call(_) = self.next_step {
            *input = self.answer(response.result); // also if the component failed: the conductor decides
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
            Some(_) if self.components >= longest => {
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

    /// The conductor's next input: `result`, overlaid with the state.
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

/// Wraps a value that is not an object into one.
fn boxed(key: &str, value: Value) -> Arguments {
    match value {
        Value::Object(object) => object,
        other => Arguments::from_iter([(key.to_owned(), other)]),
    }
}
