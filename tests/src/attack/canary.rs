//! The canary: a small steady load of a namespace that has nothing to do with an attack. It sends its requests at fixed
//! moments, whether or not earlier ones were answered, so that a server that stops for a while is seen to stop.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{Client, guest};

/// The canary's own address, so that bounds per address are the attacker's alone.
pub(super) const ADDRESS: [u8; 4] = [127, 0, 0, 77];
/// The canary's action, a web action: strangers may call it.
const VICTIM: &str = "echo";
/// From one request to the next.
const PACE: Duration = Duration::from_millis(20);
/// Of so many requests one is a ping, one a read, one a write of an entity.
const ROUND: u64 = 10;
/// Of so many requests one deploys an action with code that the server has not seen.
const UPLOAD: u64 = 50;
/// After this time a request counts as not answered.
const PATIENCE: Duration = Duration::from_secs(10);

/// A canary that sings until it is stopped or dropped.
pub struct Canary {
    samples: Arc<Mutex<Vec<Sample>>>,
    stop: CancellationToken,
}

/// One request of the canary.
struct Sample {
    asked: Instant,
    kind: Kind,
    /// `None`: not answered yet.
    answered: Option<Answered>,
}

struct Answered {
    took: Duration,
    /// What was wrong with the answer.
    problem: Option<String>,
}

/// What the canary asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ping,
    Read,
    Write,
    Upload,
    Invoke,
}

impl Kind {
    fn of(number: u64) -> Kind {
        match (number % UPLOAD, number % ROUND) {
            (7, _) => Kind::Upload,
            (_, 0) => Kind::Ping,
            (_, 1) => Kind::Read,
            (_, 2) => Kind::Write,
            _ => Kind::Invoke,
        }
    }
}

impl Sample {
    /// How long it took, or has taken until now.
    fn took(&self) -> Duration {
        self.answered.as_ref().map_or_else(|| self.asked.elapsed(), |answered| answered.took)
    }

    fn problem(&self) -> Option<String> {
        let problem = match &self.answered {
            None => "no answer yet",
            Some(answered) => answered.problem.as_deref()?,
        };
        Some(format!("{:?}: {problem}", self.kind))
    }
}

/// The requests of a span of time.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Requests sent.
    pub asked: usize,
    /// Those answered as they should be.
    pub answered: usize,
    /// Half of them were answered within this time.
    pub p50: Duration,
    /// The slowest.
    pub max: Duration,
    /// The slowest `GET /ping`.
    pub ping_max: Duration,
    /// What was wrong with the first ones that were not answered well.
    pub problems: Vec<String>,
}

impl Seen {
    /// The part of the requests that was answered well, from 0 to 1. Nothing asked is nothing answered.
    pub fn success(&self) -> f64 {
        if self.asked == 0 { 0.0 } else { self.answered as f64 / self.asked as f64 }
    }
}

impl Canary {
    /// Deploys the canary's action in its namespace and lets it sing, on a thread of its own.
    pub async fn deploy(client: Client) -> Canary {
        let client = client.from_address(IpAddr::from(ADDRESS), PATIENCE);
        client.create_web_action(VICTIM, &guest("echo")).await;
        client.invoke("echo", &json!({})).await.expect(200);
        let (samples, stop) = (Arc::default(), CancellationToken::new());
        let canary = Canary { samples: Arc::clone(&samples), stop: stop.clone() };
        std::thread::Builder::new().name("canary".into()).spawn(move || sing(client, samples, stop)).expect("a thread");
        canary
    }

    /// What it saw of the requests that were sent in this span. One that has no answer by now is not answered.
    pub fn seen_between(&self, from: Instant, to: Instant) -> Seen {
        let samples = self.samples.lock().expect("no panic while it is held");
        let of_span: Vec<&Sample> = samples.iter().filter(|sample| (from..to).contains(&sample.asked)).collect();
        let mut times: Vec<Duration> = of_span.iter().map(|sample| sample.took()).collect();
        times.sort_unstable();
        let pings = of_span.iter().filter(|sample| sample.kind == Kind::Ping).map(|sample| sample.took());
        let problems: Vec<String> = of_span.iter().filter_map(|sample| sample.problem()).collect();
        Seen {
            asked: of_span.len(),
            answered: of_span.len() - problems.len(),
            p50: times.get(times.len() / 2).copied().unwrap_or_default(),
            max: times.last().copied().unwrap_or_default(),
            ping_max: pings.max().unwrap_or_default(),
            problems: problems.into_iter().take(3).collect(),
        }
    }

    pub fn stop(self) {}
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn sing(client: Client, samples: Arc<Mutex<Vec<Sample>>>, stop: CancellationToken) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(stop.run_until_cancelled(async {
        let mut pace = tokio::time::interval(PACE);
        for number in 0.. {
            pace.tick().await;
            let (client, samples) = (client.clone(), samples.clone());
            tokio::spawn(async move {
                let (asked, kind) = (Instant::now(), Kind::of(number));
                let index = {
                    let mut samples = samples.lock().expect("no panic while it is held");
                    samples.push(Sample { asked, kind, answered: None });
                    samples.len() - 1
                };
                let problem = ask(&client, kind, number).await;
                let answered = Some(Answered { took: asked.elapsed(), problem });
                samples.lock().expect("no panic while it is held")[index].answered = answered;
            });
        }
    }));
}

/// Sends one request; returns what was wrong with its answer.
async fn ask(client: &Client, kind: Kind, number: u64) -> Option<String> {
    // No two requests under way write the same entity, unless one takes seconds.
    let path = |path: &str| format!("/api/v1/namespaces/_/{path}");
    let request = match kind {
        Kind::Ping => client.anonymous(Method::GET, "/ping"),
        Kind::Read => client.request(Method::GET, &path("actions/echo")),
        Kind::Write => {
            let trigger = path(&format!("triggers/bell-{}?overwrite=true", number / ROUND % 10));
            client.request(Method::PUT, &trigger).json(&json!({}))
        }
        Kind::Upload => {
            let body = format!("(drop (i32.const {}))", number as u32);
            let code = format!(r#"(module (memory (export "memory") 1) (func (export "_start") {body}))"#);
            let action = path(&format!("actions/new-{}?overwrite=true", number / UPLOAD % 10));
            client.request(Method::PUT, &action).json(&json!({ "exec": { "kind": "wasm:default", "code": code } }))
        }
        Kind::Invoke => {
            let action = path("actions/echo?blocking=true&result=true");
            client.request(Method::POST, &action).json(&json!({ "number": number }))
        }
    };
    match client.try_send(request).await {
        Ok(answer) if answer.status != 200 => Some(format!("{} {}", answer.status, answer.text())),
        Ok(answer) if kind == Kind::Invoke && answer.json() != json!({ "number": number }) => {
            Some(format!("a wrong result: {}", answer.text()))
        }
        Ok(_) => None,
        Err(cause) => Some(format!("{cause:?}")),
    }
}
