//! Checks the components of a sequence. rest.md §5.1.

use serde_json::Value;
use wask_model::{Exec, Failure, FullName, Parameter, Parameters, messages};

use super::Catalog;

/// How many names are looked up for one sequence, nested ones included. Ends the check of sequences that form a circle
/// because they were changed at the same moment.
const LOOKUPS: usize = 1_000;

impl Catalog {
    /// Refuses components that the sequence `outer` cannot have: an empty list, too many actions (those of nested
    /// sequences count), an action that does not exist, or `outer` itself.
    pub(super) async fn check_sequence(&self, outer: &FullName, components: &[FullName]) -> Result<(), Failure> {
        let refused = |message: &'static str| Err(Failure::BadRequest(message.into()));
        let longest = self.limits.sequence_length as usize;
        if components.is_empty() {
            return refused(messages::SEQUENCE_EMPTY);
        }
        if components.len() > longest {
            return refused(messages::SEQUENCE_TOO_LONG);
        }
        let mut waiting: Vec<FullName> = components.iter().rev().cloned().collect();
        let (mut atoms, mut lookups) = (0, 0);
        while let Some(name) = waiting.pop() {
            if name == *outer {
                return refused(messages::SEQUENCE_CYCLE);
            }
            let entry = match self.resolve(&name).await {
                Ok(entry) => entry,
                Err(Failure::NotFound(_) | Failure::Conflict(_)) => {
                    return refused(messages::SEQUENCE_COMPONENT_MISSING);
                }
                Err(other) => return Err(other),
            };
            if entry.action.name == *outer {
                return refused(messages::SEQUENCE_CYCLE);
            }
            match &entry.action.exec {
                Exec::Sequence { components } => waiting.extend(components.iter().rev().cloned()),
                Exec::Wasm { .. } | Exec::Builtin => atoms += 1,
            }
            lookups += 1;
            if atoms > longest || lookups > LOOKUPS {
                return refused(messages::SEQUENCE_TOO_LONG);
            }
        }
        Ok(())
    }
}

/// The parameters of a sequence: only the list of its components, whatever the client gave.
pub(super) fn parameters(components: &[FullName]) -> Parameters {
    let list = components.iter().map(|name| Value::String(format!("/{name}"))).collect();
    let mut all = Parameters::default();
    all.set(Parameter { key: "_actions".to_owned(), value: Value::Array(list), init: false });
    all
}
