//! `wask action …`.

mod code;
mod invoke;
mod web;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::entities::{self, ACTION, Page, Sorting};
use crate::failure::Failure;
use crate::http::Server;
use crate::names::{Name, Scope};
use crate::parameters::{AnnotationArgs, ParameterArgs, object_of, wire};
use crate::screen::{self, Screen, bold};

pub use code::{decoded, exec_of_file, write_new};
pub use web::{Web, WebSecret, is_web_action, url};

#[derive(Subcommand)]
pub enum Command {
    /// Create an action from a file
    #[command(after_help = EXAMPLES)]
    Create(ChangeArgs),
    /// Change an action, or create it; anything not given stays as it is
    Update(UpdateArgs),
    /// Invoke an action
    ///
    /// Without -b or -r, prints the activation id and does not wait. A blocking invocation waits at most 60 s; after
    /// that the action keeps running, and the exit code is 202.
    Invoke(invoke::InvokeArgs),
    /// Print an action, one of its fields or its URL, or save its code
    Get(GetArgs),
    /// Delete an action
    Delete {
        /// NAME, PACKAGE/NAME or /NAMESPACE/[PACKAGE/]NAME
        #[arg(value_name = "ACTION")]
        name: Name,
    },
    /// List the actions of a namespace or a package
    List {
        /// /NAMESPACE or PACKAGE [default: all of your own]
        #[arg(value_name = "SCOPE")]
        scope: Option<Scope>,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        sorting: Sorting,
    },
}

const EXAMPLES: &str = "\
Examples:
  wask action create hello hello.wasm --web true
  wask action create slow slow.wasm -t 120000 -m 512 -p greeting Hello
  wask action create both --sequence hello,slow";

/// The flags of an action.
#[derive(Args)]
pub struct ChangeArgs {
    /// NAME, PACKAGE/NAME or /NAMESPACE/[PACKAGE/]NAME
    #[arg(value_name = "ACTION")]
    name: Name,
    /// File with the code: .wasm, .wat, or a .zip that contains a .wasm. With --sequence: actions, separated by commas.
    /// With --copy: the action to copy
    #[arg(value_name = "FILE")]
    artifact: Option<String>,
    /// Kind of the action [default: wasm:default]
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Name of the entry point
    #[arg(long, value_name = "NAME")]
    main: Option<String>,
    /// Send the code as kind blackbox with this image's name
    #[arg(long, value_name = "IMAGE")]
    docker: Option<String>,
    /// Send the code as kind blackbox
    #[arg(long)]
    native: bool,
    /// FILE is an action to copy with its code, parameters and annotations
    #[arg(long, conflicts_with = "sequence")]
    copy: bool,
    /// FILE is a list of actions; each gets the result of the previous one
    #[arg(long)]
    sequence: bool,
    /// Make it reachable by URL without a key: true or yes, raw (gets the unparsed request), false or no
    #[arg(long, value_name = "MODE")]
    web: Option<Web>,
    /// Secret that callers of the web action send as X-Require-Whisk-Auth: any text, true (a random number) or false
    #[arg(long, value_name = "SECRET")]
    web_secure: Option<WebSecret>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    parameters: ParameterArgs,
    #[command(flatten)]
    annotations: AnnotationArgs,
}

#[derive(Args)]
struct LimitArgs {
    /// Time limit in milliseconds
    #[arg(short = 't', long, value_name = "MS")]
    timeout: Option<u64>,
    /// Memory limit in MB
    #[arg(short = 'm', long, value_name = "MB")]
    memory: Option<u64>,
    /// Limit of the log size in MB
    #[arg(short = 'l', long, value_name = "MB")]
    logsize: Option<u64>,
    /// How many activations may share one instance
    #[arg(short = 'c', long, value_name = "NUMBER")]
    concurrency: Option<u64>,
}

#[derive(Args)]
pub struct UpdateArgs {
    #[command(flatten)]
    change: ChangeArgs,
    /// Remove an annotation; repeat it for more
    #[arg(long, value_name = "KEY")]
    del_annotation: Vec<String>,
}

