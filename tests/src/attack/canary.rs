//! The canary: a small steady load of a namespace that has nothing to do with an attack. It sends its requests at fixed
//! moments, whether or not earlier ones were answered, so that a server that stops for a while is seen to stop.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{Answer, Client, ServerProcess, guest};

/// The canary's own address, so that bounds per address are the attacker's alone.
const ADDRESS: [u8; 4] = [127, 0, 0, 77];
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
    took: Duration,
    is_ping: bool,
    /// What was wrong with the answer.
    problem: Option<String>,
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
    pub async fn deploy(server: &ServerProcess, client: Client) -> Canary {
        let client = client.from_address(IpAddr::from(ADDRESS), PATIENCE);
        client.create_action("echo", &guest("echo")).await;
        client.invoke("echo", &json!({})).await.expect(200);
        let (samples, stop) = (Arc::default(), CancellationToken::new());
        let canary = Canary { samples: Arc::clone(&samples), stop: stop.clone() };
        debug_assert_eq!(client.base(), server.base());
        std::thread::Builder::new().name("canary".into()).spawn(move || sing(client, samples, stop)).expect("a thread");
        canary
    }

    /// What it saw of the requests that were sent in this span. Waits for none of them.
    pub fn seen_between(&self, from: Instant, to: Instant) -> Seen {
        let samples = self.samples.lock().expect("no panic while it is held");
        let of_span: Vec<&Sample> = samples.iter().filter(|sample| (from..to).contains(&sample.asked)).collect();
        let mut times: Vec<Duration> = of_span.iter().map(|sample| sample.took).collect();
        times.sort_unstable();
        let pings = of_span.iter().filter(|sample| sample.is_ping).map(|sample| sample.took);
        let problems = of_span.iter().filter_map(|sample| sample.problem.clone());
        Seen {
            asked: of_span.len(),
            answered: of_span.iter().filter(|sample| sample.problem.is_none()).count(),
            p50: times.get(times.len() / 2).copied().unwrap_or_default(),
            max: times.last().copied().unwrap_or_default(),
            ping_max: pings.max().unwrap_or_default(),
            problems: problems.take(3).collect(),
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
                let asked = Instant::now();
                let (is_ping, problem) = ask(&client, number).await;
                let sample = Sample { asked, took: asked.elapsed(), is_ping, problem };
                samples.lock().expect("no panic while it is held").push(sample);
            });
        }
    }));
}

/// Sends one request; returns whether it was a ping, and what was wrong with its answer.
async fn ask(client: &Client, number: u64) -> (bool, Option<String>) {
    if number % UPLOAD == 7 {
        let code = format!(
            r#"(module (memory (export "memory") 1) (func (export "_start") (drop (i32.const {}))))"#,
            number as u32
        );
        let body = json!({ "exec": { "kind": "wasm:default", "code": code } });
        let path = format!("/api/v1/namespaces/_/actions/new-{}?overwrite=true", number % 3);
        return (false, problem("PUT code", client.try_send(client.request(Method::PUT, &path).json(&body)).await));
    }
    match number % ROUND {
        0 => (true, problem("GET /ping", client.try_send(client.anonymous(Method::GET, "/ping")).await)),
        1 => {
            let request = client.request(Method::GET, "/api/v1/namespaces/_/actions/echo");
            (false, problem("GET action", client.try_send(request).await))
        }
        2 => {
            let request = client.request(Method::PUT, "/api/v1/namespaces/_/triggers/bell?overwrite=true");
            (false, problem("PUT trigger", client.try_send(request.json(&json!({}))).await))
        }
        _ => {
            let path = "/api/v1/namespaces/_/actions/echo?blocking=true&result=true";
            let answer = client.try_send(client.request(Method::POST, path).json(&json!({ "number": number }))).await;
            let wrong = answer.as_ref().is_ok_and(|answer| answer.json() != json!({ "number": number }));
            let problem = problem("invoke", answer);
            (false, problem.or_else(|| wrong.then(|| "invoke: a wrong result".to_owned())))
        }
    }
}

fn problem(what: &str, answer: Result<Answer, reqwest::Error>) -> Option<String> {
    match answer {
        Ok(answer) if answer.status == 200 => None,
        Ok(answer) => Some(format!("{what}: {} {}", answer.status, answer.text())),
        Err(cause) => Some(format!("{what}: {cause:?}")),
    }
}
