//! How many records refusals may make in an hour, so that nobody who sends many of them fills the disk with the audit
//! log or hides others in it. Pure: the time is an argument.
//!
//! - Budgets of strangers nest: a source within its network within all strangers. A source is an IPv4 address or an IPv6
//!   /64, a network an IPv4 /24 or an IPv6 /48 ([`crate::domain::source`]).
//! - A caller who has signed in has a budget, within one for all callers. A few names that nothing has are recorded as they
//!   were asked for.
//! - Beside them, everything that exists keeps room for the first refusals that concern it, whoever is refused.
//!
//! Whoever finds no room is summed, by the narrowest of these that has room for a sum. A budget begins anew with each hour
//! of the clock. What is kept is bounded by the budgets themselves.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use super::target::Target;
use crate::domain::audit::{AuditEntry, Summed};
use crate::domain::source;
use crate::domain::time::Timestamp;

/// Seconds for which a budget counts.
const PERIOD: i64 = 60 * 60;
/// Records of strangers from one source.
pub(super) const PER_SOURCE: u32 = 32;
/// Records of strangers from one network.
pub(super) const PER_NETWORK: u32 = 128;
/// Records of all strangers.
pub(super) const OF_STRANGERS: u32 = 1_024;
/// Records of one caller who has signed in.
pub(super) const PER_CALLER: u32 = 256;
/// Of these, records of names that nothing has.
pub(super) const UNKNOWN_PER_CALLER: u32 = 16;
/// Records of all callers who have signed in.
const OF_CALLERS: u32 = 16_384;
/// Records about one account, repository, team or access token, beside the others.
pub(super) const PER_TARGET: u32 = 4;
/// Most targets that have such room.
const TARGETS: usize = 65_536;

/// Where a refusal goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It gets a record of its own.
    Own,
    /// It is counted in the first of these sums that has room.
    Sum(Vec<Common>),
}

/// What the refusals of a sum have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Common {
    /// In what way.
    pub(super) by: Summed,
    /// The source, the network, the target or the caller; empty for all.
    pub(super) of: String,
}

/// What was spent in this hour.
#[derive(Default)]
pub(super) struct Budgets {
    period: i64,
    strangers: u32,
    sources: HashMap<IpAddr, u32>,
    networks: HashMap<IpAddr, u32>,
    callers: HashMap<String, u32>,
    unknown: HashMap<String, u32>,
    all_callers: u32,
    targets: HashMap<u128, u32>,
}

impl Budgets {
    /// Begins anew if another hour has begun, also if the clock was set back. True if so.
    pub(super) fn begin(&mut self, now: Timestamp) -> bool {
        let period = now.seconds().div_euclid(PERIOD);
        let is_another = self.period != period;
        if is_another {
            *self = Self { period, ..Self::default() };
        }
        is_another
    }

    /// Finds a place for a refusal, and spends what it takes.
    pub(super) fn place(&mut self, entry: &AuditEntry, target: Target) -> Place {
        if let Target::Existing(id) = target {
            let key = u128::from_be_bytes(id.to_bytes());
            let is_new = !self.targets.contains_key(&key);
            if (!is_new || self.targets.len() < TARGETS) && spend(&mut self.targets, key, PER_TARGET) {
                return Place::Own;
            }
        }
        if entry.is_by_stranger() { self.place_stranger(entry, target) } else { self.place_caller(entry, target) }
    }

    fn place_stranger(&mut self, entry: &AuditEntry, target: Target) -> Place {
        let address: Option<IpAddr> = entry.address.parse().ok();
        let address = address.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        let (source, network) = (source::of(address), source::network(address));
        let has_room = self.strangers < OF_STRANGERS
            && spent(&self.sources, &source) < PER_SOURCE
            && spent(&self.networks, &network) < PER_NETWORK;
        if has_room {
            self.strangers += 1;
            *self.sources.entry(source).or_default() += 1;
            *self.networks.entry(network).or_default() += 1;
            return Place::Own;
        }
        let (of_source, of_network) = match source {
            IpAddr::V4(_) => (source.to_string(), format!("{network}/24")),
            IpAddr::V6(_) => (format!("{source}/64"), format!("{network}/48")),
        };
        let mut sums = vec![common(Summed::Source, &of_source), common(Summed::Network, &of_network)];
        if let Target::Existing(_) = target {
            sums.push(common(Summed::Target, &entry.object));
        }
        sums.push(common(Summed::Strangers, ""));
        Place::Sum(sums)
    }

    fn place_caller(&mut self, entry: &AuditEntry, target: Target) -> Place {
        let caller = &entry.actor;
        let everybody = common(Summed::Callers, "");
        let is_known = match target {
            Target::Nothing | Target::Existing(_) => true,
            Target::Unknown => spent(&self.unknown, caller) < UNKNOWN_PER_CALLER,
        };
        if !is_known {
            return Place::Sum(vec![common(Summed::UnknownNames, caller), everybody]);
        }
        if self.all_callers < OF_CALLERS && spent(&self.callers, caller) < PER_CALLER {
            self.all_callers += 1;
            *self.callers.entry(caller.clone()).or_default() += 1;
            if target == Target::Unknown {
                *self.unknown.entry(caller.clone()).or_default() += 1;
            }
            return Place::Own;
        }
        Place::Sum(vec![common(Summed::Caller, caller), everybody])
    }
}

