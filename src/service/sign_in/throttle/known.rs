//! Addresses that accounts signed in from, and by which password.

use std::collections::HashMap;
use std::net::IpAddr;

use super::counter::LONGEST_WAIT;
use crate::domain::id::Id;
use crate::domain::time::Moment;

/// How long a sign-in keeps an address known, in seconds.
const KNOWN: i64 = 30 * 24 * 60 * 60;
/// Most known addresses of one account.
const MAX_KNOWN: usize = 32;
/// Most other passwords that are held against a mark before it counts for nothing for a while.
const MAX_MISSES: u8 = 5;

/// A few bits of a digest of a password, keyed for this process. They are enough to see that a guess is another
/// password, and too few to find the password by.
pub(super) type Mark = u16;

/// An address that is newly known, or known again after a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service::sign_in) struct NewAddress {
    /// The address as it is counted.
    pub(in crate::service::sign_in) address: IpAddr,
    /// The least recently used address, if it was evicted for this one.
    pub(in crate::service::sign_in) evicted: Option<IpAddr>,
}

/// How somebody is known at a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// Not at all, or by another password, or by none after too many others.
    Stranger,
    /// The account signed in from there, with what is not known since a restart.
    Unproven,
    /// The account signed in from there, with this password as far as the mark tells.
    Proven,
}

/// A sign-in from an address.
struct Known {
    /// When it was, at most a day ago or noted again.
    at: i64,
    /// When it was, exactly since the start; from before, as it was on the disk.
    last: Moment,
    /// When the account signed in from there for the first time in 30 days, if it had signed in elsewhere before; none if that
    /// was before the start.
    first: Option<i64>,
    /// Of its password; none since a restart.
    mark: Option<Mark>,
    /// Other passwords that were shown since, and when the last one was.
    misses: u8,
    missed_at: i64,
}

impl Known {
    fn of(at: Moment) -> Self {
        Self { at: at.seconds(), last: at, first: None, mark: None, misses: 0, missed_at: 0 }
    }

    fn misses(&self, now: i64) -> u8 {
        if now - self.missed_at > LONGEST_WAIT { 0 } else { self.misses }
    }
}

/// What is known of every account.
#[derive(Default)]
pub(super) struct KnownAddresses(HashMap<Id, HashMap<IpAddr, Known>>);

impl KnownAddresses {
    /// Takes in what is on the disk.
    pub(super) fn load(&mut self, account: Id, source: IpAddr, at: Moment) {
        self.0.entry(account).or_default().insert(source, Known::of(at));
    }

    fn get(&self, account: Option<Id>, source: IpAddr, now: i64) -> Option<&Known> {
        self.0.get(&account?)?.get(&source).filter(|known| now - known.at <= KNOWN)
    }

    /// Whether the account signed in from there within 30 days.
    pub(super) fn has(&self, account: Option<Id>, source: IpAddr, now: i64) -> bool {
        self.get(account, source, now).is_some()
    }

    /// How a password that is shown compares with what the account signed in with from there.
    pub(super) fn compare(&self, account: Option<Id>, source: IpAddr, mark: Mark, now: i64) -> Likeness {
        let known = self.get(account, source, now).filter(|known| known.misses(now) < MAX_MISSES);
        match known.map(|known| known.mark) {
            Some(None) => Likeness::Unproven,
            Some(Some(known)) if known == mark => Likeness::Proven,
            Some(Some(_)) | None => Likeness::Stranger,
        }
    }

    /// Notes a wrong password.
    pub(super) fn miss(&mut self, account: Option<Id>, source: IpAddr, now: i64) {
        let known = account.and_then(|id| self.0.get_mut(&id)?.get_mut(&source));
        if let Some(known) = known {
            known.misses = known.misses(now).saturating_add(1);
            known.missed_at = now;
        }
    }

    /// Notes a password that is another than the one that was shown last from there.
    pub(super) fn hold_against(&mut self, account: Option<Id>, source: IpAddr, mark: Mark, now: i64) {
        if self.get(account, source, now).is_some_and(|known| known.mark.is_some_and(|known| known != mark)) {
            self.miss(account, source, now);
        }
    }

    /// Notes a sign-in. The first one of a day answers what to write to disk.
    pub(super) fn note(&mut self, account: Id, source: IpAddr, mark: Mark, at: Moment) -> Option<NewAddress> {
        let now = at.seconds();
        let known = self.0.entry(account).or_default();
        let is_recent = |present: &&Known| now - present.at <= KNOWN;
        let first = match known.get(&source).filter(is_recent) {
            Some(present) => present.first,
            None => Some(now).filter(|_| known.values().any(|other| is_recent(&other))),
        };
        let fresh = Known { first, mark: Some(mark), ..Known::of(at) };
        if let Some(present) = known.get_mut(&source).filter(|present| now - present.at <= KNOWN / 30) {
            *present = Known { at: present.at, ..fresh };
            return None;
        }
        let oldest = known.iter().filter(|(other, _)| **other != source).min_by_key(|(_, known)| known.at);
        // One that is known already takes nobody's place.
        let is_full = known.len() >= MAX_KNOWN && !known.contains_key(&source);
        let evicted = oldest.map(|(address, _)| *address).filter(|_| is_full);
        evicted.map(|address| known.remove(&address));
        known.insert(source, fresh);
        Some(NewAddress { address: source, evicted })
    }

    /// From where an account signed in for the first time in 30 days, and when, as far as that was since the start.
    pub(super) fn new_of(&self, account: Id) -> Vec<(IpAddr, i64)> {
        let known = self.0.get(&account).into_iter().flatten();
        known.filter_map(|(source, known)| Some((*source, known.first?))).collect()
    }

    /// When an account last signed in, from anywhere: before the start to the day.
    pub(super) fn last_of(&self, account: Id) -> Option<Moment> {
        self.0.get(&account)?.values().map(|known| known.last).max()
    }

    /// Forgets an account that is gone.
    pub(super) fn forget(&mut self, account: Id) {
        self.0.remove(&account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_at_32_addresses_and_the_one_unused_for_longest_makes_room() {
        let mut known = KnownAddresses(HashMap::new());
        let at = |number: u8| IpAddr::from([192, 0, 2, number]);
        let mut note =
            |number: u8, day: i64| known.note(Id::MAX, at(number), 0, Moment::from_seconds(day * KNOWN / 15));
        for number in 0..32 {
            assert_eq!(note(number, 1).unwrap().evicted, None, "{number}");
        }
        assert!(note(0, 3).is_some(), "used again");
        assert_eq!(note(40, 4).unwrap().evicted.map(|it| it == at(0)), Some(false));
        assert_eq!(known.0[&Id::MAX].len(), 32);
        assert!(known.0[&Id::MAX].contains_key(&at(0)) && known.0[&Id::MAX].contains_key(&at(40)));
    }

    #[test]
    fn after_five_other_passwords_a_mark_counts_for_nothing_for_a_while() {
        let mut known = KnownAddresses::default();
        let (account, source) = (Some(Id::MAX), IpAddr::from([192, 0, 2, 1]));
        known.note(Id::MAX, source, 7, Moment::from_seconds(0));
        for number in 0..MAX_MISSES {
            assert_eq!(known.compare(account, source, 7, 0), Likeness::Proven, "{number}");
            // The same one again is held against nobody.
            known.hold_against(account, source, 7, 0);
            known.hold_against(account, source, 8, 0);
        }
        assert_eq!(known.compare(account, source, 7, LONGEST_WAIT), Likeness::Stranger);
        assert_eq!(known.compare(account, source, 7, LONGEST_WAIT + 1), Likeness::Proven);
    }
}
