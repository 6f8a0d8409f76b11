//! Swagger documents: the routes that one contains, and the fields that it must have.

use std::path::Path;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::yaml;

const VERBS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// One method of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub action: String,
    pub verb: String,
    pub base: String,
    pub path: String,
    /// Name of the API.
    pub name: String,
    pub url: String,
}

/// Checks that both paths begin with a slash, the base path has no parameters, and the verb is an HTTP method.
pub fn check(base: &str, path: &str, verb: &str) -> Result<(), Failure> {
    if let Some(wrong) = [base, path].into_iter().find(|path| !path.starts_with('/')) {
        return Err(Failure::usage(format!("'{wrong}' must begin with '/'.")));
    }
    if base.contains(['{', '}']) {
        return Err(Failure::usage(format!(
            "The base path '{base}' cannot have parameters. Only the relative path supports path parameters."
        )));
    }
    let open = path.split('/').any(|part| part.contains(['{', '}']) && !(part.starts_with('{') && part.ends_with('}')));
    if open {
        return Err(Failure::usage(format!(
            "Relative path '{path}' does not include valid path parameters. Each parameter must be enclosed in curly braces '{{}}'."
        )));
    }
    if !VERBS.contains(&verb.to_lowercase().as_str()) {
        let valid = VERBS.join(", ");
        return Err(Failure::usage(format!("'{verb}' is not a valid API verb.  Valid values are: {valid}")));
    }
    Ok(())
}

/// The documents of the parameters in curly braces; `None` if the path has none.
pub fn path_parameters(path: &str) -> Option<Value> {
    let names = parameter_names(path);
    let document = |name: &&str| {
        let description = format!("Default description for '{name}'");
        json!({ "name": name, "in": "path", "type": "string", "required": true, "description": description })
    };
    (!names.is_empty()).then(|| names.iter().map(document).collect())
}

fn parameter_names(path: &str) -> Vec<&str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
}

/// The routes in the gateway's response; `path` and `verb` filter them.
pub fn routes(answer: &Value, path: Option<&str>, verb: Option<&str>) -> Vec<Route> {
    let apis = answer["apis"].as_array().into_iter().flatten();
    let of_api =
        |api: &Value| of_document(&api["value"]["apidoc"], api["value"]["gwApiUrl"].as_str().unwrap_or_default());
    apis.flat_map(of_api)
        .filter(|route| path.is_none_or(|path| route.path == path))
        .filter(|route| verb.is_none_or(|verb| route.verb.eq_ignore_ascii_case(verb)))
        .collect()
}

fn of_document(swagger: &Value, gateway: &str) -> Vec<Route> {
    let base = swagger["basePath"].as_str().unwrap_or("/");
    let name = swagger["info"]["title"].as_str().unwrap_or(base);
    let mut found = Vec::new();
    for (path, verbs) in swagger["paths"].as_object().into_iter().flatten() {
        for (verb, operation) in verbs.as_object().into_iter().flatten() {
            if !VERBS.contains(&verb.as_str()) {
                continue; // parameters that all methods share
            }
            let target = &operation["x-openwhisk"];
            let part = |key: &str| target[key].as_str().filter(|text| !text.is_empty() && *text != "default");
            let parts = [part("namespace"), part("package"), part("action")];
            found.push(Route {
                action: parts.into_iter().flatten().map(|part| format!("/{part}")).collect(),
                verb: verb.clone(),
                base: base.to_owned(),
                path: path.clone(),
                name: name.to_owned(),
                url: format!("{}{path}", gateway.trim_end_matches('/')),
            });
        }
    }
    found
}

/// The document for a Swagger file, which is JSON or YAML, and its routes.
pub fn from_file(file: &Path, namespace: &str) -> Result<(Value, Vec<Route>), Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|cause| Failure::general(format!("Error reading swagger file '{}': {cause}", file.display())))?;
    let swagger = yaml::read(&text) // JSON is YAML
        .map_err(|cause| Failure::general(format!("Error parsing swagger file '{}': {cause}", file.display())))?;
    if ["basePath", "info", "paths", "swagger"].iter().any(|member| swagger[member].is_null()) {
        return Err(Failure::general("Swagger file is invalid (missing basePath, info, paths, or swagger fields)"));
    }
    if !swagger["basePath"].as_str().is_some_and(|base| base.starts_with('/')) {
        return Err(Failure::general("Swagger file basePath must start with a leading slash (/)"));
    }
    let routes = of_document(&swagger, "");
    let apidoc = json!({ "namespace": namespace, "swagger": swagger.to_string() });
    Ok((apidoc, routes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_has_a_route_per_path_and_method() {
        let operation =
            json!({ "x-openwhisk": { "namespace": "guest", "package": "default", "action": "a", "url": "u" } });
        let packaged = json!({ "x-openwhisk": { "namespace": "guest", "package": "p", "action": "b", "url": "u" } });
        let apidoc = json!({
            "basePath": "/shop", "info": { "title": "Shop" },
            "paths": { "/orders": { "get": operation, "post": packaged, "parameters": [] } },
        });
        let answer = json!({ "apis": [{ "value": { "gwApiUrl": "http://h/api/x/shop", "apidoc": apidoc } }] });
        let all = routes(&answer, None, None);
        let shown: Vec<_> = all.iter().map(|route| (route.action.as_str(), route.verb.as_str())).collect();
        assert_eq!(shown, [("/guest/a", "get"), ("/guest/p/b", "post")]);
        assert_eq!(all[0].url, "http://h/api/x/shop/orders");
        assert_eq!(routes(&answer, Some("/orders"), Some("POST")).len(), 1);
    }

    #[test]
    fn an_invalid_path_is_refused() {
        for (base, path, verb) in [
            ("shop", "/a", "get"),
            ("/s", "a", "get"),
            ("/s", "/a", "fetch"),
            ("/{s}", "/a", "get"),
            ("/s", "/a{b}", "get"),
        ] {
            assert!(check(base, path, verb).is_err(), "{base} {path} {verb}");
        }
        assert!(check("/s", "/a/{b}", "GET").is_ok());
        assert_eq!(parameter_names("/a/{b}/{c}"), ["b", "c"]);
    }
}
