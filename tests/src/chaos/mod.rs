//! A server under load that is killed with `kill -9` repeatedly: at random moments and at each named [`Stage`]. In the
//! end, the rules are checked against what the server promised and what clients saw.

mod evidence;
mod first_schema;
mod invariants;
mod load;
mod readout;
mod report;
mod upgrade;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tempfile::TempDir;
use wask_store::failpoint::{Stage, VARIABLE};

pub use invariants::{Broken, Rule};
pub use report::Report;
pub use upgrade::dies_during_its_migration;

use crate::ServerProcess;
use load::{Ledger, Sites, Visitor};

/// No throttles, receivers on loopback, and no activation given up after many deaths of the process.
const SETTINGS: [(&str, &str); 6] = [
    ("WASK_LIMITS__INVOCATIONS_PER_MINUTE", "0"),
    ("WASK_LIMITS__FIRES_PER_MINUTE", "0"),
    ("WASK_LIMITS__CONCURRENT_INVOCATIONS", "0"),
    ("WASK_QUEUE__MAX_ATTEMPTS", "1000"),
    ("WASK_EGRESS__ALLOW_CIDRS", r#"["127.0.0.0/8"]"#),
    ("WASK_LOG__LEVEL", "warn"),
];
const CLIENTS: usize = 4;
/// How long the process may take to reach a stage before it is killed anyway.
const UNREACHED: Duration = Duration::from_secs(6);
/// The name under which kills at no named stage are counted.
pub const AT_RANDOM: &str = "at random";

/// How long to run, and the seed of the random choices.
pub struct Plan {
    pub seed: u64,
    /// How long the load lasts, without the check at the end. Tries every stage at least once, however long that takes.
    pub span: Duration,
}

/// When the process dies.
#[derive(Clone, Copy)]
enum Death {
    After(Duration),
    At(Stage),
}

/// Kills a server under load for the planned time, then checks the rules.
pub async fn run(plan: Plan) -> Report {
    let mut rng = Rng::with_seed(plan.seed);
    let mut chaos = Chaos::begin(&mut rng).await;
    let begun = Instant::now();
    loop {
        for stage in Stage::ALL {
            chaos.live_until(Death::At(stage), &mut rng).await;
            chaos.live_until(Death::After(Duration::from_millis(rng.u64(50..2000))), &mut rng).await;
        }
        if begun.elapsed() >= plan.span {
            break;
        }
    }
    chaos.take_stock(plan.seed).await
}

struct Chaos {
    data: Arc<TempDir>,
    ledger: Ledger,
    sites: Arc<Sites>,
    /// How often the process was started.
    lives: usize,
    kills: BTreeMap<&'static str, u64>,
}

impl Chaos {
    /// The first life: deploys what the load needs, then kills the process at random.
    async fn begin(rng: &mut Rng) -> Self {
        let data = Arc::new(crate::data_folder());
        let mut server = ServerProcess::start("serve", &[], &SETTINGS, data.clone()).await;
        load::deploy(&server.guest().await).await;
        let mut chaos = Chaos {
            data,
            ledger: Ledger::default(),
            sites: Arc::new(Sites::start().await),
            lives: 1,
            kills: BTreeMap::new(),
        };
        let visits = chaos.visit(&server, rng).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.kill().await;
        chaos.count(AT_RANDOM);
        join(visits).await;
        chaos
    }

    fn count(&mut self, kill: &'static str) {
        *self.kills.entry(kill).or_default() += 1;
    }

    /// One life under load.
    async fn live_until(&mut self, death: Death, rng: &mut Rng) {
        if let Death::At(Stage::Migration) = death {
            upgrade::dies_during_its_migration().await; // on data of its own, which only an older server leaves
            return self.count(Stage::Migration.as_str());
        }
        let armed = match death {
            Death::After(_) => String::new(),
            Death::At(stage) => format!("{}:{}", stage.as_str(), rng.u64(1..=passages(stage))),
        };
        let mut settings = SETTINGS.to_vec();
        if !armed.is_empty() {
            settings.push((VARIABLE, &armed));
        }
        self.lives += 1;
        let mut server = match ServerProcess::try_start("serve", &[], &settings, self.data.clone()).await {
            Ok(server) => server,
            Err(ended) => {
                assert_eq!(ended.status.signal(), Some(9), "the server did not start: {}", ended.printed);
                let Death::At(stage) = death else { panic!("it died without a kill: {}", ended.printed) };
                return self.count(stage.as_str());
            }
        };
        let visits = self.visit(&server, rng).await;
        let died_at = match death {
            Death::After(time) => {
                tokio::time::sleep(time).await;
                None
            }
            Death::At(stage) => died(&mut server).await.then_some(stage),
        };
        let early = server.has_ended();
        assert!(
            early.is_none_or(|status| status.signal() == Some(9)),
            "the server ended without a kill: {}",
            server.stderr()
        );
        server.kill().await;
        self.count(died_at.map_or(AT_RANDOM, Stage::as_str));
        join(visits).await;
    }

    /// Starts the clients that invoke and those that watch.
    async fn visit(&self, server: &ServerProcess, rng: &mut Rng) -> Vec<tokio::task::JoinHandle<()>> {
        let visitor = self.visitor(server).await;
        let mut visits: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(visitor.clone().invoke(rng.fork()))).collect();
        visits.push(tokio::spawn(visitor.clone().look(rng.fork())));
        visits.push(tokio::spawn(visitor.watch_ticks()));
        visits
    }

    async fn visitor(&self, server: &ServerProcess) -> Visitor {
        let (ledger, sites) = (self.ledger.clone(), self.sites.clone());
        Visitor { client: server.guest().await, ledger, life: self.lives - 1, sites }
    }

    /// The last life, without load and without a kill: reads everything and checks the rules.
    async fn take_stock(mut self, seed: u64) -> Report {
        self.lives += 1;
        let server = ServerProcess::start("serve", &[], &SETTINGS, self.data.clone()).await;
        let evidence = readout::read_out(&self.visitor(&server).await).await;
        Report::new(seed, self.kills, &evidence)
    }
}

/// The latest passage of a stage at which to die: one that a life under this load reaches.
fn passages(stage: Stage) -> u64 {
    match stage {
        Stage::Accepted | Stage::Leased | Stage::Running | Stage::FinishedNotRecorded => 30,
        Stage::CallbackPending | Stage::CallbackInFlight => 4,
        Stage::AlarmDue => 2,
        Stage::StartUp | Stage::Migration => 1,
        Stage::StoreWrites | Stage::StoreReads => 60,
    }
}

/// Whether the process dies at its stage within [`UNREACHED`].
async fn died(server: &mut ServerProcess) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < UNREACHED {
        if server.has_ended().is_some() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}

async fn join(visits: Vec<tokio::task::JoinHandle<()>>) {
    for visit in visits {
        visit.await.expect("a visitor does not panic");
    }
}
