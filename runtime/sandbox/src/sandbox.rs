//! The entry point: prepares modules and runs them.

use std::path::Path;
use std::sync::Arc;

use crate::deploy::{CompileIn, Compiler, LOOK, Modules, OutOfDescriptors, WAIT, at_most};
use crate::digest::Digest;
use crate::engine::{Pollers, RefusedModule, Relay, SandboxConfig, SandboxError, Stopwatch};
use crate::run::{self, Module, Run, RunReport};

/// Bytes. Larger modules are hashed on a blocking thread.
const HASH_INLINE: usize = 32 << 10;

/// Runs guests. Cloning it is cheap. Make one per process, because wasmtime wants one engine per process.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    config: Arc<SandboxConfig>,
    modules: Arc<Modules>,
    compiler: Compiler,
    pollers: Pollers,
}

impl Sandbox {
    /// Sets up the engine and its threads.
    ///
    /// `cache_dir` holds compiled code; `None` keeps it in memory only. `Err`: a setting is out of range, or the
    /// engine, a thread or the directory could not be set up.
    pub fn new(
        config: &SandboxConfig,
        cache_dir: Option<&Path>,
        compile_in: CompileIn,
    ) -> Result<Sandbox, SandboxError> {
        config.check()?;
        let modules = Arc::new(Modules::new(config, cache_dir)?);
        let compiler = Compiler::new(&modules, config, compile_in)?;
        let pollers = Pollers::start(config)?;
        Ok(Sandbox(Arc::new(Inner { config: Arc::new(config.clone()), modules, compiler, pollers })))
    }

    /// The settings that this sandbox was made with.
    pub fn config(&self) -> &SandboxConfig {
        &self.0.config
    }

    /// Checks and compiles decoded code, unless that was done before, and keeps the module ready to run.
    ///
    /// `share`: whom this is done for. Of each share one module is compiled at a time, and none gets more of the queue,
    /// the compile threads and the disk than the others leave it. `Err` says why the module is not accepted, or that
    /// too many wait. Dropping the future does not stop a compilation that has begun; its outcome is kept.
    pub async fn prepare(&self, share: &str, code: Vec<u8>) -> Result<Digest, RefusedModule> {
        at_most("module", code.len() as u64, self.0.config.module.module_bytes)?;
        let code = Arc::new(code);
        let digest = hash(&code).await?;
        if self.load(&digest).await?.is_none() {
            self.0.compiler.compile(share, digest, code).await?;
        }
        Ok(digest)
    }

    /// Finds a module that is in memory also under another digest, by which somebody may remember it.
    pub fn keep_as(&self, digest: Digest, module: Module) {
        self.0.modules.keep_as(digest, module);
    }

    /// The module, if it is in memory.
    pub fn loaded(&self, digest: &Digest) -> Option<Module> {
        self.0.modules.loaded(digest)
    }

    /// The module, if it is in memory or on disk. `None`: [`prepare`](Self::prepare) it again. `Err`: for some seconds
    /// the process has had no file descriptor to look.
    pub async fn load(&self, digest: &Digest) -> Result<Option<Module>, RefusedModule> {
        let (begun, digest) = (Stopwatch::start(), *digest);
        loop {
            if let Some(module) = self.loaded(&digest) {
                return Ok(Some(module));
            }
            let modules = self.0.modules.clone();
            if !modules.has_disk() {
                return Ok(None);
            }
            match tokio::task::spawn_blocking(move || modules.load(&digest)).await {
                Ok(Ok(module)) => return Ok(module),
                Ok(Err(OutOfDescriptors)) if begun.elapsed() < WAIT => tokio::time::sleep(LOOK).await,
                Ok(Err(OutOfDescriptors)) => return Err(RefusedModule::OutOfDescriptors),
                Err(_) => return Ok(None),
            }
        }
    }

    /// Runs `module` until it ends or one of the run's limits ends it.
    ///
    /// Time is wall-clock time, accurate to one epoch tick, and includes instantiation. The guest starts on the
    /// caller's threads and moves to low-priority ones after `handover_cpu_ms` of CPU time, or at once if its share has
    /// used its `front_credit_ms`. Dropping the future ends
    /// the guest at its next tick. Guest misbehaviour is a [`RunEnd`](crate::RunEnd); `Err` means that this host could
    /// not run anything.
    pub async fn run(&self, module: &Module, run: Run) -> Result<RunReport, SandboxError> {
        let (signals, share) = (run.stop.0.clone(), run.share.clone());
        let Inner { config, modules, pollers, .. } = &*self.0;
        let ticks = modules.ticks().clone();
        let guest = Box::pin(run::run_guest(module.clone(), run, config.clone(), signals.clone(), ticks));
        match Relay::new(guest, signals, share, pollers).await {
            Ok(report) => report,
            Err(cause) => Err(SandboxError::internal("the run broke off", cause)),
        }
    }
}

async fn hash(code: &Arc<Vec<u8>>) -> Result<Digest, RefusedModule> {
    if code.len() <= HASH_INLINE {
        return Ok(Digest::from_code(code));
    }
    let code = code.clone();
    let hashed = tokio::task::spawn_blocking(move || Digest::from_code(&code)).await;
    hashed.map_err(|_| RefusedModule::CompilerFailed)
}
