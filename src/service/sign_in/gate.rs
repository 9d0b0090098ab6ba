//! The gate before password hashing. Few hashes run at once, a bounded number wait, and places are shared out by where
//! requests come from: one source may take all that is free, and gives way as soon as another waits.
//!
//! The next place goes to the source that had the fewest hashes lately. Where the waiting room is full, whoever comes
//! from a source with fewer waiting takes the place of one with more. What is known from a source counts apart and
//! comes first within reason, since each counts for a small part of one: who has signed in, and who shows what the
//! account signed in with from there before ([`super::throttle`]).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::Block;

use crate::domain::source;
use crate::service::error::Error;

/// Most that wait at the gate of the usual hashes. Each holds a thread.
pub(super) const WAITING_ROOM: usize = 64;
/// Longest wait.
const PATIENCE: Duration = Duration::from_secs(2);
/// After how many seconds callers are told to come back.
const COME_BACK: i64 = 2;
/// After so many hashes the counts of all sources are halved, so that what was long ago counts less.
const ROUND: u32 = 256;
/// A hash of a stranger counts for so many of what is known, so that one known source gets all that it needs, up to
/// half of all hashes, before any stranger.
const KNOWN_HASHES: u32 = ROUND;
/// A stranger who waits counts for so many of what is known, so that one known source gets up to half of the waiting
/// room.
const KNOWN_WAITING: u32 = 32;

/// Where somebody who wants a place comes from, and how it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Visitor {
    /// None for work of dockpass itself and of the local socket.
    source: Option<IpAddr>,
    is_known: bool,
}

impl Visitor {
    /// A sign-in from an address, and whether that comes first.
    pub(super) fn from(address: Option<IpAddr>, is_known: bool) -> Self {
        Self { source: address.map(source::of), is_known }
    }

    /// Somebody who has signed in already, from an address or over the local socket.
    pub(super) fn signed_in(address: Option<IpAddr>) -> Self {
        Self::from(address, true)
    }

    fn had(self, share: Share) -> u32 {
        let weight = if self.is_known { 1 } else { KNOWN_HASHES };
        share.served.saturating_add(1).saturating_mul(weight)
    }
}

/// A semaphore. Each place keeps its memory for the next hash: allocated anew on ever-changing threads, it was seen to
/// fragment the heap to gigabytes. It gets it with its first hash: where nobody signs in with a password, a place takes none.
pub(super) struct Gate {
    crowd: Mutex<Crowd>,
    /// Memory of a place, in blocks.
    blocks: usize,
}

struct Crowd {
    /// Most that wait.
    room: usize,
    /// The memory of each free place; empty if it has had no hash yet.
    free: Vec<Vec<Block>>,
    /// In the order in which they came.
    waiting: Vec<Arc<Ticket>>,
    /// Those who wait or had hashes lately.
    shares: HashMap<Visitor, Share>,
    round: u32,
}

/// How much a visitor has.
#[derive(Clone, Copy, Default)]
struct Share {
    waiting: u32,
    /// Hashes in this round, and half of those in the rounds before.
    served: u32,
}

/// What somebody gets who comes.
enum Entry {
    /// A place at once.
    In(Vec<Block>),
    /// A place in the waiting room.
    Waits(Arc<Ticket>),
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
    /// With so many places, of so much memory each, and room for so many to wait.
    pub(super) fn new(places: usize, blocks: usize, room: usize) -> Self {
        let free = (0..places).map(|_| Vec::new()).collect();
        let crowd = Mutex::new(Crowd { room, free, waiting: Vec::new(), shares: HashMap::new(), round: 0 });
        Self { crowd, blocks }
    }

