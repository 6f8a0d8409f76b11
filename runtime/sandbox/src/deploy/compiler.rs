//! Compiles on a few threads, each of which starts a process per module and ends it when its time is over. Every share
//! has one of them at most, so that the others find one free; who asks for a module that is being compiled waits for
//! that compilation.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tracing::error;

use super::child::STACK_BYTES;
use super::modules::Modules;
use super::process;
use super::queue::{Queue, Room, Share};
use super::refused::Refusals;
use super::translator::Translator;
use crate::digest::Digest;
use crate::engine::{RefusedModule, SandboxConfig, SandboxError, lower_this_thread};

/// Where modules are compiled.
#[derive(Clone, Debug)]
pub enum CompileIn {
    /// In a process of its own for each module: `PROGRAM compile-module`, which calls
    /// [`compile_module`](crate::compile_module). The program has to be built from the same sources. Time and memory are
    /// limited by the system.
    Process(PathBuf),
    /// In this process, where nothing can stop a compilation: for tests and tools that compile what they know.
    ThisProcess,
}

/// waiting ──thread takes it──▶ compiling ──▶ done
#[derive(Clone, Debug)]
enum CompileState {
    Waiting,
    Compiling,
    Done(Result<(), RefusedModule>),
}

/// The compile threads and their queue.
pub(crate) struct Compiler(Arc<Shared>);

struct Shared {
    /// Weak, so that an idle thread does not keep compiled files mapped after the sandbox is gone.
    modules: Weak<Modules>,
    config: SandboxConfig,
    means: Means,
    state: Mutex<State>,
    work: Condvar,
}

enum Means {
    Process(PathBuf),
    ThisProcess(Box<Translator>),
}

struct State {
    waiting: Queue<Digest>,
    /// Every module that waits or is being compiled. It waits in the line of each share that asked for it, and is
    /// compiled at the first turn.
    progress: HashMap<Digest, Entry>,
    /// The shares that a module is being compiled for.
    served: HashSet<Share>,
    refused: Refusals,
    closed: bool,
}

struct Entry {
    code: Arc<Vec<u8>>,
    shares: Vec<Share>,
    sender: watch::Sender<CompileState>,
}

impl Entry {
    fn waits(&self) -> bool {
        matches!(*self.sender.borrow(), CompileState::Waiting)
    }
}

struct Job {
    share: Share,
    digest: Digest,
    code: Arc<Vec<u8>>,
}

impl Compiler {
    pub fn new(modules: &Arc<Modules>, config: &SandboxConfig, place: CompileIn) -> Result<Compiler, SandboxError> {
        let means = match place {
            CompileIn::Process(program) => Means::Process(program),
            CompileIn::ThisProcess => Means::ThisProcess(Box::new(Translator::new(config)?)),
        };
        let state = State {
            waiting: Queue::new(Room { modules: config.compile_queue.into(), bytes: config.compile_queue_bytes }),
            progress: HashMap::new(),
            served: HashSet::new(),
            refused: Refusals::new(config.refused_modules, Duration::from_millis(config.refused_ms)),
            closed: false,
        };
        let (modules, config) = (Arc::downgrade(modules), config.clone());
        let threads = config.parallel_compiles;
        let shared = Shared { modules, config, means, state: Mutex::new(state), work: Condvar::new() };
        let compiler = Compiler(Arc::new(shared));
        for _ in 0..threads {
            compiler
                .0
                .clone()
                .start()
                .map_err(|cause| SandboxError::internal("cannot start a compile thread", cause))?;
        }
        Ok(compiler)
    }

