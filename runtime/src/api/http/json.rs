//! JSON in bodies: counted while it arrives, and parsed where it delays nobody.

use std::sync::Arc;

use bytes::Bytes;
use dashmap::DashMap;
use memchr::{memchr_iter, memchr2};
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wask_model::{Failure, Limits, messages};

/// Larger bodies are parsed on a thread of their own: a smaller one takes less than a millisecond.
pub const LARGE: usize = 64 << 10;
/// Namespaces that are known before those are forgotten that parse nothing.
const KNOWN_SHARES: usize = 1024;
const OPEN: &str = "the semaphores are never closed";
/// What one value takes in memory, with the key that it has in an object.
const VALUE_BYTES: u64 = 160;

/// Counts what JSON consists of as it arrives. Text that is not JSON is counted somehow, and refused when it is parsed.
#[derive(Debug, Default)]
pub struct JsonCount {
    bytes: u64,
    values: u64,
    /// Bytes of the longest text.
    longest: u64,
    /// Bytes of the text that is open.
    text: u64,
    in_text: bool,
    escaped: bool,
    /// Nothing but blanks has followed on an opening bracket.
    just_opened: bool,
}

impl JsonCount {
    pub fn add(&mut self, part: &[u8]) {
        self.bytes += part.len() as u64;
        let mut rest = part;
        while !rest.is_empty() {
            let passed = if self.in_text { self.pass_text(rest) } else { self.pass_structure(rest) };
            rest = &rest[passed..];
        }
    }

    /// Counts the fields of a form, whose texts are all one.
    pub fn add_form(&mut self, body: &[u8]) {
        self.values += memchr_iter(b'&', body).count() as u64 + 1;
        self.bytes += body.len() as u64;
        self.longest = self.bytes;
    }

    /// Passes what belongs to the open text; returns how many bytes that are.
    fn pass_text(&mut self, rest: &[u8]) -> usize {
        let passed = match memchr2(b'"', b'\\', rest) {
            _ if self.escaped => {
                self.escaped = false;
                1
            }
            None => rest.len(),
            Some(at) => {
                self.in_text = rest[at] != b'"';
                self.escaped = self.in_text;
                at + 1
            }
        };
        self.text += passed as u64;
        self.longest = self.longest.max(self.text);
        passed
    }

    /// Passes everything up to the beginning of the next text.
    fn pass_structure(&mut self, rest: &[u8]) -> usize {
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                b'"' => {
                    (self.in_text, self.text, self.just_opened) = (true, 0, false);
                    return at + 1;
                }
                b'[' | b'{' => {
                    self.values += 1;
                    self.just_opened = true;
                }
                b']' | b'}' if self.just_opened => {
                    self.values -= 1; // it is empty
                    self.just_opened = false;
                }
                b',' => {
                    self.values += 1;
                    self.just_opened = false;
                }
                b' ' | b'\t' | b'\n' | b'\r' => (),
                _ => self.just_opened = false,
            }
        }
        rest.len()
    }

    /// How many values there are so far, the outermost included.
    pub fn values(&self) -> u64 {
        self.values + 1
    }

    /// Refuses JSON that has too many values, or too many bytes besides its longest text.
    pub fn check(&self, limits: &Limits) -> Result<(), Failure> {
        if self.values() > limits.json_nodes {
            return Err(Failure::TooLarge(messages::too_many_values(limits.json_nodes)));
        }
        let document = self.bytes - self.longest;
        if document > limits.document_bytes {
            return Err(Failure::TooLarge(messages::document_too_large(document, limits.document_bytes)));
        }
        Ok(())
    }

    /// How many bytes the parsed JSON takes, about.
    pub fn parsed_bytes(&self) -> u64 {
        self.bytes + self.values * VALUE_BYTES
    }
}

/// Parses JSON within the limits; for texts that are inside of bodies.
pub fn parse_text<T: DeserializeOwned>(text: &str, limits: &Limits) -> Result<Result<T, serde_json::Error>, Failure> {
    let mut count = JsonCount::default();
    count.add(text.as_bytes());
    count.check(limits)?;
    Ok(serde_json::from_str(text))
}

