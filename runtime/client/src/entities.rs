//! Commands that all kinds of entities share: list, get, delete.

use clap::Args;
use serde_json::Value;

use crate::failure::Failure;
use crate::http::Server;
use crate::names::{Name, Scope, query};
use crate::screen::{Screen, bold};

/// A kind of entity: its name, and its collection in the API.
#[derive(Clone, Copy, Debug)]
pub struct Noun {
    pub one: &'static str,
    pub many: &'static str,
}

pub const ACTION: Noun = Noun { one: "action", many: "actions" };
pub const PACKAGE: Noun = Noun { one: "package", many: "packages" };
pub const TRIGGER: Noun = Noun { one: "trigger", many: "triggers" };
pub const RULE: Noun = Noun { one: "rule", many: "rules" };

/// The largest page that a server returns.
pub const PAGE: usize = 200;

/// The part of a list to print.
#[derive(Args, Clone)]
pub struct Page {
    /// Skip the first SKIP entries
    #[arg(short = 's', long, value_name = "SKIP", default_value_t = 0)]
    pub skip: u64,
    /// Print at most LIMIT entries; the maximum is 200, and 0 means 200
    #[arg(short = 'l', long, value_name = "LIMIT", default_value_t = 30)]
    pub limit: u64,
}

impl Page {
    pub fn query(&self) -> String {
        query(&[("limit", Some(self.limit.to_string())), ("skip", Some(self.skip.to_string()))])
    }
}

/// The order of a list.
#[derive(Args, Clone)]
pub struct Sorting {
    /// Sort the entries by name [default: newest first]
    #[arg(short = 'n', long)]
    name_sort: bool,
}

impl Sorting {
    pub fn apply(&self, list: &mut Value) {
        if let (true, Some(list)) = (self.name_sort, list.as_array_mut()) {
            list.sort_by_key(full_name);
        }
    }
}

/// One page of a collection.
pub fn page(server: &Server, noun: Noun, scope: &Scope, page: &Page) -> Result<Value, Failure> {
    server.get(&format!("{}{}", scope.path(noun.many), page.query())).map_err(|refusal| {
        refusal.because(format!("Unable to obtain the list of {} for namespace '{}'", noun.many, scope.namespace))
    })
}

/// All pages of a collection. A page of large items is shorter than was asked for, so only an empty one is the last.
pub fn all(server: &Server, noun: Noun, scope: &Scope) -> Result<Vec<Value>, Failure> {
    let mut found = Vec::new();
    loop {
        let part = Page { skip: found.len() as u64, limit: PAGE as u64 };
        let Value::Array(part) = page(server, noun, scope, &part)? else { return Ok(found) };
        if part.is_empty() {
            return Ok(found);
        }
        found.extend(part);
    }
}

/// The document of an entity.
pub fn fetch(server: &Server, noun: Noun, name: &Name) -> Result<Value, Failure> {
    let code = if noun.one == ACTION.one { "?code=false" } else { "" };
    server
        .get(&format!("{}{code}", name.path(noun.many)))
        .map_err(|refusal| refusal.because(format!("Unable to get {} '{}'", noun.one, name.short())))
}

/// Prints the document, or one field of it.
pub fn show(screen: Screen, noun: Noun, name: &str, document: &Value, field: Option<&str>) -> Result<(), Failure> {
    let Some(field) = field else {
        screen.heading(&format!("got {} {}", noun.one, bold(name)));
        screen.document(document);
        return Ok(());
    };
    let Some(value) = document.get(field) else {
        return Err(Failure::usage(format!("Invalid field filter '{field}'.")));
    };
    screen.heading(&format!("got {} {}, displaying field {}", noun.one, bold(name), bold(field)));
    screen.document(value);
    Ok(())
}

/// Deletes an entity; `query` follows its path.
pub fn delete(server: &Server, screen: Screen, noun: Noun, name: &Name, query: &str) -> Result<(), Failure> {
    let gone = server
        .delete(&format!("{}{query}", name.path(noun.many)))
        .map_err(|refusal| refusal.because(format!("Unable to delete {} '{}'", noun.one, name.short())))?;
    screen.done(&format!("deleted {} {}", noun.one, bold(name.short())), &gone);
    Ok(())
}

/// `/namespace[/package]/name`.
pub fn full_name(document: &Value) -> String {
    let part = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
    format!("/{}/{}", part("namespace"), part("name"))
}

/// The first columns of a list: full name, and whether it is shared.
pub fn row(document: &Value) -> Vec<String> {
    let shared = if document["publish"] == true { "shared" } else { "private" };
    vec![full_name(document), shared.to_owned()]
}

/// The value of an annotation.
pub fn annotation<'a>(document: &'a Value, key: &str) -> Option<&'a Value> {
    let annotations = document["annotations"].as_array()?;
    annotations.iter().find(|annotation| annotation["key"] == key).map(|annotation| &annotation["value"])
}

/// Two lines about an entity: its description and its parameters. `*` marks parameters with a value, `**` final ones.
pub fn summary(noun: Noun, document: &Value) -> String {
    let described = annotation(document, "description").and_then(Value::as_str).unwrap_or("no description");
    let mark = if annotation(document, "final") == Some(&Value::Bool(true)) { "**" } else { "*" };
    let keys = |list: Option<&Value>, member: &str| -> Vec<String> {
        let entries = list.and_then(Value::as_array).into_iter().flatten();
        entries.filter_map(|entry| Some(entry[member].as_str()?.to_owned())).collect()
    };
    let bound = keys(document.get("parameters"), "key");
    let mut shown: Vec<String> = bound.iter().map(|key| format!("{mark}{key}")).collect();
    shown.extend(keys(annotation(document, "parameters"), "name").into_iter().filter(|name| !bound.contains(name)));
    let parameters = if shown.is_empty() { "none defined".to_owned() } else { shown.join(", ") };
    format!("{} {}: {described}\n   (parameters: {parameters})", bold(noun.one), full_name(document))
}