    /// Compiles a module for a share, or joins a compilation of it that is under way. Dropping the future does not stop
    /// a compilation that has begun; one that has not begun and that nobody waits for is left out.
    pub async fn compile(&self, share: &str, digest: Digest, code: Arc<Vec<u8>>) -> Result<(), RefusedModule> {
        let mut progress = self.0.submit(&share.into(), digest, code)?;
        let limit_ms = self.0.config.compile_wait_ms;
        let begun = progress.wait_for(|progress| !matches!(progress, CompileState::Waiting));
        match timeout(Duration::from_millis(limit_ms), begun).await {
            Ok(begun) => begun.map(drop).map_err(|_| RefusedModule::CompilerFailed)?,
            Err(_) => return Err(RefusedModule::CompileWait { limit_ms }),
        }
        let done = progress.wait_for(|progress| matches!(progress, CompileState::Done(_))).await;
        match done.map(|progress| progress.clone()) {
            Ok(CompileState::Done(result)) => result,
            Ok(CompileState::Waiting | CompileState::Compiling) | Err(_) => Err(RefusedModule::CompilerFailed),
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

    fn submit(
        &self,
        share: &Share,
        digest: Digest,
        code: Arc<Vec<u8>>,
    ) -> Result<watch::Receiver<CompileState>, RefusedModule> {
        let mut state = self.lock();
        let State { waiting, progress, refused, .. } = &mut *state;
        if let Some(refused) = refused.get(&digest) {
            return Err(refused);
        }
        if let Some(entry) = progress.get(&digest).filter(|entry| !entry.waits() || entry.shares.contains(share)) {
            return Ok(entry.sender.subscribe());
        }
        let bytes = code.len() as u64;
        if waiting.push(share, digest, bytes).is_err() {
            progress.retain(|_, entry| !entry.waits() || entry.sender.receiver_count() > 0);
            waiting.retain(|digest| progress.contains_key(digest));
            waiting.push(share, digest, bytes)?;
        }
        let entry = progress.entry(digest).or_insert_with(|| Entry {
            code,
            shares: Vec::new(),
            sender: watch::Sender::new(CompileState::Waiting),
        });
        entry.shares.push(share.clone());
        self.work.notify_one();
        Ok(entry.sender.subscribe())
    }

    fn start(self: Arc<Self>) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name("wask-compile".into()).stack_size(STACK_BYTES);
        let compiles = move || {
            lower_this_thread();
            while let Some(job) = self.next() {
                let result = self.compile(&job);
                self.finish(&job, result);
            }
        };
        thread.spawn(compiles).map(drop)
    }

    /// The next module to compile. `None`: the sandbox is gone.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let State { waiting, progress, served, .. } = &mut *state;
            let Some((share, digest)) = waiting.pop(|share| !served.contains(share)) else {
                state = self.work.wait(state).expect("no panic while held");
                continue;
            };
            let Some(entry) = progress.get(&digest).filter(|entry| entry.waits()) else { continue }; // another's turn was first
            if entry.sender.receiver_count() == 0 {
                progress.remove(&digest);
                continue;
            }
            entry.sender.send_replace(CompileState::Compiling);
            let code = entry.code.clone();
            served.insert(share.clone());
            return Some(Job { share, digest, code });
        }
    }

    fn compile(&self, job: &Job) -> Result<(), RefusedModule> {
        let Job { share, digest, code } = job;
        let native = match &self.means {
            Means::Process(program) => process::compile(program, &self.config, digest, code)?,
            Means::ThisProcess(translator) => self.guarded(digest, || translator.translate(code))?,
        };
        let Some(modules) = self.modules.upgrade() else { return Err(RefusedModule::CompilerFailed) };
        self.guarded(digest, || modules.keep_compiled(digest, share, &native))
    }

    fn guarded<T>(&self, digest: &Digest, act: impl FnOnce() -> Result<T, RefusedModule>) -> Result<T, RefusedModule> {
        catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| {
            error!(%digest, "compiler panicked");
            Err(RefusedModule::CompilerFailed)
        })
    }

    fn finish(&self, job: &Job, result: Result<(), RefusedModule>) {
        let mut state = self.lock();
        state.served.remove(&job.share);
        if let Err(refused) = &result
            && refused.is_final()
        {
            state.refused.add(job.digest, refused.clone());
        }
        if let Some(entry) = state.progress.remove(&job.digest) {
            entry.sender.send_replace(CompileState::Done(result));
        }
        self.work.notify_all(); // the next module of this share may go to any thread
    }
}