#[derive(Args)]
pub struct GetArgs {
    /// NAME, PACKAGE/NAME or /NAMESPACE/[PACKAGE/]NAME
    #[arg(value_name = "ACTION")]
    name: Name,
    /// Print only this field
    #[arg(conflicts_with_all = ["summary", "url"])]
    field: Option<String>,
    /// Print its description and parameters
    #[arg(short = 's', long)]
    summary: bool,
    /// Print the URL of the action
    #[arg(short = 'r', long)]
    url: bool,
    /// Save the code to a file named after the action
    #[arg(long)]
    save: bool,
    /// Save the code to this file
    #[arg(long, value_name = "FILE")]
    save_as: Option<String>,
}

pub fn run(command: Command, server: &Server, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::Create(change) => create(&change, server, screen),
        Command::Update(update) => self::update(&update, server, screen),
        Command::Invoke(args) => invoke::run(&args, server, screen),
        Command::Get(args) => get(&args, server, screen),
        Command::Delete { name } => entities::delete(server, screen, ACTION, &name, ""),
        Command::List { scope, page, sorting } => {
            let mut list = entities::page(server, ACTION, &scope.unwrap_or_default(), &page)?;
            sorting.apply(&mut list);
            print_list(screen, &list);
            Ok(())
        }
    }
}

pub fn print_list(screen: Screen, list: &Value) {
    let row = |document: &Value| {
        let kind = entities::annotation(document, "exec").and_then(Value::as_str).unwrap_or_default();
        entities::row(document).into_iter().chain([kind.to_owned()]).collect()
    };
    let rows: Vec<_> = list.as_array().into_iter().flatten().map(row).collect();
    screen.list("actions", &rows, list);
}

fn create(change: &ChangeArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    if change.artifact.is_none() && change.docker.is_none() {
        return Err(Failure::usage("Invalid argument(s). An action name and code artifact are required."));
    }
    let mut body = body_of(change, server)?;
    let given = change.annotations.object()?;
    if let Some(annotations) = web::annotations(given, change.web, change.web_secure.as_ref(), None)? {
        add_annotations(&mut body, annotations);
    }
    let path = change.name.path("actions");
    let made = server
        .put(&format!("{path}?overwrite=false"), &Value::Object(body))
        .map_err(|refusal| refusal.because(format!("Unable to create action '{}'", change.name.short())))?;
    screen.done(&format!("created action {}", bold(change.name.short())), &made);
    Ok(())
}

fn update(update: &UpdateArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let change = &update.change;
    let path = change.name.path("actions");
    let mut body = body_of(change, server)?;
    let mut given = change.annotations.object()?;
    let needs_existing = change.web.is_some() || change.web_secure.is_some() || !update.del_annotation.is_empty();
    let existing = if needs_existing { existing_annotations(server, &change.name)? } else { None };
    let mut removed = update.del_annotation.clone();
    if !removed.is_empty() {
        let mut kept = existing.clone().unwrap_or_default();
        kept.extend(given.unwrap_or_default());
        kept.retain(|key, _| !removed.contains(key));
        given = Some(kept);
    }
    if change.web_secure == Some(WebSecret::Off) {
        removed.push(web::SECURE.to_owned());
    }
    if !removed.is_empty() {
        body.insert("delAnnotations".to_owned(), json!(removed)); // a PUT merges annotations with the existing ones
    }
    let annotations = web::annotations(given, change.web, change.web_secure.as_ref(), existing.as_ref())?;
    if let Some(annotations) = annotations {
        add_annotations(&mut body, annotations);
    }
    let made = server
        .put(&format!("{path}?overwrite=true"), &Value::Object(body))
        .map_err(|refusal| refusal.because(format!("Unable to update action '{}'", change.name.short())))?;
    screen.done(&format!("updated action {}", bold(change.name.short())), &made);
    Ok(())
}

