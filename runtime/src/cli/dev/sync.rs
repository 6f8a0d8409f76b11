//! Puts modules from files and from this binary into the catalog, for `wask dev`.

use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wask_model::annotations::keys;
use wask_model::{Annotations, CommonPatch, EntityName, FullName, Kind, NamespaceName, Version};

use crate::catalog::{ActionPatch, Catalog, Condition, ExecPatch, Overwrite, RulePatch, Write};

/// Deploys a module as a web action, unless the same code is deployed already.
pub async fn module(
    catalog: &Catalog,
    namespace: &NamespaceName,
    name: &str,
    code: String,
) -> anyhow::Result<SyncOutcome> {
    let name = FullName::new(namespace.clone(), name.parse::<EntityName>()?);
    if let Ok(view) = catalog.action(&name).await
        && view.action.code().is_some_and(|old| old.digest == wask_model::CodeRef::digest_of(&code))
    {
        return Ok(SyncOutcome::Unchanged);
    }
    let by = owner(catalog, namespace).await?;
    let annotations = Some(Annotations::default().with(keys::WEB_EXPORT, true));
    let common = CommonPatch { annotations, ..CommonPatch::default() };
    let patch = ActionPatch {
        exec: Some(ExecPatch::Code { kind: Kind::wasm(), code, main: None, image: None }),
        common,
        ..ActionPatch::default()
    };
    Ok(SyncOutcome::Deployed(catalog.put_action(&name, patch, Overwrite::Yes, &by).await?.value.version))
}

pub enum SyncOutcome {
    /// The action now has this version.
    Deployed(Version),
    Unchanged,
}

/// A module in the form that clients post.
pub fn encoded(wasm: &[u8]) -> String {
    STANDARD.encode(wasm)
}

/// The action's name and the posted form of a `.wasm` or `.wat` file. `None`: another kind of file.
pub fn read(path: &Path) -> anyhow::Result<Option<(String, String)>> {
    let Some(name) = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned) else { return Ok(None) };
    let unreadable = || format!("read {}", path.display());
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("wasm") => Ok(Some((name, encoded(&std::fs::read(path).with_context(unreadable)?)))),
        Some("wat") => Ok(Some((name, std::fs::read_to_string(path).with_context(unreadable)?))),
        _ => Ok(None),
    }
}

/// Changes are made as the namespace's owner.
async fn owner(catalog: &Catalog, namespace: &NamespaceName) -> anyhow::Result<Write> {
    let identity = catalog.owner(namespace).await?.with_context(|| format!("there is no namespace {namespace}"))?;
    Ok(Write { identity, transaction: "wask-dev".into(), condition: Condition::None })
}

/// Creates a trigger and a rule that connects it to an action, if they do not exist.
pub async fn bind(catalog: &Catalog, trigger: &FullName, rule: &FullName, action: &FullName) -> anyhow::Result<()> {
    let by = owner(catalog, &trigger.namespace).await?;
    if catalog.trigger(trigger).await.is_err() {
        let feed = Annotations::default().with(keys::FEED, "/whisk.system/alarms/alarm");
        let patch = CommonPatch { annotations: Some(feed), ..CommonPatch::default() };
        catalog.put_trigger(trigger, patch, Overwrite::Yes, &by).await?;
    }
    if catalog.rule(rule).await.is_err() {
        let (trigger, action) = (Some(trigger.clone()), Some(action.clone()));
        let patch = RulePatch { trigger, action, ..RulePatch::default() };
        catalog.put_rule(rule, patch, Overwrite::Yes, &by).await?;
    }
    Ok(())
}