/// Who may keep a processor busy with a large document: at most one request of a namespace at a time, and of all
/// namespaces half as many as there are processors. Those that wait are served in the order in which they came, and a
/// namespace waits with one at a time.
pub struct Documents {
    all: Arc<Semaphore>,
    shares: DashMap<String, Arc<Semaphore>>,
}

/// The right to keep a processor busy.
struct Turn {
    _of_all: OwnedSemaphorePermit,
    _of_share: OwnedSemaphorePermit,
}

impl Default for Documents {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Documents { all: Arc::new(Semaphore::new((processors / 2).max(1))), shares: DashMap::new() }
    }
}

impl Documents {
    /// Parses the JSON of a body.
    pub async fn parse<T>(&self, share: &str, body: Bytes) -> Result<T, Failure>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let parse = |body: &[u8]| serde_json::from_slice(body).map_err(|cause| Failure::malformed(cause.to_string()));
        if body.len() <= LARGE {
            return parse(&body);
        }
        self.run(share, move || parse(&body)).await?
    }

    /// Runs `work`, which keeps a processor busy, on a thread of its own when it is the turn of the share.
    pub async fn run<T: Send + 'static>(
        &self,
        share: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = self.turn(share).await;
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|panic| Failure::Internal(panic.into()))
    }

    async fn turn(&self, share: &str) -> Turn {
        let own = self.alone(share).await;
        Turn { _of_all: self.all.clone().acquire_owned().await.expect(OPEN), _of_share: own }
    }

    /// Waits until no other request of the share has a large document in hand; for those that wait for the store
    /// meanwhile. Whoever holds this must not wait for a turn.
    pub async fn alone(&self, share: &str) -> OwnedSemaphorePermit {
        self.share(share).acquire_owned().await.expect(OPEN)
    }

    fn share(&self, name: &str) -> Arc<Semaphore> {
        if let Some(share) = self.shares.get(name) {
            return share.clone();
        }
        if self.shares.len() >= KNOWN_SHARES {
            self.shares.retain(|_, share| Arc::strong_count(share) > 1);
        }
        self.shares.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn counted(text: &str, piece: usize) -> JsonCount {
        let mut count = JsonCount::default();
        text.as_bytes().chunks(piece).for_each(|part| count.add(part));
        count
    }

    fn values(of: &Value) -> u64 {
        1 + match of {
            Value::Array(items) => items.iter().map(values).sum(),
            Value::Object(members) => members.values().map(values).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            "[a-z\"\\\\,\\[{}\\] é]{0,9}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map("[a-z\",{\\\\]{0,3}", inner, 0..5)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_is_counted_once_wherever_the_text_is_cut(of in json(), piece in 1usize..9) {
            for text in [of.to_string(), serde_json::to_string_pretty(&of).unwrap()] {
                prop_assert_eq!(counted(&text, piece).values(), values(&of), "{}", text);
            }
        }
    }

    #[test]
    fn the_longest_text_does_not_count_as_document() {
        let limits = Limits { document_bytes: 30, json_nodes: 4, ..Limits::default() };
        let code = "x".repeat(1000);
        assert!(counted(&format!(r#"{{"exec":{{"code":"{code}"}}}}"#), 7).check(&limits).is_ok());
        let two = counted(&format!(r#"{{"a":"{code}","b":"{code}"}}"#), 7).check(&limits).unwrap_err();
        assert!(two.to_string().ends_with("> 30 bytes (limits.document_bytes)."), "{two}");
        let many = counted("[1,2,3,4]", 2).check(&limits).unwrap_err();
        assert!(many.to_string().contains("more than 4 (limits.json_nodes)"), "{many}");
        assert!(counted("[1,2,3]", 2).check(&limits).is_ok());
    }

    #[tokio::test]
    async fn a_share_parses_one_document_at_a_time() {
        let documents = Documents { all: Arc::new(Semaphore::new(2)), shares: DashMap::new() };
        let held = documents.turn("a").await;
        let mut second = Box::pin(documents.run("a", || ()));
        assert!(second.as_mut().now_or_never().is_none());
        documents.run("b", || ()).await.unwrap();
        drop(held);
        second.await.unwrap();
    }
}
