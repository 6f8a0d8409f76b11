//! The address of a web action: the path after `/api/v1/web/`. rest.md §8.1.

use percent_encoding::percent_decode_str;
use wask_model::{EntityName, NamespaceName};

/// How the result of a web action becomes an HTTP response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// The default: the result sets status, headers and body.
    Http,
    Json,
    Html,
    Svg,
    Text,
}

impl Extension {
    const ALL: [(&'static str, Extension); 5] = [
        (".http", Extension::Http),
        (".json", Extension::Json),
        (".html", Extension::Html),
        (".svg", Extension::Svg),
        (".text", Extension::Text),
    ];

    /// Splits the extension off the decoded action segment. Any other suffix is part of the name.
    fn split(segment: &str) -> (&str, Extension) {
        Extension::ALL
            .iter()
            .find_map(|&(suffix, extension)| Some((segment.strip_suffix(suffix)?, extension)))
            .unwrap_or((segment, Extension::Http))
    }
}

/// The parts of `{ns}/{pkg|default}/{action}[.{ext}][/{rest}]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub namespace: NamespaceName,
    /// `None` if the segment was `default`.
    pub package: Option<EntityName>,
    pub action: EntityName,
    pub extension: Extension,
    /// The path after the action segment, percent-encoded as received: `""`, `/` or `/more`. It is data for the action
    /// and names nothing on the server.
    pub rest: String,
}

impl Address {
    /// Parses the path after `/api/v1/web/`, still percent-encoded. Names are validated after decoding, so an encoded
    /// slash does not act as a separator.
    ///
    /// `None` if no web action can have this address; the caller then answers 404 as for a missing one.
    pub fn parse(raw_path: &str) -> Option<Address> {
        let mut segments = raw_path.splitn(3, '/');
        let (namespace, package, tail) = (segments.next()?, segments.next()?, segments.next()?);
        let (action, rest) = tail.split_at(tail.find('/').unwrap_or(tail.len()));

        let namespace = decoded(namespace)?;
        let package = decoded(package)?;
        let action = decoded(action)?;
        let (action, extension) = Extension::split(&action);
        Some(Address {
            namespace: literal_namespace(&namespace)?,
            package: packaged(&package)?,
            action: action.parse().ok()?,
            extension,
            rest: rest.to_owned(),
        })
    }
}

fn decoded(segment: &str) -> Option<String> {
    Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
}

/// Refuses `_`: an anonymous request has no namespace that it could stand for.
fn literal_namespace(text: &str) -> Option<NamespaceName> {
    if text == "_" { None } else { text.parse().ok() }
}

/// The outer `None` means that the name is illegal, the inner one that there is no package.
fn packaged(text: &str) -> Option<Option<EntityName>> {
    if text == "default" { Some(None) } else { text.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wask_model::FullName;

    fn parts(path: &str) -> Option<(String, Extension, String)> {
        let Address { namespace, package, action, extension, rest } = Address::parse(path)?;
        Some((FullName { namespace, package, name: action }.to_string(), extension, rest))
    }

    #[test]
    fn an_address_names_an_action_an_extension_and_a_rest() {
        for (path, name, extension, rest) in [
            ("guest/default/hello", "guest/hello", Extension::Http, ""),
            ("guest/default/hello/", "guest/hello", Extension::Http, "/"),
            ("guest/p/hello.json/a%2Fb//c", "guest/p/hello", Extension::Json, "/a%2Fb//c"),
            ("guest/p/hello.http", "guest/p/hello", Extension::Http, ""),
            ("guest/p/hello.html", "guest/p/hello", Extension::Html, ""),
            ("guest/p/hello.svg", "guest/p/hello", Extension::Svg, ""),
            ("guest/p/hello.text", "guest/p/hello", Extension::Text, ""),
            ("guest/p/x.json.http", "guest/p/x.json", Extension::Http, ""),
            ("guest/p/x.JSON", "guest/p/x.JSON", Extension::Http, ""),
            ("guest/defaults/x", "guest/defaults/x", Extension::Http, ""),
            ("me%40home/a%20b/c%2Ejson", "me@home/a b/c", Extension::Json, ""),
        ] {
            assert_eq!(parts(path), Some((name.to_owned(), extension, rest.to_owned())), "{path}");
        }
    }

    #[test]
    fn b140_fewer_than_three_segments_are_no_address() {
        for path in ["", "/", "ns", "ns/", "ns/pkg", "ns/pkg/", "ns/pkg//rest", "ns//hello", "/pkg/hello"] {
            assert_eq!(parts(path), None, "{path}");
        }
    }

    #[test]
    fn b142_an_unknown_suffix_belongs_to_the_name() {
        for (path, name, rest) in [
            ("ns/default/hello.xyz", "ns/hello.xyz", ""),
            ("ns/default/hello.xyz/", "ns/hello.xyz", "/"),
            ("ns/default/hello.xyzz/content", "ns/hello.xyzz", "/content"),
        ] {
            assert_eq!(parts(path), Some((name.to_owned(), Extension::Http, rest.to_owned())), "{path}");
        }
    }

    #[test]
    fn names_are_validated_after_decoding() {
        for path in [
            "_/default/hello",
            "ns/_%2Fx/hello",
            "ns/default/a%2fb",
            "ns/default/a%00",
            "ns/../hello",
            "ns/%2e%2e/hello",
            "ns/default/..",
            "ns/default/.json",
            "ns/default/a%20.json",
            "ns/default/%zz",
            "ns/default/%ff",
            "ns/default/a+b",
        ] {
            assert_eq!(parts(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn an_address_parses_back_into_its_parts(
            ns in "[a-z0-9][a-z0-9.&@ -]{0,9}[a-z]", package in "[a-z]{1,6}", action in "[a-z][a-z .]{0,9}[a-z]",
            kind in 0..Extension::ALL.len(), rest in "(/[a-z%./]{0,9})?",
        ) {
            let (suffix, extension) = Extension::ALL[kind];
            let path = format!("{ns}/{package}/{action}{suffix}{rest}").replace(' ', "%20");
            let name = if package == "default" { format!("{ns}/{action}") } else { format!("{ns}/{package}/{action}") };
            prop_assert_eq!(parts(&path), Some((name, extension, rest)));
        }

        #[test]
        fn parsing_never_panics(path in ".{0,40}") {
            let _ = Address::parse(&path);
        }
    }
}
