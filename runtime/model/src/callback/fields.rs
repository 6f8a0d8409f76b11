//! Reads the members of a JSON object. A refusal names the path of the member that is wrong.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::messages::callbacks as says;
use crate::{Failure, Message};

/// An object all of whose members are known by name.
pub(super) struct Fields<'a> {
    path: &'a str,
    members: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// `Err`: a member is not one of the `known` ones. `path` is that of the object, empty for a whole document.
    pub(super) fn new(path: &'a str, members: &'a Map<String, Value>, known: &[&str]) -> Result<Self, Failure> {
        let fields = Fields { path, members };
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(refused(says::unknown_field(&fields.path_of(unknown)))),
            None => Ok(fields),
        }
    }

    /// The member `name`, as `reader` parses it. `None`: it is absent.
    pub(super) fn read<T>(
        &self,
        name: &str,
        reader: impl FnOnce(&str, &Value) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        self.members.get(name).map(|value| reader(&self.path_of(name), value)).transpose()
    }

    /// Sets `setting` to the member `name`, as `reader` parses it. An absent member changes nothing, null unsets.
    pub(super) fn patch<T>(
        &self,
        name: &str,
        setting: &mut Option<T>,
        reader: impl FnOnce(&str, &Value) -> Result<T, Failure>,
    ) -> Result<(), Failure> {
        let given = |path: &str, value: &Value| match value {
            Value::Null => Ok(None),
            value => reader(path, value).map(Some),
        };
        if let Some(new) = self.read(name, given)? {
            *setting = new;
        }
        Ok(())
    }

    fn path_of(&self, name: &str) -> String {
        match self.path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }
}

pub(super) fn refused(message: impl Into<Message>) -> Failure {
    Failure::BadRequest(message.into())
}

pub(super) fn object<'a>(path: &str, value: &'a Value) -> Result<&'a Map<String, Value>, Failure> {
    value.as_object().ok_or_else(|| refused(says::not_an_object(path)))
}

pub(super) fn whole_number(range: RangeInclusive<u32>) -> impl Fn(&str, &Value) -> Result<u32, Failure> {
    move |path, value| {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let inside = number.filter(|number| range.contains(number));
        inside.ok_or_else(|| refused(says::not_in_range(path, &range)))
    }
}

pub(super) fn switch(path: &str, value: &Value) -> Result<bool, Failure> {
    value.as_bool().ok_or_else(|| refused(says::not_a_switch(path)))
}

/// A string that will be sent in a header: at most `limit` bytes and no control characters.
pub(super) fn header_text(limit: usize) -> impl Fn(&str, &Value) -> Result<String, Failure> {
    move |path, value| {
        let text = value.as_str().ok_or_else(|| refused(says::not_a_text(path)))?;
        if text.len() > limit {
            return Err(refused(says::larger_than_allowed(path, text.len(), limit)));
        }
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(refused(says::control_characters(path)));
        }
        Ok(text.to_owned())
    }
}
