//! Resolves a name to an action that is ready to be invoked: package, binding and parameters are looked up once and
//! cached.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wask_model::{Action, Arguments, Collection, Exec, Failure, FullName, Weight as _};
use wask_sandbox::Digest;
use wask_store::Revision;

use super::{Catalog, wrong_collection};

/// An action found under a name.
pub struct ActionView {
    /// Has the provider's name and merged parameters: package < binding < action.
    pub action: Action,
    /// The revision of the provider's action.
    pub revision: Revision,
    /// The binding that it was found through.
    pub binding: Option<FullName>,
}

/// An action with everything that its invocations need.
pub struct ActionEntry {
    /// Has the provider's name and merged parameters: package < binding < action.
    pub action: Action,
    /// The binding that it was found through.
    pub binding: Option<FullName>,
    /// The default arguments: the merged parameters without the `init` ones.
    pub defaults: Arguments,
    /// The `init` parameters, as environment variables.
    pub environment: Vec<(String, String)>,
    /// The sandbox's digest of its module. `None`: it has no code.
    pub module: Option<Digest>,
    ran: AtomicBool,
}

impl ActionEntry {
    fn new(view: ActionView) -> Self {
        let ActionView { action, binding, .. } = view;
        // The parameters of a sequence are the list of its components, not arguments.
        let is_sequence = matches!(action.exec, Exec::Sequence { .. });
        ActionEntry {
            binding,
            defaults: if is_sequence { Arguments::default() } else { action.parameters.run_arguments() },
            environment: action.parameters.environment().collect(),
            module: action.code().and_then(|code| code.module.as_deref()?.parse().ok()),
            ran: AtomicBool::new(false),
            action,
        }
    }

    /// About how many bytes of memory it takes.
    pub(super) fn weight(&self) -> u64 {
        let environment = self.environment.iter().map(|(name, value)| 48 + (name.len() + value.len()) as u64);
        let action = self.action.parameters.weight() + self.action.annotations.weight() + self.action.exec.weight();
        1024 + action + self.defaults.weight() + environment.sum::<u64>()
    }

    /// The name that it was requested by. Resolving it again leads through the same binding.
    pub fn asked(&self) -> FullName {
        match &self.binding {
            Some(binding) => FullName::inside(binding, self.action.name.name.clone()),
            None => self.action.name.clone(),
        }
    }

    /// `true` for the first run of this version on this node, which is the cold one.
    pub fn is_cold(&self) -> bool {
        !self.ran.load(Ordering::Relaxed) && !self.ran.swap(true, Ordering::Relaxed)
    }
}

impl Catalog {
    /// The action that `name` invokes. 404 if it or a package on the way does not exist, 409 if a name belongs to
    /// another kind of entity. Does not check rights.
    pub async fn resolve(&self, name: &FullName) -> Result<Arc<ActionEntry>, Failure> {
        let read = || async { Ok(Arc::new(ActionEntry::new(self.action(name).await?))) };
        self.actions.get_or_read(name, read).await
    }

    /// The action to show for `name`. Fails like [`Catalog::resolve`].
    pub async fn action(&self, name: &FullName) -> Result<ActionView, Failure> {
        let Some(package) = name.package_name() else {
            let stored = self.get(name, Collection::Actions).await?;
            let action = stored.value.as_action().ok_or_else(wrong_collection)?.clone();
            return Ok(ActionView { action, revision: stored.revision, binding: None });
        };
        let resolved = self.resolve_package(&package).await?;
        let provided = FullName::inside(&resolved.provider, name.name.clone());
        let stored = self.get(&provided, Collection::Actions).await?;
        let mut action = stored.value.as_action().ok_or_else(wrong_collection)?.clone();
        action.parameters = resolved.parameters.overlaid_by(&action.parameters);
        Ok(ActionView { action, revision: stored.revision, binding: resolved.binding })
    }
}
