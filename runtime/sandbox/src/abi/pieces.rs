//! The functions of WASI preview 1 that move many bytes. They pass them to the library in pieces, with a [`checkpoint`]
//! before each.

use wasmtime::{AsContextMut, Caller, Linker, Trap};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::wasi_snapshot_preview1 as library;
use wiggle::GuestMemory;

use super::checkpoint::{PIECE, checkpoint};
use super::command::MODULE;
use super::context::{Context, memory_of, slice, slice_mut};
use super::library::system_of;

const SUCCESS: i32 = 0;
/// How many bytes are written before the next look. Each of them may be a line, which costs far more than a byte.
const WRITE_PIECE: u32 = 4 << 10;

/// Bytes of an entry of a list of buffers: the buffer's address and its length.
const ENTRY: u32 = 8;
/// In a [`Piece`], an entry, the number of bytes moved, and the bytes.
const MOVED_AT: u32 = ENTRY;
const BYTES_AT: u32 = ENTRY + 4;

pub(super) fn add_to(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap_async(MODULE, "random_get", |caller, (at, length): (u32, u32)| {
        Box::new(random_get(caller, at, length))
    })?;
    linker.func_wrap_async(MODULE, "fd_write", |caller, call: Stream| Box::new(fd_write(caller, call)))?;
    linker.func_wrap_async(MODULE, "fd_read", |caller, call: Stream| Box::new(fd_read(caller, call)))?;
    linker.func_wrap_async(MODULE, "fd_pwrite", |mut caller: Caller<'_, Context>, call: File| {
        Box::new(async move {
            let (fd, list, count, offset, moved_at) = call;
            let Found { list, count, .. } = first_buffer(&mut caller, list, count).await?;
            let (mut memory, wasi) = system(&mut caller)?;
            library::fd_pwrite(wasi, &mut memory, fd, list as i32, count as i32, offset, moved_at as i32).await
        })
    })?;
    linker.func_wrap_async(MODULE, "fd_pread", |mut caller: Caller<'_, Context>, call: File| {
        Box::new(async move {
            let (fd, list, count, offset, moved_at) = call;
            let Found { list, count, .. } = first_buffer(&mut caller, list, count).await?;
            let (mut memory, wasi) = system(&mut caller)?;
            library::fd_pread(wasi, &mut memory, fd, list as i32, count as i32, offset, moved_at as i32).await
        })
    })?;
    Ok(())
}

/// A descriptor, the address and the number of the entries, and where to write how many bytes were moved.
type Stream = (i32, u32, u32, u32);
/// The same, and a position in the file before the last.
type File = (i32, u32, u32, i64, u32);

async fn random_get(mut caller: Caller<'_, Context>, at: u32, length: u32) -> wasmtime::Result<i32> {
    let too_long = u64::from(length) > caller.data().random_bytes; // the library has the words for it
    if !too_long && !has(&mut caller, at, length) {
        return Err(Trap::MemoryOutOfBounds.into());
    }
    let mut done = 0;
    loop {
        checkpoint(&mut caller).await?;
        let piece = if too_long { length } else { (length - done).min(PIECE) };
        let (mut memory, wasi) = system(&mut caller)?;
        let error = library::random_get(wasi, &mut memory, (at + done) as i32, piece as i32)?;
        done += piece;
        if error != SUCCESS || done == length {
            return Ok(error);
        }
    }
}

async fn fd_write(mut caller: Caller<'_, Context>, (fd, list, count, moved_at): Stream) -> wasmtime::Result<i32> {
    let Found { list, count, buffer } = first_buffer(&mut caller, list, count).await?;
    let Some((at, length)) = buffer.filter(|(at, length)| *length > WRITE_PIECE && has(&mut caller, *at, *length))
    else {
        let (mut memory, wasi) = system(&mut caller)?;
        return library::fd_write(wasi, &mut memory, fd, list as i32, count as i32, moved_at as i32).await;
    };
    let mut piece = Piece::new(WRITE_PIECE);
    let mut done = 0;
    while done < length {
        checkpoint(&mut caller).await?;
        let wanted = (length - done).min(WRITE_PIECE);
        let memory = memory_of(&mut caller).ok_or(Trap::MemoryOutOfBounds)?;
        let source = slice(memory.data(&caller), at + done, wanted).ok_or(Trap::MemoryOutOfBounds)?;
        piece.bytes(wanted).copy_from_slice(source);
        let mut only = piece.describe(wanted);
        let (_, wasi) = system(&mut caller)?;
        match library::fd_write(wasi, &mut only, fd, 0, 1, MOVED_AT as i32).await? {
            SUCCESS => done += wanted,
            error if done == 0 => return Ok(error),
            _ => break,
        }
    }
    answer(&mut caller, moved_at, done)
}

