//! The four kinds of entity, as they are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::annotations::keys;
use crate::{ActionLimits, Annotations, CodeRef, Exec, FullName, Kind, Parameters, RetryPolicy, Timestamp, Version};

/// Deployed code with limits; here a WASI module, a sequence, or a built-in of `/whisk.system`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    pub name: FullName,
    pub version: Version,
    pub publish: bool,
    pub exec: Exec,
    pub parameters: Parameters,
    pub annotations: Annotations,
    pub limits: ActionLimits,
    pub updated: Timestamp,
}

impl Action {
    /// A module of guest contract v1 whose annotations ask for a web address.
    pub fn is_web(&self) -> bool {
        self.annotations.is_true(keys::WEB_EXPORT)
    }

    pub fn kind(&self) -> Kind {
        self.exec.kind()
    }

    /// Its code, for actions that have some.
    pub fn code(&self) -> Option<&CodeRef> {
        match &self.exec {
            Exec::Wasm { code, .. } => Some(code),
            Exec::Sequence { .. } | Exec::Builtin => None,
        }
    }
}

/// A named class of events. The links to its rules live here, so that a fire reads one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    pub name: FullName,
    pub version: Version,
    pub publish: bool,
    pub parameters: Parameters,
    pub annotations: Annotations,
    /// By `ns/rule`; `None` until a rule has been linked for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<BTreeMap<String, RuleLink>>,
    pub updated: Timestamp,
}

/// What a trigger knows of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleLink {
    pub action: FullName,
    pub status: RuleStatus,
    /// What the rule's annotation says of trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleStatus {
    Active,
    Inactive,
}

/// Trigger → action. Whether it is active stands in the trigger's link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub name: FullName,
    pub version: Version,
    pub publish: bool,
    pub annotations: Annotations,
    pub trigger: FullName,
    pub action: FullName,
    pub updated: Timestamp,
}

/// A named group of actions and feeds with default parameters, or a binding that points at one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Package {
    pub name: FullName,
    pub version: Version,
    pub publish: bool,
    pub parameters: Parameters,
    pub annotations: Annotations,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    pub updated: Timestamp,
}

impl Package {
    /// Whether others may read it and what it holds: when it is published, and never a binding.
    pub fn is_shared(&self) -> bool {
        self.publish && self.binding.is_none()
    }
}

/// The package a binding points at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    pub package: FullName,
}

/// The collections of a namespace that hold entities. All of them share one name space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Collection {
    Actions,
    Triggers,
    Rules,
    Packages,
}

impl Collection {
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
    Action(Action),
    Trigger(Trigger),
    Rule(Rule),
    Package(Package),
}

impl Entity {
    pub fn name(&self) -> &FullName {
        match self {
            Entity::Action(a) => &a.name,
            Entity::Trigger(t) => &t.name,
            Entity::Rule(r) => &r.name,
            Entity::Package(p) => &p.name,
        }
    }

    pub fn collection(&self) -> Collection {
        match self {
            Entity::Action(_) => Collection::Actions,
            Entity::Trigger(_) => Collection::Triggers,
            Entity::Rule(_) => Collection::Rules,
            Entity::Package(_) => Collection::Packages,
        }
    }

    pub fn version(&self) -> Version {
        match self {
            Entity::Action(a) => a.version,
            Entity::Trigger(t) => t.version,
            Entity::Rule(r) => r.version,
            Entity::Package(p) => p.version,
        }
    }

    pub fn updated(&self) -> Timestamp {
        match self {
            Entity::Action(a) => a.updated,
            Entity::Trigger(t) => t.updated,
            Entity::Rule(r) => r.updated,
            Entity::Package(p) => p.updated,
        }
    }

    /// Whether others may read it: packages only, and never bindings.
    pub fn is_shared(&self) -> bool {
        matches!(self, Entity::Package(package) if package.is_shared())
    }

    /// The digest of the posted code that this entity points at.
    pub fn code_digest(&self) -> Option<&str> {
        match self {
            Entity::Action(action) => action.code().map(|code| code.digest.as_str()),
            Entity::Trigger(_) | Entity::Rule(_) | Entity::Package(_) => None,
        }
    }
}
