//! The JSON of packages. rest.md §2.2, §7.1.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value, json};
use wask_model::annotations::keys;
use wask_model::{Binding, CommonPatch, Failure, FullName, NamespaceName, Package, messages};

use super::summary::Member;
use crate::catalog::{PackagePatch, PackageView};

/// Reads the body of a PUT.
pub fn read(body: &Value, own: &NamespaceName) -> Result<PackagePatch, Failure> {
    let common = CommonPatch::from_wire(body)?;
    let binding = reference(body.get("binding"), own)?;
    Ok(PackagePatch { binding, common })
}

/// Reads `{"namespace", "name"}`. A missing or empty object means no binding.
fn reference(given: Option<&Value>, own: &NamespaceName) -> Result<Option<FullName>, Failure> {
    let malformed = || Failure::malformed(messages::BINDING_MALFORMED);
    let members: &Map<String, Value> = match given {
        None => return Ok(None),
        Some(binding) => binding.as_object().ok_or_else(malformed)?,
    };
    if members.is_empty() {
        return Ok(None);
    }
    let part = |key: &str| members.get(key).and_then(Value::as_str).ok_or_else(malformed);
    let namespace = match part("namespace")?.trim_start_matches('/') {
        "_" => own.clone(),
        other => other.parse()?,
    };
    Ok(Some(FullName::new(namespace, part("name")?.parse()?)))
}

/// The document without the package's actions.
pub fn document(package: &Package) -> Value {
    json!({
        "namespace": package.name.path(),
        "name": package.name.name,
        "version": package.version,
        "publish": package.publish,
        "parameters": package.parameters,
        "annotations": package.annotations,
        "binding": package.binding.as_ref().map_or_else(|| json!({}), binding),
        "updated": package.updated,
    })
}

/// The document with the package's actions and feeds.
pub struct View<'a>(pub &'a PackageView);

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let View(view) = self;
        let (feeds, actions): (Vec<_>, Vec<_>) =
            view.actions.items.iter().partition(|member| member.has_annotation(keys::FEED));
        let members = |all: Vec<_>| all.into_iter().map(Member).collect::<Vec<_>>();
        let mut out = serializer.serialize_map(None)?;
        for (key, value) in document(&view.package).as_object().into_iter().flatten() {
            out.serialize_entry(key, value)?;
        }
        out.serialize_entry("actions", &members(actions))?;
        out.serialize_entry("feeds", &members(feeds))?;
        out.end()
    }
}

pub fn binding(binding: &Binding) -> Value {
    json!({ "namespace": binding.package.namespace, "name": binding.package.name })
}
