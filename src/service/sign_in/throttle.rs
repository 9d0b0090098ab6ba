//! The throttle of wrong passwords: how many, from where, and how long to wait. Nothing sleeps.
//!
//! # The rule
//!
//! Wrong passwords are counted three times, and equal ones once each, since containerd and helm send a wrong stored
//! password twice. A *source* is an IPv4 address or an IPv6 /64. Names without an account count like others, so that
//! no answer tells which there are.
//!
//! - For a *name from a source*: from the fifth on, the name waits there, twice as long each time, up to 15 minutes. An
//!   hour without another forgets them, and so does a right one.
//! - For a *name from everywhere*: from the hundredth on, it waits in the same way, but not at sources that its account
//!   signed in from within 30 days.
//! - For a *source over all names*: a hundred, of which one fades every 36 seconds. Beyond, the source waits until
//!   there is room for one more. So nobody behind a shared address waits long for what a neighbour did, once that has
//!   ended.
//!
//! While a source waits, its answers are the same for all names and all wrong passwords: whoever shares it would
//! otherwise learn which accounts signed in from there. Only the password by which an account signed in from there last
//! is let through, to be compared as always. It is known by its [`known::Mark`], of 16 bits. Five others within 15
//! minutes suspend that, so that it is no way to guess. The same marks say who comes first at the gate
//! ([`super::gate`]).
//!
//! Two answers still tell somebody at the same source that an account signed in from there, since the alternative
//! would keep its owner out. A name that waits everywhere is open there: to ask costs a hundred guesses at that very
//! account, of which administrators see the lock. And a restart forgets the marks: at a full gate, the first five
//! guesses at a known account then come first, until it has signed in again. Behind a source that waits, such an
//! account waits like others.
//!
//! Only passwords are throttled: access tokens go on. All is in memory and bounded; known addresses are on the disk as
//! well.

mod counter;
mod known;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::id::Id;
use crate::domain::name::{MAX_COMPONENT, Name};
use crate::domain::secret::Password;
use crate::domain::source;
use crate::domain::time::Moment;
use counter::{Counter, Fading, Guess, make_room};
use known::{KnownAddresses, Likeness, Mark, NewAddress};

/// How long the first sign-in from somewhere is told of, in seconds.
const TOLD: i64 = 14 * 24 * 60 * 60;
/// Distinct failures for one name from one source before it waits there.
const PER_ADDRESS: u32 = 5;
/// Distinct failures for one name before it waits everywhere.
const PER_ACCOUNT: u32 = 100;

/// Somebody who tries a password.
pub(super) struct Attempt<'a> {
    /// The user name, as it was sent.
    pub(super) username: &'a str,
    /// The account of this name.
    pub(super) account: Option<Id>,
    /// Where it comes from.
    pub(super) address: IpAddr,
    /// What it shows.
    pub(super) password: &'a Password,
}

impl Attempt<'_> {
    fn source(&self) -> IpAddr {
        source::of(self.address)
    }

    /// The name that it counts for. What no account can be called counts for its source alone, and would fill the
    /// memory otherwise.
    fn name(&self) -> Option<&str> {
        let is_name = self.username.len() <= MAX_COMPONENT && Name::parse(self.username).is_ok();
        is_name.then_some(self.username)
    }
}

#[derive(Default)]
struct Counters {
    by_address: HashMap<(String, IpAddr), Counter>,
    by_account: HashMap<String, Counter>,
    by_source: HashMap<IpAddr, Fading>,
    known: KnownAddresses,
}

/// The counters of wrong passwords.
pub(in crate::service) struct Throttle {
    key: [u8; 32],
    counters: Mutex<Counters>,
}

