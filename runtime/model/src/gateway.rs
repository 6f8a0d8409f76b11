//! The gateway: which web action answers a path and a method below the base path of an API.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Failure, FullName, messages};

/// Bytes of a base path or of a path below one.
const LONGEST_PATH: usize = 512;
/// Characters of an API's name, and of the secret that a route sends along.
const LONGEST_TEXT: usize = 256;

/// The routes of a namespace below one base path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Api {
    /// Where it begins. It identifies the API in its namespace.
    pub base_path: BasePath,
    /// What people call it.
    pub name: ApiName,
    /// In the order in which they were added; no two have the same path and verb.
    pub routes: Vec<Route>,
    /// The Swagger document that was uploaded, without its paths. `None`: the routes were added one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Map<String, Value>>,
}

/// The web action that answers one path and method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// The path below the base path.
    pub path: PathPattern,
    /// The method.
    pub verb: Verb,
    /// The web action.
    pub action: FullName,
    /// What becomes of the action's result.
    pub response: ResponseType,
    /// The value that the action's annotation `require-whisk-auth` demands; the gateway sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<RouteSecret>,
    /// The operation of the uploaded document. `None`: the route was added by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Map<String, Value>>,
}

impl Api {
    /// Adds a route, or replaces the one with its path and verb.
    pub fn put(&mut self, route: Route) {
        match self.routes.iter_mut().find(|old| old.path == route.path && old.verb == route.verb) {
            Some(old) => *old = route,
            None => self.routes.push(route),
        }
    }
}

/// The method of a route. Parsing accepts any case and refuses other methods with [`Failure::BadRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// HEAD
    Head,
    /// OPTIONS
    Options,
}

impl Verb {
    /// Every method that a route can have.
    pub const ALL: [Verb; 7] = [Verb::Get, Verb::Post, Verb::Put, Verb::Patch, Verb::Delete, Verb::Head, Verb::Options];

    /// In lower case, as in Swagger documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "get",
            Verb::Post => "post",
            Verb::Put => "put",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
            Verb::Head => "head",
            Verb::Options => "options",
        }
    }

    /// In upper case, as in HTTP.
    pub fn method(self) -> String {
        self.as_str().to_uppercase()
    }
}

impl FromStr for Verb {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let verb = Verb::ALL.into_iter().find(|verb| verb.as_str().eq_ignore_ascii_case(text));
        verb.ok_or_else(|| Failure::BadRequest(messages::gateway::verb_unknown(text)))
    }
}

/// How the web action is called and its result shown: the extension of its URL. rest.md §8. Parsing refuses other
/// words with [`Failure::BadRequest`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseType {
    /// `.http`: the action sets status, headers and body.
    #[default]
    Http,
    /// `.json`
    Json,
    /// `.html`
    Html,
    /// `.svg`
    Svg,
    /// `.text`
    Text,
}

impl ResponseType {
    const ALL: [ResponseType; 5] =
        [ResponseType::Http, ResponseType::Json, ResponseType::Html, ResponseType::Svg, ResponseType::Text];

    /// The extension without its dot.
    pub fn as_str(self) -> &'static str {
        match self {
            ResponseType::Http => "http",
            ResponseType::Json => "json",
            ResponseType::Html => "html",
            ResponseType::Svg => "svg",
            ResponseType::Text => "text",
        }
    }
}

impl FromStr for ResponseType {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let found = ResponseType::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| Failure::BadRequest(messages::gateway::response_type_unknown(text)))
    }
}

/// One segment of a path pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// This segment and no other.
    Literal(&'a str),
    /// `{name}`: any one segment, which becomes the argument `name`.
    Parameter(&'a str),
}

impl<'a> Segment<'a> {
    fn from_text(text: &'a str) -> Self {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => Segment::Parameter(name),
            None => Segment::Literal(text),
        }
    }

    /// A literal may have every character that a URL does not escape; a parameter's name letters, digits, `_` and `-`.
    fn is_legal(self) -> bool {
        match self {
            Segment::Literal(text) => {
                text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&b))
            }
            Segment::Parameter(name) => name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
        }
    }

    fn text(self) -> &'a str {
        match self {
            Segment::Literal(text) | Segment::Parameter(text) => text,
        }
    }
}

fn check_path(text: &str) -> Result<(), Failure> {
    let refuse = |message| Err(Failure::BadRequest(message));
    if text.len() > LONGEST_PATH {
        return refuse(messages::gateway::path_too_long(text.len(), LONGEST_PATH));
    }
    let legal = |text| Segment::from_text(text).is_legal() && !Segment::from_text(text).text().is_empty();
    match text.strip_prefix('/') {
        Some("") => Ok(()),
        Some(rest) if rest.split('/').all(legal) => Ok(()),
        Some(_) | None => refuse(messages::gateway::path_malformed(text)),
    }
}

