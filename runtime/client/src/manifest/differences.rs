//! How an entity differs from the manifest. Values of parameters are never shown, because they may be secrets.

use serde_json::{Map, Value};

use super::existing::ExistingEntity;
use super::wanted::{Kind, WantedEntity};
use crate::names::Name;
use crate::parameters::object_of;
use crate::triggers::feed_of;

/// Annotations that the server sets.
const OF_THE_SERVER: [&str; 3] = ["exec", "provide-api-key", "binding"];
/// The annotation that is compared as a feed.
const FEED: &str = "feed";
/// The annotation whose value is a secret.
const SECRET: &str = "require-whisk-auth";
/// How many characters of a value are shown.
const SHOWN: usize = 60;

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub kind: DifferenceKind,
    /// `limits.timeout: 60000 -> 120000`
    pub line: String,
}

/// The part that differs, as far as a step depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The code or components of an action.
    Exec,
    /// The feed of a trigger or its parameters.
    Feed,
    Rest,
}

/// All differences; empty if the entity matches the manifest. `lent`: the parameters of its package. `namespace`: the real
/// name of `_`.
pub fn between(
    wanted: &WantedEntity,
    found: &ExistingEntity,
    lent: &Map<String, Value>,
    namespace: &str,
) -> Vec<Difference> {
    let mut all = Vec::new();
    let tagged =
        |kind: DifferenceKind, lines: Vec<String>| lines.into_iter().map(move |line| Difference { kind, line });
    for (member, value) in &wanted.body {
        let (existing, mut lines) = (&found.document[member], Vec::new());
        match member.as_str() {
            "exec" => exec(value, existing, namespace, &mut lines),
            "limits" => members(member, value.as_object(), existing, &mut lines),
            "parameters" => parameters(wanted, value, existing, lent, &mut lines),
            "annotations" => annotations(value, existing, &mut lines),
            "trigger" | "action" => changed(member, &full(value, namespace), &reference(existing), &mut lines),
            "binding" => {
                let wanted = format!("/_/{}", text(&value["name"])).replacen('_', text(&value["namespace"]), 1);
                let existing = format!("/{}/{}", text(&existing["namespace"]), text(&existing["name"]));
                changed(member, &real(&wanted, namespace), &existing, &mut lines);
            }
            _ => changed(member, &value.to_string(), &existing.to_string(), &mut lines),
        }
        all.extend(tagged(if member == "exec" { DifferenceKind::Exec } else { DifferenceKind::Rest }, lines));
    }
    all.extend(tagged(DifferenceKind::Feed, feed(wanted, found, namespace)));
    all
}

/// Compares the feed, and its parameters with the configuration that it reports.
fn feed(wanted: &WantedEntity, found: &ExistingEntity, namespace: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let shown = |feed: Option<&Name>| feed.map_or_else(|| "none".to_owned(), |feed| real(&feed.to_string(), namespace));
    let (new, old) = (wanted.feed.as_ref().map(|feed| &feed.action), feed_of(&found.document));
    changed("feed", &shown(new), &shown(old.as_ref()), &mut lines);
    if let (Some(feed), true) = (&wanted.feed, lines.is_empty()) {
        feed_parameters(&feed.parameters, &found.feed, &mut lines);
    }
    lines
}

fn changed(what: &str, wanted: &str, existing: &str, all: &mut Vec<String>) {
    if wanted != existing {
        all.push(format!("{what}: {} -> {}", cut(existing), cut(wanted)));
    }
}

fn exec(wanted: &Value, existing: &Value, namespace: &str, all: &mut Vec<String>) {
    let kind = |exec: &Value| text(&exec["kind"]).to_owned();
    let family = |kind: &str| kind.split(':').next().unwrap_or_default().to_owned();
    let default = kind(wanted).ends_with(":default") && family(&kind(wanted)) == family(&kind(existing));
    if !default {
        changed("kind", &kind(wanted), &kind(existing), all);
    }
    if let Some(main) = wanted.get("main") {
        changed("main", text(main), text(&existing["main"]), all);
    }
    let code = |exec: &Value| text(&exec["code"]).trim().to_owned();
    if wanted.get("code").is_some() && code(wanted) != code(existing) {
        all.push(format!("code: {} -> {} characters", code(existing).len(), code(wanted).len()));
    }
    if let Some(components) = wanted.get("components").and_then(Value::as_array) {
        let wanted: Vec<_> = components.iter().map(|name| full(name, namespace)).collect();
        let existing = existing["components"].as_array().into_iter().flatten();
        let existing: Vec<_> = existing.map(|name| text(name).to_owned()).collect();
        changed("actions", &wanted.join(", "), &existing.join(", "), all);
    }
}

