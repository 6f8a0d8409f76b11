//! WASI preview 1, implemented by `wasmtime-wasi`, for a command with arguments, an environment, standard streams,
//! clocks and random numbers, but without files, directories and sockets. This file holds what the library cannot do.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmtime::{FuncType, Linker, Val, ValType};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, I32Exit, WasiCtxBuilder};

use super::checkpoint::checkpoint;
use super::context::Context;
use super::{library, pieces, poll};
use crate::engine::GuestClock;
use crate::output::{GuestOutput, GuestStream, Stream};

pub(super) const MODULE: &str = "wasi_snapshot_preview1";

/// The name of the program: its first argument.
const PROGRAM: &str = "action";
/// The resolution of its clocks that a guest gets. Finer ones would measure what the processor does for others.
const RESOLUTION: Duration = Duration::from_micros(1);
/// The error number `notsock`.
const NOT_A_SOCKET: i32 = 57;
/// The functions that need a socket, and their numbers of parameters.
const SOCKET_FUNCTIONS: [(&str, usize); 4] =
    [("sock_accept", 3), ("sock_recv", 6), ("sock_send", 5), ("sock_shutdown", 2)];

pub(super) fn add_to(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    library::add_to(linker)?;
    pieces::add_to(linker)?;
    poll::add_to(linker, MODULE)?;
    // The library accepts no exit code above 125, and writes a line to the host's log each time a guest asks for a
    // socket.
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> wasmtime::Result<()> { Err(I32Exit(code).into()) })?;
    for (name, params) in SOCKET_FUNCTIONS {
        let ty = FuncType::new(linker.engine(), std::iter::repeat_n(ValType::I32, params), [ValType::I32]);
        linker.func_new_async(MODULE, name, ty, |mut caller, _, results| {
            Box::new(async move {
                checkpoint(&mut caller).await?;
                results[0] = Val::I32(NOT_A_SOCKET);
                Ok(())
            })
        })?;
    }
    Ok(())
}

/// The guest's view of an operating system.
pub(crate) fn system(
    stdin: Bytes,
    env: &[(Cow<'static, str>, String)],
    to: &Arc<GuestOutput>,
    random_bytes: u64,
) -> WasiP1Ctx {
    WasiCtxBuilder::new()
        .arg(PROGRAM)
        .envs(env)
        .stdin(MemoryInputPipe::new(stdin))
        .stdout(GuestStream::new(to, Stream::Stdout))
        .stderr(GuestStream::new(to, Stream::Stderr))
        .wall_clock(Clock(to.clock().clone()))
        .monotonic_clock(Clock(to.clock().clone()))
        .max_random_size(random_bytes)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build_p1()
}

/// The clock of the run, for the library.
struct Clock(Arc<dyn GuestClock>);

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        RESOLUTION
    }

    fn now(&self) -> Duration {
        coarse(self.0.wall())
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        RESOLUTION.as_nanos() as u64
    }

    fn now(&self) -> u64 {
        u64::try_from(coarse(self.0.monotonic()).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// The time as a guest sees it.
fn coarse(time: Duration) -> Duration {
    let beyond = time.subsec_nanos() % RESOLUTION.subsec_nanos();
    time - Duration::from_nanos(beyond.into())
}
