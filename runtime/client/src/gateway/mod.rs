//! `wask api …`: maps paths and methods to web actions. The gateway is managed through three web actions of
//! `whisk.system/apimgmt`.

mod document;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use http::Method;
use serde_json::{Value, json};

use crate::actions;
use crate::connection::Format;
use crate::entities::{self, ACTION};
use crate::failure::Failure;
use crate::http::Server;
use crate::names::{Name, Scope, query, segment};
use crate::namespaces;
use crate::screen::{self, Screen, bold};
use crate::yaml;
use document::Route;

const GATEWAY: &str = "web/whisk.system/apimgmt";

#[derive(Subcommand)]
pub enum Command {
    /// Map a path and a method to a web action, or create a whole API from a Swagger file
    #[command(after_help = EXAMPLE)]
    Create(CreateArgs),
    /// Print an API as a Swagger document
    Get(GetArgs),
    /// Delete an API, one of its paths, or one method of a path
    Delete {
        #[command(flatten)]
        which: ApiPart,
    },
    /// List the routes of your APIs with their actions
    List {
        #[command(flatten)]
        which: ApiFilter,
        /// Print at most LIMIT routes
        #[arg(short = 'l', long, value_name = "LIMIT", default_value_t = 30)]
        limit: usize,
        /// Skip the first SKIP routes
        #[arg(short = 's', long, value_name = "SKIP", default_value_t = 0)]
        skip: usize,
        /// Sort by base path, path and method
        #[arg(short = 'n', long)]
        name_sort: bool,
        /// Print every detail of each route
        #[arg(short = 'f', long)]
        full: bool,
    },
}

const EXAMPLE: &str = "\
Example:
  wask api create /shop /orders get orders --response-type http";

#[derive(Args)]
pub struct CreateArgs {
    /// [BASE_PATH] PATH VERB ACTION, like /shop /orders get orders; BASE_PATH is / if left out
    #[arg(value_name = "ROUTE", num_args = 3..=4, required_unless_present = "config_file")]
    route: Vec<String>,
    /// Name of the API [default: its base path]
    #[arg(short = 'n', long, value_name = "NAME")]
    apiname: Option<String>,
    /// Swagger file of a whole API, JSON or YAML
    #[arg(short = 'c', long, value_name = "FILE", conflicts_with = "route")]
    config_file: Option<PathBuf>,
    /// Extension that the web action is called with: html, http, json, text or svg
    #[arg(long, value_name = "TYPE", default_value = "json")]
    response_type: ResponseType,
}

