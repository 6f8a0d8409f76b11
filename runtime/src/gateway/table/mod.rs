//! Finds the route of a path: in the API with the longest base path, by the most specific pattern.

use percent_encoding::percent_decode_str;
use wask_model::{Api, FullName, ResponseType, Route, RouteSecret, Verb};

/// The web action that a request leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    pub action: FullName,
    pub response: ResponseType,
    pub secret: Option<RouteSecret>,
    /// The values of the path's parameters, by name.
    pub parameters: Vec<(String, String)>,
}

/// What was found for a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    Found(Destination),
    /// The path has routes, but none with this verb. These are its verbs.
    OtherVerbs(Vec<Verb>),
    /// No route has this path.
    Nothing,
}

/// `path` is percent-encoded, as in the request. `verb`: `None` for a method that no route can have.
pub fn find(apis: &[Api], path: &str, verb: Option<Verb>) -> Lookup {
    let Some(decoded) = decoded(path) else { return Lookup::Nothing };
    let path: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let mut below: Vec<(&Api, &[&str])> =
        apis.iter().filter_map(|api| Some((api, api.base_path.rest(&path)?))).collect();
    below.sort_by_key(|(api, _)| std::cmp::Reverse(api.base_path.depth()));
    let matching = below.into_iter().map(|(api, rest)| matching(api, rest)).find(|routes| !routes.is_empty());
    let Some(routes) = matching else { return Lookup::Nothing };
    let with = |verb| routes.iter().find(|(route, _)| Some(route.verb) == verb);
    let found = with(verb).or_else(|| if verb == Some(Verb::Head) { with(Some(Verb::Get)) } else { None });
    match found {
        Some((route, parameters)) => Lookup::Found(Destination {
            action: route.action.clone(),
            response: route.response,
            secret: route.secret.clone(),
            parameters: parameters.clone(),
        }),
        None => Lookup::OtherVerbs(verbs(&routes)),
    }
}

/// The decoded segments of a path. They are decoded one by one, so an encoded slash is not taken for a separator. One
/// slash at the end does not matter.
fn decoded(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() {
        return Some(Vec::new());
    }
    let decode = |segment: &str| Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned());
    inner.split('/').map(decode).collect()
}

/// The routes of this path, the most specific pattern of each verb first.
fn matching<'a>(api: &'a Api, rest: &[&str]) -> Vec<(&'a Route, Vec<(String, String)>)> {
    let mut routes: Vec<_> = api.routes.iter().filter_map(|route| Some((route, route.path.matches(rest)?))).collect();
    routes.sort_by_key(|(route, _)| route.path.generality());
    routes
}

fn verbs(routes: &[(&Route, Vec<(String, String)>)]) -> Vec<Verb> {
    let mut verbs: Vec<Verb> = routes.iter().map(|(route, _)| route.verb).collect();
    if verbs.contains(&Verb::Get) {
        verbs.push(Verb::Head);
    }
    verbs.sort();
    verbs.dedup();
    verbs
}

#[cfg(test)]
mod tests;
