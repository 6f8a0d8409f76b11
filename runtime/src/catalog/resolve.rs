//! From a name to an action that is ready to be invoked: package, binding and parameters resolved once, then cached.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wask_model::{Action, Arguments, Collection, Exec, Failure, FullName};
use wask_sandbox::Digest;

use super::{Catalog, actions::as_action, system};

/// An action with everything that an invocation needs to know of it.
pub struct ActionEntry {
    pub action: Action,
    /// Default arguments: package < binding < action.
    pub defaults: Arguments,
    /// `init` parameters, as environment.
    pub environment: Vec<(String, String)>,
    /// What the sandbox knows its module by. `None`: it has no code.
    pub module: Option<Digest>,
    ran: AtomicBool,
}

impl ActionEntry {
    fn new(action: Action) -> Self {
        // The parameters of a sequence are the list of its components: they never take part in a run.
        let is_sequence = matches!(action.exec, Exec::Sequence { .. });
        ActionEntry {
            defaults: if is_sequence { Arguments::default() } else { action.parameters.run_arguments() },
            environment: action.parameters.environment().collect(),
            module: action.code().and_then(|code| code.module.as_deref()?.parse().ok()),
            ran: AtomicBool::new(false),
            action,
        }
    }

    /// `true` for the first run of this version on this node: the cold one.
    pub fn is_cold(&self) -> bool {
        !self.ran.load(Ordering::Relaxed) && !self.ran.swap(true, Ordering::Relaxed)
    }
}

impl Catalog {
    /// The action to be invoked under `name`. 404 when it or its package does not exist, 409 when the name is that of
    /// another kind of entity.
    pub async fn resolve(&self, name: &FullName) -> Result<Arc<ActionEntry>, Failure> {
        if let Some(entry) = self.actions.get(name) {
            return Ok(entry);
        }
        if let Some(action) = system::action(name) {
            return Ok(self.remember(name, ActionEntry::new(action)));
        }
        self.check_package(name).await?;
        let before = self.generation.load(Ordering::Acquire);
        let stored = self.get(name, Collection::Actions).await?;
        let entry = self.remember(name, ActionEntry::new(as_action(&stored)?.clone()));
        if self.generation.load(Ordering::Acquire) != before {
            self.actions.remove(name); // it may have been read before a change that has happened since
        }
        Ok(entry)
    }

    fn remember(&self, name: &FullName, entry: ActionEntry) -> Arc<ActionEntry> {
        let entry = Arc::new(entry);
        self.actions.insert(name.clone(), entry.clone());
        entry
    }
}