/// The annotations of an action, without the one that the server sets; `None` if the action does not exist.
fn existing_annotations(server: &Server, name: &Name) -> Result<Option<Map<String, Value>>, Failure> {
    match server.get(&format!("{}?code=false", name.path("actions"))) {
        Ok(document) => {
            let mut annotations = object_of(&document["annotations"]);
            annotations.shift_remove("exec");
            Ok(Some(annotations))
        }
        Err(refusal) if refusal.is_not_found() => Ok(None),
        Err(refusal) => Err(refusal.because(format!("Unable to get action '{}'", name.short()))),
    }
}

/// The body of a PUT, with the annotations of a copied action but not those of the command line.
fn body_of(change: &ChangeArgs, server: &Server) -> Result<Map<String, Value>, Failure> {
    if change.kind.is_some() && change.docker.is_some() {
        return Err(Failure::not_allowed("Cannot specify both --kind and --docker at the same time."));
    }
    let mut body = match (&change.artifact, change.copy, change.sequence) {
        (Some(original), true, _) => copy_of(original, server)?,
        (Some(list), _, true) => Map::from_iter([("exec".to_owned(), code::exec_of_sequence(list)?)]),
        (None, true, _) | (None, _, true) => {
            return Err(Failure::usage("Invalid argument(s). An action name and code artifact are required."));
        }
        (file, false, false) => match code::exec(file.as_deref(), change)? {
            Some(exec) => Map::from_iter([("exec".to_owned(), exec)]),
            None => Map::new(),
        },
    };
    if let Some(parameters) = change.parameters.wire()? {
        let mut all = object_of(body.get("parameters").unwrap_or(&Value::Null));
        all.extend(object_of(&parameters));
        body.insert("parameters".to_owned(), wire(&all));
    }
    let LimitArgs { timeout, memory, logsize, concurrency } = change.limits;
    let limits = [("timeout", timeout), ("memory", memory), ("logs", logsize), ("concurrency", concurrency)];
    let limits: Map<_, _> =
        limits.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?)))).collect();
    if !limits.is_empty() {
        body.insert("limits".to_owned(), Value::Object(limits));
    }
    Ok(body)
}

fn copy_of(original: &str, server: &Server) -> Result<Map<String, Value>, Failure> {
    let name: Name = original.parse().map_err(Failure::usage)?;
    let document = server
        .get(&name.path("actions"))
        .map_err(|refusal| refusal.because(format!("Unable to get action '{}'", name.short())))?;
    let mut annotations = object_of(&document["annotations"]);
    annotations.shift_remove("exec");
    let copied = |key: &str| (key.to_owned(), document[key].clone());
    let annotations = ("annotations".to_owned(), wire(&annotations));
    Ok(Map::from_iter([copied("exec"), copied("parameters"), annotations]))
}

/// Adds annotations to those in the body; they override existing ones.
fn add_annotations(body: &mut Map<String, Value>, annotations: Map<String, Value>) {
    let mut all = object_of(body.get("annotations").unwrap_or(&Value::Null));
    all.extend(annotations);
    body.insert("annotations".to_owned(), wire(&all));
}

fn get(args: &GetArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let short = args.name.short();
    if args.save || args.save_as.is_some() {
        let document = server
            .get(&args.name.path("actions"))
            .map_err(|refusal| refusal.because(format!("Unable to get action '{short}'")))?;
        let saved = code::save(&document, args.save_as.as_deref())?;
        screen.done(&format!("saved action code to {saved}"), &json!({ "file": saved }));
        return Ok(());
    }
    let document = entities::fetch(server, ACTION, &args.name)?;
    if args.url {
        screen.heading(&format!("got action {}", bold(&short)));
        screen::line(&web::url(server, &document));
        return Ok(());
    }
    if args.summary {
        screen::line(&entities::summary(ACTION, &document));
        return Ok(());
    }
    entities::show(screen, ACTION, &short, &document, args.field.as_deref())
}
