//! `poll_oneoff`: how a guest sleeps. Standard streams are always ready, so only clocks make it wait, and they are the
//! run's own clock. A sleeping guest holds no thread.

use std::time::Duration;

use wasmtime::{Caller, Linker};

use crate::context::Context;
use crate::wasi::{BADF, Guest, INVAL, MODULE, SUCCESS, with_guest};

const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: u32 = 32;

/// What the guest waits for.
#[derive(Clone, Copy)]
enum Wait {
    /// A clock, to reach a time this far away.
    Clock(Duration),
    Readable(u32),
    Writable(u32),
}

#[derive(Clone, Copy)]
struct Subscription {
    userdata: u64,
    wait: Wait,
}

pub(crate) fn add_to(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap_async(MODULE, "poll_oneoff", |caller, (from, to, count, events): (u32, u32, u32, u32)| {
        Box::new(poll_oneoff(caller, from, to, count, events))
    })?;
    Ok(())
}

async fn poll_oneoff(
    mut caller: Caller<'_, Context>,
    from: u32,
    to: u32,
    count: u32,
    events: u32,
) -> wasmtime::Result<i32> {
    let mut subscriptions = Vec::new();
    let read = with_guest(&mut caller, |guest| {
        subscriptions = read_all(guest, from, count)?;
        Ok(())
    });
    if read != SUCCESS {
        return Ok(read);
    }
    let rest = shortest(&subscriptions);
    if !rest.is_zero() {
        let sleep = caller.data().clock.sleep(rest);
        sleep.await;
    }
    Ok(with_guest(&mut caller, |guest| {
        let ready = subscriptions.iter().filter(|subscription| subscription.is_ready_after(rest));
        let mut written = 0;
        for subscription in ready {
            let event = subscription.event(guest);
            guest.write(to.checked_add(written * EVENT_BYTES).ok_or(INVAL)?, &event)?;
            written += 1;
        }
        guest.write_u32(events, written as usize)
    }))
}

/// How long nothing happens: until the first clock, or not at all if there is a stream.
fn shortest(subscriptions: &[Subscription]) -> Duration {
    let waits = subscriptions.iter().map(|subscription| match subscription.wait {
        Wait::Clock(rest) => rest,
        Wait::Readable(_) | Wait::Writable(_) => Duration::ZERO,
    });
    waits.min().unwrap_or(Duration::ZERO)
}

fn read_all(guest: &mut Guest, from: u32, count: u32) -> Result<Vec<Subscription>, i32> {
    if count == 0 || guest.context.wasi.poll_subscriptions < count as usize {
        return Err(INVAL);
    }
    let place = |index: u32| from.checked_add(index * SUBSCRIPTION_BYTES).ok_or(INVAL);
    (0..count).map(|index| Subscription::parse(&guest.read(place(index)?)?, guest)).collect()
}

impl Subscription {
    fn parse(bytes: &[u8; SUBSCRIPTION_BYTES as usize], guest: &Guest) -> Result<Subscription, i32> {
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let id = number(16) as u32;
        let wait = match bytes[8] {
            0 => Wait::Clock(rest(guest, id, Duration::from_nanos(number(24)), bytes[40] & 1 != 0)?),
            1 => Wait::Readable(id),
            2 => Wait::Writable(id),
            _ => return Err(INVAL),
        };
        Ok(Subscription { userdata: number(0), wait })
    }

    fn is_ready_after(&self, rest: Duration) -> bool {
        match self.wait {
            Wait::Clock(wait) => wait <= rest,
            Wait::Readable(_) | Wait::Writable(_) => true,
        }
    }

    fn event(&self, guest: &Guest) -> [u8; EVENT_BYTES as usize] {
        let (kind, error, bytes) = match self.wait {
            Wait::Clock(_) => (0, SUCCESS, 0),
            Wait::Readable(0) if guest.check_open(0).is_ok() => (1, SUCCESS, guest.context.wasi.stdin.len() as u64),
            Wait::Readable(_) => (1, BADF, 0),
            Wait::Writable(fd) if fd != 0 && guest.check_open(fd).is_ok() => {
                (2, SUCCESS, guest.context.wasi.write_bytes as u64)
            }
            Wait::Writable(_) => (2, BADF, 0),
        };
        let mut event = [0; EVENT_BYTES as usize];
        event[0..8].copy_from_slice(&self.userdata.to_le_bytes());
        event[8..10].copy_from_slice(&(error as u16).to_le_bytes());
        event[10] = kind;
        event[16..24].copy_from_slice(&bytes.to_le_bytes());
        event
    }
}

/// How far away a clock's time is.
fn rest(guest: &Guest, clock: u32, time: Duration, absolute: bool) -> Result<Duration, i32> {
    let now = match (clock, absolute) {
        (0 | 1, false) => return Ok(time),
        (0, true) => guest.context.clock.wall(),
        (1, true) => guest.context.clock.monotonic(),
        _ => return Err(INVAL),
    };
    Ok(time.saturating_sub(now))
}
