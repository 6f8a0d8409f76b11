//! What a node is made of, built from the bottom up: stores, domain, work. The doors are in [`crate::api`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tracing::info;
use wask_egress::{Egress, Resolve, SystemResolver};
use wask_model::FullName;
use wask_sandbox::{CompileIn, Sandbox, SandboxConfig};
use wask_store::failpoint::{Stage, reach};
use wask_store::{DataDirLock, Lane, OpenStore};

use super::Shared;
use super::shutdown::Shutdown;
use crate::alarms::{AlarmParts, Alarms, FeedAction};
use crate::api;
use crate::callbacks::{CallbackParts, Callbacks};
use crate::catalog::{Catalog, CatalogBytes, CatalogStores, InFlightCounts};
use crate::clock::Clock;
use crate::config::Config;
use crate::disk_space::DiskSpace;
use crate::firing::{Firing, FiringParts};
use crate::gate::{Gate, rights};
use crate::gateway::Gateway;
use crate::host::{Host, HostParts};
use crate::idempotency::Idempotency;
use crate::invoke::builtin::{self, Builtin};
use crate::invoke::{Admission, AdmissionParts, Invoker, InvokerParts, InvokerStores, Recorder};
use crate::memory::{Budget, KeptMemory, Places};
use crate::outside_changes::{Observer, Subscriber};
use crate::queue::Queue;

/// What the rest stands on: the data folder, the store in it, the memory, the time, the sandbox, the way out.
pub(super) struct Stores {
    pub open: OpenStore,
    pub budget: Arc<Budget>,
    pub clock: Clock,
    sandbox: Sandbox,
    resolver: Arc<dyn Resolve>,
    _lock: DataDirLock,
}

impl Stores {
    /// Locks the data folder and opens what is in it. `Err` if another node has the folder.
    pub fn open(config: &Config, shared: Shared) -> anyhow::Result<Stores> {
        let lock = DataDirLock::take(&config.server.data_dir)?;
        let open = wask_store::open(&config.store, &config.server.data_dir, shared.on_store_fault)
            .context("open the store")?;
        reach(Stage::StartUp);
        let budget = budget(config);
        let sandbox = match shared.sandbox {
            Some(sandbox) => sandbox,
            None => {
                let kept = budget.kept().of_each;
                let loaded = config.sandbox.loaded_bytes.min(budget.caches().modules);
                let settings =
                    SandboxConfig { keep_resident_bytes: kept, loaded_bytes: loaded, ..config.sandbox.clone() };
                Sandbox::new(&settings, Some(&config.code_cache()), compiler()).context("start the sandbox")?
            }
        };
        let clock = shared.clock.unwrap_or_else(Clock::system);
        let resolver = shared.resolver.unwrap_or_else(|| Arc::new(SystemResolver::default()));
        Ok(Stores { open, budget, clock, sandbox, resolver, _lock: lock })
    }
}

fn budget(config: &Config) -> Arc<Budget> {
    let kept = KeptMemory { instances: config.sandbox.max_instances, of_each: config.sandbox.keep_resident_bytes };
    let budget = Budget::new(config.server.memory_bytes, &config.memory, kept);
    info!(
        total = budget.total(),
        guests = budget.guests().total(),
        requests = budget.requests().total(),
        answers = budget.answers().total(),
        records = budget.records().total(),
        caches = budget.caches_bytes(),
        "memory budget in bytes"
    );
    Arc::new(budget)
}

/// This very program compiles, also when its file has been replaced by another version in the meantime.
fn compiler() -> CompileIn {
    CompileIn::Process("/proc/self/exe".into())
}

/// What exists, who may use it, and what waits.
pub(super) struct Domain {
    pub disk: Arc<DiskSpace>,
    pub gate: Arc<Gate>,
    pub queue: Queue,
    pub catalog: Arc<Catalog>,
    pub gateway: Arc<Gateway>,
    pub callbacks: Arc<Callbacks>,
    /// Says when another process has written to the store.
    pub outside_changes: Arc<Observer>,
}

