//! One run: a fresh store, an instance, a call of `_start`, and a report of how it ended. Nothing survives it.

mod module;
mod report;
mod verdict;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use wasmtime::{Engine, Error, FuncType, Linker, Store, UpdateDeadline};

use self::verdict::RunTimes;
use crate::abi::{self, Context, HostCallState, HostCalls, NoHostCalls};
use crate::engine::{
    Growth, GuestClock, GuestMemory, RunLimits, SandboxConfig, SandboxError, Signals, Stop, SystemClock, Ticks,
    Unmetered, until,
};
use crate::output::{GuestOutput, LogSink, Output};

pub use module::Module;
pub use report::{RunEnd, RunReport};

/// The input of one run: arguments, environment, limits, and what connects it to its host.
pub struct Run {
    /// Standard input: the arguments, one JSON object.
    pub args: Bytes,
    /// The whole environment of the guest, as names and values.
    pub env: Vec<(Cow<'static, str>, String)>,
    /// What the run may use.
    pub limits: RunLimits,
    /// The services that answer its host calls.
    pub host: Arc<dyn HostCalls>,
    /// The time that the guest reads and that its deadline is measured by.
    pub clock: Arc<dyn GuestClock>,
    /// Gets each log line while the guest runs.
    pub log_sink: Option<Arc<dyn LogSink>>,
    /// Ends the run from outside.
    pub stop: Stop,
    /// What the guest's memory is taken from. Dropped when the guest is gone.
    pub memory: Arc<dyn GuestMemory>,
    /// Whose run it is. The runs of one share wait for each other rather than those of others for them; the sandbox
    /// does not care what the name means.
    pub share: Arc<str>,
}

impl Run {
    /// A run with these arguments, default limits and the host's clock, without environment and services.
    pub fn new(args: impl Into<Bytes>) -> Run {
        Run {
            args: args.into(),
            env: Vec::new(),
            limits: RunLimits::default(),
            host: Arc::new(NoHostCalls),
            clock: Arc::new(SystemClock),
            log_sink: None,
            stop: Stop::default(),
            memory: Arc::new(Unmetered),
            share: Arc::default(),
        }
    }
}

/// Every function a guest can import: module, name and type.
pub(crate) fn imports_of(linker: &Linker<Context>, engine: &Engine) -> Vec<(String, String, FuncType)> {
    let run = Run::new(Bytes::new());
    let context = context(run, 0, &SandboxConfig::default(), Arc::default(), Ticks::default(), Duration::ZERO);
    let mut store = Store::new(engine, context);
    let functions: Vec<_> = linker
        .iter(&mut store)
        .filter_map(|(module, name, item)| Some((module.to_owned(), name.to_owned(), item.into_func()?)))
        .collect();
    functions.into_iter().map(|(module, name, function)| (module, name, function.ty(&store))).collect()
}

/// Runs a guest to its end. `Err` means the host could not run it.
pub(crate) async fn run_guest(
    module: Module,
    run: Run,
    config: Arc<SandboxConfig>,
    signals: Arc<Signals>,
    ticks: Ticks,
) -> Result<RunReport, SandboxError> {
    let (limits, clock) = (run.limits.clone(), run.clock.clone());
    let started = clock.monotonic();
    let deadline = started.saturating_add(limits.time);
    let _memory = run.memory.clone(); // until the store is dropped, however this future ends
    let initial = module.initial_memory_bytes() as usize;
    let mut store =
        store_for(&module, context(run, initial, &config, signals.clone(), ticks.clone(), deadline), &config);

    let mut init = None;
    let guest = execute(&mut store, &module, &mut init);
    let ended = match until(guest, &signals, &ticks, &*clock, deadline).await {
        Ok(ended) => ended,
        Err(stopped) => Err(Error::new(stopped)),
    };

    let remains = store.into_data().into_remains(); // the instance and its memory are gone from here on
    let duration = clock.monotonic().saturating_sub(started);
    let init = init.map(|ready| ready.saturating_sub(started));
    verdict::report(ended, remains, &limits, RunTimes { init, duration })
}

/// Everything that the run owns, before it starts. `initial`: bytes of linear memory that its host has granted.
pub(crate) fn context(
    run: Run,
    initial: usize,
    config: &SandboxConfig,
    signals: Arc<Signals>,
    ticks: Ticks,
    deadline: Duration,
) -> Context {
    let limits = &run.limits;
    let output = Output::new(limits, run.log_sink, run.memory.clone());
    let written = Arc::new(GuestOutput::new(output, run.clock.clone()));
    Context {
        growth: Growth {
            host: run.memory,
            granted: initial,
            max_memory: limits.memory_bytes.min(config.max_memory_bytes) as usize,
            max_tables: config.tables as usize,
            max_table_elements: config.table_elements as usize,
            peak: 0,
            refused: false,
            host_refused: None,
        },
        calls: HostCallState {
            host: run.host,
            home: Handle::try_current().ok(),
            left: limits.host_calls,
            used_up: false,
            frame_bytes: config.frame_bytes as usize,
            waiting: None,
        },
        wasi: abi::system(run.args, &run.env, &written, config.random_bytes),
        written,
        poll_subscriptions: config.poll_subscriptions,
        random_bytes: config.random_bytes,
        clock: run.clock,
        deadline,
        signals,
        ticks,
        memory: None,
    }
}

fn store_for(module: &Module, context: Context, config: &SandboxConfig) -> Store<Context> {
    let mut store = Store::new(module.linked().module().engine(), context);
    store.limiter(|context| &mut context.growth);
    store.set_hostcall_fuel(config.hostcall_bytes as usize);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        let context = store.data();
        context.signals.turn_over(context.clock.monotonic(), context.deadline)?;
        Ok(UpdateDeadline::Yield(1))
    });
    store
}

/// Makes an instance, writes to `init` when it is ready, and calls `_start`.
async fn execute(store: &mut Store<Context>, module: &Module, init: &mut Option<Duration>) -> Result<(), Error> {
    store.data().signals.check()?; // it may have waited for its first turn for long
    let instance = module.linked().instantiate_async(&mut *store).await?;
    let memory = instance.get_module_export(&mut *store, module.memory());
    store.data_mut().memory = memory.and_then(wasmtime::Extern::into_memory);
    let start = instance.get_module_export(&mut *store, module.start()).and_then(wasmtime::Extern::into_func);
    let start = start.ok_or_else(|| Error::msg("`_start` is not a function"))?.typed::<(), ()>(&*store)?;
    *init = Some(store.data().clock.monotonic());
    start.call_async(&mut *store, ()).await
}
