//! A server in this process: a real socket on port 0, its own data, and a clock that a test may move by hand.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tempfile::TempDir;
use wask::catalog::Namespaces;
use wask::clock::Clock;
use wask::config::Config;
use wask::node::{Node, Shared};
use wask_egress::Resolve;
use wask_model::{
    ActivationId, Callback, CallbackDefaults, CallbackSettings, FullName, LimitOverrides, NamespaceName, NewCallback,
    Subscription, Timestamp,
};
use wask_sandbox::{CompileIn, Sandbox};
use wask_store::sqlite::{SqliteConfig, SqliteStore};
use wask_store::{JobReader as _, JobStore as _, Lane, NewJob};

use crate::{Client, binary, data_folder};

/// One engine for all servers of the test binary: starting one takes longer than most stories.
fn shared_sandbox() -> Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    let new = || Sandbox::new(&Config::default().sandbox, None, CompileIn::Process(binary())).expect("a sandbox");
    SANDBOX.get_or_init(new).clone()
}

/// A running server.
pub struct TestServer {
    node: Node,
    clock: Clock,
    guest: Client,
    config: Config,
    resolver: Option<Arc<dyn Resolve>>,
    data: TempDir,
}

/// How to start a server.
pub struct TestServerBuilder {
    config: Config,
    clock: Clock,
    resolver: Option<Arc<dyn Resolve>>,
}

impl TestServer {
    /// A server with the default settings, no throttles, and the system's clock.
    pub async fn start() -> Self {
        TestServer::builder().start().await
    }

    pub fn builder() -> TestServerBuilder {
        let mut config = Config::default();
        config.server.listen = ([127, 0, 0, 1], 0).into();
        config.server.grace_ms = 5_000;
        config.limits.invocations_per_minute = 0;
        config.limits.fires_per_minute = 0;
        config.limits.reads_per_minute = 0;
        config.limits.concurrent_invocations = 0;
        config.http.connections_per_address = 0; // a thousand callers of a story have one address
        config.queue.poll_ms = 50;
        config.egress.allow_cidrs = vec!["127.0.0.0/8".into()]; // receivers are on loopback
        TestServerBuilder { config, clock: Clock::system(), resolver: None }
    }

    /// The client of the namespace `guest`.
    pub fn guest(&self) -> Client {
        self.guest.clone()
    }

    /// A client of another namespace, which this creates.
    pub async fn other(&self, namespace: &str) -> Client {
        client_of(&self.node, namespace).await
    }

    /// Runs an operator's command against the store of the running server, then lets the server notice the change.
    pub async fn as_operator<T>(&self, act: impl AsyncFnOnce(Namespaces<'_>) -> anyhow::Result<T>) -> T {
        let store = SqliteStore::join(&self.config.database(), &SqliteConfig::default()).expect("a store to join");
        let clock = Clock::system();
        let done = act(Namespaces::new(&store, &clock)).await.expect("the operator's command succeeds");
        store.close().await;
        self.node.notice_outside_changes().await.expect("the server notices the change");
        done
    }

    /// `wask namespace limits NAMESPACE --set …`
    pub async fn set_limits(&self, namespace: &str, limits: &[(&str, &str)]) {
        let name = namespace.parse().expect("a namespace name");
        let change = |own: &mut LimitOverrides| {
            limits.iter().try_for_each(|(limit, value)| own.set(limit, value, &self.config.limits))?;
            own.check()
        };
        self.as_operator(async |namespaces| namespaces.set_limits(&name, change).await).await;
    }

    /// How many activations of all namespaces are jobs, queued or running.
    pub async fn queued(&self) -> u64 {
        let store = SqliteStore::join(&self.config.database(), &SqliteConfig::default()).expect("a store to join");
        let counts = store.count_jobs(Lane::Invoke).await.expect("the number of jobs");
        counts.iter().map(|(_, jobs)| jobs).sum()
    }

    /// The activations that run now, blocking ones included.
    pub fn running(&self) -> Vec<String> {
        self.node.invoker.running_ids().iter().map(ToString::to_string).collect()
    }

    /// Returns when a running guest has written the first line of its log: the sleeper has looked at the clock by then,
    /// so the story may move it.
    pub async fn first_line(&self, id: &str) {
        let namespace = self.guest.namespace.parse().expect("a namespace name");
        let id = id.parse().expect("an activation id");
        let what = format!("activation {id} runs");
        let running = crate::eventually(&what, || async { self.node.invoker.running(&namespace, id) }).await;
        running.lines(0).await;
    }

    /// Stores `count` callbacks of activations that have not ended, directly and not through the API.
    pub async fn fill_with_callbacks(&self, namespace: &str, count: u64) {
        let store = SqliteStore::join(&self.config.database(), &SqliteConfig::default()).expect("a store to join");
        let namespace: NamespaceName = namespace.parse().expect("a namespace name");
        let name = FullName::new(namespace.clone(), "nobody".parse().expect("a name"));
        let settings = CallbackSettings::default().over(&CallbackDefaults::default());
        let subscription = Subscription::from_value(&"http://hooks.example.com/".into()).expect("a subscription");
        let far_away = Timestamp::from_millis(i64::MAX / 2);
        let jobs = (0..count).map(|_| {
            let (id, activation) = (ActivationId::new(self.now()), ActivationId::new(self.now()));
            let (name, now, namespace) = (name.clone(), self.now(), namespace.clone());
            let new = NewCallback { id: id.into(), namespace: namespace.clone(), activation, cause: None, name, now };
            NewJob {
                id: activation,
                lane: Lane::Invoke,
                share: namespace.to_string(),
                namespace,
                name: new.name.to_string(),
                cause: None,
                payload: "{}".into(),
                due: far_away,
                claimed: None,
                callback: Some(Callback::new(subscription.clone(), &settings, new)),
            }
        });
        store.enqueue(None, jobs.collect()).await.expect("the store accepts them");
        store.close().await;
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.node.address)
    }

