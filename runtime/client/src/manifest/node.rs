//! A value of a manifest together with its place, so that what is wrong can be found.

use serde_json::{Map, Value};

use crate::failure::Failure;

/// A value, and where it stands: `packages.demo.actions.hello`.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    pub value: &'a Value,
    pub path: String,
}

impl<'a> Node<'a> {
    pub fn root(value: &'a Value) -> Self {
        Node { value, path: String::new() }
    }

    /// A member that is there and not null.
    pub fn member(&self, key: &str) -> Option<Node<'a>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(self.below(key, value))
    }

    /// The members of the mapping that this must be.
    pub fn members(&self) -> Result<Vec<(&'a str, Node<'a>)>, Failure> {
        let members = self.value.as_object().ok_or_else(|| self.wrong("must be a mapping"))?;
        Ok(members.iter().map(|(key, value)| (key.as_str(), self.below(key, value))).collect())
    }

    /// The members of a member that may be missing.
    pub fn members_of(&self, key: &str) -> Result<Vec<(&'a str, Node<'a>)>, Failure> {
        self.member(key).map_or_else(|| Ok(Vec::new()), |node| node.members())
    }

    /// Text; numbers and booleans count as what they look like.
    pub fn text(&self) -> Result<String, Failure> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(_) | Value::Bool(_) => Ok(self.value.to_string()),
            _ => Err(self.wrong("must be text")),
        }
    }

    pub fn text_of(&self, key: &str) -> Result<Option<String>, Failure> {
        self.member(key).map(|node| node.text()).transpose()
    }

    pub fn whole(&self) -> Result<u64, Failure> {
        let number = self.value.as_u64().or_else(|| self.value.as_str()?.parse().ok());
        number.ok_or_else(|| self.wrong("must be a whole number"))
    }

    pub fn flag(&self) -> Result<bool, Failure> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" => Ok(true),
            "false" | "no" => Ok(false),
            _ => Err(self.wrong("must be true or false")),
        }
    }

    pub fn object_of(&self, key: &str) -> Result<Map<String, Value>, Failure> {
        let members = self.members_of(key)?.into_iter();
        Ok(members.map(|(key, node)| (key.to_owned(), node.value.clone())).collect())
    }

    /// Says which members mean nothing here.
    pub fn unknown(&self, known: &[&str], warnings: &mut Vec<String>) {
        for key in self.value.as_object().into_iter().flatten().map(|(key, _)| key) {
            if !known.contains(&key.as_str()) {
                warnings.push(format!("{} is unknown and ignored", self.below(key, self.value).path));
            }
        }
    }

    pub fn wrong(&self, what: &str) -> Failure {
        let shown: String = self.value.to_string().chars().take(60).collect();
        Failure::general(format!("{}: {what}, it is {shown}", self.path))
    }

    fn below(&self, key: &str, value: &'a Value) -> Node<'a> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Node { value, path }
    }
}
