//! Compiles on a few threads of low priority, with a bounded queue and a time budget. A compilation cannot be
//! interrupted, so a thread that overruns its budget is replaced by a new one and ends when its compilation is done. At
//! most as many threads are replaced as there are regular ones. If those overrun too, modules wait, and are refused
//! after `compile_wait_ms`.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{error, warn};

use super::modules::Modules;
use crate::digest::Digest;
use crate::engine::{RefusedModule, SandboxConfig, SandboxError, Stopwatch, lower_this_thread};

/// Large, because the compiler recurses over the structure of a function.
const STACK_BYTES: usize = 16 << 20;

/// waiting ──thread takes it──▶ compiling ──▶ done
#[derive(Clone, Debug)]
enum CompileState {
    Waiting,
    Compiling(Stopwatch),
    Done(Result<(), RefusedModule>),
}

/// The compile threads and their queue.
pub(crate) struct Compiler(Arc<Shared>);

struct Shared {
    /// Weak, so that an idle thread does not keep compiled files mapped after the sandbox is gone.
    modules: Weak<Modules>,
    config: SandboxConfig,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Every module that waits or is being compiled. A second request for a module joins the first.
    progress: HashMap<Digest, Entry>,
    threads: u32,
    overdue: u32,
    closed: bool,
}

type Job = (Digest, Arc<Vec<u8>>);

struct Entry {
    sender: watch::Sender<CompileState>,
    overdue: bool,
}

impl Compiler {
    pub fn new(modules: &Arc<Modules>, config: &SandboxConfig) -> Result<Compiler, SandboxError> {
        let (state, work) = (Mutex::new(State::default()), Condvar::new());
        let shared = Arc::new(Shared { modules: Arc::downgrade(modules), config: config.clone(), state, work });
        for _ in 0..config.parallel_compiles {
            shared.spawn().map_err(|cause| SandboxError::internal("cannot start a compile thread", cause))?;
        }
        Ok(Compiler(shared))
    }

    /// Compiles a module, or joins a compilation of it that is under way. Dropping the future does not stop the
    /// compilation.
    pub async fn compile(&self, digest: Digest, wasm: Arc<Vec<u8>>) -> Result<(), RefusedModule> {
        let mut progress = self.0.submit(digest, wasm)?;
        let spent = self.wait_for_thread(&mut progress).await?;
        let limit_ms = self.0.config.compile_time_ms;
        let left = Duration::from_millis(limit_ms).saturating_sub(spent);
        let done = progress.wait_for(|progress| matches!(progress, CompileState::Done(_)));
        match timeout(left, done).await {
            Ok(Ok(progress)) => match &*progress {
                CompileState::Done(result) => result.clone(),
                CompileState::Waiting | CompileState::Compiling(_) => Err(RefusedModule::CompilerFailed),
            },
            Ok(Err(_)) => Err(RefusedModule::CompilerFailed),
            Err(_) => {
                self.0.overrun(&digest);
                Err(RefusedModule::CompileTimeout { limit_ms })
            }
        }
    }

    /// Waits until a thread has taken the module, and returns how long it has been compiling.
    async fn wait_for_thread(&self, progress: &mut watch::Receiver<CompileState>) -> Result<Duration, RefusedModule> {
        let wait = Duration::from_millis(self.0.config.compile_wait_ms);
        let begun = progress.wait_for(|progress| !matches!(progress, CompileState::Waiting));
        match timeout(wait, begun).await {
            Ok(Ok(progress)) => match &*progress {
                CompileState::Compiling(watch) => Ok(watch.elapsed()),
                CompileState::Waiting | CompileState::Done(_) => Ok(Duration::ZERO),
            },
            Ok(Err(_)) => Err(RefusedModule::CompilerFailed),
            Err(_) => Err(RefusedModule::CompilerBusy { waiting: self.0.lock().waiting.len() as u64 }),
        }
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.work.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while held")
    }

    fn submit(&self, digest: Digest, wasm: Arc<Vec<u8>>) -> Result<watch::Receiver<CompileState>, RefusedModule> {
        let mut state = self.lock();
        if let Some(entry) = state.progress.get(&digest) {
            return Ok(entry.sender.subscribe());
        }
        if state.waiting.len() >= self.config.compile_queue as usize {
            return Err(RefusedModule::CompilerBusy { waiting: state.waiting.len() as u64 });
        }
        let (sender, receiver) = watch::channel(CompileState::Waiting);
        state.progress.insert(digest, Entry { sender, overdue: false });
        state.waiting.push_back((digest, wasm));
        self.work.notify_one();
        Ok(receiver)
    }

    fn spawn(self: &Arc<Self>) -> std::io::Result<()> {
        let shared = self.clone();
        self.lock().threads += 1;
        let thread = std::thread::Builder::new().name("wask-compile".into()).stack_size(STACK_BYTES);
        let spawned = thread.spawn(move || {
            lower_this_thread();
            while let Some((digest, wasm)) = shared.next() {
                let result = shared.compile(&digest, &wasm);
                shared.finish(&digest, result);
            }
        });
        if spawned.is_err() {
            self.lock().threads -= 1;
        }
        spawned.map(drop)
    }

    /// The next module to compile. `None`: this thread is no longer needed.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed || state.threads > self.config.parallel_compiles + state.overdue {
                state.threads -= 1;
                return None;
            }
            if let Some(job) = state.waiting.pop_front() {
                if let Some(entry) = state.progress.get(&job.0) {
                    entry.sender.send_replace(CompileState::Compiling(Stopwatch::start()));
                }
                return Some(job);
            }
            state = self.work.wait(state).expect("no panic while held");
        }
    }

    fn compile(&self, digest: &Digest, wasm: &[u8]) -> Result<(), RefusedModule> {
        let Some(modules) = self.modules.upgrade() else { return Err(RefusedModule::CompilerFailed) };
        catch_unwind(AssertUnwindSafe(|| modules.compile(digest, wasm).map(drop))).unwrap_or_else(|_| {
            error!(%digest, "compiler panicked");
            Err(RefusedModule::CompilerFailed)
        })
    }

    fn finish(&self, digest: &Digest, result: Result<(), RefusedModule>) {
        let mut state = self.lock();
        let Some(entry) = state.progress.remove(digest) else { return };
        if entry.overdue {
            state.overdue -= 1;
        }
        entry.sender.send_replace(CompileState::Done(result));
    }

    /// A compilation has used up its time budget: starts another thread to take over the queue.
    fn overrun(self: &Arc<Self>, digest: &Digest) {
        let mut state = self.lock();
        let replaced = state.overdue;
        let Some(entry) = state.progress.get_mut(digest) else { return };
        if entry.overdue || replaced >= self.config.parallel_compiles {
            return;
        }
        entry.overdue = true;
        state.overdue += 1;
        drop(state);
        warn!(%digest, "compilation overruns its budget");
        if let Err(cause) = self.spawn() {
            error!(%cause, "cannot replace a compile thread");
        }
    }
}
