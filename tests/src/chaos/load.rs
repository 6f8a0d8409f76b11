//! The load and its observers. Each task runs until the server is gone.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};

use super::evidence::{Accepted, Kind, Seen, Site, nap};
use crate::{Client, Receiver, guest};

/// The triggers that an alarm fires every second.
pub const ALARMS: [&str; 2] = ["second", "other"];
/// Retries of a callback.
pub const RETRIES: u64 = 3;
/// How often the ticks are read. The server shows the last twenty of each alarm.
const LOOK: Duration = Duration::from_millis(1500);

/// What all visitors see.
pub type Ledger = Arc<Mutex<Seen>>;

/// A client during one life of the process.
#[derive(Clone)]
pub struct Visitor {
    pub client: Client,
    pub ledger: Ledger,
    pub life: usize,
    pub sites: Arc<Sites>,
}

/// The receivers of callbacks.
pub struct Sites {
    pub good: Receiver,
    pub flaky: Receiver,
    pub hopeless: Receiver,
}

impl Sites {
    pub async fn start() -> Self {
        let sites =
            Sites { good: Receiver::start().await, flaky: Receiver::start().await, hopeless: Receiver::start().await };
        sites.hopeless.otherwise(crate::Reply::Status(500));
        sites
    }

    pub fn of(&self, site: Site) -> &Receiver {
        match site {
            Site::Good => &self.good,
            Site::Flaky => &self.flaky,
            Site::Hopeless => &self.hopeless,
        }
    }
}

/// Creates the actions, the sequence, and the alarms with their rules.
pub async fn deploy(client: &Client) {
    client.create_action("echo", &guest("echo")).await;
    client.create_action("sleeper", &guest("sleeper")).await;
    let retry = json!({ "annotations": [{ "key": "retry", "value": { "attempts": 3, "delayMs": 200 } }] });
    client.create_action_with("failing", &guest("error"), retry).await;
    let pair = json!({ "exec": { "kind": "sequence", "components": ["/_/echo", "/_/echo"] } });
    client.put("actions/pair", &pair).await.expect(200);
    for trigger in ALARMS {
        client.create_alarm(trigger, "* * * * * *", json!({ "from": trigger })).await;
        client.create_rule(&format!("on-{trigger}"), trigger, "echo").await;
    }
}

impl Visitor {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.ledger.lock().expect("no panic while it is held")
    }

    /// Status and body; `None` if the server is gone.
    async fn get(&self, path: &str) -> Option<(u16, Value)> {
        let response = self.client.request(Method::GET, &format!("/api/v1/namespaces/_/{path}")).send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.json().await.ok()?))
    }

    /// Invokes without waiting for results, one after the other.
    pub async fn invoke(self, mut rng: Rng) {
        while let Some(accepted) = self.invoke_once(&mut rng).await {
            self.seen().accepted.extend(accepted);
            tokio::time::sleep(Duration::from_millis(rng.u64(5..40))).await;
        }
    }

    /// `None` if the server is gone; `Some(None)` if it refused the request and so promised nothing.
    async fn invoke_once(&self, rng: &mut Rng) -> Option<Option<Accepted>> {
        let (kind, n) = (Kind::ALL[[0, 0, 1, 1, 1, 2, 3, 3][rng.usize(..8)]], rng.u64(..1 << 50));
        let site = (rng.u8(..5) == 0).then(|| Site::ALL[rng.usize(..3)]);
        let mut args = match kind {
            Kind::Echo | Kind::Sequence => json!({ "n": n }),
            Kind::Sleeper => json!({ "ms": nap(n), "n": n }),
            Kind::Failing => json!({ "error": n }),
        };
        if let Some(site) = site {
            let retry = json!({ "mode": "constant", "intervalSeconds": 1, "maxRetries": RETRIES });
            args["__ow_callback"] = json!({ "http": { "url": self.sites.of(site).url("/told") }, "retry": retry });
            self.vary(rng);
        }
        let path = format!("/api/v1/namespaces/_/actions/{}", kind.action());
        let response = self.client.request(Method::POST, &path).json(&args).send().await.ok()?;
        let status = response.status();
        let callback = response.headers().get("x-wask-callback-id").and_then(|id| Some(id.to_str().ok()?.to_owned()));
        let body: Value = response.json().await.ok()?;
        match status.as_u16() {
            202 => (),
            503 => return Some(None), // more requests than the disk can keep up with
            other => panic!("{other} for {args}: {body}"),
        }
        let id = body["activationId"].as_str().expect("an activationId").to_owned();
        Some(Some(Accepted { id, kind, n, callback: callback.zip(site), life: self.life }))
    }

    /// Sets how the flaky receiver answers next.
    fn vary(&self, rng: &mut Rng) {
        let reply = match rng.u8(..3) {
            0 => crate::Reply::Status(500),
            1 => crate::Reply::After(Duration::from_millis(rng.u64(50..400)), 200),
            _ => crate::Reply::Status(200),
        };
        self.sites.flaky.next([reply]);
    }

    /// Reads the states of recently accepted activations, and the records of those that have ended.
    pub async fn look(self, mut rng: Rng) {
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let Some(id) = self.one_of_the_latest(&mut rng) else { continue };
            let Some((_, status)) = self.get(&format!("activations/{id}/status")).await else { return };
            if status["state"] == "running" {
                self.seen().running.entry(id).or_default().insert(self.life);
            } else if status["state"] == "ended" {
                let Some((found, record)) = self.get(&format!("activations/{id}")).await else { return };
                if found == 200 {
                    self.seen().records.insert(id, record);
                }
            }
        }
    }

    /// A recent activation whose record has not been seen; every other time one that was seen running.
    fn one_of_the_latest(&self, rng: &mut Rng) -> Option<String> {
        let seen = self.seen();
        let begun: Vec<&String> = seen.running.keys().filter(|id| !seen.records.contains_key(*id)).collect();
        if rng.bool() && !begun.is_empty() {
            return rng.choice(begun).cloned();
        }
        let latest = seen.accepted.iter().rev().take(200).map(|accepted| &accepted.id);
        let open: Vec<&String> = latest.filter(|id| !seen.records.contains_key(*id)).collect();
        rng.choice(open).cloned()
    }

    /// Reads the ticks regularly.
    pub async fn watch_ticks(self) {
        while self.look_at_ticks().await.is_some() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Reads the ticks once; `None` if the server is gone.
    pub async fn look_at_ticks(&self) -> Option<()> {
        for trigger in ALARMS {
            let (_, alarm) = self.get(&format!("alarms/{trigger}")).await?;
            let mut seen = self.seen();
            for tick in alarm["history"].as_array().into_iter().flatten() {
                let (Some(due), Some(event)) = (tick["due"].as_i64(), tick["activationId"].as_str()) else { continue };
                seen.ticks.entry((trigger.to_owned(), due)).or_default().insert(event.to_owned());
            }
        }
        Some(())
    }
}
