//! The four kinds of entity as they are stored: action, trigger, rule and package.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::annotations::keys;
use crate::{ActionLimits, Annotations, CodeRef, Exec, FullName, Kind, Parameters, RetryPolicy, Timestamp, Version};

/// Deployed code with limits; here a WASI module, a sequence, or a built-in of `/whisk.system`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Where it is.
    pub name: FullName,
    /// Grows with every update.
    pub version: Version,
    /// Whether its owner shares it; only packages act on it.
    pub publish: bool,
    /// The code, or what stands in for it.
    pub exec: Exec,
    /// Default arguments; an invocation overrides them.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub parameters: Parameters,
    /// See [`keys`].
    pub annotations: Annotations,
    /// The limits of one run.
    pub limits: ActionLimits,
    /// When it was created or last changed.
    pub updated: Timestamp,
}

impl Action {
    /// Whether it is reachable under `/web/` without a key.
    pub fn is_web(&self) -> bool {
        self.annotations.is_true(keys::WEB_EXPORT)
    }

    /// The runtime that it needs.
    pub fn kind(&self) -> Kind {
        self.exec.kind()
    }

    /// Its code. `None` for sequences and built-in actions.
    pub fn code(&self) -> Option<&CodeRef> {
        match &self.exec {
            Exec::Wasm { code, .. } => Some(code),
            Exec::Sequence { .. } | Exec::Builtin => None,
        }
    }
}

/// A named class of events. It holds the links to its rules, so that firing it reads one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Where it is.
    pub name: FullName,
    /// Grows with every update.
    pub version: Version,
    /// Whether its owner shares it; only packages act on it.
    pub publish: bool,
    /// Defaults for the event; a firing overrides them.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub parameters: Parameters,
    /// See [`keys`].
    pub annotations: Annotations,
    /// The links by `namespace/rule`. `None` until the first rule is linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<BTreeMap<String, RuleLink>>,
    /// When it was created or last changed.
    pub updated: Timestamp,
}

/// What a trigger needs to know of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleLink {
    /// The action that the rule invokes.
    pub action: FullName,
    /// Whether a firing invokes it.
    pub status: RuleStatus,
    /// The retry policy in the rule's annotation; it overrides that of the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
}

/// Whether a rule takes part in a firing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleStatus {
    /// A firing invokes the rule's action.
    Active,
    /// A firing skips the rule.
    Inactive,
}

/// Invokes an action when a trigger is fired. Its status is in the trigger's [`RuleLink`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Where it is.
    pub name: FullName,
    /// Grows with every update.
    pub version: Version,
    /// Whether its owner shares it; only packages act on it.
    pub publish: bool,
    /// See [`keys`].
    pub annotations: Annotations,
    /// The trigger that it waits for.
    pub trigger: FullName,
    /// The action that it invokes.
    pub action: FullName,
    /// When it was created or last changed.
    pub updated: Timestamp,
}

/// A named group of actions and feeds with default parameters, or a binding that points at one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// Where it is.
    pub name: FullName,
    /// Grows with every update.
    pub version: Version,
    /// Whether its owner shares it; only packages act on it.
    pub publish: bool,
    /// Defaults for every action in it.
    #[serde(default, skip_serializing_if = "Parameters::is_empty")]
    pub parameters: Parameters,
    /// See [`keys`].
    pub annotations: Annotations,
    /// The package that this one points at. `None`: it is a package of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    /// When it was created or last changed.
    pub updated: Timestamp,
}

impl Package {
    /// Whether other namespaces may read it and its content: if it is published and not a binding.
    pub fn is_shared(&self) -> bool {
        self.publish && self.binding.is_none()
    }
}

/// Points at a package, usually of another namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// The package that is pointed at, which is not a binding itself.
    pub package: FullName,
}

/// The collections of a namespace that hold entities. A name is used once across all four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Collection {
    /// `/namespaces/{ns}/actions`
    Actions,
    /// `/namespaces/{ns}/triggers`
    Triggers,
    /// `/namespaces/{ns}/rules`
    Rules,
    /// `/namespaces/{ns}/packages`
    Packages,
}

impl Collection {
    /// Its name in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Collection::Actions => "actions",
            Collection::Triggers => "triggers",
            Collection::Rules => "rules",
            Collection::Packages => "packages",
        }
    }
}

/// Any entity: named, versioned, owned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entity", rename_all = "lowercase")]
pub enum Entity {
    /// An action.
    Action(Action),
    /// A trigger.
    Trigger(Trigger),
    /// A rule.
    Rule(Rule),
    /// A package or a binding.
    Package(Package),
}

impl Entity {
    /// Where it is.
    pub fn name(&self) -> &FullName {
        self.head().name
    }

    /// The collection that it belongs to.
    pub fn collection(&self) -> Collection {
        match self {
            Entity::Action(_) => Collection::Actions,
            Entity::Trigger(_) => Collection::Triggers,
            Entity::Rule(_) => Collection::Rules,
            Entity::Package(_) => Collection::Packages,
        }
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.head().version
    }

    /// When it was created or last changed.
    pub fn updated(&self) -> Timestamp {
        self.head().updated
    }

    /// Whether other namespaces may read it: see [`Package::is_shared`]; no other entity is shared.
    pub fn is_shared(&self) -> bool {
        matches!(self, Entity::Package(package) if package.is_shared())
    }

    /// Leaves it without its parameters. A rule has none.
    pub fn take_parameters(&mut self) -> Parameters {
        match self {
            Entity::Action(action) => std::mem::take(&mut action.parameters),
            Entity::Trigger(trigger) => std::mem::take(&mut trigger.parameters),
            Entity::Package(package) => std::mem::take(&mut package.parameters),
            Entity::Rule(_) => Parameters::default(),
        }
    }

    /// The [`CodeRef::digest`] of an action's code. `None`: it has no code.
    pub fn code_digest(&self) -> Option<&str> {
        match self {
            Entity::Action(action) => action.code().map(|code| code.digest.as_str()),
            Entity::Trigger(_) | Entity::Rule(_) | Entity::Package(_) => None,
        }
    }
}
