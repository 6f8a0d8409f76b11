//! Rules, and the links to them that their triggers keep. rest.md §6.2, §6.3.

use wask_model::{
    Annotations, ChangeKind, Collection, CommonPatch, Entity, Failure, FullName, RetryPolicy, Rule, RuleLink,
    RuleStatus, Trigger, messages,
};
use wask_store::{Change, Revision, StoreError, StoredEntity};

use super::write::{Batch, Write};
use super::{Catalog, Overwrite, check_size, existing, wrong_collection};
use crate::retry::{self, TRIES};

/// The given fields in the body of a rule PUT.
#[derive(Clone, Debug, Default)]
pub struct RulePatch {
    pub trigger: Option<FullName>,
    pub action: Option<FullName>,
    /// Without parameters: a rule has none.
    pub common: CommonPatch,
}

/// A rule with its status, which is kept in its trigger's link.
pub struct RuleView {
    pub rule: Rule,
    pub status: RuleStatus,
    /// The revision of the rule; of a deleted one, its last.
    pub revision: Revision,
}

struct StoredTrigger {
    trigger: Trigger,
    revision: Revision,
}

impl StoredTrigger {
    fn put(self) -> Change {
        Change::Put { entity: Entity::Trigger(self.trigger), based_on: Some(self.revision), code: None }
    }

    fn link(&mut self, rule: &Rule, status: RuleStatus) {
        // An invalid policy was rejected when the rule was created.
        let retry = RetryPolicy::from_annotations(&rule.annotations).ok().flatten();
        let link = RuleLink { action: rule.action.clone(), status, retry };
        self.trigger.rules.get_or_insert_default().insert(rule.name.to_string(), link);
    }

    fn unlink(&mut self, rule: &FullName) -> Option<RuleLink> {
        self.trigger.rules.as_mut()?.remove(&rule.to_string())
    }

    fn status_of(&self, rule: &FullName) -> Option<RuleStatus> {
        Some(self.trigger.rules.as_ref()?.get(&rule.to_string())?.status)
    }
}

impl Catalog {
    pub async fn rule(&self, name: &FullName) -> Result<RuleView, Failure> {
        let (rule, revision) = self.stored_rule(name).await?;
        let linked = self.trigger_of(&rule.trigger).await?.and_then(|t| t.status_of(name));
        Ok(RuleView { rule, status: linked.unwrap_or(RuleStatus::Inactive), revision })
    }

    /// Creates an active rule, or changes one and keeps its status.
    pub async fn put_rule(
        &self,
        name: &FullName,
        patch: RulePatch,
        overwrite: Overwrite,
        by: &Write,
    ) -> Result<RuleView, Failure> {
        let (_, limits) = self.writer(&name.namespace).await?;
        check_size(&limits, "annotations", patch.common.annotations.as_ref().map_or(0, Annotations::size))?;
        patch.common.annotations.as_ref().map(RetryPolicy::from_annotations).transpose()?;
        retry::compare_and_swap(TRIES, || self.try_put_rule(name, patch.clone(), overwrite, by)).await
    }

    async fn try_put_rule(
        &self,
        name: &FullName,
        mut patch: RulePatch,
        overwrite: Overwrite,
        by: &Write,
    ) -> Result<Option<RuleView>, Failure> {
        let stored = self.find(name).await?;
        by.condition.check(stored.as_ref().map(|stored| stored.revision))?;
        let (old, based_on) = existing(stored.as_deref(), overwrite, Entity::as_rule)?;
        let head = stored.as_deref().map(|stored| stored.value.head());
        let incomplete = || Failure::BadRequest(messages::RULE_INCOMPLETE.into());
        let rule = Rule {
            name: name.clone(),
            version: patch.common.version(head),
            publish: patch.common.publish(head),
            annotations: patch.common.take_annotations(head),
            trigger: patch.trigger.or_else(|| old.map(|r| r.trigger.clone())).ok_or_else(incomplete)?,
            action: patch.action.or_else(|| old.map(|r| r.action.clone())).ok_or_else(incomplete)?,
            updated: self.clock.now(),
        };
        let mut trigger = self.trigger_for(&rule).await?;
        self.check_rule_action(&rule.action).await?;

        let mut batch = Batch::new(by, rule.updated);
        let status = match old {
            None => RuleStatus::Active,
            Some(old) if old.trigger == rule.trigger => trigger.status_of(name).unwrap_or(RuleStatus::Inactive),
            Some(old) => self.unlink(old, &mut batch).await?,
        };
        trigger.link(&rule, status);
        batch.add_unaudited(trigger.put());
        batch.put(Entity::Rule(rule.clone()), based_on, None);
        let written = unless_overtaken(self.apply(batch).await)?;
        Ok(written.map(|mut revisions| {
            let revision = revisions.pop().expect("the store returns the revision of each put; the rule was put last");
            RuleView { rule, status, revision }
        }))
    }