impl Throttle {
    /// Counters that start empty, with the addresses that are known to have signed in, and when.
    pub(in crate::service) fn new(key: [u8; 32], known: impl IntoIterator<Item = (Id, IpAddr, Moment)>) -> Self {
        let mut counters = Counters::default();
        for (account, address, at) in known {
            counters.known.load(account, source::of(address), at);
        }
        Self { key, counters: Mutex::new(counters) }
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many seconds an attempt has to wait; none if it need not.
    pub(super) fn wait(&self, attempt: &Attempt<'_>, now: Moment) -> Option<i64> {
        let (source, mark, now) = (attempt.source(), self.mark(attempt), now.seconds());
        let mut counters = self.lock();
        let of_source = counters.by_source.get(&source).map_or(0, Fading::locked_until);
        let likeness = counters.known.compare(attempt.account, source, mark, now);
        let until = if of_source > now && likeness != Likeness::Proven {
            counters.known.hold_against(attempt.account, source, mark, now);
            of_source.max(counters.locked_until(attempt, false))
        } else {
            counters.locked_until(attempt, counters.known.has(attempt.account, source, now))
        };
        (until > now).then_some(until - now)
    }

    /// Whether an attempt has had to wait at some moment since this one, as far as the counters tell: at all, even where what
    /// is known from there is let through.
    pub(super) fn has_closed_since(&self, attempt: &Attempt<'_>, since: Moment) -> bool {
        let counters = self.lock();
        let of_source = counters.by_source.get(&attempt.source()).map_or(0, Fading::locked_until);
        of_source.max(counters.locked_until(attempt, false)) > since.seconds()
    }

    /// Whether an attempt comes first at the gate: it shows what the account signed in with from there last. After a
    /// restart nobody knows what that was, and any password will do, a few times.
    pub(super) fn is_known(&self, attempt: &Attempt<'_>, now: Moment) -> bool {
        let mark = self.mark(attempt);
        let likeness = self.lock().known.compare(attempt.account, attempt.source(), mark, now.seconds());
        match likeness {
            Likeness::Proven | Likeness::Unproven => true,
            Likeness::Stranger => false,
        }
    }

    /// Notes that an attempt found no place at the gate: its answer tells that it does not come first.
    pub(super) fn turn_away(&self, attempt: &Attempt<'_>, now: Moment) {
        let mark = self.mark(attempt);
        self.lock().known.hold_against(attempt.account, attempt.source(), mark, now.seconds());
    }

    /// Counts a wrong password.
    pub(super) fn fail(&self, attempt: &Attempt<'_>, now: Moment) {
        let of_source = self.digest(&[attempt.username.as_bytes(), attempt.password.reveal().as_bytes()]);
        let of_name = self.digest(&[attempt.password.reveal().as_bytes()]);
        let (source, now) = (attempt.source(), now.seconds());
        let mut counters = self.lock();
        make_room(&mut counters.by_address, now);
        make_room(&mut counters.by_account, now);
        make_room(&mut counters.by_source, now);
        counters.known.miss(attempt.account, source, now);
        counters.by_source.entry(source).or_default().add(of_source, now);
        if let Some(name) = attempt.name() {
            counters.by_address.entry((name.to_owned(), source)).or_default().add(of_name, PER_ADDRESS, now);
            counters.by_account.entry(name.to_owned()).or_default().add(of_name, PER_ACCOUNT, now);
        }
    }

    /// A keyed digest of texts.
    fn digest(&self, texts: &[&[u8]]) -> Guess {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for text in texts {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text);
        }
        let digest = hasher.finalize();
        std::array::from_fn(|place| digest.as_bytes().get(place).copied().unwrap_or(0))
    }

    fn mark(&self, attempt: &Attempt<'_>) -> Mark {
        let [low, high, ..] = self.digest(&[b"mark", attempt.password.reveal().as_bytes()]);
        Mark::from_le_bytes([low, high])
    }

    /// Notes a sign-in to an account: forgets the failures of its name there, where it is then known, unless they made it
    /// wait while the sign-in was under way. The first sign-in of a day answers what to write to disk.
    pub(super) fn succeed(&self, attempt: &Attempt<'_>, account: Id, now: Moment) -> Option<NewAddress> {
        let (source, mark) = (attempt.source(), self.mark(attempt));
        let mut counters = self.lock();
        if let Entry::Occupied(failures) = counters.by_address.entry((attempt.username.to_owned(), source))
            && failures.get().locked_until <= now.seconds()
        {
            failures.remove();
        }
        counters.known.note(account, source, mark, now)
    }

    /// From where an account signed in by password for the first time in 30 days, the newest first, except from `here`: as far
    /// as that was since the start, and within two weeks.
    pub(super) fn new_sources(&self, account: Id, here: Option<IpAddr>, now: Moment) -> Vec<(IpAddr, Moment)> {
        let here = here.map(source::of);
        let mut new = self.lock().known.new_of(account);
        new.retain(|(source, at)| Some(*source) != here && now.seconds() - at < TOLD);
        new.sort_unstable_by_key(|(source, at)| (std::cmp::Reverse(*at), *source));
        new.into_iter().map(|(source, at)| (source, Moment::from_seconds(at))).collect()
    }

    /// When an account last signed in by password: before the start to the day.
    pub(in crate::service) fn last_sign_in(&self, account: Id) -> Option<Moment> {
        self.lock().known.last_of(account)
    }

