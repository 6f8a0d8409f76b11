//! The compiler's own process, seen from the server: starts it, feeds it, and ends it when its time is over, whatever
//! it does.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rustix::process::Signal;
use tracing::{error, warn};

use super::child::{Answer, Order};
use super::descriptors::were_missing;
use crate::digest::Digest;
use crate::engine::{RefusedModule, SandboxConfig};

/// The time limit of a compilation is processor time, so that it does not depend on what else the machine does. This
/// many times as long it may take altogether.
const WALL_PER_CPU: u64 = 10;
/// The allocator of `wask` would reserve a GiB when it starts, and all that it reserves counts as used.
const ALLOCATOR_RESERVES: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "32MiB");
/// Bytes of what a child says about itself that are read.
const LAST_WORDS: u64 = 4096;
/// Bytes of native code per byte of a module at most, and for a module without bytes.
const CODE_PER_BYTE: u64 = 64;
const LEAST_CODE: u64 = 64 << 20;

/// Compiles a module in a process of its own. Call it on a thread that lives at least as long as the process: the
/// system ends the child when the thread that started it ends.
pub(super) fn compile(
    program: &Path,
    config: &SandboxConfig,
    digest: &Digest,
    code: &Arc<Vec<u8>>,
) -> Result<Vec<u8>, RefusedModule> {
    let failed = |cause: &dyn std::fmt::Display| {
        error!(%digest, %cause, program = %program.display(), "cannot compile in a process of its own");
        RefusedModule::CompilerFailed
    };
    let mut child = start(program, config).map_err(|cause| match were_missing(&cause) {
        true => RefusedModule::OutOfDescriptors,
        false => failed(&cause),
    })?;
    let talking = talk_to(&mut child, code.clone());
    let waited_ms = config.compile_time_ms * WALL_PER_CPU;
    let heard = talking.map(|heard| heard.recv_timeout(Duration::from_millis(waited_ms)));
    if !matches!(&heard, Ok(Ok(Heard { answer: None, .. }))) {
        let _ = child.kill(); // it has said all, or its time is over
    }
    let status = child.wait().map_err(|cause| failed(&cause))?;
    match heard.map_err(|cause| failed(&cause))? {
        Ok(Heard { answer: Some((Answer::Code, code)), .. }) => Ok(code),
        Ok(Heard { answer: Some((Answer::Refused, reason)), .. }) => {
            Err(serde_json::from_slice(&reason).unwrap_or_else(|cause| failed(&cause)))
        }
        Ok(Heard { answer: None, last_words }) => Err(why(status, &last_words, config, digest)),
        Err(_) => {
            warn!(%digest, waited_ms, "compilation was killed because it got too little of the processor");
            Err(RefusedModule::CompileOverdue { waited_ms })
        }
    }
}

fn start(program: &Path, config: &SandboxConfig) -> io::Result<Child> {
    let order = Order { parent: std::process::id().cast_signed(), config: config.clone() };
    Command::new(program)
        .arg0("wask")
        .arg("compile-module")
        .arg(serde_json::to_string(&order)?)
        .env_clear()
        .env(ALLOCATOR_RESERVES.0, ALLOCATOR_RESERVES.1)
        .process_group(0) // Ctrl-C is for the server
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// What a child has said before it closed its pipes.
struct Heard {
    /// `None`: it did not finish.
    answer: Option<(Answer, Vec<u8>)>,
    last_words: String,
}

/// Talks to the child on a thread of its own, because a pipe cannot be waited for with a time limit.
fn talk_to(child: &mut Child, code: Arc<Vec<u8>>) -> io::Result<mpsc::Receiver<Heard>> {
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("the child has no pipes"));
    };
    let (sender, receiver) = mpsc::channel();
    let talk = move || {
        let _ = sender.send(hear(stdin, stdout, stderr, &code)); // nobody listens any more after the time limit
    };
    std::thread::Builder::new().name("wask-compile-io".into()).spawn(talk)?;
    Ok(receiver)
}

fn hear(mut stdin: ChildStdin, mut stdout: ChildStdout, stderr: ChildStderr, code: &[u8]) -> Heard {
    let _ = stdin.write_all(code); // a child that ends early says why
    drop(stdin);
    let most = LEAST_CODE + CODE_PER_BYTE * code.len() as u64;
    let answer = read_answer(&mut stdout, most).ok();
    let mut last_words = Vec::new();
    if answer.is_none() {
        drop(stdout);
        let _ = stderr.take(LAST_WORDS).read_to_end(&mut last_words);
    }
    Heard { answer, last_words: String::from_utf8_lossy(&last_words).into_owned() }
}

fn read_answer(stdout: &mut ChildStdout, most: u64) -> io::Result<(Answer, Vec<u8>)> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    let (mut kind, mut length) = ([0; 1], [0; 8]);
    stdout.read_exact(&mut kind)?;
    stdout.read_exact(&mut length)?;
    let kind = [Answer::Code, Answer::Refused].into_iter().find(|known| *known as u8 == kind[0]).ok_or_else(wrong)?;
    let length = u64::from_le_bytes(length);
    if length > most {
        return Err(wrong());
    }
    let mut content = Vec::with_capacity(length as usize);
    stdout.take(length).read_to_end(&mut content)?;
    if content.len() as u64 != length {
        return Err(wrong());
    }
    Ok((kind, content))
}

/// Why a child ended without an answer.
fn why(status: ExitStatus, last_words: &str, config: &SandboxConfig, digest: &Digest) -> RefusedModule {
    let last_words = last_words.trim();
    if last_words.contains("memory allocation of") {
        warn!(%digest, "compilation ran out of memory");
        return RefusedModule::CompileMemory { limit: config.compile_memory_bytes };
    }
    let signal = status.signal();
    let named = signal.and_then(Signal::from_named_raw);
    warn!(%digest, %status, last_words, "compiler ended without an answer");
    match (signal, named) {
        (_, Some(Signal::XCPU)) => RefusedModule::CompileTime { limit_ms: config.compile_time_ms },
        (Some(signal), Some(Signal::KILL | Signal::TERM | Signal::INT | Signal::HUP | Signal::QUIT)) => {
            RefusedModule::CompilerKilled { signal }
        }
        (Some(signal), _) => RefusedModule::CompilerCrashed { signal },
        (None, _) => RefusedModule::CompilerFailed,
    }
}
