//! Names of namespaces and entities, and full names made of them. REST contract §1.2.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Failure, messages};

const LONGEST: usize = 256;

/// `\A([\w]|[\w][\w@ .&-]{0,254}[\w@.&-])\z` with `\w = [A-Za-z0-9_]`, length aside.
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

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// The name of an action, trigger, rule or package: 1 to 256 characters.
    EntityName,
    messages::entity_name_too_long,
    messages::ENTITY_NAME_ILLEGAL
);
name_type!(
    /// The name of a namespace, never `_`: the alias is resolved where the URL or path is read.
    NamespaceName,
    messages::namespace_too_long,
    messages::NAMESPACE_ILLEGAL
);

/// Where an entity is: `namespace[/package]/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FullName {
    pub namespace: NamespaceName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<EntityName>,
    pub name: EntityName,
}

impl FullName {
    pub fn new(namespace: NamespaceName, name: EntityName) -> Self {
        FullName { namespace, package: None, name }
    }

    pub fn packaged(namespace: NamespaceName, package: EntityName, name: EntityName) -> Self {
        FullName { namespace, package: Some(package), name }
    }

    /// `ns` or `ns/pkg`: what the wire calls the entity's namespace or path.
    pub fn path(&self) -> String {
        match &self.package {
            None => self.namespace.to_string(),
            Some(package) => format!("{}/{package}", self.namespace),
        }
    }

    /// `name` or `pkg/name`: the key inside the namespace.
    pub fn local(&self) -> String {
        match &self.package {
            None => self.name.to_string(),
            Some(package) => format!("{package}/{}", self.name),
        }
    }

    /// The package that this entity lives in, as an entity of its own.
    pub fn package_name(&self) -> Option<FullName> {
        self.package.as_ref().map(|package| FullName::new(self.namespace.clone(), package.clone()))
    }

    /// The entity of this name in a package.
    pub fn inside(package: &FullName, name: EntityName) -> Self {
        FullName::packaged(package.namespace.clone(), package.name.clone(), name)
    }

    /// Reads a qualified path out of a body: `[/]ns/name` or `[/]ns/pkg/name`, `_` for the caller's namespace; empty
    /// segments collapse. A bare name is refused.
    pub fn qualified(text: &str, own: &NamespaceName) -> Result<Self, Failure> {
        let segments: Vec<&str> = text.split('/').filter(|s| !s.is_empty()).collect();
        match segments[..] {
            [ns, name] => Ok(FullName::new(namespace(ns, own)?, segment(name)?)),
            [ns, package, name] => Ok(FullName::packaged(namespace(ns, own)?, segment(package)?, segment(name)?)),
            [] | [_] => Err(Failure::malformed(messages::NAME_NOT_QUALIFIED)),
            _ => Err(Failure::malformed(messages::PATH_MALFORMED)),
        }
    }

    /// Reads a name as people write it in code and on command lines: `a`, `p/a` and `/_/p/a` are the caller's own,
    /// `/ns/a`, `/ns/p/a` and `ns/p/a` name their namespace.
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

/// `ns/pkg/name`, without a leading slash.
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
    fn names_of_the_contract_are_accepted_and_refused() {
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
    fn paths_collapse_slashes_and_resolve_the_own_namespace() {
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
        fn a_printed_full_name_parses_back(ns in "[a-z_][a-z0-9.&@-]{0,9}[a-z]", p in proptest::option::of("[a-z]{1,9}"), n in "[a-z][a-z .]{0,9}[a-z]") {
            let name = FullName { namespace: ns.parse().unwrap(), package: p.map(|p| p.parse().unwrap()), name: n.parse().unwrap() };
            prop_assert_eq!(FullName::qualified(&format!("/{name}"), &guest()).unwrap(), name);
        }
    }
}
