//! Packages and bindings: their actions, where bindings lead, and how they are written and deleted. rest.md §7.

use wask_model::annotations::keys;
use wask_model::{
    Annotations, Binding, Collection, CommonPatch, Entity, Failure, FullName, Identity, Package, Parameters, messages,
};
use wask_store::{EntitySummary, ListPage, Revision, StoredEntity};

use super::write::{Batch, Write};
use super::{Catalog, Overwrite, Page, Selection, check_sizes, existing, wrong_collection};
use crate::gate::rights;

/// The segment that means "no package" in the URLs of web actions.
const RESERVED: &str = "default";

/// How many packages may lie between a name and the actions. A binding can only be made to a package, so there are two,
/// unless the package was deleted and replaced by a binding of its name.
pub(super) const LONGEST_WAY: usize = 8;

/// The given fields in the body of a package PUT.
#[derive(Debug, Default)]
pub struct PackagePatch {
    /// The package that a binding points at.
    pub binding: Option<FullName>,
    pub common: CommonPatch,
}

/// Whether DELETE of a package deletes its actions, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    Yes,
    No,
}

/// A package with its actions, or a binding with the merged parameters and its provider's actions.
pub struct PackageView {
    pub package: Package,
    pub revision: Revision,
    /// Its actions and feeds, as many as a page of a list has.
    pub actions: ListPage<EntitySummary>,
}

/// A package reached through its binding, if any, with the parameters merged.
pub(super) struct ResolvedPackage {
    /// The package that holds the actions.
    pub provider: FullName,
    /// The requested name, if it is a binding.
    pub binding: Option<FullName>,
    /// The provider's parameters, overlaid by the binding's.
    pub parameters: Parameters,
}

impl Catalog {
    /// A package or binding with its actions.
    pub async fn package(&self, name: &FullName) -> Result<PackageView, Failure> {
        let resolved = self.resolve_package(name).await?;
        let stored = self.get(name, Collection::Packages).await?;
        let package = Package { parameters: resolved.parameters, ..as_package(&stored)?.clone() };
        let actions = self.list(&Selection::inside(&resolved.provider), Page::ALL).await?;
        Ok(PackageView { package, revision: stored.revision, actions })
    }

    /// Selects the actions of a package; of a binding, its provider's.
    pub async fn actions_of(&self, package: &FullName) -> Result<Selection, Failure> {
        Ok(Selection::inside(&self.resolve_package(package).await?.provider))
    }

    /// Follows bindings from `name` to the package that holds the actions. 404 if one of them is missing, 409 if it is
    /// not a package, 422 if they form a circle.
    pub(super) async fn resolve_package(&self, name: &FullName) -> Result<ResolvedPackage, Failure> {
        let mut resolved = ResolvedPackage { provider: name.clone(), binding: None, parameters: Parameters::default() };
        for _ in 0..LONGEST_WAY {
            let stored = self.get(&resolved.provider, Collection::Packages).await?;
            let package = as_package(&stored)?;
            resolved.parameters = package.parameters.overlaid_by(&resolved.parameters);
            let Some(binding) = &package.binding else { return Ok(resolved) };
            resolved.binding.get_or_insert_with(|| name.clone());
            resolved.provider = binding.package.clone();
        }
        Err(Failure::Unprocessable(messages::binding_circular(name)))
    }

    /// Whether an action may be written under this name: its package must exist and not be a binding. rest.md
    /// §7.5.
    pub async fn check_package(&self, action: &FullName) -> Result<(), Failure> {
        let Some(package) = action.package_name() else { return Ok(()) };
        let stored = self.get(&package, Collection::Packages).await?;
        match as_package(&stored)?.binding {
            Some(_) => Err(Failure::BadRequest(messages::NOT_ON_BINDING.into())),
            None => Ok(()),
        }
    }