    pub fn address(&self) -> std::net::SocketAddr {
        self.node.address
    }

    /// The address for web actions only, if the settings name one.
    pub fn web_address(&self) -> Option<std::net::SocketAddr> {
        self.node.web_address
    }

    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Advances a clock that is moved by hand.
    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Stops in an orderly way and starts again on the same data.
    pub async fn restart(self) -> Self {
        self.restart_after(Duration::ZERO).await
    }

    /// Like `restart`, with other settings.
    pub async fn restart_with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self.restart().await
    }

    /// Like `restart`, advancing a clock that is moved by hand while the server is stopped.
    pub async fn restart_after(self, span: Duration) -> Self {
        let TestServer { node, clock, guest, config, resolver, data } = self;
        node.stop().await.expect("a server that stops");
        clock.advance(span);
        let node = start_node(&config, &clock, resolver.clone()).await;
        let guest = Client::new(format!("http://{}", node.address), guest.auth, guest.namespace);
        TestServer { node, clock, guest, config, resolver, data }
    }

    pub async fn stop(self) {
        self.node.stop().await.expect("a server that stops");
    }
}

impl TestServerBuilder {
    /// Uses a clock that only moves when the test advances it.
    pub fn clock_by_hand(mut self, start: &str) -> Self {
        let start = utc(start);
        self.clock = Clock::by_hand(start);
        self
    }

    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets the resolver for the host names of callbacks.
    pub fn resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    pub async fn start(mut self) -> TestServer {
        let data = data_folder();
        self.config.server.data_dir = data.path().to_owned();
        let node = start_node(&self.config, &self.clock, self.resolver.clone()).await;
        let guest = client_of(&node, "guest").await;
        TestServer { node, clock: self.clock, guest, config: self.config, resolver: self.resolver, data }
    }
}

async fn start_node(config: &Config, clock: &Clock, resolver: Option<Arc<dyn Resolve>>) -> Node {
    let shared = Shared { clock: Some(clock.clone()), sandbox: Some(shared_sandbox()), resolver, on_store_fault: None };
    Node::start(config, shared).await.expect("a server that starts")
}

async fn client_of(node: &Node, namespace: &str) -> Client {
    let name = namespace.parse().expect("a namespace name");
    let made = node.catalog.create_namespace(name, None).await.expect("a new namespace");
    Client::new(format!("http://{}", node.address), made.key.expose(), namespace)
}

/// ISO 8601 with `Z`.
fn utc(text: &str) -> Timestamp {
    let time: chrono::DateTime<chrono::Utc> = text.parse().expect("a time like 2030-01-01T06:00:00Z");
    time.into()
}
