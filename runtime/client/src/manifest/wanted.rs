//! The entities that a manifest asks for, in the form that the API takes.

use serde_json::{Map, Value};

use crate::entities::{ACTION, Noun, PACKAGE, RULE, TRIGGER};
use crate::names::Name;

/// Kinds of entities, in the order in which they are created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Package,
    Action,
    Sequence,
    Trigger,
    Rule,
}

impl Kind {
    pub fn noun(self) -> Noun {
        match self {
            Kind::Package => PACKAGE,
            Kind::Action | Kind::Sequence => ACTION,
            Kind::Trigger => TRIGGER,
            Kind::Rule => RULE,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Sequence => "sequence",
            other => other.noun().one,
        }
    }
}

/// An entity, and the body of the PUT that creates it.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedEntity {
    pub kind: Kind,
    pub name: Name,
    pub body: Map<String, Value>,
    /// The feed of a trigger.
    pub feed: Option<Feed>,
}

/// A feed's action and its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    pub action: Name,
    pub parameters: Map<String, Value>,
}

impl WantedEntity {
    /// The path of the entity below `/api/v1/`.
    pub fn path(&self) -> String {
        self.name.path(self.kind.noun().many)
    }

    /// Full names of the actions of a sequence.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        let exec = self.body.get("exec").and_then(|exec| exec.get("components"));
        exec.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }
}
