//! Names as a person writes them (`a`, `pkg/a`, `/ns/a`, `/ns/pkg/a`) and as URLs contain them.

use std::fmt::Display;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that a path segment contains without encoding.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');
/// The caller's own namespace.
const OWN: &str = "_";

/// An entity's namespace, its package if it has one, and its name. The server checks which characters are valid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pub namespace: String,
    pub package: Option<String>,
    pub entity: String,
}

impl Name {
    pub fn own(entity: &str) -> Self {
        Name { namespace: OWN.to_owned(), package: None, entity: entity.to_owned() }
    }

    /// The path below `/api/v1/`.
    pub fn path(&self, collection: &str) -> String {
        format!("namespaces/{}/{collection}/{}", segment(&self.namespace), self.tail())
    }

    /// `name` or `package/name`, as in messages.
    pub fn short(&self) -> String {
        match &self.package {
            Some(package) => format!("{package}/{}", self.entity),
            None => self.entity.clone(),
        }
    }

    fn tail(&self) -> String {
        match &self.package {
            Some(package) => format!("{}/{}", segment(package), segment(&self.entity)),
            None => segment(&self.entity),
        }
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}/{}", self.namespace, self.short())
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is not a valid qualified name: write NAME, PACKAGE/NAME or /NAMESPACE/[PACKAGE/]NAME");
        let (rooted, rest) = match text.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let segments: Vec<&str> = rest.split('/').collect();
        if segments.iter().any(|segment| segment.is_empty()) {
            return Err(wrong());
        }
        let name = |namespace: &str, package: Option<&str>, entity: &str| Name {
            namespace: namespace.to_owned(),
            package: package.map(str::to_owned),
            entity: entity.to_owned(),
        };
        match (rooted, &segments[..]) {
            (false, [entity]) => Ok(name(OWN, None, entity)),
            (false, [package, entity]) => Ok(name(OWN, Some(package), entity)),
            (true, [namespace, entity]) => Ok(name(namespace, None, entity)),
            (_, [namespace, package, entity]) => Ok(name(namespace, Some(package), entity)),
            _ => Err(wrong()),
        }
    }
}

/// What a list covers: a namespace, or one package of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub namespace: String,
    pub package: Option<String>,
}

impl Default for Scope {
    fn default() -> Self {
        Scope { namespace: OWN.to_owned(), package: None }
    }
}

impl Scope {
    /// The collection's path below `/api/v1/`.
    pub fn path(&self, collection: &str) -> String {
        let all = format!("namespaces/{}/{collection}", segment(&self.namespace));
        match &self.package {
            Some(package) => format!("{all}/{}/", segment(package)),
            None => all,
        }
    }
}

/// `/ns` is a namespace, `pkg` and `/ns/pkg` a package.
impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let scope = |namespace: &str, package: Option<&str>| Scope {
            namespace: namespace.to_owned(),
            package: package.map(str::to_owned),
        };
        let segments: Vec<&str> = text.strip_prefix('/').unwrap_or(text).split('/').collect();
        match (text.starts_with('/'), &segments[..]) {
            (_, segments) if segments.iter().any(|segment| segment.is_empty()) => Err(not_a_scope(text)),
            (true, [namespace]) => Ok(scope(namespace, None)),
            (true, [namespace, package]) => Ok(scope(namespace, Some(package))),
            (false, [package]) => Ok(scope(OWN, Some(package))),
            _ => Err(not_a_scope(text)),
        }
    }
}

fn not_a_scope(text: &str) -> String {
    format!("'{text}' is not a valid qualified name: write /NAMESPACE, PACKAGE or /NAMESPACE/PACKAGE")
}

/// Parses `/ns`, for entities that are never in a package.
pub fn namespace(text: &str) -> Result<Scope, String> {
    match text.parse::<Scope>()? {
        Scope { package: Some(_), .. } => Err(format!(
            "An entity name, '{text}', was provided instead of a namespace. Valid namespaces are of the following format: /NAMESPACE."
        )),
        scope => Ok(scope),
    }
}

/// One path segment, percent-encoded.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A query string of the pairs that have a value, with `?` in front; empty if none has.
pub fn query(pairs: &[(&str, Option<String>)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (key, value) in pairs {
        if let Some(value) = value {
            query.append_pair(key, value);
        }
    }
    match query.finish() {
        empty if empty.is_empty() => empty,
        some => format!("?{some}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_url() {
        for (text, url, printed) in [
            ("a", "namespaces/_/actions/a", "/_/a"),
            ("p/a", "namespaces/_/actions/p/a", "/_/p/a"),
            ("/ns/a", "namespaces/ns/actions/a", "/ns/a"),
            ("/ns/p/a b", "namespaces/ns/actions/p/a%20b", "/ns/p/a b"),
            ("ns/p/a", "namespaces/ns/actions/p/a", "/ns/p/a"),
            ("a@b.c&d", "namespaces/_/actions/a@b.c%26d", "/_/a@b.c&d"),
        ] {
            let name: Name = text.parse().expect("a name");
            assert_eq!((name.path("actions").as_str(), name.to_string().as_str()), (url, printed));
        }
        for wrong in ["", "/", "/ns", "a/", "a//b", "/a/b/c/d"] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_scope_is_a_namespace_or_a_package() {
        for (text, url) in [
            ("/ns", "namespaces/ns/actions"),
            ("/ns/p", "namespaces/ns/actions/p/"),
            ("p", "namespaces/_/actions/p/"),
            ("/_", "namespaces/_/actions"),
        ] {
            assert_eq!(text.parse::<Scope>().expect("a scope").path("actions"), url);
        }
        assert!(namespace("p").is_err() && namespace("/ns/p").is_err() && namespace("/ns").is_ok());
    }
}