#[derive(Args)]
pub struct GetArgs {
    #[command(flatten)]
    which: ApiPart,
    /// Print the gateway's whole response
    #[arg(short = 'f', long)]
    full: bool,
    /// Format of the document
    #[arg(long, value_enum, default_value = "json")]
    format: DocumentFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ResponseType {
    Html,
    Http,
    Json,
    Text,
    Svg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DocumentFormat {
    Json,
    Yaml,
}

/// An API, or one path or method of it.
#[derive(Args)]
pub struct ApiPart {
    /// Base path, which begins with /, or name of the API
    #[arg(value_name = "BASE_PATH|NAME")]
    api: String,
    /// Path below the base path
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// HTTP method
    #[arg(value_name = "VERB")]
    verb: Option<String>,
}

/// Like [`ApiPart`], or all APIs.
#[derive(Args)]
pub struct ApiFilter {
    /// Base path, which begins with /, or name of the API [default: all]
    #[arg(value_name = "BASE_PATH|NAME")]
    api: Option<String>,
    /// Path below the base path
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// HTTP method
    #[arg(value_name = "VERB")]
    verb: Option<String>,
}

pub fn run(command: Command, server: &Server, screen: Screen) -> Result<(), Failure> {
    match command {
        Command::Create(args) => create(&args, server, screen),
        Command::Get(args) => get(&args, server, screen),
        Command::Delete { which } => delete(&which, server, screen),
        Command::List { which, limit, skip, name_sort, full } => {
            let ApiFilter { api, path, verb } = which;
            let found = fetch(server, api.as_deref(), path.as_deref(), verb.as_deref())
                .map_err(|refusal| refusal.because("Unable to obtain the API list"))?;
            let mut routes = document::routes(&found, path.as_deref(), verb.as_deref());
            if name_sort {
                routes.sort_by_key(|route| (route.base.clone(), route.path.clone(), route.verb.clone()));
            }
            let page: Vec<Route> = routes.into_iter().skip(skip).take(limit).collect();
            if full && screen.format == Format::Table {
                print_blocks(&page);
            } else {
                print_list(&page, &found, screen);
            }
            Ok(())
        }
    }
}

/// A block per route.
fn print_blocks(routes: &[Route]) {
    for Route { action, verb, base, path, name, url } in routes {
        screen::line(&format!(
            "{}: {action}\n  API Name: {name}\n  Base path: {base}\n  Path: {path}\n  Verb: {verb}\n  URL: {url}",
            bold("Action")
        ));
    }
}

fn print_list(routes: &[Route], found: &Value, screen: Screen) {
    let row = |route: &Route| vec![route.action.clone(), route.verb.clone(), route.name.clone(), route.url.clone()];
    let rows: Vec<_> = routes.iter().map(row).collect();
    screen.table(&["Action", "Verb", "API Name", "URL"], &rows, found);
}

/// The path of a request to the gateway, with the caller and the part of the API in its query.
fn address(server: &Server, verb: &str, pairs: &[(&str, Option<String>)]) -> String {
    let owner = server.auth().split(':').next().unwrap_or_default().to_owned();
    let caller = [("accesstoken", Some("DUMMY TOKEN".to_owned())), ("spaceguid", Some(owner))];
    format!("{GATEWAY}/{verb}Api.http{}", query(&[pairs, &caller].concat()))
}

fn part(api: Option<&str>, path: Option<&str>, verb: Option<&str>) -> Vec<(&'static str, Option<String>)> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    vec![("basepath", owned(api)), ("relpath", owned(path)), ("operation", verb.map(str::to_lowercase))]
}

fn fetch(
    server: &Server,
    api: Option<&str>,
    path: Option<&str>,
    verb: Option<&str>,
) -> Result<Value, crate::failure::Refusal> {
    server.get(&address(server, "get", &part(api, path, verb)))
}

fn get(args: &GetArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let GetArgs { which, full, format } = args;
    let unable = || format!("Unable to get API '{}'", which.api);
    let found = fetch(server, Some(&which.api), which.path.as_deref(), which.verb.as_deref())
        .map_err(|refusal| refusal.because(unable()))?;
    let value = &found["apis"][0]["value"];
    if value.is_null() {
        let by = if which.api.starts_with('/') { "basepath" } else { "API name" };
        return Err(Failure { message: format!("{}: API does not exist for {by} {}", unable(), which.api), exit: 148 });
    }
    let document = if *full { value } else { &value["apidoc"] };
    match format {
        DocumentFormat::Json => screen.document(document),
        DocumentFormat::Yaml => {
            let text = yaml::write(document)
                .map_err(|cause| Failure::general(format!("Unable to convert API into YAML: {cause}")))?;
            screen::foreign(text.trim_end());
        }
    }
    Ok(())
}

fn delete(which: &ApiPart, server: &Server, screen: Screen) -> Result<(), Failure> {
    let path = address(server, "delete", &part(Some(&which.api), which.path.as_deref(), which.verb.as_deref()));
    server.send(Method::DELETE, &path, None).map_err(|refusal| refusal.because("Unable to delete API"))?;
    let gone = match (&which.path, &which.verb) {
        (None, _) => format!("deleted API {}", bold(&which.api)),
        (Some(path), None) => format!("deleted {} from {}", bold(path), bold(&which.api)),
        (Some(path), Some(verb)) => format!("deleted {} {} from {}", bold(path), bold(verb), bold(&which.api)),
    };
    screen.done(&gone, &json!({}));
    Ok(())
}

fn create(args: &CreateArgs, server: &Server, screen: Screen) -> Result<(), Failure> {
    let unable = "Unable to create API";
    let namespace = namespaces::name_of(&Scope::default(), server)?;
    let (apidoc, routes) = match &args.config_file {
        Some(file) => document::from_file(file, &namespace)?,
        None => document_of_route(args, &namespace, server)?,
    };
    let path = address(server, "create", &[("responsetype", Some("json".to_owned()))]);
    let made = server
        .send(Method::POST, &path, Some(&json!({ "apidoc": apidoc })))
        .and_then(|answer| answer.json())
        .map_err(|refusal| refusal.because(unable))?;
    let gateway = made["gwApiUrl"].as_str().unwrap_or_default().trim_end_matches('/');
    for route in routes {
        let of = if route.action.is_empty() { String::new() } else { format!(" for action {}", bold(&route.action)) };
        let whole = format!("{}{}", route.base.trim_end_matches('/'), route.path);
        let sentence =
            format!("created API {} {}{of}\n{gateway}{}", bold(&whole), route.verb.to_uppercase(), route.path);
        match screen.format {
            Format::Table => screen.done(&sentence, &made),
            Format::Json => {
                screen.document(&made);
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The document for one route; its action must be a web action.
fn document_of_route(args: &CreateArgs, namespace: &str, server: &Server) -> Result<(Value, Vec<Route>), Failure> {
    let (base, path, verb, action) = match &args.route[..] {
        [path, verb, action] => ("/", path, verb, action),
        [base, path, verb, action] => (base.as_str(), path, verb, action),
        _ => {
            return Err(Failure::usage(
                "Invalid argument(s). Specify a swagger file or specify an API base path with an API path, an API verb, and an action name.",
            ));
        }
    };
    document::check(base, path, verb)?;
    if path.contains('{') && args.response_type != ResponseType::Http {
        return Err(Failure::usage("A response type of 'http' is required when using path parameters."));
    }
    let (name, found) = fetch_web_action(action, server)?;
    let owner = found["namespace"].as_str().and_then(|owner| owner.split('/').next()).unwrap_or(namespace);
    let extension = args.response_type.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut target = json!({
        "name": name.short(),
        "namespace": owner,
        "backendMethod": verb.to_uppercase(),
        "backendUrl": format!("{}.{extension}", actions::url(server, &found)),
        "authkey": server.auth(),
    });
    if let Some(secret) = entities::annotation(&found, "require-whisk-auth") {
        target["secureKey"] = secret.clone();
    }
    let mut apidoc = json!({
        "namespace": namespace,
        "gatewayBasePath": base,
        "gatewayPath": path,
        "gatewayMethod": verb.to_uppercase(),
        "id": format!("API:{namespace}:{base}"),
        "apiName": args.apiname.as_deref().unwrap_or(base),
        "action": target,
    });
    if let Some(parameters) = document::path_parameters(path) {
        apidoc["pathParameters"] = parameters;
    }
    let route = Route {
        action: format!("/{}/{}", segment(owner), name.short()),
        verb: verb.clone(),
        base: base.to_owned(),
        path: path.clone(),
        name: String::new(),
        url: String::new(),
    };
    Ok((apidoc, vec![route]))
}

fn fetch_web_action(action: &str, server: &Server) -> Result<(Name, Value), Failure> {
    let name: Name =
        action.parse().map_err(|cause| Failure::usage(format!("'{action}' is not a valid action name: {cause}")))?;
    let found = entities::fetch(server, ACTION, &name)?;
    if !actions::is_web_action(&found) {
        return Err(Failure::general(format!(
            "Action '{name}' is not a web action. Issue 'wask action update \"{name}\" --web true' to convert the action to a web action."
        )));
    }
    Ok((name, found))
}