    fn lock(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is no room for this visitor now; without waiting, and before a thread is taken for it.
    pub(super) fn is_closed_to(&self, visitor: Visitor) -> bool {
        let crowd = self.lock();
        crowd.free.is_empty() && crowd.waiting.len() >= crowd.room && crowd.place_to_take(visitor).is_none()
    }

    /// How many turns there were lately, of all sources.
    #[cfg(test)]
    pub(super) fn turns(&self) -> u32 {
        self.lock().shares.values().map(|share| share.served).sum()
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Waits for a place, and runs `work` in it.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] where too many of this source wait, or after a while.
    pub(super) fn pass<T>(&self, visitor: Visitor, work: impl FnOnce(&mut [Block]) -> T) -> Result<T, Error> {
        let mut inside = Inside { gate: self, memory: self.enter(visitor)? };
        inside.memory.resize(self.blocks, Block::default());
        Ok(work(&mut inside.memory))
    }

    fn enter(&self, visitor: Visitor) -> Result<Vec<Block>, Error> {
        let entry = self.lock().admit(visitor).ok_or_else(busy)?;
        let ticket = match entry {
            Entry::In(memory) => return Ok(memory),
            Entry::Waits(ticket) => ticket,
        };
        ticket.wait();
        let mut crowd = self.lock();
        // Whoever was called has left the waiting room already.
        if let Some(place) = crowd.waiting.iter().position(|other| Arc::ptr_eq(other, &ticket)) {
            crowd.leave(place);
        }
        match ticket.taken() {
            Called::In(memory) => Ok(memory),
            Called::NotYet | Called::Away => Err(busy()),
        }
    }
}

impl Crowd {
    /// Lets a visitor in, or lets it wait, if need be in the place of another; none if there is no room for it.
    fn admit(&mut self, visitor: Visitor) -> Option<Entry> {
        if let Some(memory) = self.free.pop() {
            self.serve(visitor);
            return Some(Entry::In(memory));
        }
        if self.waiting.len() >= self.room {
            let place = self.place_to_take(visitor)?;
            self.leave(place).call(Called::Away);
        }
        let called = Mutex::new(Called::NotYet);
        let ticket = Arc::new(Ticket { visitor, called, changed: Condvar::new() });
        self.waiting.push(Arc::clone(&ticket));
        self.shares.entry(visitor).or_default().waiting += 1;
        Some(Entry::Waits(ticket))
    }

    /// Takes out of the waiting room whoever has this place there.
    fn leave(&mut self, place: usize) -> Arc<Ticket> {
        let ticket = self.waiting.remove(place);
        let mut share = self.share_of(ticket.visitor);
        share.waiting = share.waiting.saturating_sub(1);
        if share.waiting + share.served == 0 {
            self.shares.remove(&ticket.visitor);
        } else {
            self.shares.insert(ticket.visitor, share);
        }
        ticket
    }

    fn share_of(&self, visitor: Visitor) -> Share {
        self.shares.get(&visitor).copied().unwrap_or_default()
    }

    /// How much a visitor had lately: whoever had least comes first.
    fn served_to(&self, visitor: Visitor) -> u32 {
        visitor.had(self.share_of(visitor))
    }

    /// How much room a visitor takes if so many more wait; among equals, who had most takes most.
    fn room_of(&self, visitor: Visitor, more: u32) -> (u32, u32) {
        let share = self.share_of(visitor);
        let weight = if visitor.is_known { 1 } else { KNOWN_WAITING };
        ((share.waiting + more).saturating_mul(weight), visitor.had(share))
    }

    /// Whose place in the full waiting room a visitor may take: the last one of whoever takes the most room there, if
    /// that is more than the visitor would.
    fn place_to_take(&self, visitor: Visitor) -> Option<usize> {
        let rooms = self.waiting.iter().enumerate().map(|(place, ticket)| (place, self.room_of(ticket.visitor, 0)));
        let (place, most) = rooms.max_by_key(|(place, room)| (*room, *place))?;
        (most > self.room_of(visitor, 1)).then_some(place)
    }

