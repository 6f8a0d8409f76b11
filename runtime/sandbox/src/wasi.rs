//! WASI preview 1 for a guest that has arguments, an environment, standard streams, clocks and random numbers, and
//! nothing else: no files, no directories, no sockets. Every function of the interface exists; those that need a file
//! answer `badf`. Each call moves a bounded number of bytes, so a guest is never long inside one.

use wasmtime::{Caller, FuncType, Linker, Memory, Val, ValType};

use crate::context::{Context, memory_of, slice, slice_mut};
use crate::logs::Stream;

pub(crate) const MODULE: &str = "wasi_snapshot_preview1";

pub(crate) const SUCCESS: i32 = 0;
pub(crate) const BADF: i32 = 8;
pub(crate) const FAULT: i32 = 21;
pub(crate) const INVAL: i32 = 28;
const IO: i32 = 29;
const NOTSUP: i32 = 58;
const OVERFLOW: i32 = 61;
const SPIPE: i32 = 70;

const STDIN: u32 = 0;
const STDERR: u32 = 2;
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;
const RIGHT_POLL: u64 = 1 << 27;
/// Most buffers one read or write looks at; the guest gets a short count and goes on.
const MOST_BUFFERS: u32 = 1024;
/// The program's name, as its first argument.
const PROGRAM: &str = "action";

/// The guest called `proc_exit`.
#[derive(Debug, thiserror::Error)]
#[error("exit with code {0}")]
pub(crate) struct Exit(pub i32);

/// Functions that have one answer: name, parameters (`i`: i32, `l`: i64), error number.
const FIXED: &[(&str, &str, i32)] = &[
    ("fd_advise", "illi", BADF),
    ("fd_allocate", "ill", BADF),
    ("fd_datasync", "i", BADF),
    ("fd_fdstat_set_rights", "ill", BADF),
    ("fd_filestat_set_size", "il", BADF),
    ("fd_filestat_set_times", "illi", BADF),
    ("fd_pread", "iiili", SPIPE),
    ("fd_prestat_dir_name", "iii", BADF),
    ("fd_prestat_get", "ii", BADF),
    ("fd_pwrite", "iiili", SPIPE),
    ("fd_readdir", "iiili", BADF),
    ("fd_renumber", "ii", BADF),
    ("fd_seek", "ilii", SPIPE),
    ("fd_sync", "i", BADF),
    ("fd_tell", "ii", SPIPE),
    ("path_create_directory", "iii", BADF),
    ("path_filestat_get", "iiiii", BADF),
    ("path_filestat_set_times", "iiiilli", BADF),
    ("path_link", "iiiiiii", BADF),
    ("path_open", "iiiiillii", BADF),
    ("path_readlink", "iiiiii", BADF),
    ("path_remove_directory", "iii", BADF),
    ("path_rename", "iiiiii", BADF),
    ("path_symlink", "iiiii", BADF),
    ("path_unlink_file", "iii", BADF),
    ("proc_raise", "i", NOTSUP),
    ("sched_yield", "", SUCCESS),
    ("sock_accept", "iii", BADF),
    ("sock_recv", "iiiiii", BADF),
    ("sock_send", "iiiii", BADF),
    ("sock_shutdown", "ii", BADF),
];

pub(crate) fn add_to(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "args_get", args_get)?;
    linker.func_wrap(MODULE, "args_sizes_get", args_sizes_get)?;
    linker.func_wrap(MODULE, "environ_get", environ_get)?;
    linker.func_wrap(MODULE, "environ_sizes_get", environ_sizes_get)?;
    linker.func_wrap(MODULE, "clock_res_get", clock_res_get)?;
    linker.func_wrap(MODULE, "clock_time_get", clock_time_get)?;
    linker.func_wrap(MODULE, "fd_close", fd_close)?;
    linker.func_wrap(MODULE, "fd_fdstat_get", fd_fdstat_get)?;
    linker.func_wrap(MODULE, "fd_fdstat_set_flags", fd_fdstat_set_flags)?;
    linker.func_wrap(MODULE, "fd_filestat_get", fd_filestat_get)?;
    linker.func_wrap(MODULE, "fd_read", fd_read)?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, "random_get", random_get)?;
    linker.func_wrap(MODULE, "proc_exit", |code: i32| -> wasmtime::Result<()> { Err(Exit(code).into()) })?;
    crate::wasi_poll::add_to(linker)?;
    for (name, params, answer) in FIXED {
        let params = params.chars().map(|kind| if kind == 'l' { ValType::I64 } else { ValType::I32 });
        let ty = FuncType::new(linker.engine(), params, [ValType::I32]);
        linker.func_new(MODULE, name, ty, move |_, _, results| {
            results[0] = Val::I32(*answer);
            Ok(())
        })?;
    }
    Ok(())
}

