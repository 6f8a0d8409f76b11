//! APIs of the gateway: which web action a path and a method below a base path mean.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Failure, FullName, messages};

/// Bytes of a base path or of a path below one.
const LONGEST_PATH: usize = 512;
/// Characters of an API's name, and of the secret that a route sends along.
const LONGEST_TEXT: usize = 256;

/// The routes below one base path of a namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Api {
    pub base_path: BasePath,
    pub name: ApiName,
    pub routes: Vec<Route>,
    /// The Swagger document that was uploaded, without its paths; `None` where the routes came one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Map<String, Value>>,
}

/// One path and method, and the web action that answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    pub path: PathPattern,
    pub verb: Verb,
    pub action: FullName,
    pub response: ResponseType,
    /// What the action's annotation `require-whisk-auth` asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<RouteSecret>,
    /// The operation as it stood in an uploaded document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Map<String, Value>>,
}

impl Api {
    /// Adds a route in place of the one with its path and verb.
    pub fn put(&mut self, route: Route) {
        match self.routes.iter_mut().find(|old| old.path == route.path && old.verb == route.verb) {
            Some(old) => *old = route,
            None => self.routes.push(route),
        }
    }
}

/// The method of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
    Options,
}

impl Verb {
    pub const ALL: [Verb; 7] = [Verb::Get, Verb::Post, Verb::Put, Verb::Patch, Verb::Delete, Verb::Head, Verb::Options];

    /// As Swagger writes it.
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

    /// As HTTP writes it.
    pub fn method(self) -> String {
        self.as_str().to_uppercase()
    }
}

/// Any case.
impl FromStr for Verb {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let verb = Verb::ALL.into_iter().find(|verb| verb.as_str().eq_ignore_ascii_case(text));
        verb.ok_or_else(|| Failure::BadRequest(messages::gateway::verb_unknown(text)))
    }
}

/// The extension under which the web action is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseType {
    #[default]
    Http,
    Json,
    Html,
    Svg,
    Text,
}

impl ResponseType {
    const ALL: [ResponseType; 5] =
        [ResponseType::Http, ResponseType::Json, ResponseType::Html, ResponseType::Svg, ResponseType::Text];

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

    /// Letters, digits and what a URL shows as it is; a parameter's name is a word.
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
    if LONGEST_PATH < text.len() {
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
    /// Where an API begins: `/` or `/club/v1`; no parameters, no slash at the end.
    BasePath
);
text_type!(
    /// Where a route is below its base path: `/`, `/books`, `/books/{isbn}`.
    PathPattern
);
text_type!(
    /// What people call an API: 1 to 256 characters.
    ApiName
);
text_type!(
    /// The value of `X-Require-Whisk-Auth`: at most 256 characters.
    RouteSecret
);

impl FromStr for BasePath {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        check_path(text)?;
        let is_literal = |text| matches!(Segment::from_text(text), Segment::Literal(_));
        match text.split('/').all(is_literal) {
            true => Ok(BasePath(text.to_owned())),
            false => Err(Failure::BadRequest(messages::gateway::base_path_parameters(text))),
        }
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
    if length == 0 || LONGEST_TEXT < length {
        return Err(Failure::BadRequest(messages::gateway::text_length(field, length, LONGEST_TEXT)));
    }
    Ok(text.to_owned())
}

impl BasePath {
    /// What follows the base path in `path`, both split at slashes; `None`: the path is elsewhere.
    pub fn rest<'p, 's>(&self, path: &'p [&'s str]) -> Option<&'p [&'s str]> {
        let (head, rest) = path.split_at_checked(self.depth())?;
        split(&self.0).eq(head.iter().copied()).then_some(rest)
    }

    pub fn depth(&self) -> usize {
        split(&self.0).count()
    }
}

impl PathPattern {
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        split(&self.0).map(Segment::from_text)
    }

    /// The parameters that a path gives this pattern; `None`: it is another path.
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

    /// Smaller is more particular: a literal before a parameter, from the left.
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
    fn paths_begin_with_a_slash_and_have_no_empty_segments() {
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
    fn a_parameter_takes_one_segment() {
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
        fn what_prints_parses_back(path in "(/([a-z.~]{1,5}|\\{[a-z_]{1,5}\\})){1,4}") {
            let pattern: PathPattern = path.parse().unwrap();
            prop_assert_eq!(pattern.to_string(), path.clone());
            let given: Vec<&str> = pattern.segments().map(Segment::text).collect();
            prop_assert!(pattern.matches(&given).is_some());
        }
    }
}
