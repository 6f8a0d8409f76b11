//! Places for guests: each has one of the sandbox's instances and the memory that it has grown to.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use wask_model::{Message, messages};
use wask_sandbox::GuestMemory;

use super::{Budget, Charge, NoRoom, Part, Turns};

/// Bytes that a guest costs besides its linear memory and its stack: its instance, the first output.
const GUEST_BYTES: u64 = 256 << 10;

/// All places of a node. Whoever wants one holds nothing else that others wait for, except where a guest waits for one
/// that it has called itself: see [`Part::charge_at`].
#[derive(Clone)]
pub struct Places(Arc<Inner>);

struct Inner {
    instances: Part,
    memory: Part,
    /// What every guest costs, in bytes.
    base: u64,
    turns: Turns<Arc<Place>>,
}

/// What the guest of a run needs in order to begin.
#[derive(Clone, Copy, Debug)]
pub struct PlaceWanted {
    /// The memory that it begins with, and its arguments.
    pub bytes: u64,
    /// How many guests wait for it in their places.
    pub depth: u32,
}

/// Room for one guest, until it is dropped.
pub struct Place {
    // Dropped in this order: what is given back is given back before the next one is served.
    _instance: Charge,
    memory: Mutex<Charge>,
    _serves: ServesNext,
}

/// Serves those that wait, when dropped.
struct ServesNext(Places);

impl Places {
    /// `instances`: how many guests may exist at the same time. `stack_bytes`: how much stack each may use.
    pub fn new(budget: &Budget, instances: u32, stack_bytes: u64) -> Places {
        let instances = Part::new("sandbox.max_instances", instances.into());
        let (memory, base) = (budget.guests().clone(), stack_bytes + GUEST_BYTES);
        Places(Arc::new(Inner { instances, memory, base, turns: Turns::default() }))
    }

    /// Takes a place for a guest of this share, or waits for one until `until` ends. `Err` is the refusal.
    pub async fn take(
        &self,
        share: &str,
        wanted: PlaceWanted,
        until: impl Future<Output = ()>,
    ) -> Result<Arc<Place>, Message> {
        let at_once = if self.0.turns.nobody_waits() { self.try_take(share, wanted).map_err(Some) } else { Err(None) };
        match at_once {
            Ok(place) => return Ok(place),
            Err(Some(no_room)) if !no_room.may_end() => return Err(self.refusal(no_room)),
            Err(_) => (),
        }
        let (places, name) = (self.clone(), share.to_owned());
        let turn = self.0.turns.wait(share, move || places.try_take(&name, wanted).ok());
        tokio::select! {
            biased;
            place = turn => Ok(place),
            () = until => self.try_take(share, wanted).map_err(|no_room| self.refusal(no_room)),
        }
    }

    /// Takes a place, or refuses at once.
    fn try_take(&self, share: &str, PlaceWanted { bytes, depth }: PlaceWanted) -> Result<Arc<Place>, NoRoom> {
        let Inner { instances, memory, base, .. } = &*self.0;
        let instance = instances.charge_at(share, 1, depth)?;
        let memory = memory.charge_at(share, bytes.saturating_add(*base), depth)?;
        Ok(Arc::new(Place { _instance: instance, memory: Mutex::new(memory), _serves: ServesNext(self.clone()) }))
    }

    fn refusal(&self, no_room: NoRoom) -> Message {
        let NoRoom { setting, total, free, held, .. } = no_room;
        match setting == self.0.instances.setting() {
            true => messages::no_place(setting, total, free, held),
            false => no_room.message(),
        }
    }
}

impl GuestMemory for Place {
    fn grow(&self, more: u64) -> Result<(), String> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.grow(more).map_err(|no_room| no_room.message().into_owned())
    }
}

impl Drop for ServesNext {
    fn drop(&mut self) {
        self.0.0.turns.serve();
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt as _;

    use super::*;
    use crate::memory::{KeptMemory, MemoryConfig};

    const MIB: u64 = 1 << 20;
    const SMALL: PlaceWanted = PlaceWanted { bytes: 0, depth: 0 };

    /// 100 MiB for guests.
    fn places(instances: u32) -> Places {
        Places::new(&Budget::new(200 * MIB, &MemoryConfig::default(), KeptMemory::default()), instances, 0)
    }

    fn now(places: &Places, share: &str, wanted: PlaceWanted) -> Option<Result<Arc<Place>, Message>> {
        places.take(share, wanted, pending()).now_or_never()
    }

    #[test]
    fn a_guest_without_an_instance_gets_the_one_of_the_next_that_ends() {
        let places = places(4);
        let mut held = vec![now(&places, "a", SMALL).unwrap().unwrap(), now(&places, "a", SMALL).unwrap().unwrap()];
        let mut third = Box::pin(places.take("a", SMALL, pending()));
        assert!(third.as_mut().now_or_never().is_none());
        let refused = places.take("a", SMALL, ready(())).now_or_never().unwrap().err().unwrap();
        assert!(refused.contains("sandbox.max_instances"), "{refused}");
        held.pop();
        assert!(third.as_mut().now_or_never().expect("its turn").is_ok());
    }

    #[test]
    fn a_guest_has_the_memory_that_it_has_grown_to_until_its_place_is_gone() {
        let places = places(100);
        let place = now(&places, "a", SMALL).unwrap().unwrap();
        place.grow(49 * MIB).unwrap();
        let refused = place.grow(MIB).unwrap_err();
        assert!(
            refused.starts_with("1048576 bytes of memory were asked for and 51642368 are held already"),
            "{refused}"
        );
        let large = PlaceWanted { bytes: 10 * MIB, depth: 0 };
        assert!(now(&places, "b", large).expect("another share has room").is_ok());
        let mut waits = Box::pin(places.take("a", large, pending()));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(place);
        assert!(waits.as_mut().now_or_never().expect("its turn").is_ok());
        let too_large = PlaceWanted { bytes: 51 * MIB, depth: 0 };
        assert!(now(&places, "a", too_large).expect("nobody waits in vain").is_err());
    }

    #[test]
    fn a_guest_that_waits_for_another_leaves_it_a_place() {
        let places = places(100);
        let callers: Vec<_> = (0..50).map(|_| now(&places, "a", SMALL).unwrap().unwrap()).collect();
        assert!(now(&places, "a", SMALL).is_none());
        for depth in 1..4 {
            assert!(now(&places, "a", PlaceWanted { depth, ..SMALL }).is_some_and(|called| called.is_ok()), "{depth}");
        }
        drop(callers);
    }
}
