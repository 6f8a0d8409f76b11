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
mod tests {
    use super::*;
    use wask_model::NamespaceName;

    fn route(verb: Verb, path: &str, action: &str) -> Route {
        let namespace: NamespaceName = "guest".parse().unwrap();
        Route {
            path: path.parse().unwrap(),
            verb,
            action: FullName::new(namespace, action.parse().unwrap()),
            response: ResponseType::Json,
            secret: None,
            operation: None,
        }
    }

    fn api(base: &str, routes: Vec<Route>) -> Api {
        Api { base_path: base.parse().unwrap(), name: "n".parse().unwrap(), routes, document: None }
    }

    fn apis() -> Vec<Api> {
        vec![
            api("/", vec![route(Verb::Get, "/", "root"), route(Verb::Get, "/club/attic", "attic")]),
            api(
                "/club",
                vec![
                    route(Verb::Get, "/books/{isbn}", "one"),
                    route(Verb::Delete, "/books/{isbn}", "drop"),
                    route(Verb::Get, "/books/new", "new"),
                    route(Verb::Post, "/{any}/{isbn}", "any"),
                    route(Verb::Get, "/", "club"),
                ],
            ),
            api("/club/v2", vec![route(Verb::Put, "/books", "v2")]),
        ]
    }

    fn to(path: &str, verb: Verb) -> Option<(String, Vec<(String, String)>)> {
        match find(&apis(), path, Some(verb)) {
            Lookup::Found(found) => Some((found.action.name.to_string(), found.parameters)),
            Lookup::OtherVerbs(_) | Lookup::Nothing => None,
        }
    }

    #[test]
    fn a_path_leads_to_the_most_specific_route_of_the_longest_base_path() {
        let isbn = |value: &str| vec![("isbn".to_owned(), value.to_owned())];
        for (verb, path, action, parameters) in [
            (Verb::Get, "/", "root", vec![]),
            (Verb::Get, "", "root", vec![]),
            (Verb::Get, "/club", "club", vec![]),
            (Verb::Get, "/club/", "club", vec![]),
            (Verb::Get, "/club/books/new", "new", vec![]),
            (Verb::Get, "/club/books/old", "one", isbn("old")),
            (Verb::Head, "/club/books/old", "one", isbn("old")),
            (Verb::Delete, "/club/books/new", "drop", isbn("new")),
            (Verb::Get, "/club/books/a%2Fb%20c", "one", isbn("a/b c")),
            (Verb::Get, "/club/%62ooks/new", "new", vec![]),
            (Verb::Put, "/club/v2/books", "v2", vec![]),
            (Verb::Get, "/club/attic", "attic", vec![]),
        ] {
            assert_eq!(to(path, verb), Some((action.to_owned(), parameters)), "{verb:?} {path}");
        }
        let any = vec![("any".to_owned(), "x".to_owned()), ("isbn".to_owned(), "y".to_owned())];
        assert_eq!(to("/club/x/y", Verb::Post), Some(("any".to_owned(), any)));
    }

    #[test]
    fn a_path_without_a_route_for_the_verb_lists_the_verbs_it_has() {
        let verbs = |path, verb| match find(&apis(), path, verb) {
            Lookup::OtherVerbs(verbs) => verbs,
            other => panic!("{path}: {other:?}"),
        };
        let all = [Verb::Get, Verb::Post, Verb::Delete, Verb::Head];
        assert_eq!(verbs("/club/books/1", Some(Verb::Patch)), all);
        assert_eq!(verbs("/club/books/1", None), all);
        assert_eq!(
            verbs("/club/v2/books", Some(Verb::Get)),
            [Verb::Put],
            "an API with a shorter base path is not searched"
        );
    }

    #[test]
    fn a_path_without_a_route_is_not_found() {
        for path in ["/clubs", "/club/books", "/club//books/1", "/club/books/1/2", "/club/books/%ff", "/x"] {
            assert_eq!(find(&apis(), path, Some(Verb::Get)), Lookup::Nothing, "{path}");
        }
    }
}
