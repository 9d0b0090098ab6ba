//! The throttle of wrong passwords: how many, from where, and how long to wait. Nothing sleeps.
//!
//! From the fifth distinct failure for an account from one address on, that address waits, twice as long each time, up
//! to 15 minutes; from the hundredth from everywhere on, everybody waits except addresses that signed in to it within
//! 30 days. From the hundredth from one address on, whatever the names, that address waits with every account that it has
//! not signed in to. Equal guesses count once, since containerd and helm send a wrong stored password twice. Only passwords are
//! throttled: access tokens go on. In memory, bounded; unknown names count like known ones.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::id::Id;
use crate::domain::secret::Password;
use crate::domain::source;
use crate::domain::time::Timestamp;

/// Distinct failures from one address before it waits.
const PER_ADDRESS: u32 = 5;
/// Distinct failures from one address, over all names, before it waits with the accounts that do not know it.
const PER_SOURCE: u32 = 100;
/// Distinct failures from everywhere before everybody waits.
const PER_ACCOUNT: u32 = 100;
/// First wait, in seconds; it doubles with each further failure.
const FIRST_WAIT: i64 = 5;
/// Longest wait, in seconds.
const LONGEST_WAIT: i64 = 15 * 60;
/// Failures are forgotten after this time without another, in seconds.
const MEMORY: i64 = 60 * 60;
/// How long a sign-in keeps an address known, in seconds.
const KNOWN: i64 = 30 * 24 * 60 * 60;
/// Most counters by address, and most by account.
const MAX_COUNTERS: usize = 65_536;
/// Most distinct guesses that one counter tells apart.
const MAX_GUESSES: usize = 128;
/// Most known addresses of one account.
const MAX_KNOWN: usize = 32;

/// Stands for all names that no account can have, and is none itself: guesses at them count for their address alone, and
/// would fill the memory otherwise.
pub(super) const NO_NAME: &str = "";

/// A digest of a wrong guess, keyed for this process: it tells nothing of the guess itself.
type Guess = [u8; 8];

#[derive(Clone, Default)]
struct Counter {
    guesses: Vec<Guess>,
    failures: u32,
    last: i64,
    locked_until: i64,
}

impl Counter {
    /// Counts a guess; false if it was counted before.
    fn add(&mut self, guess: Guess, limit: u32, now: i64) -> bool {
        if now - self.last > MEMORY {
            *self = Self::default();
        }
        self.last = now;
        if self.guesses.contains(&guess) {
            return false;
        }
        if self.guesses.len() < MAX_GUESSES {
            self.guesses.push(guess);
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= limit {
            let doublings = (self.failures - limit).min(20);
            self.locked_until = now + (FIRST_WAIT << doublings).min(LONGEST_WAIT);
        }
        true
    }
}

#[derive(Default)]
struct Counters {
    by_address: HashMap<(String, IpAddr), Counter>,
    by_account: HashMap<String, Counter>,
    by_source: HashMap<IpAddr, Counter>,
    known: HashMap<Id, HashMap<IpAddr, i64>>,
}

impl Counters {
    fn is_known(&self, account: Option<Id>, source: IpAddr, now: i64) -> bool {
        account.and_then(|id| self.known.get(&id)?.get(&source)).is_some_and(|at| now - at <= KNOWN)
    }
}

/// An address that is newly known, or known again after a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewAddress {
    /// The address as it is counted.
    pub(super) address: IpAddr,
    /// The least recently used address, if it was evicted for this one.
    pub(super) evicted: Option<IpAddr>,
}

/// The counters of wrong passwords.
pub(in crate::service) struct Throttle {
    key: [u8; 32],
    counters: Mutex<Counters>,
}