fn common(by: Summed, of: &str) -> Common {
    Common { by, of: of.to_owned() }
}

fn spent<K: Eq + Hash>(spent: &HashMap<K, u32>, key: &K) -> u32 {
    spent.get(key).copied().unwrap_or_default()
}

fn spend<K: Eq + Hash>(spent: &mut HashMap<K, u32>, key: K, limit: u32) -> bool {
    let spent = spent.entry(key).or_default();
    let has_room = *spent < limit;
    *spent += u32::from(has_room);
    has_room
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::act::Act;
    use crate::domain::audit::{Concerned, CredentialKind, Outcome};
    use crate::domain::id::Id;

    fn refusal(actor: &str, address: &str, credential: CredentialKind) -> AuditEntry {
        AuditEntry {
            actor: actor.to_owned(),
            actor_id: (credential == CredentialKind::Password).then_some(Id::MIN),
            credential,
            credential_id: None,
            credential_label: None,
            address: address.to_owned(),
            act: Act::AccountSignIn,
            object: "admin".to_owned(),
            outcome: Outcome::Denied,
            concerned: Concerned::default(),
            reason: None,
            summed: None,
        }
    }

    fn of_stranger(address: &str) -> AuditEntry {
        refusal("admin", address, CredentialKind::None)
    }

    fn of_caller(name: &str) -> AuditEntry {
        refusal(name, "192.0.2.1", CredentialKind::Password)
    }

    /// How many of these have a record of their own.
    fn own(budgets: &mut Budgets, entries: impl IntoIterator<Item = AuditEntry>, target: Target) -> usize {
        entries.into_iter().filter(|entry| budgets.place(entry, target) == Place::Own).count()
    }

    fn sum(budgets: &mut Budgets, entry: &AuditEntry, target: Target) -> Summed {
        match budgets.place(entry, target) {
            Place::Sum(sums) => sums[0].by,
            Place::Own => panic!("it has a record of its own"),
        }
    }

    #[test]
    fn a_source_a_network_and_all_strangers_have_so_many_records_and_no_more() {
        let mut budgets = Budgets::default();
        assert_eq!(own(&mut budgets, vec![of_stranger("192.0.2.1"); 40], Target::Unknown), 32);
        assert_eq!(sum(&mut budgets, &of_stranger("192.0.2.1"), Target::Unknown), Summed::Source);
        let of_network = (2..12).flat_map(|host| vec![of_stranger(&format!("192.0.2.{host}")); 20]);
        assert_eq!(own(&mut budgets, of_network, Target::Unknown), 128 - 32);
        // Another source of it has none of its own either.
        assert_eq!(own(&mut budgets, [of_stranger("192.0.2.200")], Target::Unknown), 0);
        let elsewhere = (0..2_000).map(|number| of_stranger(&format!("10.{}.{}.1", number / 250, number % 250)));
        assert_eq!(own(&mut budgets, elsewhere, Target::Unknown), 1_024 - 128);
        // What exists has its own room, and so have those who have signed in.
        let existing = Target::Existing(Id::MAX);
        assert_eq!(own(&mut budgets, vec![of_stranger("198.51.100.1"); 9], existing), 4);
        assert_eq!(own(&mut budgets, [of_caller("alice")], Target::Nothing), 1);
        // With another hour all begins anew.
        assert!(budgets.begin(Timestamp::from_seconds(3_600)) && !budgets.begin(Timestamp::from_seconds(7_199)));
        assert_eq!(own(&mut budgets, [of_stranger("192.0.2.1")], Target::Unknown), 1);
    }

    #[test]
    fn a_caller_and_all_callers_have_so_many_records_and_no_more() {
        let mut budgets = Budgets::default();
        assert_eq!(own(&mut budgets, vec![of_caller("alice"); 20], Target::Unknown), 16);
        assert_eq!(sum(&mut budgets, &of_caller("alice"), Target::Unknown), Summed::UnknownNames);
        assert_eq!(own(&mut budgets, vec![of_caller("alice"); 300], Target::Nothing), 256 - 16);
        assert_eq!(sum(&mut budgets, &of_caller("alice"), Target::Nothing), Summed::Caller);
        let others = (0..100).flat_map(|number| vec![of_caller(&format!("user-{number}")); 200]);
        assert_eq!(own(&mut budgets, others, Target::Nothing), 16_384 - 256);
        assert_eq!(own(&mut budgets, [of_caller("zoe")], Target::Nothing), 0);
        assert_eq!(own(&mut budgets, [of_stranger("192.0.2.1")], Target::Unknown), 1, "strangers have theirs");
    }
}