async fn fd_read(mut caller: Caller<'_, Context>, (fd, list, count, moved_at): Stream) -> wasmtime::Result<i32> {
    let Found { list, count, buffer } = first_buffer(&mut caller, list, count).await?;
    let Some((at, length)) = buffer.filter(|(at, length)| *length > PIECE && has(&mut caller, *at, *length)) else {
        let (mut memory, wasi) = system(&mut caller)?;
        return library::fd_read(wasi, &mut memory, fd, list as i32, count as i32, moved_at as i32).await;
    };
    let mut piece = Piece::new(PIECE);
    let mut done = 0;
    while done < length {
        checkpoint(&mut caller).await?;
        let wanted = (length - done).min(PIECE);
        let mut only = piece.describe(wanted);
        let (_, wasi) = system(&mut caller)?;
        match library::fd_read(wasi, &mut only, fd, 0, 1, MOVED_AT as i32).await? {
            SUCCESS => (),
            error if done == 0 => return Ok(error),
            _ => break,
        }
        let moved = piece.moved();
        let memory = memory_of(&mut caller).ok_or(Trap::MemoryOutOfBounds)?;
        let target = slice_mut(memory.data_mut(&mut caller), at + done, moved).ok_or(Trap::MemoryOutOfBounds)?;
        target.copy_from_slice(piece.bytes(moved));
        done += moved;
        if moved < wanted {
            break; // the input has ended
        }
    }
    answer(&mut caller, moved_at, done)
}

/// Of a list of buffers, what the library looks at: the first one that is not empty.
struct Found {
    list: u32,
    count: u32,
    /// The address and the length of that buffer, if it may be moved. `None`: the library answers.
    buffer: Option<(u32, u32)>,
}

/// Finds the first buffer that is not empty, as the library does, but with checkpoints: a list can have millions.
async fn first_buffer(caller: &mut Caller<'_, Context>, list: u32, count: u32) -> wasmtime::Result<Found> {
    let most = caller.as_context_mut().hostcall_fuel() as u64;
    let too_long = u64::from(count) * u64::from(ENTRY) > most; // then the library refuses it
    let entries = if too_long { 0 } else { count };
    for index in 0..entries {
        if index % (PIECE / ENTRY) == 0 {
            checkpoint(caller).await?;
        }
        let at = list.checked_add(index * ENTRY).ok_or(Trap::MemoryOutOfBounds)?;
        let memory = memory_of(caller).ok_or(Trap::MemoryOutOfBounds)?;
        let Some((address, length)) = entry_at(memory.data(&*caller), at) else {
            return Ok(Found { list: at, count: 1, buffer: None });
        };
        if length != 0 {
            let buffer = (u64::from(length) + u64::from(ENTRY) <= most).then_some((address, length));
            return Ok(Found { list: at, count: 1, buffer });
        }
    }
    checkpoint(caller).await?;
    Ok(Found { list, count: count - entries, buffer: None })
}

fn entry_at(memory: &[u8], at: u32) -> Option<(u32, u32)> {
    let (address, length) = slice(memory, at, ENTRY)?.split_at(4);
    Some((u32::from_le_bytes(address.try_into().ok()?), u32::from_le_bytes(length.try_into().ok()?)))
}

fn has(caller: &mut Caller<'_, Context>, at: u32, length: u32) -> bool {
    memory_of(caller).is_some_and(|memory| slice(memory.data(&*caller), at, length).is_some())
}

/// Tells the guest how many bytes were moved.
fn answer(caller: &mut Caller<'_, Context>, at: u32, moved: u32) -> wasmtime::Result<i32> {
    let memory = memory_of(caller).ok_or(Trap::MemoryOutOfBounds)?;
    let target = slice_mut(memory.data_mut(caller), at, 4).ok_or(Trap::MemoryOutOfBounds)?;
    target.copy_from_slice(&moved.to_le_bytes());
    Ok(SUCCESS)
}

fn system<'a>(caller: &'a mut Caller<'_, Context>) -> wasmtime::Result<(GuestMemory<'a>, &'a mut WasiP1Ctx)> {
    let most = caller.as_context_mut().hostcall_fuel();
    system_of(caller, most)
}

/// A small memory, through which the library moves a piece of the guest's: an entry, the number of bytes moved, the
/// bytes.
struct Piece(Vec<u8>);

impl Piece {
    /// `most`: the length of a piece.
    fn new(most: u32) -> Piece {
        Piece(vec![0; (BYTES_AT + most) as usize])
    }

    /// The memory, with an entry that describes a buffer of so many bytes.
    fn describe(&mut self, length: u32) -> GuestMemory<'_> {
        self.0[0..4].copy_from_slice(&BYTES_AT.to_le_bytes());
        self.0[4..8].copy_from_slice(&length.to_le_bytes());
        GuestMemory::Unshared(&mut self.0)
    }

    fn bytes(&mut self, length: u32) -> &mut [u8] {
        &mut self.0[BYTES_AT as usize..][..length as usize]
    }

    /// How many bytes the library has moved, at most [`PIECE`].
    fn moved(&self) -> u32 {
        let bytes = std::array::from_fn(|i| self.0[MOVED_AT as usize + i]);
        u32::from_le_bytes(bytes).min(PIECE)
    }
}
