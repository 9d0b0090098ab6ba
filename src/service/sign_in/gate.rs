//! The gate before password hashing. Few hashes run at once, a bounded number wait, and places are shared out by where
//! requests come from: one source may take all that is free, and gives way as soon as another waits.
//!
//! The next place goes to the source that had the fewest hashes lately. Where the waiting room is full, whoever comes
//! from a source with fewer waiting takes the place of one with more. An address that signed in to the account before
//! comes first, within reason: each of its hashes counts for a small part of one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::Block;

use crate::domain::source;
use crate::service::error::Error;

/// Most that wait. Each holds a thread.
const WAITING_ROOM: usize = 64;
/// Longest wait.
const PATIENCE: Duration = Duration::from_secs(2);
/// After how many seconds callers are told to come back.
const COME_BACK: i64 = 2;
/// By how much the hashes of a known address count less.
const KNOWN_DISCOUNT: u32 = 64;
/// After so many hashes the counts of all sources are halved, so that what was long ago counts less.
const ROUND: u32 = 256;

/// Where somebody who wants a place comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Visitor {
    source: Option<IpAddr>,
    is_known: bool,
}

impl Visitor {
    /// A request from an address, and whether that signed in to the account before.
    pub(super) fn from(address: Option<IpAddr>, is_known: bool) -> Self {
        Self { source: address.map(source::of), is_known }
    }

    /// Work for somebody who has signed in already.
    pub(super) const SIGNED_IN: Self = Self { source: None, is_known: true };
}

/// A semaphore. Each place keeps its memory for the next hash: allocated anew on ever-changing threads, it was seen to
/// fragment the heap to gigabytes.
pub(super) struct Gate(Mutex<Crowd>);

struct Crowd {
    /// The memory of each free place.
    free: Vec<Vec<Block>>,
    /// In the order in which they came.
    waiting: Vec<Arc<Ticket>>,
    /// Hashes of each source in this round, and half of those in the rounds before.
    served: HashMap<IpAddr, u32>,
    round: u32,
}

/// Somebody who waits.
struct Ticket {
    visitor: Visitor,
    called: Mutex<Called>,
    changed: Condvar,
}

enum Called {
    NotYet,
    /// To this place.
    In(Vec<Block>),
    /// Another source took the place in the waiting room.
    Away,
}

/// What those are told for whom there is no place.
pub(super) fn busy() -> Error {
    Error::TooManyRequests { retry_after: COME_BACK }
}

impl Gate {
    pub(super) fn new(places: usize, blocks: usize) -> Self {
        let free = (0..places).map(|_| vec![Block::default(); blocks]).collect();
        Self(Mutex::new(Crowd { free, waiting: Vec::new(), served: HashMap::new(), round: 0 }))
    }

    fn lock(&self) -> MutexGuard<'_, Crowd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is no room for this visitor now; without waiting, and before a thread is taken for it.
    pub(super) fn is_closed_to(&self, visitor: Visitor) -> bool {
        let crowd = self.lock();
        crowd.free.is_empty() && crowd.waiting.len() >= WAITING_ROOM && crowd.place_to_take(visitor).is_none()
    }

    /// Waits for a place, and runs `work` in it.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] where too many of this source wait, or after a while.
    pub(super) fn pass<T>(&self, visitor: Visitor, work: impl FnOnce(&mut [Block]) -> T) -> Result<T, Error> {
        let mut inside = Inside { gate: self, memory: self.enter(visitor)? };
        Ok(work(&mut inside.memory))
    }