macro_rules! text_type {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = Failure;

            fn try_from(text: String) -> Result<Self, Failure> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> String {
                text.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(
    /// Where an API begins: `/` or `/club/v1`. It has no parameters, no slash at its end and at most 512 bytes. Parsing
    /// refuses anything else with [`Failure::BadRequest`].
    BasePath
);
text_type!(
    /// Where a route is below its base path: `/`, `/books`, `/books/{isbn}`. It has no slash at its end and at most 512
    /// bytes. Parsing refuses anything else with [`Failure::BadRequest`].
    PathPattern
);
text_type!(
    /// What people call an API: 1 to 256 characters. Parsing refuses anything else with [`Failure::BadRequest`].
    ApiName
);
text_type!(
    /// The value of the header `X-Require-Whisk-Auth`: 1 to 256 characters. Parsing refuses anything else with
    /// [`Failure::BadRequest`].
    RouteSecret
);

impl FromStr for BasePath {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        check_path(text)?;
        let is_literal = |text| matches!(Segment::from_text(text), Segment::Literal(_));
        if !text.split('/').all(is_literal) {
            return Err(Failure::BadRequest(messages::gateway::base_path_parameters(text)));
        }
        Ok(BasePath(text.to_owned()))
    }
}

impl FromStr for PathPattern {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        check_path(text)?;
        Ok(PathPattern(text.to_owned()))
    }
}

impl FromStr for ApiName {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        bounded("apiName", text).map(ApiName)
    }
}

impl FromStr for RouteSecret {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        bounded("secureKey", text).map(RouteSecret)
    }
}

fn bounded(field: &str, text: &str) -> Result<String, Failure> {
    let length = text.chars().count();
    if length == 0 || length > LONGEST_TEXT {
        return Err(Failure::BadRequest(messages::gateway::text_length(field, length, LONGEST_TEXT)));
    }
    Ok(text.to_owned())
}

impl BasePath {
    /// The segments of `path` after the base path. `None`: the path is not below it.
    pub fn rest<'p, 's>(&self, path: &'p [&'s str]) -> Option<&'p [&'s str]> {
        let (head, rest) = path.split_at_checked(self.depth())?;
        split(&self.0).eq(head.iter().copied()).then_some(rest)
    }

    /// The number of its segments.
    pub fn depth(&self) -> usize {
        split(&self.0).count()
    }
}

impl PathPattern {
    /// Its segments.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        split(&self.0).map(Segment::from_text)
    }

    /// The parameters that the segments of `path` give this pattern. `None`: the pattern does not match.
    pub fn matches(&self, path: &[&str]) -> Option<Vec<(String, String)>> {
        if self.segments().count() != path.len() {
            return None;
        }
        let mut parameters = Vec::new();
        for (segment, given) in self.segments().zip(path) {
            match segment {
                Segment::Literal(text) if text == *given => (),
                Segment::Literal(_) => return None,
                Segment::Parameter(name) => parameters.push((name.to_owned(), (*given).to_owned())),
            }
        }
        Some(parameters)
    }

    /// Orders the patterns that match a path, the most specific first: from the left, a literal before a parameter.
    pub fn generality(&self) -> Vec<bool> {
        self.segments().map(|segment| matches!(segment, Segment::Parameter(_))).collect()
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_begins_with_a_slash_and_has_no_empty_segment() {
        for path in ["/", "/a", "/a.b/c_d/~e", "/v1", "/a:b@c"] {
            assert!(path.parse::<BasePath>().is_ok() && path.parse::<PathPattern>().is_ok(), "{path}");
        }
        for path in ["", "a", "/a/", "//", "/a//b", "/a b", "/a?b", "/a%20b", "/a#b", "/{}", "/{a b}", "/a{b}", "/é"] {
            assert!(path.parse::<BasePath>().is_err() && path.parse::<PathPattern>().is_err(), "{path}");
        }
        assert!("/{a}".parse::<PathPattern>().is_ok() && "/{a}".parse::<BasePath>().is_err());
        let long = format!("/{}", "a".repeat(512)).parse::<PathPattern>().unwrap_err().to_string();
        assert_eq!(long, "The path of an API is longer than allowed: 513 > 512 bytes.");
    }

    #[test]
    fn a_parameter_matches_one_segment() {
        let pattern: PathPattern = "/books/{isbn}/pages/{n}".parse().unwrap();
        let found = pattern.matches(&["books", "1 2", "pages", "3"]).unwrap();
        assert_eq!(found, [("isbn".to_owned(), "1 2".to_owned()), ("n".to_owned(), "3".to_owned())]);
        for other in [&["books"][..], &["books", "1", "page", "3"], &["books", "1", "pages", "3", "4"], &[]] {
            assert_eq!(pattern.matches(other), None, "{other:?}");
        }
        assert_eq!("/".parse::<PathPattern>().unwrap().matches(&[]), Some(vec![]));
    }

    #[test]
    fn a_base_path_ends_at_a_slash() {
        let base: BasePath = "/club/v1".parse().unwrap();
        assert_eq!(base.rest(&["club", "v1", "books"]), Some(&["books"][..]));
        assert_eq!(base.rest(&["club", "v1"]), Some(&[][..]));
        assert_eq!(base.rest(&["club", "v11"]), None);
        assert_eq!("/".parse::<BasePath>().unwrap().rest(&["a"]), Some(&["a"][..]));
    }

    proptest! {
        #[test]
        fn a_printed_pattern_parses_back(path in "(/([a-z.~]{1,5}|\\{[a-z_]{1,5}\\})){1,4}") {
            let pattern: PathPattern = path.parse().unwrap();
            prop_assert_eq!(pattern.to_string(), path.clone());
            let given: Vec<&str> = pattern.segments().map(Segment::text).collect();
            prop_assert!(pattern.matches(&given).is_some());
        }
    }
}