fn members(what: &str, wanted: Option<&Map<String, Value>>, existing: &Value, all: &mut Vec<String>) {
    for (key, value) in wanted.into_iter().flatten() {
        changed(&format!("{what}.{key}"), &value.to_string(), &existing[key].to_string(), all);
    }
}

fn parameters(
    wanted: &WantedEntity,
    value: &Value,
    existing: &Value,
    lent: &Map<String, Value>,
    all: &mut Vec<String>,
) {
    let (value, mut existing) = (object_of(value), object_of(existing));
    existing.retain(|key, own| value.contains_key(key) || lent.get(key) != Some(own));
    if wanted.kind == Kind::Package && wanted.body.contains_key("binding") {
        existing.retain(|key, _| value.contains_key(key)); // the others come from the package that it points at
    }
    for (key, value) in &value {
        match existing.get(key) {
            None => all.push(format!("parameters.{key}: new")),
            Some(existing) if existing != value => all.push(format!("parameters.{key}: another value")),
            Some(_) => (),
        }
    }
    let gone = existing.keys().filter(|key| !value.contains_key(*key));
    all.extend(gone.map(|key| format!("parameters.{key}: removed")));
}

fn annotations(wanted: &Value, existing: &Value, all: &mut Vec<String>) {
    let gone = removed(wanted, existing);
    let (wanted, existing) = (object_of(wanted), object_of(existing));
    for (key, value) in wanted.iter().filter(|(key, _)| *key != FEED) {
        match existing.get(key) {
            Some(existing) if existing == value => (),
            _ if key == SECRET => all.push(format!("annotations.{key}: another value")),
            None => all.push(format!("annotations.{key}: {}", cut(&value.to_string()))),
            Some(existing) => {
                changed(&format!("annotations.{key}"), &value.to_string(), &existing.to_string(), all);
            }
        }
    }
    all.extend(gone.iter().map(|key| format!("annotations.{key}: removed")));
}

/// Annotations that exist, are not in the manifest, and were not set by the server.
pub fn removed_annotations(body: &Map<String, Value>, document: &Value) -> Vec<String> {
    removed(body.get("annotations").unwrap_or(&Value::Null), &document["annotations"])
}

fn removed(wanted: &Value, existing: &Value) -> Vec<String> {
    let (wanted, existing) = (object_of(wanted), object_of(existing));
    let is_gone = |key: &String| !wanted.contains_key(key) && !OF_THE_SERVER.contains(&key.as_str()) && key != FEED;
    existing.keys().filter(|key| is_gone(key)).cloned().collect()
}

/// Compares a feed's parameters with its configuration, by name.
fn feed_parameters(wanted: &Map<String, Value>, config: &Value, all: &mut Vec<String>) {
    for (key, value) in wanted {
        let known = if key == "trigger_payload" { &config["payload"] } else { &config[key] };
        let same = known == value || (!known.is_null() && plain(known) == plain(value));
        if !same {
            all.push(format!("feed.{key}: another value"));
        }
    }
}

/// Text without quotes: feeds also take numbers as text.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn full(name: &Value, namespace: &str) -> String {
    real(text(name), namespace)
}

/// `/_/a` → `/ns/a`.
fn real(name: &str, namespace: &str) -> String {
    name.strip_prefix("/_/").map_or_else(|| name.to_owned(), |rest| format!("/{namespace}/{rest}"))
}

fn reference(value: &Value) -> String {
    format!("/{}/{}", text(&value["path"]), text(&value["name"]))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
