//! A map by identifier that many threads note in at once: sharded, so that a note takes one short lock. In order, so that it
//! has no more empty places than it needs, however many it holds.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::id::Id;

const SHARDS: usize = 16;

/// A value for each identifier that was noted.
pub struct Sharded<V> {
    shards: [Mutex<BTreeMap<Id, V>>; SHARDS],
}

impl<V> Default for Sharded<V> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl<V> Sharded<V> {
    /// Of all these at once.
    pub(super) fn of(values: impl IntoIterator<Item = (Id, V)>) -> Self {
        let mut parts: [Vec<(Id, V)>; SHARDS] = std::array::from_fn(|_| Vec::new());
        for (id, value) in values {
            if let Some(part) = parts.get_mut(place(id)) {
                part.push((id, value));
            }
        }
        // A map that is made of many at once has no empty places.
        Self { shards: parts.map(|part| Mutex::new(part.into_iter().collect())) }
    }

    /// Works on the shard of an identifier.
    pub fn with<T>(&self, id: Id, act: impl FnOnce(&mut BTreeMap<Id, V>) -> T) -> T {
        // The index is always valid; an empty map stands in so that no path can panic.
        match self.shards.get(place(id)) {
            Some(shard) => act(&mut lock(shard)),
            None => act(&mut BTreeMap::new()),
        }
    }

    /// Each shard in turn.
    pub(super) fn shards(&self) -> impl Iterator<Item = MutexGuard<'_, BTreeMap<Id, V>>> {
        self.shards.iter().map(lock)
    }
}

fn place(id: Id) -> usize {
    let [.., last] = id.to_bytes();
    usize::from(last) % SHARDS
}

fn lock<V>(shard: &Mutex<BTreeMap<Id, V>>) -> MutexGuard<'_, BTreeMap<Id, V>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
