//! The functions of WASI preview 1 that the library serves as they are. Its own linker function would link them without
//! a [`checkpoint`]; a test compares what it links with this list.

use wasmtime::{Caller, Linker};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self as library, WasiSnapshotPreview1};
use wiggle::GuestMemory;

use super::checkpoint::{PIECE, checkpoint};
use super::command::MODULE;
use super::context::{Context, memory_of};

/// Links functions with these parameters; the library's is asynchronous where `.await` follows.
macro_rules! link {
    ($linker:ident; $($name:ident($($arg:ident: $type:ty),*)$(.$await:tt)?;)*) => {$(
        $linker.func_wrap_async(MODULE, stringify!($name), |caller, ($($arg,)*): ($($type,)*)| {
            let mut caller: Caller<'_, Context> = caller;
            Box::new(async move {
                checkpoint(&mut caller).await?;
                let (mut memory, wasi) = system_of(&mut caller, PIECE as usize)?;
                library::$name(wasi, &mut memory, $($arg),*)$(.$await)?
            })
        })?;
    )*};
}

pub(super) fn add_to(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    link! { linker;
        args_get(list: i32, text: i32);
        args_sizes_get(count_at: i32, bytes_at: i32);
        environ_get(list: i32, text: i32);
        environ_sizes_get(count_at: i32, bytes_at: i32);
        clock_res_get(clock: i32, at: i32);
        clock_time_get(clock: i32, precision: i64, at: i32);
        fd_advise(fd: i32, offset: i64, length: i64, advice: i32).await;
        fd_allocate(fd: i32, offset: i64, length: i64);
        fd_close(fd: i32).await;
        fd_datasync(fd: i32).await;
        fd_fdstat_get(fd: i32, at: i32).await;
        fd_fdstat_set_flags(fd: i32, flags: i32);
        fd_fdstat_set_rights(fd: i32, base: i64, inheriting: i64);
        fd_filestat_get(fd: i32, at: i32).await;
        fd_filestat_set_size(fd: i32, size: i64).await;
        fd_filestat_set_times(fd: i32, accessed: i64, modified: i64, flags: i32).await;
        fd_prestat_get(fd: i32, at: i32);
        fd_prestat_dir_name(fd: i32, path: i32, length: i32);
        fd_readdir(fd: i32, buffer: i32, length: i32, cookie: i64, used_at: i32).await;
        fd_renumber(fd: i32, to: i32).await;
        fd_seek(fd: i32, offset: i64, whence: i32, at: i32).await;
        fd_sync(fd: i32).await;
        fd_tell(fd: i32, at: i32);
        path_create_directory(fd: i32, path: i32, length: i32).await;
        path_filestat_get(fd: i32, flags: i32, path: i32, length: i32, at: i32).await;
        path_filestat_set_times(
            fd: i32, flags: i32, path: i32, length: i32, accessed: i64, modified: i64, set: i32
        ).await;
        path_link(
            old_fd: i32, flags: i32, old_path: i32, old_length: i32, new_fd: i32, new_path: i32, new_length: i32
        ).await;
        path_open(
            fd: i32, lookup: i32, path: i32, length: i32, open: i32, base: i64, inheriting: i64, flags: i32, at: i32
        ).await;
        path_readlink(fd: i32, path: i32, length: i32, buffer: i32, size: i32, used_at: i32).await;
        path_remove_directory(fd: i32, path: i32, length: i32).await;
        path_rename(
            old_fd: i32, old_path: i32, old_length: i32, new_fd: i32, new_path: i32, new_length: i32
        ).await;
        path_symlink(old_path: i32, old_length: i32, fd: i32, new_path: i32, new_length: i32).await;
        path_unlink_file(fd: i32, path: i32, length: i32).await;
        proc_raise(signal: i32);
        sched_yield();
    }
    Ok(())
}

/// The guest's memory and its view of an operating system, for one call of the library that copies at most `most` bytes
/// of lists and texts.
pub(super) fn system_of<'a>(
    caller: &'a mut Caller<'_, Context>,
    most: usize,
) -> wasmtime::Result<(GuestMemory<'a>, &'a mut WasiP1Ctx)> {
    let memory = memory_of(caller).ok_or_else(|| wasmtime::Error::msg("missing required memory export"))?;
    let (memory, context) = memory.data_and_store_mut(caller);
    context.wasi.set_hostcall_fuel(most);
    Ok((GuestMemory::Unshared(memory), &mut context.wasi))
}
