//! One running wask process: builds every part in order, owns the handles, drains and stops in reverse.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::info;
use wask_egress::{Egress, Resolve, SystemResolver};
use wask_model::{FullName, Timestamp};
use wask_sandbox::Sandbox;
use wask_store::failpoint::{Stage, reach};
use wask_store::{DataDirLock, Lane, OpenStore};

use crate::alarms::{AlarmParts, Alarms, FeedAction};
use crate::api::{self, Server};
use crate::callbacks::{CallbackParts, Callbacks};
use crate::catalog::{Catalog, CatalogStores, InFlightCounts};
use crate::clock::Clock;
use crate::config::Config;
use crate::firing::{Firing, FiringParts};
use crate::gate::{Gate, rights};
use crate::gateway::Gateway;
use crate::host::{Host, HostParts};
use crate::idempotency::Idempotency;
use crate::invoke::builtin::{self, Builtin};
use crate::invoke::{Admission, AdmissionParts, Invoker, InvokerParts, InvokerStores, Recorder};
use crate::outside_changes::{Observer, Subscriber};
use crate::queue::Queue;
use crate::retention::{Bound, Retention, days};

/// For the answers of those who waited until the end of the grace period.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// For the callbacks that are under way.
const LAST_ATTEMPTS: Duration = Duration::from_secs(5);

/// A node that runs. [`Node::stop`] ends it in order; dropping it ends it like a crash would.
pub struct Node {
    pub address: SocketAddr,
    /// The URL that clients and guests on this machine reach it under, without a slash at the end.
    pub api_host: String,
    pub catalog: Arc<Catalog>,
    pub invoker: Arc<Invoker>,
    pub alarms: Arc<Alarms>,
    callbacks: Arc<Callbacks>,
    clock: Clock,
    outside_changes: Arc<Observer>,
    queue: Queue,
    store: OpenStore,
    grace: Duration,
    /// Ends the socket first, then the loops, after a moment the callbacks, and at the end of the grace period every wait.
    stop_serving: CancellationToken,
    stop_working: CancellationToken,
    stop_callbacks: CancellationToken,
    stop_waiting: CancellationToken,
    serving: JoinHandle<()>,
    working: Vec<JoinHandle<()>>,
    recording: JoinHandle<()>,
    _lock: DataDirLock,
}

/// What a node may share with others in one process: for tests.
#[derive(Clone, Default)]
pub struct Shared {
    pub clock: Option<Clock>,
    pub sandbox: Option<Sandbox>,
    pub resolver: Option<Arc<dyn Resolve>>,
}

