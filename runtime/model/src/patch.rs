//! What all kinds of entity have in common, and how a PUT changes it.

use serde_json::Value;

use crate::{
    Action, Annotations, Entity, Failure, FullName, Package, Parameters, Rule, Timestamp, Trigger, Version, messages,
};

/// The fields that every kind of entity has.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The full name.
    pub name: &'a FullName,
    /// Raised by every change that gives no version.
    pub version: Version,
    /// Whether a package is shared; without effect on other kinds.
    pub publish: bool,
    /// Facts that steer the platform.
    pub annotations: &'a Annotations,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// The fields that the body of every PUT may have. `None`: not given, so the entity keeps what it has.
#[derive(Clone, Debug, Default)]
pub struct CommonPatch {
    /// Replaces the parameters. Rules have none.
    pub parameters: Option<Parameters>,
    /// Replaces the annotations; those of an action are merged.
    pub annotations: Option<Annotations>,
    /// Sets the version instead of raising it.
    pub version: Option<Version>,
    /// Shares a package, or ends that.
    pub publish: Option<bool>,
}

impl Entity {
    /// The fields that every kind of entity has.
    pub fn head(&self) -> Head<'_> {
        let (name, version, publish, annotations, updated) = match self {
            Entity::Action(of) => (&of.name, of.version, of.publish, &of.annotations, of.updated),
            Entity::Trigger(of) => (&of.name, of.version, of.publish, &of.annotations, of.updated),
            Entity::Rule(of) => (&of.name, of.version, of.publish, &of.annotations, of.updated),
            Entity::Package(of) => (&of.name, of.version, of.publish, &of.annotations, of.updated),
        };
        Head { name, version, publish, annotations, updated }
    }

    /// The entity as an action, if it is one.
    pub fn as_action(&self) -> Option<&Action> {
        if let Entity::Action(action) = self { Some(action) } else { None }
    }

    /// The entity as a trigger, if it is one.
    pub fn as_trigger(&self) -> Option<&Trigger> {
        if let Entity::Trigger(trigger) = self { Some(trigger) } else { None }
    }

    /// The entity as a rule, if it is one.
    pub fn as_rule(&self) -> Option<&Rule> {
        if let Entity::Rule(rule) = self { Some(rule) } else { None }
    }

    /// The entity as a package or binding, if it is one.
    pub fn as_package(&self) -> Option<&Package> {
        if let Entity::Package(package) = self { Some(package) } else { None }
    }
}

impl CommonPatch {
    /// Reads the fields from the body of a PUT. Other fields are ignored: rest.md §1.6.
    pub fn from_wire(body: &Value) -> Result<Self, Failure> {
        let given = |key: &str| body.get(key).filter(|value| !value.is_null());
        let version = match given("version") {
            Some(Value::String(text)) => Some(text.parse()?),
            Some(_) => return Err(Failure::malformed(messages::VERSION_MALFORMED)),
            None => None,
        };
        let publish = match given("publish") {
            Some(Value::Bool(yes)) => Some(*yes),
            Some(_) => return Err(Failure::malformed(messages::PUBLISH_MALFORMED)),
            None => None,
        };
        Ok(CommonPatch {
            parameters: given("parameters").map(Parameters::from_wire).transpose()?,
            annotations: given("annotations").map(Annotations::from_wire).transpose()?,
            version,
            publish,
        })
    }

    /// The version after the change. `old`: the entity before it, if it exists.
    pub fn version(&self, old: Option<Head<'_>>) -> Version {
        self.version.unwrap_or_else(|| old.map_or(Version::FIRST, |old| old.version.next()))
    }

    /// Whether the entity is published after the change.
    pub fn publish(&self, old: Option<Head<'_>>) -> bool {
        self.publish.unwrap_or_else(|| old.is_some_and(|old| old.publish))
    }

    /// The annotations after the change. Takes the given ones out of the patch.
    pub fn take_annotations(&mut self, old: Option<Head<'_>>) -> Annotations {
        self.annotations.take().or_else(|| old.map(|old| old.annotations.clone())).unwrap_or_default()
    }

    /// The parameters after the change. `old`: those before it, if the entity exists. Takes the given ones out of the patch.
    pub fn take_parameters(&mut self, old: Option<&Parameters>) -> Parameters {
        self.parameters.take().or_else(|| old.cloned()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_keeps_what_it_does_not_name_and_raises_the_version() {
        let mut patch = CommonPatch::from_wire(&json!({ "annotations": [{ "key": "a", "value": 1 }] })).unwrap();
        let annotations = Annotations::default().with("b", 2);
        let name = FullName::new("guest".parse().unwrap(), "e".parse().unwrap());
        let (version, updated) = ("0.0.7".parse().unwrap(), Timestamp::from_millis(1));
        let old = Head { name: &name, version, publish: true, annotations: &annotations, updated };

        assert_eq!(patch.version(Some(old)), "0.0.8".parse().unwrap());
        assert!(patch.publish(Some(old)));
        assert_eq!(patch.take_annotations(Some(old)), Annotations::default().with("a", 1));
        assert_eq!(CommonPatch::default().take_annotations(Some(old)), annotations);
        assert_eq!(CommonPatch::default().take_parameters(None), Parameters::default());
        assert_eq!((patch.version(None), patch.publish(None)), (Version::FIRST, false));
    }

    #[test]
    fn a_patch_with_a_malformed_field_is_refused() {
        for body in [json!({ "version": 1 }), json!({ "version": "one" }), json!({ "publish": "yes" })] {
            assert!(CommonPatch::from_wire(&body).is_err(), "{body}");
        }
    }
}
