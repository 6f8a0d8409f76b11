//! The compiler's own process, seen from inside: `wask compile-module`. It limits itself before it reads the module,
//! and it has nothing but its pipes: no file it could write, no environment, no other descriptor.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use rustix::process::{
    Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setpriority_process, setrlimit,
};
use serde::{Deserialize, Serialize};

use super::translator::Translator;
use crate::engine::{LOW_PRIORITY, RefusedModule, SandboxConfig};

/// Large, because the compiler recurses over the structure of a function.
pub(super) const STACK_BYTES: usize = 16 << 20;
/// Descriptors: the three pipes, and some for reading `/proc`.
const DESCRIPTORS: u64 = 16;

/// The argument of the child.
#[derive(Deserialize, Serialize)]
pub(super) struct Order {
    /// The process that waits for the answer.
    pub parent: i32,
    pub config: SandboxConfig,
}

/// The first byte of the answer, which is followed by its length in eight bytes, lowest first, and its content.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Native code.
    Code = 1,
    /// A [`RefusedModule`] as JSON.
    Refused = 2,
}

/// Compiles the module on standard input and writes the answer to standard output. `order` is what the sandbox gave as
/// the argument; nobody else calls this.
pub fn compile_module(order: &str) -> ExitCode {
    let answered = serde_json::from_str(order).map_err(io::Error::from).and_then(|order| answer(&order));
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            let _ = writeln!(io::stderr(), "{cause}");
            ExitCode::FAILURE
        }
    }
}

fn answer(order: &Order) -> io::Result<()> {
    limit_this_process(order)?;
    let mut code = Vec::new();
    io::stdin().take(order.config.module.module_bytes + 1).read_to_end(&mut code)?;
    let config = order.config.clone();
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let translated = thread.spawn(move || Translator::new(&config).map(|translator| translator.translate(&code)))?;
    let translated = translated.join().map_err(|_| io::Error::other("the compiler panicked"))?;
    let (kind, content) = match translated.map_err(io::Error::other)? {
        Ok(code) => (Answer::Code, code),
        Err(refused) => (Answer::Refused, serde_json::to_vec::<RefusedModule>(&refused)?),
    };
    let mut out = io::stdout().lock();
    out.write_all(&[kind as u8])?;
    out.write_all(&(content.len() as u64).to_le_bytes())?;
    out.write_all(&content)?;
    out.flush()
}

fn limit_this_process(order: &Order) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid().map(|parent| parent.as_raw_nonzero().get()) != Some(order.parent) {
        return Err(io::Error::other("the parent has ended"));
    }
    close_inherited()?;
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000"); // when memory is short, this process goes first
    let _ = setpriority_process(None, LOW_PRIORITY); // or it keeps its priority
    rustix::thread::set_no_new_privs(true)?;
    let seconds = order.config.compile_time_ms.div_ceil(1000);
    for (resource, limit) in [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, DESCRIPTORS),
        (Resource::As, mapped_bytes()? + STACK_BYTES as u64 + order.config.compile_memory_bytes),
    ] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    // At the first limit the system sends SIGXCPU, which says what happened, at the second one SIGKILL.
    setrlimit(Resource::Cpu, Rlimit { current: Some(seconds), maximum: Some(seconds + 1) })?;
    Ok(())
}

/// Closes what whoever started the server had open.
fn close_inherited() -> io::Result<()> {
    let folder = Path::new("/proc/self/fd");
    let all: io::Result<Vec<_>> = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect();
    for name in all? {
        let number: Option<i32> = name.to_str().and_then(|name| name.parse().ok());
        let Some(descriptor) = number.filter(|number| *number > 2) else { continue };
        if folder.join(name).symlink_metadata().is_err() {
            continue; // the list's own
        }
        // SAFETY: this process has only begun and has opened nothing that is still in use.
        #[allow(unsafe_code)]
        unsafe {
            rustix::io::close(descriptor);
        }
    }
    Ok(())
}

/// The address space of this process, in bytes.
fn mapped_bytes() -> io::Result<u64> {
    let about = std::fs::read_to_string("/proc/self/statm")?;
    let pages: Option<u64> = about.split_whitespace().next().and_then(|pages| pages.parse().ok());
    let pages = pages.ok_or_else(|| io::Error::other("/proc/self/statm has no size"))?;
    Ok(pages * rustix::param::page_size() as u64)
}
