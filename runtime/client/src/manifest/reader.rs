//! From a manifest to the entities that it asks for.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::format::{Action, Dependency, Entries, Limits, Package, Parsed, Rule, Sequence, Text, Trigger, WebSecure};
use super::inputs;
use super::wanted::{Feed, Kind, WantedEntity};
use crate::actions::{Web, exec_of_file};
use crate::failure::Failure;
use crate::names::Name;
use crate::parameters::wire;

/// A package of this name stands for the namespace itself.
pub const NO_PACKAGE: &str = "default";

/// Where the packages can be: wskdeploy's two places, then aio's two.
const PACKAGES: [&[&str]; 4] = [
    &["packages"],
    &["project", "packages"],
    &["application", "runtimeManifest", "packages"],
    &["runtimeManifest", "packages"],
];

/// The entities that a manifest asks for, and warnings about fields that are not known.
#[derive(Debug, Default)]
pub struct ManifestContents {
    pub wanted: Vec<WantedEntity>,
    pub warnings: Vec<String>,
}

/// Reads a manifest; code is read from files next to `file`.
pub fn wanted(manifest: &Value, file: &Path) -> Result<ManifestContents, Failure> {
    let find =
        |path: &[&str]| path.iter().try_fold(manifest, |value, key| value.get(key).filter(|value| !value.is_null()));
    let Some((path, packages)) = PACKAGES.iter().find_map(|path| Some((path, find(path)?))) else {
        return Err(Failure::general(format!("{}: there is no mapping `packages`", file.display())));
    };
    let root = path.join(".");
    let mut warnings = Vec::new();
    let packages = parse(packages, &root, &mut warnings)?;
    let mut reader = Reader { folder: file.parent().unwrap_or(Path::new("")), wanted: Vec::new() };
    for (name, package) in packages.0 {
        reader.package(&name, package.unwrap_or_default(), &format!("{root}.{name}"))?;
    }
    let mut wanted = reader.wanted;
    wanted.sort_by_key(|wanted| wanted.kind); // stable: within a kind, the manifest's order
    Ok(ManifestContents { wanted, warnings })
}

/// Errors and warnings name the field with its path in the manifest.
fn parse(packages: &Value, root: &str, warnings: &mut Vec<String>) -> Result<Entries<Option<Package>>, Failure> {
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(packages, &mut track);
    let parsed = serde_ignored::deserialize(deserializer, |path| {
        warnings.push(format!("{root}{} is unknown and ignored", path_of(&path)));
    });
    parsed.map_err(|cause| {
        let path = match track.path().to_string() {
            empty if empty == "." => root.to_owned(),
            path => format!("{root}.{path}"),
        };
        Failure::general(format!("{path}: {cause}"))
    })
}

/// `.shop.actions.order`.
fn path_of(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}.{index}", path_of(parent)),
        Path::Map { parent, key } => format!("{}.{key}", path_of(parent)),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => path_of(parent),
    }
}

struct Reader<'a> {
    folder: &'a Path,
    wanted: Vec<WantedEntity>,
}