    /// Forgets an account that is gone.
    pub(in crate::service) fn forget(&self, name: &str, account: Id) {
        self.lift(name);
        self.lock().known.forget(account);
    }

    /// Until when somebody waits to sign in to the account; none if nobody does.
    pub(in crate::service) fn locked_until(&self, name: &str, now: Moment) -> Option<Moment> {
        let counters = self.lock();
        // Failures from an address count for the account, too: without a counter of the account, no address waits.
        let whole = counters.by_account.get(name)?;
        let addresses = counters.by_address.iter().filter(|((of, _), _)| of == name).map(|(_, counter)| counter);
        let until = addresses.chain([whole]).map(|counter| counter.locked_until).max()?;
        (until > now.seconds()).then(|| Moment::from_seconds(until))
    }

    /// The names for which [`Self::locked_until`] answers a moment, of accounts or not, with that moment.
    pub(in crate::service) fn locked(&self, now: Moment) -> HashMap<String, Moment> {
        let counters = self.lock();
        let addresses = counters.by_address.iter().map(|((name, _), counter)| (name, counter));
        let addresses = addresses.filter(|(name, _)| counters.by_account.contains_key(*name));
        let mut locked = HashMap::new();
        for (name, counter) in addresses.chain(&counters.by_account) {
            if counter.locked_until > now.seconds() {
                let until = locked.entry(name.clone()).or_insert(counter.locked_until);
                *until = counter.locked_until.max(*until);
            }
        }
        locked.into_iter().map(|(name, until)| (name, Moment::from_seconds(until))).collect()
    }

    /// Lifts the lockout: forgets the failures for an account.
    pub(in crate::service) fn lift(&self, name: &str) {
        let mut counters = self.lock();
        counters.by_account.remove(name);
        counters.by_address.retain(|(of, _), _| of != name);
    }
}

impl Counters {
    /// Until when the name of an attempt waits, by its own counters.
    fn locked_until(&self, attempt: &Attempt<'_>, is_known: bool) -> i64 {
        let Some(name) = attempt.name() else { return 0 };
        let here = self.by_address.get(&(name.to_owned(), attempt.source())).map_or(0, |counter| counter.locked_until);
        let everywhere = self.by_account.get(name).filter(|_| !is_known).map_or(0, |counter| counter.locked_until);
        here.max(everywhere)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::counter::{LONGEST_WAIT, MEMORY};
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(1_000_000 + seconds)
    }

