//! The summaries that lists show of entities. rest.md §2.2.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::json;
use wask_model::{Collection, FullName};
use wask_store::EntitySummary;

/// One element of a list.
pub struct Summary {
    collection: Collection,
    entity: EntitySummary,
}

impl Summary {
    pub fn new(collection: Collection, entity: EntitySummary) -> Self {
        Summary { collection, entity }
    }
}

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Summary { collection, entity } = self;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("namespace", &entity.name.path())?;
        out.serialize_entry("name", &entity.name.name)?;
        out.serialize_entry("version", &entity.version)?;
        out.serialize_entry("publish", &entity.publish)?;
        out.serialize_entry("annotations", &entity.annotations)?;
        match collection {
            Collection::Actions => {
                out.serialize_entry("limits", &entity.limits)?;
                out.serialize_entry("exec", &json!({ "binary": entity.is_binary() }))?;
            }
            Collection::Triggers => (),
            Collection::Rules => {
                let reference = |name: &FullName| json!({ "path": name.path(), "name": name.name });
                out.serialize_entry("trigger", &entity.trigger.as_ref().map(reference))?;
                out.serialize_entry("action", &entity.action.as_ref().map(reference))?;
            }
            Collection::Packages => {
                let binding = entity.binding.as_ref().map_or_else(|| json!(false), super::package::binding);
                out.serialize_entry("binding", &binding)?;
            }
        }
        out.serialize_entry("updated", &entity.updated)?;
        out.end()
    }
}

/// The entry of an action or a feed in its package's document.
pub struct Member<'a>(pub &'a EntitySummary);

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("name", &self.0.name.name)?;
        out.serialize_entry("version", &self.0.version)?;
        out.serialize_entry("annotations", &self.0.annotations)?;
        out.end()
    }
}
