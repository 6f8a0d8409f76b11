//! Many clients of one attacker at a time.

use std::collections::BTreeMap;
use std::fmt;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Target;
use crate::Answer;

/// What the attacker's requests came to, by status.
#[derive(Debug, Default)]
pub struct Counts(BTreeMap<String, usize>);

impl Counts {
    fn add(&mut self, outcome: String) {
        *self.0.entry(outcome).or_default() += 1;
    }
}

/// `200 ×12, 429 ×3`.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<String> = self.0.iter().map(|(outcome, count)| format!("{outcome} ×{count}")).collect();
        f.write_str(&counts.join(", "))
    }
}

/// Lets `clients` tasks repeat a request until the attack is over. What is still waiting then is cut off, and counts as
/// `no answer`.
pub(super) async fn storm<R>(on: &Target, clients: usize, request: impl Fn(Target, usize) -> R + Clone) -> Counts
where
    R: Future<Output = Result<Answer, reqwest::Error>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for number in 0..clients {
        tasks.spawn(one_client(on.clone(), request.clone()(on.clone(), number)));
    }
    let mut counts = Counts::default();
    while let Some(ended) = tasks.join_next().await {
        counts.add(ended.expect("a client that does not panic"));
        if on.lasts() {
            tasks.spawn(one_client(on.clone(), request.clone()(on.clone(), counts.0.values().sum())));
        }
    }
    counts
}

async fn one_client(on: Target, request: impl Future<Output = Result<Answer, reqwest::Error>>) -> String {
    match tokio::time::timeout(on.rest(), request).await {
        Ok(Ok(answer)) => answer.status.as_u16().to_string(),
        Ok(Err(_)) => "cut".to_owned(),
        Err(_) => "no answer".to_owned(),
    }
}

/// Connections of the attacker that say only `first`, held until the attack is over. Returns how many the server took.
pub(super) async fn sockets(on: &Target, count: usize, first: &'static [u8]) -> Vec<TcpStream> {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let on = on.clone();
        tasks.spawn(async move {
            use tokio::io::AsyncWriteExt as _;
            let connected = tokio::time::timeout(on.rest(), TcpStream::connect(on.address)).await;
            let mut stream = connected.ok()?.ok()?;
            stream.write_all(first).await.ok()?;
            Some(stream)
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}
