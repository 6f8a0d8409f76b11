//! One running wask process. `parts` builds what it is made of, `loops` keeps it going, `shutdown` says what ends when;
//! this file starts it and stops it.

mod loops;
mod parts;
mod shutdown;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tracing::info;
use wask_egress::Resolve;
use wask_model::Timestamp;
use wask_sandbox::Sandbox;
use wask_store::OnFault;

use crate::alarms::Alarms;
use crate::api::{self, Server};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::Config;
use crate::invoke::Invoker;
use loops::Loops;
use parts::{Domain, Stores, Work};
use shutdown::{LAST_ANSWERS, Shutdown};

/// A node that runs. [`Node::stop`] ends it in order; dropping it ends it like a crash would.
pub struct Node {
    pub address: SocketAddr,
    /// The address for web actions only.
    pub web_address: Option<SocketAddr>,
    /// The URL that clients and guests on this machine reach it under, without a slash at the end.
    pub api_host: String,
    pub catalog: Arc<Catalog>,
    pub invoker: Arc<Invoker>,
    pub alarms: Arc<Alarms>,
    stores: Stores,
    domain: Domain,
    shutdown: Shutdown,
    /// How long a stopping node waits for what runs.
    grace: Duration,
    serving: JoinHandle<()>,
    loops: Loops,
    recording: JoinHandle<()>,
}

/// What a node may share with others in one process: for tests.
#[derive(Clone, Default)]
pub struct Shared {
    pub clock: Option<Clock>,
    pub sandbox: Option<Sandbox>,
    pub resolver: Option<Arc<dyn Resolve>>,
    /// What to do when the store can no longer be relied on; `None`: it refuses all calls.
    pub on_store_fault: Option<OnFault>,
}

/// A node that could serve, and does not listen yet: what its first request needs can still be made.
pub struct ReadyNode {
    pub address: SocketAddr,
    web_address: Option<SocketAddr>,
    /// The URL that clients and guests on this machine will reach it under, without a slash at the end.
    pub api_host: String,
    config: Config,
    server: Server,
    stores: Stores,
    domain: Domain,
    work: Work,
    shutdown: Shutdown,
}

impl ReadyNode {
    /// Opens the data folder and takes over the work that is left in it. The address is taken, but nothing listens.
    pub async fn prepare(config: &Config, shared: Shared) -> anyhow::Result<ReadyNode> {
        let shutdown = Shutdown::default();
        let stores = Stores::open(config, shared)?;
        let server = Server::bind(config.server.listen, config.http.clone())
            .with_context(|| format!("cannot listen on {} (--listen chooses another address)", config.server.listen))?;
        let server = with_web_actions(server, config)?;
        let (address, web_address) = (server.address()?, server.web_address()?);
        let api_host = api_host(config, address);
        let domain = Domain::build(config, &stores, &shutdown).await?;
        let work = Work::build(config, &stores, &domain, &shutdown, &api_host)?;
        work.take_over(&stores, &domain).await?;
        let config = config.clone();
        Ok(ReadyNode { address, web_address, api_host, config, server, stores, domain, work, shutdown })
    }

    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.domain.catalog
    }

    pub fn now(&self) -> Timestamp {
        self.stores.clock.now()
    }

    /// Listens, and starts the loops.
    pub fn serve(self) -> anyhow::Result<Node> {
        let ReadyNode { address, web_address, api_host, config, server, stores, domain, work, shutdown } = self;
        let server = server.listen().with_context(|| format!("cannot listen on {address}"))?;
        let grace = Duration::from_millis(config.server.grace_ms);
        let routes = api::router(parts::for_api(&config, &stores, &domain, &work, &shutdown, &api_host));
        let serving = tokio::spawn(server.serve(routes, shutdown.serving.clone(), grace + LAST_ANSWERS));
        let loops = Loops::start(&config, &stores, &domain, &work, &shutdown);
        info!(%address, data = %config.server.data_dir.display(), "node started");
        let Work { invoker, alarms, recording, .. } = work;
        let catalog = domain.catalog.clone();
        Ok(Node {
            address,
            web_address,
            api_host,
            catalog,
            invoker,
            alarms,
            stores,
            domain,
            shutdown,
            grace,
            serving,
            loops,
            recording,
        })
    }
}

impl Node {
    /// Prepares a node and serves.
    pub async fn start(config: &Config, shared: Shared) -> anyhow::Result<Node> {
        ReadyNode::prepare(config, shared).await?.serve()
    }

    pub fn now(&self) -> Timestamp {
        self.stores.clock.now()
    }

    /// Looks now for what other processes have written into the store; the node does so by itself twice a second.
    pub async fn notice_outside_changes(&self) -> anyhow::Result<()> {
        Ok(self.domain.outside_changes.notice().await?)
    }

    /// Takes no new work and ends what can end within the grace period. A caller that still waits then gets an activation
    /// id; what still runs is kept, with what is queued, for the next start.
    pub async fn stop(self) -> anyhow::Result<()> {
        let grace = self.shutdown.begin(self.grace);
        self.serving.await.context("stop serving")?;
        self.loops.ended().await?;
        self.domain.queue.drain(&self.shutdown.waiting).await.context("drain the queue")?;
        self.invoker.drain().await;
        grace.abort();
        self.domain.callbacks.log_deferred().await;
        self.invoker.flush_records().await;
        self.recording.abort();
        self.stores.open.close().await;
        info!("node stopped");
        Ok(())
    }

    /// Ends like a crash: nothing is drained, nothing is released.
    pub fn abort(self) {
        self.shutdown.end_intake();
        self.serving.abort();
        self.recording.abort();
        drop(self.loops); // aborts them
    }
}

/// Takes the further address of `web.listen`, if there is one.
fn with_web_actions(server: Server, config: &Config) -> anyhow::Result<Server> {
    let Some(address) = config.web.address().context("web.listen")? else { return Ok(server) };
    server.and_web_actions_at(address).with_context(|| format!("cannot listen on {address} (web.listen)"))
}

/// The URL of the API: the one that the settings name, otherwise the address that the node listens on.
fn api_host(config: &Config, address: SocketAddr) -> String {
    match (config.server.api_host.as_str(), address.ip()) {
        ("", IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => format!("http://127.0.0.1:{}", address.port()),
        ("", IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => format!("http://[::1]:{}", address.port()),
        ("", _) => format!("http://{address}"),
        (configured, _) => configured.to_owned(),
    }
}
