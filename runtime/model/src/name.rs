//! Names of namespaces and entities, and full names made of them. rest.md §1.2.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Failure, messages};

/// The most characters that a name may have.
const LONGEST: usize = 256;

/// Whether a text matches `\A([\w]|[\w][\w@ .&-]{0,254}[\w@.&-])\z` with `\w = [A-Za-z0-9_]`, apart from its length.
fn is_legal(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    let rest = |b: u8| word(b) || matches!(b, b'@' | b' ' | b'.' | b'&' | b'-');
    word(first) && last != b' ' && bytes.iter().all(|&b| rest(b))
}

macro_rules! name_type {
    ($(#[$doc:meta])* $type:ident, $too_long:path, $illegal:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $type {
            type Err = Failure;

            fn from_str(text: &str) -> Result<Self, Failure> {
                let length = text.chars().count();
                if length > LONGEST {
                    return Err(Failure::BadRequest($too_long(length)));
                }
                if !is_legal(text) {
                    return Err(Failure::BadRequest($illegal.into()));
                }
                Ok($type(text.into()))
            }
        }

        impl TryFrom<String> for $type {
            type Error = Failure;

            fn try_from(text: String) -> Result<Self, Failure> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.as_ref().to_owned()
            }
        }

        impl From<&$type> for Arc<str> {
            fn from(name: &$type) -> Arc<str> {
                name.0.clone()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// The name of an action, trigger, rule or package: 1 to 256 characters. Parsing refuses an illegal name with
    /// [`Failure::BadRequest`].
    EntityName,
    messages::entity_name_too_long,
    messages::ENTITY_NAME_ILLEGAL
);
name_type!(
    /// The name of a namespace: 1 to 256 characters. The alias `_` is resolved where a URL or path is parsed. Parsing
    /// refuses an illegal name with [`Failure::BadRequest`].
    NamespaceName,
    messages::namespace_too_long,
    messages::NAMESPACE_ILLEGAL
);

/// Where an entity is: `namespace[/package]/name`, which is also how it prints.
///
/// ```
/// use wask_model::{FullName, NamespaceName};
///
/// let guest: NamespaceName = "guest".parse()?;
/// // In bodies a path is qualified, and `_` is the caller's own namespace.
/// assert_eq!(FullName::qualified("/_/utils/sort", &guest)?.to_string(), "guest/utils/sort");
/// assert!(FullName::qualified("sort", &guest).is_err());
/// // In code and on command lines it may be relative.
/// assert_eq!(FullName::relative("utils/sort", &guest)?.path(), "guest/utils");
/// assert_eq!(FullName::relative("/other/sort", &guest)?.namespace.as_str(), "other");
/// # Ok::<(), wask_model::Failure>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FullName {
    /// The namespace that owns it.
    pub namespace: NamespaceName,
    /// The package that it lives in. `None`: it lives in the namespace itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<EntityName>,
    /// Its own name.
    pub name: EntityName,
}

impl FullName {
    /// An entity that is not in a package.
    pub fn new(namespace: NamespaceName, name: EntityName) -> Self {
        FullName { namespace, package: None, name }
    }

    /// An action in a package.
    pub fn packaged(namespace: NamespaceName, package: EntityName, name: EntityName) -> Self {
        FullName { namespace, package: Some(package), name }
    }

    /// `namespace` or `namespace/package`, which documents call the entity's namespace or path.
    pub fn path(&self) -> String {
        match &self.package {
            None => self.namespace.to_string(),
            Some(package) => format!("{}/{package}", self.namespace),
        }
    }

    /// `name` or `package/name`, which is unique in the namespace.
    pub fn local(&self) -> String {
        match &self.package {
            None => self.name.to_string(),
            Some(package) => format!("{package}/{}", self.name),
        }
    }

    /// The full name of the package that this entity lives in.
    pub fn package_name(&self) -> Option<FullName> {
        self.package.as_ref().map(|package| FullName::new(self.namespace.clone(), package.clone()))
    }

    /// The full name of an entity in `package`.
    pub fn inside(package: &FullName, name: EntityName) -> Self {
        FullName::packaged(package.namespace.clone(), package.name.clone(), name)
    }

    /// Parses a qualified path of a body: `[/]ns/name` or `[/]ns/pkg/name`. `_` stands for the caller's namespace
    /// `own`, and empty segments are ignored. `Err`: a bare name, an illegal one, or too many segments.
    pub fn qualified(text: &str, own: &NamespaceName) -> Result<Self, Failure> {
        let segments: Vec<&str> = text.split('/').filter(|s| !s.is_empty()).collect();
        match segments[..] {
            [ns, name] => Ok(FullName::new(namespace(ns, own)?, segment(name)?)),
            [ns, package, name] => Ok(FullName::packaged(namespace(ns, own)?, segment(package)?, segment(name)?)),
            [] | [_] => Err(Failure::malformed(messages::NAME_NOT_QUALIFIED)),
            _ => Err(Failure::malformed(messages::PATH_MALFORMED)),
        }
    }

    /// Parses a name as people write it in code and on command lines: `a`, `p/a` and `/_/p/a` are in the caller's
    /// namespace `own`; `/ns/a`, `/ns/p/a` and `ns/p/a` name theirs. `Err` as for [`FullName::qualified`].
    pub fn relative(text: &str, own: &NamespaceName) -> Result<Self, Failure> {
        let rooted = text.starts_with('/');
        let segments: Vec<&str> = text.split('/').filter(|s| !s.is_empty()).collect();
        match segments[..] {
            [name] if !rooted => Ok(FullName::new(own.clone(), segment(name)?)),
            [package, name] if !rooted => Ok(FullName::packaged(own.clone(), segment(package)?, segment(name)?)),
            _ => FullName::qualified(text, own),
        }
    }
}

/// `namespace[/package]/name`, without a leading slash.
impl fmt::Display for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.package {
            None => write!(f, "{}/{}", self.namespace, self.name),
            Some(package) => write!(f, "{}/{package}/{}", self.namespace, self.name),
        }
    }
}