impl Domain {
    pub async fn build(config: &Config, stores: &Stores, shutdown: &Shutdown) -> anyhow::Result<Domain> {
        let Stores { open, clock, sandbox, resolver, .. } = stores;
        let store = &open.store;
        let queue = Queue::new(store.clone(), clock.clone(), config.queue.clone());
        let of_catalog = CatalogStores { entities: store.clone(), namespaces: store.clone(), secrets: store.clone() };
        let cached = stores.budget.caches();
        let of_entities = CatalogBytes { entities: cached.entities, identities: cached.identities };
        let (sandbox, limits) = (sandbox.clone(), config.limits.clone());
        let catalog = Catalog::open(of_catalog, sandbox, clock.clone(), limits, &config.catalog, of_entities);
        let catalog = Arc::new(catalog.await.context("open the catalog")?);
        let callbacks = Callbacks::new(CallbackParts {
            store: store.clone(),
            jobs: store.clone(),
            secrets: store.clone(),
            catalog: catalog.clone(),
            queue: queue.clone(),
            egress: Egress::new(&config.egress, resolver.clone()).context("set up outbound connections")?,
            clock: clock.clone(),
            config: config.callbacks.clone(),
            limits: config.limits.clone(),
            stop_attempts: shutdown.callbacks.clone(),
        });
        let callbacks = callbacks.await.context("set up callbacks")?;
        let disk = Arc::new(DiskSpace::new(config.server.data_dir.clone(), config.store.min_free_bytes));
        disk.look(&**store).await;
        let gate = Arc::new(Gate::new(config.limits.clone(), config.logins.clone(), disk.clone()));
        let gateway = Arc::new(Gateway::new(store.clone(), config.gateway.clone(), cached.routes));
        let in_flight = Arc::new(InFlightCounts { catalog: catalog.clone(), gate: gate.clone() });
        let subscribers: Vec<Arc<dyn Subscriber>> = vec![catalog.clone(), in_flight, gateway.clone()];
        let outside_changes = Arc::new(Observer::new(store.clone(), clock.clone(), subscribers));
        Ok(Domain { disk, gate, queue, catalog, gateway, callbacks, outside_changes })
    }
}

/// What invokes, fires and records.
pub(super) struct Work {
    pub admission: Arc<Admission>,
    pub firing: Arc<Firing>,
    pub alarms: Arc<Alarms>,
    pub invoker: Arc<Invoker>,
    /// The recorder's task.
    pub recording: JoinHandle<()>,
}

impl Work {
    /// `api_host`: what guests are told to call the API by.
    pub fn build(
        config: &Config,
        stores: &Stores,
        domain: &Domain,
        shutdown: &Shutdown,
        api_host: &str,
    ) -> anyhow::Result<Work> {
        let (store, clock) = (&stores.open.store, &stores.clock);
        let Domain { gate, queue, catalog, callbacks, .. } = domain;
        let admission = Arc::new(admission(config, stores, domain));
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
        let of_records = stores.budget.records().clone();
        let (recorder, recording) = Recorder::start(store.clone(), clock.clone(), &config.activations, of_records);
        let invoker = Invoker::new(InvokerParts {
            admission: admission.clone(),
            catalog: catalog.clone(),
            gate: gate.clone(),
            queue: queue.clone(),
            sandbox: stores.sandbox.clone(),
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
            payloads: stores.budget.requests().clone(),
            places: Places::new(&stores.budget, config.sandbox.max_instances, config.sandbox.guest_stack_bytes),
            place_wait: Duration::from_millis(config.memory.place_wait_ms),
            api_host: api_host.to_owned(),
            server_name: config.server.name.clone(),
            closing: shutdown.serving.clone(),
            stop_waiting: shutdown.waiting.clone(),
        });
        Ok(Work { admission, firing, alarms, invoker, recording })
    }

    /// Takes over what the last process left: activations that wait count in the gate, leases are released, alarms armed.
    pub async fn take_over(&self, stores: &Stores, domain: &Domain) -> anyhow::Result<()> {
        for (namespace, queued) in stores.open.store.count_jobs(Lane::Invoke).await? {
            domain.gate.restore(&namespace, queued);
        }
        domain.queue.take_over().await.context("take over the queue")?;
        self.alarms.take_over().await.context("take over the alarms")?;
        // The first look always reports a change. If it came after the first requests, the keys that they brought would be
        // forgotten and looked up again.
        domain.outside_changes.notice().await.context("look for outside changes")
    }
}

/// The front door of invocations and firings.
fn admission(config: &Config, stores: &Stores, domain: &Domain) -> Admission {
    Admission::new(AdmissionParts {
        catalog: domain.catalog.clone(),
        gate: domain.gate.clone(),
        callbacks: domain.callbacks.clone(),
        idempotency: Idempotency::new(stores.open.store.clone(), domain.queue.clone()),
        clock: stores.clock.clone(),
        live_log_bytes: config.activations.live_log_bytes,
    })
}

/// What the routes of the API need.
pub(super) fn for_api(
    config: &Config,
    stores: &Stores,
    domain: &Domain,
    work: &Work,
    shutdown: &Shutdown,
    api_host: &str,
) -> api::Parts {
    api::Parts {
        admission: work.admission.clone(),
        alarms: work.alarms.clone(),
        callbacks: domain.callbacks.clone(),
        catalog: domain.catalog.clone(),
        gate: domain.gate.clone(),
        gateway: domain.gateway.clone(),
        invoker: work.invoker.clone(),
        firing: work.firing.clone(),
        audit: stores.open.store.clone(),
        budget: stores.budget.clone(),
        clock: stores.clock.clone(),
        limits: config.limits.clone(),
        documents: api::Documents::default(),
        web: config.web.clone(),
        sites: api::Sites::new(&config.http, &config.web, api_host),
        api_host: api_host.to_owned(),
        closing: shutdown.serving.clone(),
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
