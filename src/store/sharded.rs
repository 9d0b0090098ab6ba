//! A map by identifier that many threads note in at once: sharded, so that a note takes one short lock.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::id::Id;

const SHARDS: usize = 16;

/// A value for each identifier that was noted.
pub struct Sharded<V> {
    shards: [Mutex<HashMap<Id, V>>; SHARDS],
}

impl<V> Default for Sharded<V> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl<V> Sharded<V> {
    /// Works on the shard of an identifier.
    pub fn with<T>(&self, id: Id, act: impl FnOnce(&mut HashMap<Id, V>) -> T) -> T {
        let [.., last] = id.to_bytes();
        // The index is always valid; an empty map stands in so that no path can panic.
        match self.shards.get(usize::from(last) % SHARDS) {
            Some(shard) => act(&mut lock(shard)),
            None => act(&mut HashMap::new()),
        }
    }

    /// Each shard in turn.
    pub(super) fn shards(&self) -> impl Iterator<Item = MutexGuard<'_, HashMap<Id, V>>> {
        self.shards.iter().map(lock)
    }
}

fn lock<V>(shard: &Mutex<HashMap<Id, V>>) -> MutexGuard<'_, HashMap<Id, V>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