impl Node {
    /// Opens the data folder, takes up the work that is left in it, and listens.
    pub async fn start(config: &Config, shared: Shared) -> anyhow::Result<Node> {
        let lock = DataDirLock::take(&config.server.data_dir)?;
        let clock = shared.clock.unwrap_or_else(Clock::system);
        let open_store = wask_store::open(&config.store, &config.server.data_dir).context("open the store")?;
        reach(Stage::StartUp);
        let store = open_store.store.clone();
        let sandbox = match shared.sandbox {
            Some(sandbox) => sandbox,
            None => Sandbox::new(&config.sandbox, Some(&config.code_cache())).context("start the sandbox")?,
        };
        let server = Server::bind(config.server.listen, config.http.clone())
            .await
            .with_context(|| format!("cannot listen on {} (--listen chooses another address)", config.server.listen))?;
        let address = server.address()?;
        let api_host = api_host(config, address);

        let (stop_serving, stop_working) = (CancellationToken::new(), CancellationToken::new());
        let stop_waiting = CancellationToken::new();
        let gate = Arc::new(Gate::new(config.limits.clone(), config.logins.clone()));
        let queue = Queue::new(store.clone(), clock.clone(), config.queue.clone());
        let stores = CatalogStores { entities: store.clone(), namespaces: store.clone(), secrets: store.clone() };
        let catalog = Catalog::open(stores, sandbox.clone(), clock.clone(), config.limits.clone(), &config.catalog);
        let catalog = Arc::new(catalog.await.context("open the catalog")?);
        let resolver = shared.resolver.unwrap_or_else(|| Arc::new(SystemResolver::default()));
        let stop_callbacks = CancellationToken::new();
        let callbacks = Callbacks::new(CallbackParts {
            store: store.clone(),
            jobs: store.clone(),
            secrets: store.clone(),
            catalog: catalog.clone(),
            queue: queue.clone(),
            egress: Egress::new(&config.egress, resolver).context("set up outbound connections")?,
            clock: clock.clone(),
            config: config.callbacks.clone(),
            stop_attempts: stop_callbacks.clone(),
        });
        let callbacks = callbacks.await.context("set up callbacks")?;
        let admission = Arc::new(Admission::new(AdmissionParts {
            catalog: catalog.clone(),
            gate: gate.clone(),
            callbacks: callbacks.clone(),
            idempotency: Idempotency::new(store.clone(), queue.clone()),
            clock: clock.clone(),
            live_log_bytes: config.activations.live_log_bytes,
        }));
        let firing = Arc::new(Firing::new(FiringParts {
            admission: admission.clone(),
            catalog: catalog.clone(),
            gate: gate.clone(),
            queue: queue.clone(),
            clock: clock.clone(),
        }));
        let alarms = Alarms::new(AlarmParts {
            store: store.clone(),
            jobs: store.clone(),
            catalog: catalog.clone(),
            firing: firing.clone(),
            queue: queue.clone(),
            clock: clock.clone(),
            callbacks: callbacks.clone(),
            settings: config.alarms.clone(),
        });
        queue.serve(Lane::Fire, alarms.clone());
        let host = Host::new(HostParts {
            admission: admission.clone(),
            firing: firing.clone(),
            gate: gate.clone(),
            clock: clock.clone(),
        });
        let (recorder, recording) = Recorder::start(store.clone(), clock.clone(), &config.activations);
        let invoker = Invoker::new(InvokerParts {
            admission: admission.clone(),
            catalog: catalog.clone(),
            gate: gate.clone(),
            queue: queue.clone(),
            sandbox,
            clock: clock.clone(),
            recorder,
            stores: InvokerStores {
                activations: store.clone(),
                jobs: store.clone(),
                dead_letters: store.clone(),
                tasks: store.clone(),
            },
            host: Arc::new(host),
            builtins: builtins(&alarms)?,
            api_host: api_host.clone(),
            server_name: config.server.name.clone(),
            closing: stop_serving.clone(),
            stop_waiting: stop_waiting.clone(),
        });

        for (namespace, queued) in store.count_jobs(Lane::Invoke).await? {
            gate.restore(&namespace, queued);
        }
        queue.take_over().await.context("take over the queue")?;
        alarms.take_over().await.context("take over the alarms")?;

        let gateway = Arc::new(Gateway::new(store.clone(), config.gateway.clone()));
        let in_flight = Arc::new(InFlightCounts { catalog: catalog.clone(), gate: gate.clone() });
        let subscribers: Vec<Arc<dyn Subscriber>> = vec![catalog.clone(), in_flight, gateway.clone()];
        let outside_changes = Arc::new(Observer::new(store.clone(), clock.clone(), subscribers));
        let parts = api::Parts {
            admission,
            alarms: alarms.clone(),
            callbacks: callbacks.clone(),
            catalog: catalog.clone(),
            gate: gate.clone(),
            gateway: gateway.clone(),
            invoker: invoker.clone(),
            firing,
            audit: store.clone(),
            clock: clock.clone(),
            limits: config.limits.clone(),
            api_host: api_host.clone(),
            closing: stop_serving.clone(),
        };
        let grace = Duration::from_millis(config.server.grace_ms);
        let serving = tokio::spawn(server.serve(api::router(parts), stop_serving.clone(), grace + LAST_ANSWERS));
        let working = vec![
            tokio::spawn({
                let (queue, stop) = (queue.clone(), stop_working.clone());
                async move { queue.run(stop).await }
            }),
            tokio::spawn({
                let (alarms, stop) = (alarms.clone(), stop_working.clone());
                async move { alarms.run(stop).await }
            }),
            tokio::spawn({
                let (outside_changes, stop) = (outside_changes.clone(), stop_working.clone());
                async move { outside_changes.run(stop).await }
            }),
            tokio::spawn(retention(config).run(store, clock.clone(), stop_working.clone())),
        ];
        info!(%address, data = %config.server.data_dir.display(), "node started");
        Ok(Node {
            address,
            api_host,
            clock,
            catalog,
            invoker,
            alarms,
            callbacks,
            outside_changes,
            queue,
            store: open_store,
            grace,
            stop_serving,
            stop_working,
            stop_callbacks,
            stop_waiting,
            serving,
            working,
            recording,
            _lock: lock,
        })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Takes notice now of what others have written into the store; the node does so by itself twice a second.
    pub async fn notice_outside_changes(&self) -> anyhow::Result<()> {
        Ok(self.outside_changes.notice().await?)
    }

    /// Accepts nobody any more and ends what can end within the grace period. Then whoever still waits gets an id, and
    /// what still runs is kept, with what is queued, for the next start.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop_serving.cancel();
        self.stop_working.cancel();
        let grace = tokio::spawn({
            let (grace, stop_callbacks, stop_waiting) =
                (self.grace, self.stop_callbacks.clone(), self.stop_waiting.clone());
            async move {
                let for_callbacks = grace.min(LAST_ATTEMPTS);
                tokio::time::sleep(for_callbacks).await;
                stop_callbacks.cancel();
                tokio::time::sleep(grace - for_callbacks).await;
                stop_waiting.cancel();
            }
        });
        self.serving.await.context("stop serving")?;
        for task in self.working {
            task.await.context("stop a loop")?;
        }
        self.queue.drain(&self.stop_waiting).await.context("drain the queue")?;
        self.invoker.drain().await;
        grace.abort();
        self.callbacks.log_deferred().await;
        self.invoker.flush_records().await;
        self.recording.abort();
        self.store.close().await;
        info!("node stopped");
        Ok(())
    }