/// The guest's memory as one call sees it; every access is checked.
pub(crate) struct Guest<'a> {
    pub memory: &'a mut [u8],
    pub context: &'a mut Context,
}

/// Runs `body` on the guest's memory and turns its outcome into an error number.
pub(crate) fn with_guest(caller: &mut Caller<'_, Context>, body: impl FnOnce(&mut Guest) -> Result<(), i32>) -> i32 {
    let Some(memory) = memory_of(caller) else { return INVAL };
    let memory: Memory = memory;
    let (memory, context) = memory.data_and_store_mut(caller);
    match body(&mut Guest { memory, context }) {
        Ok(()) => SUCCESS,
        Err(number) => number,
    }
}

impl Guest<'_> {
    pub fn read<const N: usize>(&self, at: u32) -> Result<[u8; N], i32> {
        slice(self.memory, at, N as u32).and_then(|bytes| bytes.try_into().ok()).ok_or(FAULT)
    }

    pub fn read_u32(&self, at: u32) -> Result<u32, i32> {
        self.read(at).map(u32::from_le_bytes)
    }

    pub fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), i32> {
        let length = u32::try_from(bytes.len()).map_err(|_| OVERFLOW)?;
        slice_mut(self.memory, at, length).ok_or(FAULT)?.copy_from_slice(bytes);
        Ok(())
    }

    pub fn write_u32(&mut self, at: u32, value: usize) -> Result<(), i32> {
        self.write(at, &u32::try_from(value).map_err(|_| OVERFLOW)?.to_le_bytes())
    }

    /// The place and length of buffer `index` in a list of buffers.
    fn buffer(&self, list: u32, index: u32) -> Result<(u32, u32), i32> {
        let entry = index.checked_mul(8).and_then(|offset| list.checked_add(offset)).ok_or(FAULT)?;
        let length = entry.checked_add(4).ok_or(FAULT)?;
        Ok((self.read_u32(entry)?, self.read_u32(length)?))
    }

    /// Only the standard streams exist.
    pub fn check_open(&self, fd: u32) -> Result<(), i32> {
        match fd <= STDERR && self.context.wasi.open & 1 << fd != 0 {
            true => Ok(()),
            false => Err(BADF),
        }
    }

    /// Writes zero-terminated strings to `text` and their addresses to `list`.
    fn write_strings(&mut self, mut list: u32, mut text: u32, strings: &[&[&str]]) -> Result<(), i32> {
        for parts in strings {
            self.write(list, &text.to_le_bytes())?;
            list = list.checked_add(4).ok_or(FAULT)?;
            for part in parts.iter().chain(&["\0"]) {
                self.write(text, part.as_bytes())?;
                text = text.checked_add(part.len() as u32).ok_or(FAULT)?;
            }
        }
        Ok(())
    }
}

fn args_get(mut caller: Caller<'_, Context>, list: u32, text: u32) -> i32 {
    with_guest(&mut caller, |guest| guest.write_strings(list, text, &[&[PROGRAM]]))
}

fn args_sizes_get(mut caller: Caller<'_, Context>, count: u32, size: u32) -> i32 {
    with_guest(&mut caller, |guest| {
        guest.write_u32(count, 1)?;
        guest.write_u32(size, PROGRAM.len() + 1)
    })
}

fn environ_get(mut caller: Caller<'_, Context>, list: u32, text: u32) -> i32 {
    with_guest(&mut caller, |guest| {
        let env = std::mem::take(&mut guest.context.wasi.env);
        let strings: Vec<[&str; 3]> = env.iter().map(|(key, value)| [key.as_str(), "=", value.as_str()]).collect();
        let strings: Vec<&[&str]> = strings.iter().map(|parts| parts.as_slice()).collect();
        let outcome = guest.write_strings(list, text, &strings);
        guest.context.wasi.env = env;
        outcome
    })
}