    fn enter(&self, visitor: Visitor) -> Result<Vec<Block>, Error> {
        let ticket = {
            let mut crowd = self.lock();
            if let Some(memory) = crowd.free.pop() {
                crowd.serve(visitor);
                return Ok(memory);
            }
            if crowd.waiting.len() >= WAITING_ROOM {
                let place = crowd.place_to_take(visitor).ok_or_else(busy)?;
                crowd.waiting.remove(place).call(Called::Away);
            }
            let called = Mutex::new(Called::NotYet);
            let ticket = Arc::new(Ticket { visitor, called, changed: Condvar::new() });
            crowd.waiting.push(Arc::clone(&ticket));
            ticket
        };
        ticket.wait();
        let mut crowd = self.lock();
        // Whoever was called has left the waiting room already.
        crowd.waiting.retain(|other| !Arc::ptr_eq(other, &ticket));
        match ticket.taken() {
            Called::In(memory) => Ok(memory),
            Called::NotYet | Called::Away => Err(busy()),
        }
    }
}

impl Crowd {
    /// How much a visitor's source had lately: whoever had least comes first.
    fn share_of(&self, visitor: Visitor) -> u32 {
        let served = visitor.source.and_then(|source| self.served.get(&source)).copied().unwrap_or(0);
        let weight = if visitor.is_known { 1 } else { KNOWN_DISCOUNT };
        served.saturating_add(1).saturating_mul(weight)
    }

    fn waiting_of(&self, visitor: Visitor) -> usize {
        self.waiting.iter().filter(|ticket| ticket.visitor.source == visitor.source).count()
    }

    /// Whose place in the full waiting room a visitor may take: the last one of the source with the most there, if that
    /// has more than the visitor's own; among equals, of the one whose share is greatest.
    fn place_to_take(&self, visitor: Visitor) -> Option<usize> {
        let standing = |of: Visitor| (self.waiting_of(of), self.share_of(of));
        let (place, most) = self
            .waiting
            .iter()
            .enumerate()
            .map(|(place, ticket)| (place, standing(ticket.visitor)))
            .max_by_key(|(place, standing)| (*standing, *place))?;
        let own = (self.waiting_of(visitor) + 1, self.share_of(visitor));
        (most > own).then_some(place)
    }

    fn serve(&mut self, visitor: Visitor) {
        let Some(source) = visitor.source else { return };
        let served = self.served.entry(source).or_default();
        *served = served.saturating_add(1);
        self.round += 1;
        if self.round >= ROUND {
            self.round = 0;
            self.served.retain(|_, served| {
                *served /= 2;
                *served > 0
            });
        }
    }

    /// Gives a place to whoever comes first, or keeps it free.
    fn hand_on(&mut self, memory: Vec<Block>) {
        let shares = self.waiting.iter().map(|ticket| self.share_of(ticket.visitor)).enumerate();
        match shares.min_by_key(|(_, share)| *share).map(|(place, _)| place) {
            Some(place) => {
                let ticket = self.waiting.remove(place);
                self.serve(ticket.visitor);
                ticket.call(Called::In(memory));
            }
            None => self.free.push(memory),
        }
    }
}

impl Ticket {
    fn lock(&self) -> MutexGuard<'_, Called> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, called: Called) {
        *self.lock() = called;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let is_waiting = |called: &mut Called| matches!(called, Called::NotYet);
        let _called = self.changed.wait_timeout_while(self.lock(), PATIENCE, is_waiting);
    }

    fn taken(&self) -> Called {
        std::mem::replace(&mut *self.lock(), Called::NotYet)
    }
}

