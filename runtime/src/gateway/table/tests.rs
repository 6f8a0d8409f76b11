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
