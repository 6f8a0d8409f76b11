//! Creates, changes and deletes triggers. REST contract §6.1.

use wask_model::{
    Annotations, Collection, Entity, Failure, FullName, NamespaceName, Parameters, Trigger, Version, messages,
};
use wask_store::Stored;

use super::write::{Batch, Write};
use super::{Catalog, Overwrite, already_exists, check_size, wrong_collection};

/// The given fields in the body of a trigger PUT.
#[derive(Debug, Default)]
pub struct TriggerPatch {
    pub parameters: Option<Parameters>,
    pub annotations: Option<Annotations>,
    pub version: Option<Version>,
    pub publish: Option<bool>,
}

impl Catalog {
    pub async fn trigger(&self, name: &FullName) -> Result<Trigger, Failure> {
        self.stored_trigger(name).await.map(|stored| stored.value)
    }

    /// The trigger with its revision.
    pub async fn stored_trigger(&self, name: &FullName) -> Result<Stored<Trigger>, Failure> {
        let stored = self.get(name, Collection::Triggers).await?;
        match &stored.value {
            Entity::Trigger(trigger) => Ok(Stored { revision: stored.revision, value: trigger.clone() }),
            _ => Err(wrong_collection()),
        }
    }

    pub async fn put_trigger(
        &self,
        name: &FullName,
        patch: TriggerPatch,
        overwrite: Overwrite,
        by: &Write,
    ) -> Result<Stored<Trigger>, Failure> {
        let (_, limits) = self.writer(&name.namespace).await?;
        check_size(&limits, "parameters", patch.parameters.as_ref().map_or(0, Parameters::size))?;
        check_size(&limits, "annotations", patch.annotations.as_ref().map_or(0, Annotations::size))?;
        let stored = self.find(name).await?;
        by.condition.check(stored.as_ref().map(|stored| stored.revision))?;
        let (old, based_on) = match stored.as_deref() {
            None => (None, None),
            Some(stored) => match (&stored.value, overwrite) {
                (Entity::Trigger(trigger), Overwrite::Yes) => (Some(trigger), Some(stored.revision)),
                (Entity::Trigger(_), Overwrite::No) => return Err(already_exists()),
                _ => return Err(wrong_collection()),
            },
        };
        if old.is_none() {
            check_feed(patch.annotations.as_ref(), &name.namespace)?;
        }
        let trigger = Trigger {
            name: name.clone(),
            version: patch.version.unwrap_or_else(|| old.map_or(Version::FIRST, |t| t.version.next())),
            publish: patch.publish.unwrap_or_else(|| old.is_some_and(|t| t.publish)),
            parameters: patch.parameters.or_else(|| old.map(|t| t.parameters.clone())).unwrap_or_default(),
            annotations: patch.annotations.or_else(|| old.map(|t| t.annotations.clone())).unwrap_or_default(),
            rules: old.and_then(|t| t.rules.clone()),
            updated: self.clock.now(),
        };
        let revision = self.put(by, Entity::Trigger(trigger.clone()), based_on, None).await?;
        Ok(Stored { revision, value: trigger })
    }

    /// Deletes the trigger. Its rules remain and are shown as inactive.
    pub async fn delete_trigger(&self, name: &FullName, by: &Write) -> Result<Trigger, Failure> {
        let Stored { revision, value: trigger } = self.stored_trigger(name).await?;
        by.condition.check(Some(revision))?;
        let mut batch = Batch::new(by, self.clock.now());
        batch.delete(&Stored { revision, value: Entity::Trigger(trigger.clone()) });
        self.apply(batch).await?;
        Ok(trigger)
    }
}

/// The annotation `feed` must be a string with a path. Checked only when the trigger is created.
fn check_feed(annotations: Option<&Annotations>, own: &NamespaceName) -> Result<(), Failure> {
    let Some(feed) = annotations.and_then(|all| all.get("feed")) else { return Ok(()) };
    let valid = feed.as_str().is_some_and(|path| FullName::relative(path, own).is_ok());
    if valid { Ok(()) } else { Err(Failure::BadRequest(messages::FEED_NAME_INVALID.into())) }
}