    fn other(host: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from(0x0A00_0000 + host))
    }

    /// A throttle, and who tries what at it.
    struct Door(Throttle);

    impl Door {
        fn new() -> Self {
            Self(Throttle::new([0; 32], []))
        }

        /// One that knows from the disk that an account signed in from an address.
        fn knowing(account: Id, address: IpAddr) -> Self {
            Self(Throttle::new([0; 32], [(account, address, at(0))]))
        }

        fn tries<T>(
            &self,
            (username, account): (&str, Option<Id>),
            address: IpAddr,
            password: &str,
            what: impl FnOnce(&Throttle, &Attempt<'_>) -> T,
        ) -> T {
            let password = Password::new(password.to_owned());
            what(&self.0, &Attempt { username, account, address, password: &password })
        }

        fn fail(&self, name: &str, address: IpAddr, guess: u32, now: i64) {
            self.tries((name, None), address, &format!("guess {guess}"), |throttle, it| throttle.fail(it, at(now)));
        }

        fn wait(&self, who: (&str, Option<Id>), address: IpAddr, password: &str, now: i64) -> Option<i64> {
            self.tries(who, address, password, |throttle, it| throttle.wait(it, at(now)))
        }

        fn is_known(&self, who: (&str, Option<Id>), address: IpAddr, password: &str, now: i64) -> bool {
            self.tries(who, address, password, |throttle, it| throttle.is_known(it, at(now)))
        }

        fn succeed(&self, name: &str, account: Id, address: IpAddr, now: i64) -> Option<NewAddress> {
            self.tries((name, Some(account)), address, RIGHT, |throttle, it| throttle.succeed(it, account, at(now)))
        }

        /// Fills the counter of a source.
        fn close(&self, address: IpAddr, now: i64) {
            (0..100).for_each(|number| self.fail(&format!("user{number}"), address, 0, now));
        }
    }

    const RIGHT: &str = "the right password";
    const ALICE: (&str, Option<Id>) = ("alice", Some(Id::MAX));
    const BOB: (&str, Option<Id>) = ("bob", Some(Id::MIN));
    const NOBODY: (&str, Option<Id>) = ("nobody", None);

    #[test]
    fn five_distinct_failures_lock_the_address_and_the_wait_grows() {
        let door = Door::new();
        (0..4).for_each(|guess| door.fail("alice", HERE, guess, 0));
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 0), None);
        door.fail("alice", HERE, 4, 0);
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 0), Some(5));
        assert_eq!(door.wait(ALICE, other(1), RIGHT, 0), None);
        assert_eq!(door.wait(BOB, HERE, RIGHT, 0), None);
        door.fail("alice", HERE, 5, 10);
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 10), Some(10));
        (6..40).for_each(|guess| door.fail("alice", HERE, guess, 10));
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 10), Some(LONGEST_WAIT));
    }

    #[test]
    fn the_same_guess_counts_once() {
        let door = Door::new();
        (0..50).for_each(|_| door.fail("alice", HERE, 1, 0));
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 0), None);
    }

    #[test]
    fn a_hundred_from_everywhere_lock_all_but_known_addresses() {
        let door = Door::knowing(Id::MAX, other(7));
        (0..100).for_each(|guess| door.fail("alice", other(100 + guess), guess, 0));
        assert!(door.wait(ALICE, other(8), RIGHT, 0).is_some());
        assert_eq!(door.wait(ALICE, other(7), RIGHT, 0), None);
        assert!(door.0.locked_until("alice", at(0)).is_some());
        door.0.lift("alice");
        assert_eq!(door.wait(ALICE, other(8), RIGHT, 0), None);
    }

    #[test]
    fn a_new_place_is_told_of_elsewhere_for_two_weeks_and_a_first_one_never() {
        const DAY: i64 = 24 * 3_600;
        let door = Door::new();
        let told = |from: IpAddr, now| -> Vec<IpAddr> {
            door.0.new_sources(Id::MIN, Some(from), at(now)).into_iter().map(|(source, _)| source).collect()
        };
        door.succeed("alice", Id::MIN, HERE, 0);
        assert!(told(other(9), 0).is_empty(), "there is nothing to compare it with");
        door.succeed("alice", Id::MIN, other(1), 60);
        door.succeed("alice", Id::MIN, other(2), 120);
        door.succeed("alice", Id::MIN, other(1), 2 * DAY);
        door.succeed("alice", Id::MAX, other(3), 120);
        assert_eq!((told(HERE, DAY), told(other(1), DAY)), (vec![other(2), other(1)], vec![other(2)]));
        assert_eq!(told(HERE, 14 * DAY + 60), [other(2)]);
        assert!(told(HERE, 14 * DAY + 120).is_empty());
        // Not seen for long, it is new once more.
        door.succeed("alice", Id::MIN, HERE, 30 * DAY);
        door.succeed("alice", Id::MIN, other(1), 40 * DAY);
        assert_eq!(told(HERE, 40 * DAY), [other(1)]);
    }

    #[test]
    fn a_sign_in_forgives_its_address_and_time_forgets() {
        let door = Door::new();
        (0..4).for_each(|guess| door.fail("alice", HERE, guess, 0));
        let news = NewAddress { address: HERE, evicted: None };
        assert_eq!(door.succeed("alice", Id::MIN, HERE, 1), Some(news));
        assert_eq!(door.succeed("alice", Id::MIN, HERE, 2), None);
        (0..4).for_each(|guess| door.fail("alice", HERE, guess, 3));
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 3), None);
        door.fail("alice", HERE, 9, 4 + MEMORY + 1);
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 4 + MEMORY + 1), None);
    }

    #[test]
    fn a_sign_in_that_was_under_way_lifts_no_lock_and_what_has_waited_since_is_told() {
        let door = Door::new();
        let closed_since = |who, address, since| {
            door.tries(who, address, RIGHT, |throttle, it| throttle.has_closed_since(it, at(since)))
        };
        (0..5).for_each(|guess| door.fail("alice", HERE, guess, 10));
        door.succeed("alice", Id::MAX, HERE, 11);
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 11), Some(4));
        assert!(closed_since(ALICE, HERE, 0) && closed_since(ALICE, HERE, 14) && !closed_since(ALICE, HERE, 15));
        assert!(!closed_since(ALICE, other(1), 0) && !closed_since(BOB, HERE, 0));
        door.close(other(2), 10);
        assert!(closed_since(BOB, other(2), 45) && !closed_since(BOB, other(2), 46));
    }

    #[test]
    fn one_host_has_one_ipv6_network() {
        let door = Door::new();
        let host = |low: u128| IpAddr::V6(Ipv6Addr::from((0x2001_0db8_u128 << 96) + low));
        (0..5).for_each(|guess| door.fail("alice", host(u128::from(guess)), guess, 0));
        assert_eq!(door.wait(ALICE, host(99), RIGHT, 0), Some(5));
    }

    #[test]
    fn a_source_waits_for_what_it_did_until_that_has_faded() {
        let door = Door::new();
        door.close(HERE, 0);
        assert_eq!(door.wait(BOB, HERE, RIGHT, 0), Some(36));
        assert_eq!(door.wait(BOB, other(1), RIGHT, 0), None);
        assert_eq!(door.wait(BOB, HERE, RIGHT, 36), None);
        // Whoever else goes on there takes the room that there is, and the wait does not grow by that.
        (0..50).for_each(|round| door.fail("mallory", HERE, round, 36 * (i64::from(round) + 1)));
        assert_eq!(door.wait(BOB, HERE, RIGHT, 36 * 50), Some(36));
        (50..59).for_each(|round| door.fail("mallory", HERE, round, 36 * 50));
        assert_eq!(door.wait(BOB, HERE, RIGHT, 36 * 60), None);
    }

    #[test]
    fn a_guess_counts_once_for_each_name_also_where_no_account_can_have_it() {
        let door = Door::new();
        let guess = |number: u32| door.fail(&format!("No Name {number} {}", "x".repeat(200)), HERE, 0, 0);
        (0..99).chain(0..99).for_each(guess);
        assert_eq!(door.wait(BOB, HERE, RIGHT, 0), None, "an equal guess counts once");
        guess(99);
        assert_eq!(door.wait(BOB, HERE, RIGHT, 0), Some(36));
        assert!(door.0.lock().by_account.is_empty(), "and fills no memory");
    }

    #[test]
    fn while_a_source_waits_only_what_signed_in_from_there_is_let_through_and_nothing_tells_who_did() {
        let door = Door::knowing(Id::MIN, HERE);
        door.succeed("alice", Id::MAX, HERE, 0);
        door.close(HERE, 0);
        for wrong in ["", "a guess", "the right passworD"] {
            for who in [ALICE, BOB, NOBODY, ("No Name", None)] {
                assert_eq!(door.wait(who, HERE, wrong, 1), Some(35), "{}", who.0);
            }
        }
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 1), None);
        assert_eq!(door.wait(BOB, HERE, RIGHT, 1), Some(35), "what it signed in with is not known since the restart");
        // A mark is no way to guess: after five others it counts for nothing for a while.
        (0..2).for_each(|guess| assert_eq!(door.wait(ALICE, HERE, &format!("guess {guess}"), 2), Some(34)));
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 3), Some(33));
        door.close(HERE, 2 * LONGEST_WAIT);
        assert_eq!(door.wait(ALICE, HERE, RIGHT, 2 * LONGEST_WAIT), None);
    }

    #[test]
    fn who_shows_the_password_of_the_last_sign_in_from_there_comes_first() {
        let door = Door::knowing(Id::MIN, HERE);
        door.succeed("alice", Id::MAX, HERE, 0);
        assert!(door.is_known(ALICE, HERE, RIGHT, 1) && !door.is_known(ALICE, other(1), RIGHT, 1));
        assert!(!door.is_known(ALICE, HERE, "another", 1) && !door.is_known(NOBODY, HERE, RIGHT, 1));
        (0..5).for_each(|_| door.tries(ALICE, HERE, "another", |throttle, it| throttle.turn_away(it, at(1))));
        assert!(!door.is_known(ALICE, HERE, RIGHT, 1) && door.is_known(ALICE, HERE, RIGHT, 2 + LONGEST_WAIT));
        // Since a restart, what bob signed in with is not known: a few wrong ones come first as well.
        for guess in 0..5 {
            assert!(door.is_known(BOB, HERE, &format!("guess {guess}"), 1));
            door.tries(BOB, HERE, &format!("guess {guess}"), |throttle, it| throttle.fail(it, at(1)));
        }
        assert!(!door.is_known(BOB, HERE, RIGHT, 1));
        door.succeed("bob", Id::MIN, HERE, 2);
        assert!(door.is_known(BOB, HERE, RIGHT, 3) && !door.is_known(BOB, HERE, "guess 1", 3));
    }
}
