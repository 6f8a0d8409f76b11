//! Creates, changes and deletes actions. rest.md §3.

use std::collections::HashSet;

use wask_model::annotations::keys;
use wask_model::{
    Action, ActionLimits, Annotations, Collection, CommonPatch, Entity, Exec, Failure, FullName, Kind, Limits,
    LimitsPatch, Parameters, RetryPolicy, messages,
};
use wask_store::StoredEntity;

use super::access::RequiredAccess;
use super::write::{Batch, Write};
use super::{Catalog, Overwrite, check_annotations, check_sizes, existing, sequences, wrong_collection};

/// The given fields in the body of an action PUT.
#[derive(Debug, Default)]
pub struct ActionPatch {
    pub exec: Option<ExecPatch>,
    pub common: CommonPatch,
    /// Annotations to remove before the given ones are merged in.
    pub del_annotations: HashSet<String>,
    pub limits: LimitsPatch,
}

/// `exec` of an action PUT.
#[derive(Debug)]
pub enum ExecPatch {
    Code { kind: Kind, code: String, main: Option<String>, image: Option<String> },
    Sequence { components: Vec<FullName> },
}

impl ExecPatch {
    fn kind(&self) -> &str {
        match self {
            ExecPatch::Code { kind, .. } => kind.as_str(),
            ExecPatch::Sequence { .. } => Kind::SEQUENCE,
        }
    }

    /// The access that the caller of the PUT needs.
    fn needed(&self) -> Vec<RequiredAccess<'_>> {
        match self {
            ExecPatch::Code { .. } => Vec::new(),
            ExecPatch::Sequence { components } => components.iter().map(RequiredAccess::Action).collect(),
        }
    }

    /// The size in bytes as posted, which the code limit applies to.
    fn size(&self) -> u64 {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let bytes = match self {
            ExecPatch::Code { code, main, image, .. } => code.len() + text(main) + text(image),
            ExecPatch::Sequence { components } => components.iter().map(|name| name.to_string().len() + 1).sum(),
        };
        bytes as u64
    }
}

impl Catalog {
    /// Creates an action, or with [`Overwrite::Yes`] creates or changes it. Its module is compiled before this returns.
    pub async fn put_action(
        &self,
        name: &FullName,
        mut patch: ActionPatch,
        overwrite: Overwrite,
        by: &Write,
    ) -> Result<StoredEntity<Action>, Failure> {
        self.check_package(name).await?;
        let (owner, allowed) = self.writer(&name.namespace).await?;
        check_code_size(&patch, &allowed)?;
        check_sizes(&allowed, &patch.common)?;
        patch.limits.apply(None, &allowed)?;
        patch.common.annotations.as_ref().map(RetryPolicy::from_annotations).transpose()?;
        if let Some(exec) = &patch.exec {
            self.may_use(&by.identity, &exec.needed()).await?;
            owner.check_kind(exec.kind())?;
        }

        let stored = self.find(name).await?;
        by.condition.check(stored.as_ref().map(|stored| stored.revision))?;
        let (old, based_on) = existing(stored.as_deref(), overwrite, Entity::as_action)?;
        let head = stored.as_deref().map(|stored| stored.value.head());
        let limits = patch.limits.apply(old.map(|a| &a.limits), &allowed)?;
        check_instances(&limits, self.limits.concurrent_invocations(&owner.limits))?;

        let (exec, code) = self.exec_after(name, patch.exec.take(), old).await?;
        let parameters = parameters_after(&exec, &mut patch.common, old);
        let annotations = merge_annotations(old, &patch.del_annotations, patch.common.annotations.take());
        check_merged(&allowed, &annotations)?;
        let annotations = with_own_annotations(annotations, old, &exec);
        let action = Action {
            name: name.clone(),
            version: patch.common.version(head),
            publish: patch.common.publish(head),
            exec,
            parameters,
            annotations,
            limits,
            updated: self.clock.now(),
        };
        let revision = self.put(by, Entity::Action(action.clone()), based_on, code).await?;
        Ok(StoredEntity { revision, value: action })
    }

