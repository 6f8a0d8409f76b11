//! Creates, changes and deletes triggers. rest.md §6.1.

use wask_model::annotations::keys;
use wask_model::{Annotations, Collection, CommonPatch, Entity, Failure, FullName, NamespaceName, Trigger, messages};
use wask_store::StoredEntity;

use super::write::{Batch, Write};
use super::{Catalog, Overwrite, check_sizes, existing, wrong_collection};

impl Catalog {
    pub async fn trigger(&self, name: &FullName) -> Result<Trigger, Failure> {
        self.stored_trigger(name).await.map(|stored| stored.value)
    }

    /// The trigger with its revision.
    pub async fn stored_trigger(&self, name: &FullName) -> Result<StoredEntity<Trigger>, Failure> {
        let stored = self.get(name, Collection::Triggers).await?;
        let trigger = stored.value.as_trigger().ok_or_else(wrong_collection)?.clone();
        Ok(StoredEntity { revision: stored.revision, value: trigger })
    }

    pub async fn put_trigger(
        &self,
        name: &FullName,
        mut patch: CommonPatch,
        overwrite: Overwrite,
        by: &Write,
    ) -> Result<StoredEntity<Trigger>, Failure> {
        let (_, limits) = self.writer(&name.namespace).await?;
        check_sizes(&limits, &patch)?;
        let stored = self.find(name).await?;
        by.condition.check(stored.as_ref().map(|stored| stored.revision))?;
        let (old, based_on) = existing(stored.as_deref(), overwrite, Entity::as_trigger)?;
        let head = stored.as_deref().map(|stored| stored.value.head());
        if old.is_none() {
            check_feed(patch.annotations.as_ref(), &name.namespace)?;
        }
        let trigger = Trigger {
            name: name.clone(),
            version: patch.version(head),
            publish: patch.publish(head),
            parameters: patch.take_parameters(old.map(|t| &t.parameters)),
            annotations: patch.take_annotations(head),
            rules: old.and_then(|t| t.rules.clone()),
            updated: self.clock.now(),
        };
        let revision = self.put(by, Entity::Trigger(trigger.clone()), based_on, None).await?;
        Ok(StoredEntity { revision, value: trigger })
    }

    /// Deletes the trigger. Its rules remain and are shown as inactive.
    pub async fn delete_trigger(&self, name: &FullName, by: &Write) -> Result<Trigger, Failure> {
        let StoredEntity { revision, value: trigger } = self.stored_trigger(name).await?;
        by.condition.check(Some(revision))?;
        let mut batch = Batch::new(by, self.clock.now());
        batch.delete(&StoredEntity { revision, value: Entity::Trigger(trigger.clone()) });
        self.apply(batch).await?;
        Ok(trigger)
    }
}

/// The annotation `feed` must be a string with a path. Checked only when the trigger is created.
fn check_feed(annotations: Option<&Annotations>, own: &NamespaceName) -> Result<(), Failure> {
    let Some(feed) = annotations.and_then(|all| all.get(keys::FEED)) else { return Ok(()) };
    let valid = feed.as_str().is_some_and(|path| FullName::relative(path, own).is_ok());
    if valid { Ok(()) } else { Err(Failure::BadRequest(messages::FEED_NAME_INVALID.into())) }
}
