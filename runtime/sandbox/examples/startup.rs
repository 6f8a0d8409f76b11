//! Prints what one run of a trivial guest costs, alone and several at a time: `cargo run --release --example startup`.

use std::time::Instant;

use bytes::Bytes;
use wask_sandbox::{CompileIn, Module, Run, RunEnd, Sandbox, SandboxConfig};

const RUNS: u32 = 100_000;
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 17)
    (data (i32.const 0) "\08\00\00\00\03\00\00\00{}\n")
    (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = SandboxConfig::default();
    let sandbox = Sandbox::new(&config, None, CompileIn::ThisProcess)?;
    let digest = sandbox.prepare("me", wask_sandbox::upload::decode(GUEST, &config)?).await?;
    let module = sandbox.loaded(&digest).ok_or("the module was just prepared")?;

    for tasks in [1, 2, 16] {
        let started = Instant::now();
        let tasks: Vec<_> =
            (0..tasks).map(|_| tokio::spawn(runs(sandbox.clone(), module.clone(), RUNS / tasks))).collect();
        let count = tasks.len();
        for task in tasks {
            task.await??;
        }
        let micros = started.elapsed().as_secs_f64() * 1e6 / f64::from(RUNS);
        println!("{count:>2} at a time: {micros:.2} µs per run");
    }
    Ok(())
}

async fn runs(sandbox: Sandbox, module: Module, count: u32) -> Result<(), String> {
    for _ in 0..count {
        let report =
            sandbox.run(&module, Run::new(Bytes::from_static(b"{}"))).await.map_err(|cause| cause.to_string())?;
        if !matches!(report.end, RunEnd::Returned(_)) {
            return Err(format!("{:?}", report.end));
        }
    }
    Ok(())
}