impl Reader<'_> {
    fn package(&mut self, name: &str, manifest: Package, path: &str) -> Result<(), Failure> {
        let package = (name != NO_PACKAGE).then_some(name);
        if package.is_some() {
            let annotations = annotations(manifest.description, manifest.annotations);
            let mut body = entity(&annotations, manifest.parameters, manifest.inputs);
            let public = manifest.public.or(manifest.publish).is_some_and(|flag| flag.0);
            body.insert("publish".to_owned(), public.into());
            self.add(Kind::Package, Name::own(name), body, None);
        }
        for (name, dependency) in entries(manifest.dependencies) {
            self.binding(&name, dependency);
        }
        for (name, action) in entries(manifest.actions) {
            self.action(within(package, &name), action.unwrap_or_default(), &format!("{path}.actions.{name}"))?;
        }
        for (name, sequence) in entries(manifest.sequences) {
            self.sequence(within(package, &name), sequence);
        }
        for (name, trigger) in entries(manifest.triggers) {
            self.trigger(&name, trigger.unwrap_or_default());
        }
        for (name, rule) in entries(manifest.rules) {
            self.rule(&name, package, rule);
        }
        Ok(())
    }

    fn add(&mut self, kind: Kind, name: Name, body: Map<String, Value>, feed: Option<Feed>) {
        self.wanted.push(WantedEntity { kind, name, body, feed });
    }

    fn binding(&mut self, name: &str, dependency: Dependency) {
        let annotations = annotations(dependency.description, dependency.annotations);
        let mut body = entity(&annotations, dependency.parameters, dependency.inputs);
        let package = dependency.location.0;
        body.insert("binding".to_owned(), json!({ "namespace": package.namespace, "name": package.name }));
        self.add(Kind::Package, Name::own(name), body, None);
    }

    fn action(&mut self, name: Name, mut action: Action, path: &str) -> Result<(), Failure> {
        let exec = self.exec(&action, path)?;
        let mut annotations = annotations(action.description.take(), action.annotations.take());
        annotations.extend(web_annotations(action.web.or(action.web_export), action.web_secure));
        if let Some(conductor) = action.conductor {
            annotations.insert("conductor".to_owned(), conductor.0.into());
        }
        let mut body = entity(&annotations, action.parameters, action.inputs);
        body.insert("exec".to_owned(), exec);
        if let Some(limits) = action.limits {
            body.insert("limits".to_owned(), Value::Object(limits_of(limits)));
        }
        self.add(Kind::Action, name, body, None);
        Ok(())
    }

    fn exec(&self, action: &Action, path: &str) -> Result<Value, Failure> {
        let is_native = action.native.as_ref().is_some_and(|flag| flag.0);
        let image = match &action.docker {
            Some(image) => Some(image.0.as_str()),
            None => is_native.then_some("openwhisk/dockerskeleton"),
        };
        let kind = if image.is_some() { Some("blackbox") } else { action.runtime.as_ref().map(|kind| kind.0.as_str()) };
        let of_file = |file: &Text, field: &str| {
            exec_of_file(&self.folder.join(&file.0), kind)
                .map_err(|failed| Failure { message: format!("{path}.{field}: {}", failed.message), ..failed })
        };
        let mut exec = match action {
            Action { function: Some(file), .. } => of_file(file, "function")?,
            Action { location: Some(file), .. } => of_file(file, "location")?,
            Action { code: Some(code), .. } => json!({ "kind": kind.unwrap_or("wasm:default"), "code": code.0 }),
            _ if image.is_some() => json!({ "kind": "blackbox" }),
            _ => return Err(Failure::general(format!("{path}: needs `function`, which is a file, or `code`"))),
        };
        if let Some(image) = image {
            exec["image"] = image.into();
        }
        if let Some(main) = &action.main {
            exec["main"] = main.0.as_str().into();
        }
        Ok(exec)
    }

    fn sequence(&mut self, name: Name, sequence: Sequence) {
        let mut annotations = annotations(sequence.description, sequence.annotations);
        annotations.extend(web_annotations(sequence.web.or(sequence.web_export), sequence.web_secure));
        let components = sequence.actions.0.into_iter();
        let components: Vec<_> = components.map(|action| action.within(name.package.as_deref()).to_string()).collect();
        let body = Map::from_iter([
            ("annotations".to_owned(), wire(&annotations)),
            ("exec".to_owned(), json!({ "kind": "sequence", "components": components })),
        ]);
        self.add(Kind::Sequence, name, body, None);
    }

    fn trigger(&mut self, name: &str, trigger: Trigger) {
        let mut annotations = annotations(trigger.description, trigger.annotations);
        let parameters = inputs::read(trigger.parameters, trigger.inputs);
        let (feed, own) = match trigger.feed.or(trigger.source) {
            None => (None, parameters),
            Some(Parsed(action)) => {
                annotations.insert("feed".to_owned(), action.to_string().into());
                (Some(Feed { action, parameters }), Map::new())
            }
        };
        let body =
            Map::from_iter([("annotations".to_owned(), wire(&annotations)), ("parameters".to_owned(), wire(&own))]);
        self.add(Kind::Trigger, Name::own(name), body, feed);
    }

    fn rule(&mut self, name: &str, package: Option<&str>, rule: Rule) {
        let annotations = annotations(rule.description, rule.annotations);
        let body = Map::from_iter([
            ("trigger".to_owned(), rule.trigger.0.to_string().into()),
            ("action".to_owned(), rule.action.0.within(package).to_string().into()),
            ("annotations".to_owned(), wire(&annotations)),
        ]);
        self.add(Kind::Rule, Name::own(name), body, None);
    }
}

fn entries<T>(entries: Option<Entries<T>>) -> Vec<(String, T)> {
    entries.map(|entries| entries.0).unwrap_or_default()
}

fn within(package: Option<&str>, name: &str) -> Name {
    Name { package: package.map(str::to_owned), ..Name::own(name) }
}

/// The part of a PUT's body that all entities have.
fn entity(
    annotations: &Map<String, Value>,
    parameters: Option<Map<String, Value>>,
    inputs: Option<Map<String, Value>>,
) -> Map<String, Value> {
    Map::from_iter([
        ("parameters".to_owned(), wire(&inputs::read(parameters, inputs))),
        ("annotations".to_owned(), wire(annotations)),
    ])
}

/// A description is an annotation too.
fn annotations(description: Option<Text>, own: Option<Map<String, Value>>) -> Map<String, Value> {
    let description = description.map(|Text(text)| ("description".to_owned(), text.into()));
    description.into_iter().chain(own.unwrap_or_default()).collect()
}

fn web_annotations(web: Option<Parsed<Web>>, secret: Option<WebSecure>) -> Map<String, Value> {
    let mut annotations: Map<_, _> = web.into_iter().flat_map(|Parsed(mode)| mode.annotations()).collect();
    if let Some(WebSecure(Some(secret))) = secret {
        annotations.insert("require-whisk-auth".to_owned(), secret);
    }
    annotations
}

/// The second name of a limit wins.
fn limits_of(limits: Limits) -> Map<String, Value> {
    let all = [
        ("timeout", limits.timeout),
        ("memory", limits.memory_size.or(limits.memory)),
        ("logs", limits.log_size.or(limits.logs)),
        ("concurrency", limits.concurrent_activations.or(limits.concurrency)),
    ];
    all.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), limit?.0.into()))).collect()
}