fn environ_sizes_get(mut caller: Caller<'_, Context>, count: u32, size: u32) -> i32 {
    with_guest(&mut caller, |guest| {
        let env = &guest.context.wasi.env;
        let (entries, bytes) = (env.len(), env.iter().map(|(key, value)| key.len() + value.len() + 2).sum());
        guest.write_u32(count, entries)?;
        guest.write_u32(size, bytes)
    })
}

fn clock_res_get(mut caller: Caller<'_, Context>, clock: u32, place: u32) -> i32 {
    with_guest(&mut caller, |guest| match clock {
        0 | 1 => guest.write(place, &1000u64.to_le_bytes()),
        _ => Err(INVAL),
    })
}

fn clock_time_get(mut caller: Caller<'_, Context>, clock: u32, _precision: u64, place: u32) -> i32 {
    with_guest(&mut caller, |guest| {
        let time = match clock {
            0 => guest.context.clock.wall(),
            1 => guest.context.clock.monotonic(),
            _ => return Err(INVAL),
        };
        let nanos = u64::try_from(time.as_nanos()).map_err(|_| OVERFLOW)?;
        guest.write(place, &nanos.to_le_bytes())
    })
}

fn fd_close(mut caller: Caller<'_, Context>, fd: u32) -> i32 {
    with_guest(&mut caller, |guest| {
        guest.check_open(fd)?;
        guest.context.wasi.open &= !(1 << fd);
        Ok(())
    })
}

fn fd_fdstat_get(mut caller: Caller<'_, Context>, fd: u32, place: u32) -> i32 {
    with_guest(&mut caller, |guest| {
        guest.check_open(fd)?;
        let rights = RIGHT_POLL | if fd == STDIN { RIGHT_READ } else { RIGHT_WRITE };
        let mut stat = [0; 24]; // file type 0 "unknown": not a terminal
        stat[8..16].copy_from_slice(&rights.to_le_bytes());
        guest.write(place, &stat)
    })
}

/// The standard streams never block, so there is nothing to set.
fn fd_fdstat_set_flags(mut caller: Caller<'_, Context>, fd: u32, _flags: u32) -> i32 {
    with_guest(&mut caller, |guest| guest.check_open(fd))
}

fn fd_filestat_get(mut caller: Caller<'_, Context>, fd: u32, place: u32) -> i32 {
    with_guest(&mut caller, |guest| {
        guest.check_open(fd)?;
        guest.write(place, &[0; 64])
    })
}

fn fd_read(mut caller: Caller<'_, Context>, fd: u32, list: u32, buffers: u32, count: u32) -> i32 {
    with_guest(&mut caller, |guest| {
        guest.check_open(fd)?;
        if fd != STDIN {
            return Err(BADF);
        }
        let mut read = 0;
        for index in 0..buffers.min(MOST_BUFFERS) {
            let (place, room) = guest.buffer(list, index)?;
            let length = guest.context.wasi.stdin.len().min(room as usize);
            let bytes = guest.context.wasi.stdin.split_to(length);
            guest.write(place, &bytes)?;
            read += length;
        }
        guest.write_u32(count, read)
    })
}

fn fd_write(mut caller: Caller<'_, Context>, fd: u32, list: u32, buffers: u32, count: u32) -> i32 {
    with_guest(&mut caller, |guest| {
        guest.check_open(fd)?;
        let stream = match fd {
            STDIN => return Err(BADF),
            STDERR => Stream::Stderr,
            _ => Stream::Stdout,
        };
        let at = guest.context.clock.wall();
        let mut left = guest.context.wasi.write_bytes;
        for index in 0..buffers.min(MOST_BUFFERS) {
            let (place, length) = guest.buffer(list, index)?;
            let length = length.min(left as u32);
            let bytes = slice(guest.memory, place, length).ok_or(FAULT)?;
            guest.context.output.write(stream, bytes, at);
            left -= length as usize;
        }
        guest.write_u32(count, guest.context.wasi.write_bytes - left)
    })
}

fn random_get(mut caller: Caller<'_, Context>, place: u32, length: u32) -> i32 {
    with_guest(&mut caller, |guest| {
        if guest.context.wasi.random_bytes < length as usize {
            return Err(INVAL);
        }
        let bytes = slice_mut(guest.memory, place, length).ok_or(FAULT)?;
        getrandom::fill(bytes).map_err(|_| IO)
    })
}