    /// Ends like a crash: nothing is drained, nothing is given back.
    pub fn abort(self) {
        self.stop_serving.cancel();
        self.stop_working.cancel();
        self.serving.abort();
        self.working.iter().for_each(JoinHandle::abort);
        self.recording.abort();
    }
}

fn retention(config: &Config) -> Retention {
    let Config { activations, queue, callbacks, alarms, .. } = config;
    Retention {
        records: Bound { age: days(activations.retention_days), bytes: activations.retention_bytes },
        dead_letters: Bound { age: days(queue.dead_letter_days), bytes: queue.dead_letter_bytes },
        callbacks: Bound { age: days(callbacks.retention_days), bytes: callbacks.retention_bytes },
        past_ticks: days(alarms.history_days),
    }
}

fn api_host(config: &Config, address: SocketAddr) -> String {
    match (config.server.api_host.as_str(), address.ip()) {
        ("", IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => format!("http://127.0.0.1:{}", address.port()),
        ("", IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => format!("http://[::1]:{}", address.port()),
        ("", _) => format!("http://{address}"),
        (configured, _) => configured.to_owned(),
    }
}

/// The actions that run inside the server, by full name.
fn builtins(alarms: &Arc<Alarms>) -> anyhow::Result<HashMap<FullName, Arc<dyn Builtin>>> {
    let mut all: HashMap<FullName, Arc<dyn Builtin>> = HashMap::new();
    let name = |package: &str, name: &str| {
        anyhow::Ok(FullName::packaged(rights::SYSTEM.parse()?, package.parse()?, name.parse()?))
    };
    for feed in crate::catalog::ALARM_FEEDS {
        all.insert(name("alarms", feed)?, Arc::new(FeedAction(alarms.clone())));
    }
    for util in crate::catalog::UTILS {
        let action = builtin::util(util).with_context(|| format!("no built-in action {util}"))?;
        all.insert(name("utils", util)?, action);
    }
    Ok(all)
}