fn namespace(text: &str, own: &NamespaceName) -> Result<NamespaceName, Failure> {
    if text == "_" { Ok(own.clone()) } else { text.parse().map_err(|_| Failure::malformed(messages::PATH_MALFORMED)) }
}

fn segment(text: &str) -> Result<EntityName, Failure> {
    text.parse().map_err(|_| Failure::malformed(messages::PATH_MALFORMED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guest() -> NamespaceName {
        "guest".parse().unwrap()
    }

    #[test]
    fn the_contracts_legal_names_parse_and_its_illegal_ones_do_not() {
        for name in ["a", "_", "_ _", "0.0", "a b", "a@b.c&d", "a@&", "me@host.name", &"a".repeat(256)] {
            assert!(name.parse::<EntityName>().is_ok(), "{name}");
        }
        for name in
            ["", " ", " x", "x ", "-abc", "&abc", ".x", "a=2b", "x#x", "a?b", "a()b", "hi+there", "$hola", "x\n"]
        {
            assert_eq!(name.parse::<EntityName>().unwrap_err().to_string(), messages::ENTITY_NAME_ILLEGAL, "{name}");
        }
        let long = "a".repeat(257).parse::<EntityName>().unwrap_err();
        assert_eq!(long.to_string(), "Name segement longer than allowed: 257 > 256.");
    }

    #[test]
    fn a_path_may_have_extra_slashes_and_an_underscore_for_the_caller() {
        assert_eq!(FullName::qualified("//_//p/a/", &guest()).unwrap().to_string(), "guest/p/a");
        assert_eq!(FullName::relative("a", &guest()).unwrap().to_string(), "guest/a");
        assert_eq!(FullName::relative("p/a", &guest()).unwrap().to_string(), "guest/p/a");
        assert_eq!(FullName::relative("/x/a", &guest()).unwrap().to_string(), "x/a");
        assert!(FullName::qualified("a", &guest()).is_err());
        assert!(FullName::relative("/a", &guest()).is_err());
        assert!(FullName::relative("a/b/c/d", &guest()).is_err());
    }

    proptest! {
        #[test]
        fn a_printed_full_name_parses_back(
            namespace in "[a-z_][a-z0-9.&@-]{0,9}[a-z]",
            package in proptest::option::of("[a-z]{1,9}"),
            name in "[a-z][a-z .]{0,9}[a-z]",
        ) {
            let package = package.map(|package| package.parse().unwrap());
            let name = FullName { namespace: namespace.parse().unwrap(), package, name: name.parse().unwrap() };
            prop_assert_eq!(FullName::qualified(&format!("/{name}"), &guest()).unwrap(), name);
        }
    }
}
