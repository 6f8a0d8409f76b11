//! The sandbox of the targets that run guests.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use wask_sandbox::{CompileIn, Module, RefusedModule, Run, RunReport, Sandbox, SandboxConfig, upload};

/// Beyond its limit, a run may take this long on a machine with much else to do.
const LATE: Duration = Duration::from_secs(3);
/// The most bytes of a refusal, which is a sentence.
const SENTENCE: usize = 1 << 10;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime"));

static SANDBOX: LazyLock<Sandbox> =
    LazyLock::new(|| Sandbox::new(&config(), None, CompileIn::ThisProcess).expect("a sandbox"));

/// Small bounds, so that small inputs reach them.
pub fn config() -> SandboxConfig {
    let mut config = SandboxConfig {
        max_instances: 4,
        max_memory_bytes: 4 << 20,
        table_elements: 10_000,
        back_threads: 1,
        frame_bytes: 32 << 10,
        hostcall_bytes: 1 << 20,
        random_bytes: 1 << 20,
        poll_subscriptions: 16,
        loaded_modules: 16,
        ..SandboxConfig::default()
    };
    config.module.module_bytes = 64 << 10;
    config.module.wat_bytes = 64 << 10;
    config.zip.entries = 4;
    config.zip.total_bytes = 128 << 10;
    config
}

/// Decodes posted code. A refusal is a sentence, not a copy of the code.
pub fn decode(code: &str) -> Option<Vec<u8>> {
    accepted(upload::decode(code, &config()))
}

/// Prepares what was decoded, if it is accepted.
pub fn prepare(code: Vec<u8>) -> Option<Module> {
    try_prepare(code).ok()
}

/// Like `prepare`, and says why it is not accepted.
pub fn try_prepare(code: Vec<u8>) -> Result<Module, RefusedModule> {
    let digest = checked(RUNTIME.block_on(SANDBOX.prepare("fuzz", code)))?;
    Ok(SANDBOX.loaded(&digest).expect("an accepted module is ready to run"))
}

fn accepted<T>(result: Result<T, RefusedModule>) -> Option<T> {
    checked(result).ok()
}

fn checked<T>(result: Result<T, RefusedModule>) -> Result<T, RefusedModule> {
    if let Err(refused) = &result {
        assert!(!matches!(refused, RefusedModule::CompilerFailed), "the compiler failed");
        let sentence = refused.to_string();
        assert!(!sentence.is_empty() && sentence.len() <= SENTENCE, "{} bytes: {sentence}", sentence.len());
    }
    result
}

/// Runs a guest, which ends within its time.
pub fn run(module: &Module, run: Run) -> RunReport {
    let (started, limit) = (Instant::now(), run.limits.time);
    let report = RUNTIME.block_on(SANDBOX.run(module, run)).expect("the host can run guests");
    assert!(started.elapsed() <= limit + LATE, "{:?} for a limit of {limit:?}", started.elapsed());
    report
}