/// Leaves the gate when dropped, even if the work panicked.
struct Inside<'a> {
    gate: &'a Gate,
    memory: Vec<Block>,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        self.gate.lock().hand_on(memory);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::thread::{Scope, ScopedJoinHandle};

    use super::*;

    fn from(host: u8) -> Visitor {
        Visitor::from(Some(IpAddr::from([192, 0, 2, host])), false)
    }

    fn known(host: u8) -> Visitor {
        Visitor { is_known: true, ..from(host) }
    }

    /// Somebody who waits at the gate and says the own number once inside.
    fn comes<'s>(
        scope: &'s Scope<'s, '_>,
        gate: &'s Gate,
        visitor: Visitor,
        number: usize,
        inside: &Sender<usize>,
    ) -> ScopedJoinHandle<'s, bool> {
        let before = gate.lock().waiting_of(visitor);
        let inside = inside.clone();
        let handle = scope.spawn(move || gate.pass(visitor, |_| inside.send(number).unwrap()).is_ok());
        while gate.lock().waiting_of(visitor) == before && !handle.is_finished() {
            std::thread::yield_now();
        }
        handle
    }

    #[test]
    fn who_comes_least_comes_first_and_a_known_address_before_strangers() {
        let gate = Gate::new(1, 1);
        let memory = gate.enter(from(1)).unwrap();
        let (inside, order) = channel();
        std::thread::scope(|scope| {
            let visitors = [from(1), from(1), from(2), known(3), from(1), from(2)];
            let waiting: Vec<_> = visitors
                .into_iter()
                .enumerate()
                .map(|(number, visitor)| comes(scope, &gate, visitor, number, &inside))
                .collect();
            gate.lock().hand_on(memory);
            assert!(waiting.into_iter().all(|it| it.join().unwrap()));
        });
        assert_eq!(order.try_iter().collect::<Vec<_>>(), [3, 2, 0, 5, 1, 4]);
    }

    #[test]
    fn one_source_takes_all_that_is_free_and_gives_way_when_another_comes() {
        let gate = Gate::new(1, 1);
        let memory = gate.enter(from(1)).unwrap();
        let (inside, order) = channel();
        std::thread::scope(|scope| {
            let flood: Vec<_> = (0..WAITING_ROOM).map(|it| comes(scope, &gate, from(1), it, &inside)).collect();
            assert!(gate.is_closed_to(from(1)) && !gate.is_closed_to(from(2)));
            assert!(gate.pass(from(1), |_| ()).is_err(), "its own room is full");
            let others: Vec<_> = (2..10).map(|host| comes(scope, &gate, from(host), 1_000, &inside)).collect();
            assert_eq!(gate.lock().waiting.len(), WAITING_ROOM);
            gate.lock().hand_on(memory);
            assert!(others.into_iter().all(|it| it.join().unwrap()), "every other source got in");
            let sent_away = flood.into_iter().filter_map(|it| it.join().ok()).filter(|got_in| !got_in).count();
            assert_eq!(sent_away, 8);
        });
        assert_eq!(order.try_iter().take(8).collect::<Vec<_>>(), [1_000; 8], "and before the flood");
    }

    #[test]
    fn many_sources_share_the_room_until_each_has_one_place() {
        let gate = Gate::new(1, 1);
        let memory = gate.enter(from(250)).unwrap();
        let (inside, _order) = channel();
        std::thread::scope(|scope| {
            let hosts = u8::try_from(WAITING_ROOM).unwrap();
            let waiting: Vec<_> = (0..hosts).map(|host| comes(scope, &gate, from(host), 0, &inside)).collect();
            assert!(gate.is_closed_to(from(200)) && !gate.is_closed_to(known(201)), "but a known address is let in");
            gate.lock().hand_on(memory);
            waiting.into_iter().for_each(|it| assert!(it.join().unwrap()));
        });
    }

    #[test]
    fn counts_of_sources_fade_and_are_bounded() {
        let gate = Gate::new(1, 1);
        let mut crowd = gate.lock();
        for number in 0..100_000_u32 {
            let address = IpAddr::V6((u128::from(number) << 64).into());
            crowd.serve(Visitor::from(Some(address), false));
        }
        assert!(crowd.served.len() < ROUND as usize);
    }

    #[test]
    fn a_panic_inside_frees_its_place() {
        let gate = Gate::new(1, 1);
        let work = std::panic::AssertUnwindSafe(|| gate.pass(from(1), |_| panic!("on purpose")));
        assert!(std::panic::catch_unwind(work).is_err());
        assert!(gate.pass(from(1), |memory| memory.len()).is_ok_and(|blocks| blocks == 1));
    }
}