    fn serve(&mut self, visitor: Visitor) {
        if visitor.source.is_none() {
            return;
        }
        let share = self.shares.entry(visitor).or_default();
        share.served = share.served.saturating_add(1);
        self.round += 1;
        if self.round >= ROUND {
            self.round = 0;
            self.shares.retain(|_, share| {
                share.served /= 2;
                share.served > 0 || share.waiting > 0
            });
        }
    }

    /// Gives a place to whoever comes first, or keeps it free.
    fn hand_on(&mut self, memory: Vec<Block>) {
        let served = self.waiting.iter().map(|ticket| self.served_to(ticket.visitor)).enumerate();
        match served.min_by_key(|(_, served)| *served).map(|(place, _)| place) {
            Some(place) => {
                let ticket = self.leave(place);
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
        let waiting = || gate.lock().share_of(visitor).waiting;
        let before = waiting();
        let inside = inside.clone();
        let handle = scope.spawn(move || gate.pass(visitor, |_| inside.send(number).unwrap()).is_ok());
        while waiting() == before && !handle.is_finished() {
            std::thread::yield_now();
        }
        handle
    }

    #[test]
    fn who_comes_least_comes_first_and_a_known_address_before_strangers() {
        let gate = Gate::new(1, 1, WAITING_ROOM);
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
        let gate = Gate::new(1, 1, WAITING_ROOM);
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
        let gate = Gate::new(1, 1, WAITING_ROOM);
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
        let gate = Gate::new(1, 1, WAITING_ROOM);
        let mut crowd = gate.lock();
        for number in 0..100_000_u32 {
            let address = IpAddr::V6((u128::from(number) << 64).into());
            crowd.serve(Visitor::from(Some(address), false));
        }
        assert!(crowd.shares.len() < ROUND as usize);
    }

    /// A gate with one place, of which each turn is a hash. Whoever waits leaves when patience ends.
    struct Siege {
        crowd: Crowd,
        turn: usize,
        tickets: Vec<(Visitor, usize, Arc<Ticket>)>,
        got_in: Vec<(Visitor, usize)>,
        sent_away: Vec<Visitor>,
    }

    /// Turns that somebody waits: hashes of 22 ms in two seconds.
    const PATIENT_TURNS: usize = 90;

    impl Siege {
        fn begin() -> Self {
            let crowd =
                Crowd { room: WAITING_ROOM, free: Vec::new(), waiting: Vec::new(), shares: HashMap::new(), round: 0 };
            Self { crowd, turn: 0, tickets: Vec::new(), got_in: Vec::new(), sent_away: Vec::new() }
        }

        fn stranger(number: usize) -> Visitor {
            let number = u32::try_from(number % 1_000).unwrap();
            Visitor::from(Some(IpAddr::from((0x0A00_0000 + number).to_be_bytes())), false)
        }

        fn comes(&mut self, visitor: Visitor) {
            match self.crowd.admit(visitor) {
                Some(Entry::In(_)) => self.got_in.push((visitor, 0)),
                Some(Entry::Waits(ticket)) => self.tickets.push((visitor, self.turn, ticket)),
                None => self.sent_away.push(visitor),
            }
        }

        /// Hands the place on, and says who has it or waits no longer.
        fn turns(&mut self) {
            self.crowd.hand_on(Vec::new());
            self.crowd.free.clear();
            self.turn += 1;
            for (visitor, since, ticket) in std::mem::take(&mut self.tickets) {
                match ticket.taken() {
                    Called::In(_) => self.got_in.push((visitor, self.turn - since)),
                    Called::Away => self.sent_away.push(visitor),
                    Called::NotYet if self.turn - since >= PATIENT_TURNS => {
                        let place = self.crowd.waiting.iter().position(|other| Arc::ptr_eq(other, &ticket)).unwrap();
                        self.crowd.leave(place);
                        self.sent_away.push(visitor);
                    }
                    Called::NotYet => self.tickets.push((visitor, since, ticket)),
                }
            }
        }
    }

    #[test]
    fn from_a_thousand_addresses_at_once_those_that_are_known_come_first() {
        let mut siege = Siege::begin();
        let mut came = 0;
        for turn in 0..1_200 {
            // 64 requests a turn, some 2,900 a second.
            (0..64).for_each(|request| siege.comes(Siege::stranger(turn * 64 + request)));
            // One known address signs in each fourth turn, one of the flood's own by six clients at once, and an
            // administrator sets passwords.
            if turn % 4 == 0 {
                siege.comes(known(1));
                came += 1;
            }
            if turn % 100 == 50 {
                let neighbour = Visitor { is_known: true, ..Siege::stranger(7) };
                (0..6).for_each(|_| siege.comes(neighbour));
                siege.comes(Visitor::signed_in(Some(IpAddr::from([192, 0, 2, 9]))));
                came += 7;
            }
            siege.turns();
        }
        (0..PATIENT_TURNS).for_each(|_| siege.turns());
        let waits: Vec<usize> =
            siege.got_in.iter().filter(|(visitor, _)| visitor.is_known).map(|(_, turns)| *turns).collect();
        assert_eq!(waits.len(), came, "all of them got in");
        assert!(siege.sent_away.iter().all(|visitor| !visitor.is_known));
        let slow = waits.iter().filter(|turns| **turns > 12).count();
        assert!(slow * 100 <= came, "{slow} of {came} waited for more than twelve hashes");
        // And the others get the rest, shared out.
        let strangers = siege.got_in.len() - came;
        assert!(strangers >= 1_200 - came, "{strangers}");
        let mut each: HashMap<Visitor, usize> = HashMap::new();
        siege.got_in.iter().for_each(|(visitor, _)| *each.entry(*visitor).or_default() += 1);
        let most = each.iter().filter(|(visitor, _)| !visitor.is_known).map(|(_, times)| *times).max();
        assert!(most.is_some_and(|most| most <= strangers / 100), "{most:?} of {strangers}");
    }

    #[test]
    fn a_known_address_is_let_in_however_many_of_it_wait_already_and_has_a_bound_too() {
        let mut siege = Siege::begin();
        (0..WAITING_ROOM).for_each(|number| siege.comes(Siege::stranger(number)));
        (0..WAITING_ROOM).for_each(|_| siege.comes(known(1)));
        let waiting = siege.crowd.share_of(known(1)).waiting;
        assert_eq!(waiting, KNOWN_WAITING);
        // Whoever comes from elsewhere still finds room.
        siege.comes(known(2));
        siege.comes(Visitor::signed_in(None));
        assert_eq!((siege.crowd.share_of(known(2)).waiting, siege.crowd.waiting.len()), (1, WAITING_ROOM));
        // In its turn a stranger comes before a known address that has had too much.
        siege.crowd.shares.entry(known(3)).or_default().served = KNOWN_HASHES;
        assert!(siege.crowd.served_to(known(3)) > siege.crowd.served_to(from(9)));
    }

    #[test]
    fn a_place_takes_its_memory_with_its_first_hash_and_keeps_it() {
        let gate = Gate::new(2, 3, WAITING_ROOM);
        let memory = || gate.lock().free.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(memory(), [0, 0]);
        for _ in 0..2 {
            assert!(gate.pass(from(1), |memory| memory.len()).is_ok_and(|blocks| blocks == 3));
            assert_eq!(memory(), [0, 3]);
        }
    }

    #[test]
    fn a_panic_inside_frees_its_place() {
        let gate = Gate::new(1, 1, WAITING_ROOM);
        let work = std::panic::AssertUnwindSafe(|| gate.pass(from(1), |_| panic!("on purpose")));
        assert!(std::panic::catch_unwind(work).is_err());
        assert!(gate.pass(from(1), |memory| memory.len()).is_ok_and(|blocks| blocks == 1));
    }
}
