//! A client that speaks plain HTTP, as one namespace.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::eventually;

/// The answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null if it is not valid JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The member `error` of an error body.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// The value of one of the annotations of a record or an entity.
    pub fn annotation(&self, key: &str) -> Option<Value> {
        annotation(&self.json(), key)
    }
}

/// The value of one of the annotations of a record or an entity.
pub fn annotation(document: &Value, key: &str) -> Option<Value> {
    let all = document["annotations"].as_array()?;
    all.iter().find(|a| a["key"] == key).map(|a| a["value"].clone())
}

/// A client with the key of one namespace.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// `uuid:key`.
    pub auth: String,
    pub namespace: String,
}

impl Client {
    pub fn new(base: impl Into<String>, auth: impl Into<String>, namespace: impl Into<String>) -> Self {
        // Does not follow redirects: no client of the API does, and tests check those of web actions.
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.timeout(Duration::from_secs(100)).build().expect("a client");
        Client { http, base: base.into(), auth: auth.into(), namespace: namespace.into() }
    }

    /// The same client, from another address of this machine, and with another limit for the time of a request.
    pub fn from_address(&self, address: IpAddr, limit: Duration) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.local_address(address).timeout(limit).build().expect("a client");
        Client { http, ..self.clone() }
    }

    /// The base URL of its server.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request with this client's key, to a path that begins with `/`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let (user, password) = self.auth.split_once(':').expect("uuid:key");
        self.anonymous(method, path).basic_auth(user, Some(password))
    }

    /// Like `request`, without a key.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    /// Like `send`; `Err` if there is no answer, or not a whole one.
    pub async fn try_send(&self, request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// Gets a path below `/api/v1/namespaces/_/`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, &format!("/api/v1/namespaces/_/{path}"))).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, &format!("/api/v1/namespaces/_/{path}")).json(body)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, &format!("/api/v1/namespaces/_/{path}")).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, &format!("/api/v1/namespaces/_/{path}"))).await
    }

    /// Requests a path below `/api/v1/web/{namespace}/default/`, without a key.
    pub async fn web(&self, method: Method, path: &str) -> Answer {
        self.send(self.anonymous(method, &self.web_path(path))).await
    }

    pub fn web_path(&self, path: &str) -> String {
        format!("/api/v1/web/{}/default/{path}", self.namespace)
    }

    /// Deploys code and expects 200.
    pub async fn create_action(&self, name: &str, code: &str) {
        self.create_action_with(name, code, json!({})).await;
    }

    /// Like `create_action`, with further members of the PUT body: `limits`, `annotations`, `parameters`.
    pub async fn create_action_with(&self, name: &str, code: &str, more: Value) {
        self.put_code(name, code, more).await.expect(200);
    }

    /// Deploys code and returns the answer, whatever its status.
    pub async fn put_code(&self, name: &str, code: &str, more: Value) -> Answer {
        let mut body = json!({ "exec": { "kind": "wasm:default", "code": code } });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        self.put(&format!("actions/{name}?overwrite=true"), &body).await
    }

    /// Deploys a web action.
    pub async fn create_web_action(&self, name: &str, code: &str) {
        let annotations = json!([{ "key": "web-export", "value": true }]);
        self.create_action_with(name, code, json!({ "annotations": annotations })).await;
    }

    /// Invokes and waits; the answer carries the record.
    pub async fn invoke(&self, name: &str, args: &Value) -> Answer {
        self.post(&format!("actions/{name}?blocking=true"), args).await
    }

    /// Invokes without waiting and returns the activation id.
    pub async fn invoke_async(&self, name: &str, args: &Value) -> String {
        let answer = self.post(&format!("actions/{name}"), args).await.expect(202);
        answer.json()["activationId"].as_str().expect("an activationId").to_owned()
    }

    pub async fn create_trigger(&self, name: &str) {
        self.put(&format!("triggers/{name}"), &json!({})).await.expect(200);
    }

    pub async fn create_rule(&self, name: &str, trigger: &str, action: &str) {
        let body = json!({ "trigger": format!("/_/{trigger}"), "action": format!("/_/{action}") });
        self.put(&format!("rules/{name}"), &body).await.expect(200);
    }

    /// One call of the feed `/whisk.system/alarms/alarm`, as `wsk` and `aio` make it.
    pub async fn alarm(&self, event: &str, trigger: &str, more: Value) -> Answer {
        self.feed("alarm", event, trigger, more).await
    }

    /// Like `alarm`, for any feed of `/whisk.system/alarms`.
    pub async fn feed(&self, feed: &str, event: &str, trigger: &str, more: Value) -> Answer {
        let mut body = json!({
            "lifecycleEvent": event, "triggerName": format!("/{}/{trigger}", self.namespace), "authKey": self.auth,
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let path = format!("/api/v1/namespaces/whisk.system/actions/alarms/{feed}?blocking=true&result=false");
        self.send(self.request(Method::POST, &path).json(&body)).await
    }

    /// Creates a trigger and its alarm.
    pub async fn create_alarm(&self, trigger: &str, cron: &str, payload: Value) {
        self.create_trigger(trigger).await;
        self.alarm("CREATE", trigger, json!({ "cron": cron, "trigger_payload": payload })).await.expect(200);
    }

    /// The record of an activation, as soon as it has ended.
    pub async fn ended(&self, id: &str) -> Value {
        eventually(&format!("activation {id} has ended"), || async {
            let answer = self.get(&format!("activations/{id}")).await;
            (answer.status == 200).then(|| answer.json())
        })
        .await
    }

    /// `queued`, `running` or `ended`; empty for an unknown id.
    pub async fn state(&self, id: &str) -> String {
        let status = self.get(&format!("activations/{id}/status")).await.json();
        status["state"].as_str().unwrap_or_default().to_owned()
    }

    /// The whole records of an action or trigger, newest first.
    pub async fn activations_of(&self, name: &str) -> Vec<Value> {
        let list = self.get(&format!("activations?name={name}&docs=true&limit=200")).await.expect(200);
        list.json().as_array().cloned().unwrap_or_default()
    }

    /// Like `activations_of`, as soon as there are at least `count`.
    pub async fn activations_of_at_least(&self, name: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{name} has {count} activations"), || async {
            let all = self.activations_of(name).await;
            (all.len() >= count).then_some(all)
        })
        .await
    }
}