impl Throttle {
    /// Counters that start empty, with the addresses that are known to have signed in.
    pub(in crate::service) fn new(key: [u8; 32], known: impl IntoIterator<Item = (Id, IpAddr, Timestamp)>) -> Self {
        let mut counters = Counters::default();
        for (account, address, at) in known {
            counters.known.entry(account).or_default().insert(source::of(address), at.seconds());
        }
        Self { key, counters: Mutex::new(counters) }
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many seconds a sign-in to `name` from `address` has to wait; none if it need not.
    pub(super) fn wait(&self, name: &str, account: Option<Id>, address: IpAddr, now: Timestamp) -> Option<i64> {
        let (address, now) = (source::of(address), now.seconds());
        let counters = self.lock();
        let by_address = counters.by_address.get(&(name.to_owned(), address)).map_or(0, |counter| counter.locked_until);
        let is_known = counters.is_known(account, address, now);
        let by_account = counters.by_account.get(name).filter(|_| !is_known).map_or(0, |counter| counter.locked_until);
        let by_source =
            counters.by_source.get(&address).filter(|_| !is_known).map_or(0, |counter| counter.locked_until);
        let wait = by_address.max(by_account).max(by_source) - now;
        (wait > 0).then_some(wait)
    }

    /// Whether this address signed in to the account within 30 days.
    pub(super) fn is_known(&self, account: Option<Id>, address: IpAddr, now: Timestamp) -> bool {
        self.lock().is_known(account, source::of(address), now.seconds())
    }

    /// Counts a wrong password.
    pub(super) fn fail(&self, name: &str, address: IpAddr, password: &Password, now: Timestamp) {
        let guess = self.guess_at("", password);
        let (address, now) = (source::of(address), now.seconds());
        let mut counters = self.lock();
        make_room(&mut counters.by_address, now);
        make_room(&mut counters.by_account, now);
        make_room(&mut counters.by_source, now);
        counters.by_source.entry(address).or_default().add(self.guess_at(name, password), PER_SOURCE, now);
        if name != NO_NAME {
            counters.by_address.entry((name.to_owned(), address)).or_default().add(guess, PER_ADDRESS, now);
            counters.by_account.entry(name.to_owned()).or_default().add(guess, PER_ACCOUNT, now);
        }
    }

    /// The digest of a guess, for a counter of several names with the name.
    fn guess_at(&self, name: &str, password: &Password) -> Guess {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher.update(password.reveal().as_bytes());
        let digest = hasher.finalize();
        std::array::from_fn(|place| digest.as_bytes().get(place).copied().unwrap_or(0))
    }

    /// Notes a sign-in: forgets the failures of its address, which is then known. The first sign-in of a day answers
    /// what to write to disk.
    pub(super) fn succeed(&self, name: &str, account: Id, address: IpAddr, now: Timestamp) -> Option<NewAddress> {
        let (address, now) = (source::of(address), now.seconds());
        let mut counters = self.lock();
        counters.by_address.remove(&(name.to_owned(), address));
        let known = counters.known.entry(account).or_default();
        if known.get(&address).is_some_and(|at| now - at <= KNOWN / 30) {
            return None;
        }
        let oldest = known.iter().filter(|(other, _)| **other != address).min_by_key(|(_, at)| **at);
        let evicted = oldest.map(|(address, _)| *address).filter(|_| known.len() >= MAX_KNOWN);
        evicted.map(|address| known.remove(&address));
        known.insert(address, now);
        Some(NewAddress { address, evicted })
    }

    /// Forgets an account that is gone.
    pub(in crate::service) fn forget(&self, name: &str, account: Id) {
        self.lift(name);
        self.lock().known.remove(&account);
    }

    /// Until when somebody waits to sign in to the account; none if nobody does.
    pub(in crate::service) fn locked_until(&self, name: &str, now: Timestamp) -> Option<Timestamp> {
        let counters = self.lock();
        // Failures from an address count for the account, too: without a counter of the account, no address waits.
        let whole = counters.by_account.get(name)?;
        let addresses = counters.by_address.iter().filter(|((of, _), _)| of == name).map(|(_, counter)| counter);
        let until = addresses.chain([whole]).map(|counter| counter.locked_until).max()?;
        (until > now.seconds()).then(|| Timestamp::from_seconds(until))
    }

    /// Lifts the lockout: forgets the failures for an account.
    pub(in crate::service) fn lift(&self, name: &str) {
        let mut counters = self.lock();
        counters.by_account.remove(name);
        counters.by_address.retain(|(of, _), _| of != name);
    }
}

/// Bounds the memory of guesses: drops old counters and, if that is not enough, the least recently used half, but none
/// that still locks.
fn make_room<K: Clone + std::hash::Hash + Eq>(counters: &mut HashMap<K, Counter>, now: i64) {
    if counters.len() < MAX_COUNTERS {
        return;
    }
    counters.retain(|_, counter| now - counter.last <= MEMORY);
    if counters.len() < MAX_COUNTERS {
        return;
    }
    let mut ages: Vec<i64> = counters.values().map(|counter| counter.last).collect();
    let middle = ages.len() / 2;
    let (_, median, _) = ages.select_nth_unstable(middle);
    let median = *median;
    let mut room = MAX_COUNTERS / 4;
    counters.retain(|_, counter| {
        let stays = counter.locked_until > now || counter.last > median || (counter.last == median && room > 0);
        room = room.saturating_sub(usize::from(stays && counter.last == median));
        stays
    });
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    fn fail(throttle: &Throttle, address: IpAddr, guess: u32, now: i64) {
        throttle.fail("alice", address, &Password::new(format!("guess {guess}")), at(now));
    }

    fn other(host: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from(0x0A00_0000 + host))
    }