    /// What the action runs after the change, and the posted code to store with it.
    async fn exec_after(
        &self,
        name: &FullName,
        given: Option<ExecPatch>,
        old: Option<&Action>,
    ) -> Result<(Exec, Option<String>), Failure> {
        match (given, old) {
            (Some(ExecPatch::Code { kind, code, main, image }), _) => {
                let prepared = self.prepare(&name.namespace, &code).await?;
                Ok((Exec::Wasm { kind, code: prepared, main, image }, Some(code)))
            }
            (Some(ExecPatch::Sequence { components }), _) => {
                self.check_sequence(name, &components).await?;
                Ok((Exec::Sequence { components }, None))
            }
            (None, Some(old)) => Ok((old.exec.clone(), None)),
            (None, None) => Err(Failure::BadRequest(messages::EXEC_UNDEFINED.into())),
        }
    }

    /// Deletes the action and returns it with its posted code. Rules that point at it remain and fail from now on.
    pub async fn delete_action(&self, name: &FullName, by: &Write) -> Result<(Action, Option<String>), Failure> {
        self.check_package(name).await?;
        let stored = self.get(name, Collection::Actions).await?;
        by.condition.check(Some(stored.revision))?;
        let action = stored.value.as_action().ok_or_else(wrong_collection)?;
        let code = self.code(action).await?;
        let mut batch = Batch::new(by, self.clock.now());
        batch.delete(&stored);
        self.apply(batch).await?;
        Ok((action.clone(), code))
    }
}

fn check_code_size(patch: &ActionPatch, limits: &Limits) -> Result<(), Failure> {
    let size = patch.exec.as_ref().map_or(0, ExecPatch::size);
    if size > limits.code_bytes {
        return Err(Failure::TooLarge(messages::larger_than_allowed("exec", size, limits.code_bytes)));
    }
    Ok(())
}

/// The parameters after the change. Those of a sequence are the list of its components, which an action that was one
/// does not keep.
fn parameters_after(exec: &Exec, patch: &mut CommonPatch, old: Option<&Action>) -> Parameters {
    match exec {
        Exec::Sequence { components } => sequences::parameters(components),
        Exec::Wasm { .. } | Exec::Builtin => {
            let kept = old.filter(|a| !matches!(a.exec, Exec::Sequence { .. })).map(|a| &a.parameters);
            patch.take_parameters(kept)
        }
    }
}

/// `allowed`: how many activations of the namespace may run at a time; `None`: any number.
fn check_instances(limits: &ActionLimits, allowed: Option<u32>) -> Result<(), Failure> {
    match (limits.instances, allowed) {
        (Some(instances), Some(allowed)) if allowed < instances => {
            Err(Failure::BadRequest(messages::instances_above(allowed)))
        }
        _ => Ok(()),
    }
}

/// The stored annotations without the deleted ones, overlaid by the given ones. rest.md §2.4.
fn merge_annotations(old: Option<&Action>, deleted: &HashSet<String>, given: Option<Annotations>) -> Annotations {
    let mut all = old.map(|a| a.annotations.clone()).unwrap_or_default();
    all.remove_all(deleted);
    all.merge(given.unwrap_or_default());
    all
}

/// Refuses annotations that have become too many together. Those that the server sets do not count.
fn check_merged(limits: &Limits, merged: &Annotations) -> Result<(), Failure> {
    let mut given = merged.clone();
    for own in [keys::EXEC, keys::PROVIDE_API_KEY] {
        given.remove(own);
    }
    check_annotations(limits, &given)
}

/// The annotations overlaid by the server's own.
fn with_own_annotations(mut all: Annotations, old: Option<&Action>, exec: &Exec) -> Annotations {
    if old.is_none() && all.get(keys::PROVIDE_API_KEY).is_none() {
        all.set(keys::PROVIDE_API_KEY, false);
    }
    all.set(keys::EXEC, exec.kind().as_str());
    all
}