    /// Removes the link of a rule from its trigger, and returns the status that it had there.
    async fn unlink(&self, rule: &Rule, batch: &mut Batch<'_>) -> Result<RuleStatus, Failure> {
        let Some(mut trigger) = self.trigger_of(&rule.trigger).await? else { return Ok(RuleStatus::Inactive) };
        let status = trigger.unlink(&rule.name).map_or(RuleStatus::Inactive, |link| link.status);
        batch.add_unaudited(trigger.put());
        Ok(status)
    }

    /// Activates or deactivates the rule. Its version and `updated` do not change.
    pub async fn set_rule_status(&self, name: &FullName, status: RuleStatus, by: &Write) -> Result<(), Failure> {
        retry::compare_and_swap(TRIES, || self.try_set_rule_status(name, status, by)).await
    }

    async fn try_set_rule_status(
        &self,
        name: &FullName,
        status: RuleStatus,
        by: &Write,
    ) -> Result<Option<()>, Failure> {
        let (rule, revision) = self.stored_rule(name).await?;
        by.condition.check(Some(revision))?;
        let Some(mut trigger) = self.trigger_of(&rule.trigger).await? else {
            return match status {
                RuleStatus::Active => Err(Failure::NotFound(messages::RULE_WITHOUT_TRIGGER.into())),
                RuleStatus::Inactive => Ok(Some(())),
            };
        };
        trigger.link(&rule, status);
        let mut batch = Batch::new(by, self.clock.now());
        batch.record(ChangeKind::Changed, &Entity::Rule(rule));
        batch.add_unaudited(trigger.put());
        unless_overtaken(self.apply(batch).await.map(drop))
    }

    /// Deletes the rule and its link, active or not.
    pub async fn delete_rule(&self, name: &FullName, by: &Write) -> Result<RuleView, Failure> {
        retry::compare_and_swap(TRIES, || self.try_delete_rule(name, by)).await
    }

    async fn try_delete_rule(&self, name: &FullName, by: &Write) -> Result<Option<RuleView>, Failure> {
        let (rule, revision) = self.stored_rule(name).await?;
        by.condition.check(Some(revision))?;
        let mut batch = Batch::new(by, self.clock.now());
        batch.delete(&StoredEntity { revision, value: Entity::Rule(rule.clone()) });
        if let Some(mut trigger) = self.trigger_of(&rule.trigger).await?
            && trigger.unlink(name).is_some()
        {
            batch.add_unaudited(trigger.put());
        }
        let written = unless_overtaken(self.apply(batch).await)?;
        Ok(written.map(|_| RuleView { rule, status: RuleStatus::Inactive, revision }))
    }

    async fn stored_rule(&self, name: &FullName) -> Result<(Rule, Revision), Failure> {
        let stored = self.get(name, Collection::Rules).await?;
        let rule = stored.value.as_rule().ok_or_else(wrong_collection)?;
        Ok((rule.clone(), stored.revision))
    }

    /// The trigger that a rule refers to, if it exists and is a trigger.
    async fn trigger_of(&self, name: &FullName) -> Result<Option<StoredTrigger>, Failure> {
        let stored = self.find(name).await?;
        Ok(stored.and_then(|stored| {
            let trigger = stored.value.as_trigger()?.clone();
            Some(StoredTrigger { trigger, revision: stored.revision })
        }))
    }

    async fn trigger_for(&self, rule: &Rule) -> Result<StoredTrigger, Failure> {
        let missing = || Failure::BadRequest(messages::trigger_missing(&rule.trigger));
        self.trigger_of(&rule.trigger).await?.ok_or_else(missing)
    }

    async fn check_rule_action(&self, name: &FullName) -> Result<(), Failure> {
        match self.resolve(name).await {
            Ok(_) => Ok(()),
            Err(Failure::NotFound(_)) => Err(Failure::BadRequest(messages::action_missing(name))),
            Err(Failure::Conflict(_)) => Err(Failure::BadRequest(messages::rule_reference_conflict(name, "an action"))),
            Err(other) => Err(other),
        }
    }
}

/// `None`: another change came first. It happens because a rule also changes its trigger, which may have many rules.
fn unless_overtaken<T>(written: Result<T, StoreError>) -> Result<Option<T>, Failure> {
    match written {
        Ok(written) => Ok(Some(written)),
        Err(StoreError::Conflict) => Ok(None),
        Err(cause) => Err(cause.into()),
    }
}