    /// Creates a package or binding, or with [`Overwrite::Yes`] creates or changes it. The caller must be allowed to
    /// read the package that a binding points at.
    pub async fn put_package(
        &self,
        name: &FullName,
        mut patch: PackagePatch,
        overwrite: Overwrite,
        by: &Write,
    ) -> Result<StoredEntity<Package>, Failure> {
        if name.name.as_str() == RESERVED {
            return Err(Failure::BadRequest(messages::PACKAGE_NAME_RESERVED.into()));
        }
        let (_, limits) = self.writer(&name.namespace).await?;
        check_sizes(&limits, &patch.common)?;
        if let Some(target) = &patch.binding {
            self.check_target(&by.identity, target).await?;
        }
        let stored = self.find(name).await?;
        by.condition.check(stored.as_ref().map(|stored| stored.revision))?;
        let (old, based_on) = existing(stored.as_deref(), overwrite, Entity::as_package)?;
        let head = stored.as_deref().map(|stored| stored.value.head());
        if patch.binding.is_some() && old.is_some_and(|package| package.binding.is_none()) {
            return Err(Failure::Conflict(messages::PACKAGE_NO_BINDING.into()));
        }
        let given = patch.binding.map(|package| Binding { package });
        let binding = given.or_else(|| old.and_then(|p| p.binding.clone()));
        let annotations = patch.common.take_annotations(head);
        let package = Package {
            name: name.clone(),
            version: patch.common.version(head),
            publish: patch.common.publish(head),
            parameters: patch.common.take_parameters(old.map(|p| &p.parameters)),
            annotations: annotated(annotations, binding.as_ref()),
            binding,
            updated: self.clock.now(),
        };
        let revision = self.put(by, Entity::Package(package.clone()), based_on, None).await?;
        Ok(StoredEntity { revision, value: package })
    }

    /// Deletes the package, with [`Force::Yes`] together with its actions, and returns it as it was stored. Bindings
    /// that point at it remain and fail from now on.
    pub async fn delete_package(&self, name: &FullName, force: Force, by: &Write) -> Result<Package, Failure> {
        let stored = self.get(name, Collection::Packages).await?;
        let package = as_package(&stored)?;
        by.condition.check(Some(stored.revision))?;
        let mut batch = Batch::new(by, self.clock.now());
        if package.binding.is_none() {
            let count = self.count(&Selection::inside(name)).await?;
            if count > 0 && force == Force::No {
                return Err(Failure::Conflict(messages::package_not_empty(count)));
            }
            for member in self.members_of(name).await? {
                if let Some(stored) = self.find(&member).await? {
                    batch.delete(&stored);
                }
            }
        }
        batch.delete(&stored);
        self.apply(batch).await?;
        Ok(package.clone())
    }

    /// The names of all actions in a package, read page by page.
    async fn members_of(&self, package: &FullName) -> Result<Vec<FullName>, Failure> {
        let mut names = Vec::new();
        loop {
            let rest = Page { skip: names.len() as u64, ..Page::ALL };
            let page = self.list(&Selection::inside(package), rest).await?;
            names.extend(page.items.into_iter().map(|member| member.name));
            if !page.is_cut {
                return Ok(names);
            }
        }
    }

    /// Whether a binding may point at `target`: a package that the identity may use and that is not a binding itself.
    async fn check_target(&self, identity: &Identity, target: &FullName) -> Result<(), Failure> {
        let own = rights::owns(identity, &target.namespace);
        let stored = match self.get(target, Collection::Packages).await {
            Ok(stored) => stored,
            Err(Failure::NotFound(_)) if own => return Err(Failure::BadRequest(messages::BINDING_MISSING.into())),
            Err(Failure::Conflict(_)) if own => return Err(Failure::Conflict(messages::BINDING_NOT_A_PACKAGE.into())),
            Err(Failure::NotFound(_) | Failure::Conflict(_)) => return rights::refuse([target.to_string()]),
            Err(other) => return Err(other),
        };
        let package = as_package(&stored)?;
        if !rights::may_use(identity, package) {
            return rights::refuse([target.to_string()]);
        }
        match package.binding {
            Some(_) => Err(Failure::BadRequest(messages::BINDING_OF_BINDING.into())),
            None => Ok(()),
        }
    }
}

/// Sets the annotation `binding`, which belongs to the server: a binding has a copy of its target, a package has none.
fn annotated(mut annotations: Annotations, binding: Option<&Binding>) -> Annotations {
    annotations.remove(keys::BINDING);
    match binding {
        Some(Binding { package }) => {
            annotations.with(keys::BINDING, serde_json::json!({ "namespace": package.namespace, "name": package.name }))
        }
        None => annotations,
    }
}

/// The entity as a package.
pub(super) fn as_package(stored: &StoredEntity<Entity>) -> Result<&Package, Failure> {
    stored.value.as_package().ok_or_else(wrong_collection)
}