    #[test]
    fn five_distinct_failures_lock_the_address_and_the_wait_grows() {
        let throttle = Throttle::new([0; 32], []);
        (0..4).for_each(|guess| fail(&throttle, HERE, guess, 0));
        assert_eq!(throttle.wait("alice", None, HERE, at(0)), None);
        fail(&throttle, HERE, 4, 0);
        assert_eq!(throttle.wait("alice", None, HERE, at(0)), Some(5));
        assert_eq!(throttle.wait("alice", None, other(1), at(0)), None);
        assert_eq!(throttle.wait("bob", None, HERE, at(0)), None);
        fail(&throttle, HERE, 5, 10);
        assert_eq!(throttle.wait("alice", None, HERE, at(10)), Some(10));
        (6..40).for_each(|guess| fail(&throttle, HERE, guess, 10));
        assert_eq!(throttle.wait("alice", None, HERE, at(10)), Some(LONGEST_WAIT));
    }

    #[test]
    fn the_same_guess_counts_once() {
        let throttle = Throttle::new([0; 32], []);
        (0..50).for_each(|_| fail(&throttle, HERE, 1, 0));
        assert_eq!(throttle.wait("alice", None, HERE, at(0)), None);
    }

    #[test]
    fn a_hundred_from_everywhere_lock_all_but_known_addresses() {
        let account = Id::MAX;
        let throttle = Throttle::new([0; 32], [(account, other(7), at(0))]);
        (0..100).for_each(|guess| fail(&throttle, other(100 + guess), guess, 0));
        assert!(throttle.wait("alice", Some(account), other(8), at(0)).is_some());
        assert_eq!(throttle.wait("alice", Some(account), other(7), at(0)), None);
        assert!(throttle.locked_until("alice", at(0)).is_some());
        throttle.lift("alice");
        assert_eq!(throttle.wait("alice", Some(account), other(8), at(0)), None);
    }

    #[test]
    fn a_sign_in_forgives_its_address_and_time_forgets() {
        let throttle = Throttle::new([0; 32], []);
        (0..5).for_each(|guess| fail(&throttle, HERE, guess, 0));
        let news = NewAddress { address: HERE, evicted: None };
        assert_eq!(throttle.succeed("alice", Id::MIN, HERE, at(1)), Some(news));
        assert_eq!(throttle.succeed("alice", Id::MIN, HERE, at(2)), None);
        assert_eq!(throttle.wait("alice", None, HERE, at(2)), None);
        (0..4).for_each(|guess| fail(&throttle, HERE, guess, 3));
        fail(&throttle, HERE, 9, 4 + MEMORY + 1);
        assert_eq!(throttle.wait("alice", None, HERE, at(4 + MEMORY + 1)), None);
    }

    #[test]
    fn one_host_has_one_ipv6_network() {
        let throttle = Throttle::new([0; 32], []);
        let host = |low: u128| IpAddr::V6(Ipv6Addr::from((0x2001_0db8_u128 << 96) + low));
        (0..5).for_each(|guess| fail(&throttle, host(u128::from(guess)), guess, 0));
        assert_eq!(throttle.wait("alice", None, host(99), at(0)), Some(5));
    }

    #[test]
    fn a_hundred_names_lock_an_address_but_for_accounts_that_know_it() {
        let throttle = Throttle::new([0; 32], [(Id::MAX, HERE, at(0))]);
        let guess = |name: u32| throttle.fail(&format!("user{name}"), HERE, &Password::new("summer".to_owned()), at(0));
        (0..99).for_each(guess);
        assert_eq!(throttle.wait("bob", None, HERE, at(0)), None);
        guess(0);
        assert_eq!(throttle.wait("bob", None, HERE, at(0)), None, "an equal guess counts once");
        guess(99);
        assert_eq!(throttle.wait("bob", None, HERE, at(0)), Some(5));
        assert_eq!(throttle.wait("alice", Some(Id::MAX), HERE, at(0)), None);
        assert_eq!(throttle.wait("bob", None, other(1), at(0)), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut counters: HashMap<u32, Counter> = (0..70_000).map(|name| (name, Counter::default())).collect();
        make_room(&mut counters, 0);
        assert!(counters.len() < MAX_COUNTERS);
    }
}
