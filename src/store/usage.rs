//! Last uses of access tokens: apart from the records, so that noting one never slows a request.
//!
//! Sharded by identifier; a note takes one short lock and no disk. The notes reach the disk in bundles.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::id::Id;
use crate::domain::secret::TokenHash;
use crate::domain::usage::{SecretUse, Usage};

const SHARDS: usize = 16;

#[derive(Clone, Copy)]
struct Note {
    usage: Usage,
    is_saved: bool,
}

/// Last uses of every access token that was ever used.
pub struct UsageNotes {
    shards: [Mutex<HashMap<Id, Note>>; SHARDS],
}

impl UsageNotes {
    pub(super) fn new(saved: Vec<(Id, Usage)>) -> Self {
        let notes = Self { shards: std::array::from_fn(|_| Mutex::default()) };
        for (id, usage) in saved {
            notes.with(id, |shard| shard.insert(id, Note { usage, is_saved: true }));
        }
        notes
    }

    fn with<T>(&self, id: Id, act: impl FnOnce(&mut HashMap<Id, Note>) -> T) -> T {
        let [.., last] = id.to_bytes();
        let shard = self.shards.get(usize::from(last) % SHARDS);
        // The index is always valid; an empty map stands in so that no path can panic.
        match shard {
            Some(shard) => act(&mut lock(shard)),
            None => act(&mut HashMap::new()),
        }
    }

    /// Notes a use.
    pub fn note(&self, id: Id, usage: Usage) {
        self.with(id, |shard| shard.insert(id, Note { usage, is_saved: false }));
    }

    /// Notes a use of one secret of an access token. `other` is the other secret of it that signs in at present.
    pub fn note_secret(&self, id: Id, used: SecretUse, other: Option<TokenHash>) {
        self.with(id, |shard| {
            let usage = Usage::after(shard.get(&id).map(|note| &note.usage), used, other);
            shard.insert(id, Note { usage, is_saved: false })
        });
    }

    /// The last use of a token; none if it was never used.
    #[must_use]
    pub fn of(&self, id: Id) -> Option<Usage> {
        self.with(id, |shard| shard.get(&id).map(|note| note.usage))
    }

    /// Forgets a deleted token. A request under way may note it once more; [`super::Store::save_usage`] forgets that.
    pub(super) fn forget(&self, id: Id) {
        self.with(id, |shard| shard.remove(&id));
    }

    /// At most `limit` notes that are not on disk yet.
    #[must_use]
    pub fn unsaved(&self, limit: usize) -> Vec<(Id, Usage)> {
        let mut unsaved = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let fresh = shard.iter().filter(|(_, note)| !note.is_saved).map(|(id, note)| (*id, note.usage));
            unsaved.extend(fresh.take(limit.saturating_sub(unsaved.len())));
        }
        unsaved
    }

    /// Notes that these are on disk, unless they were used again since.
    pub fn saved(&self, notes: &[(Id, Usage)]) {
        for (id, usage) in notes {
            self.with(*id, |shard| {
                if let Some(note) = shard.get_mut(id) {
                    note.is_saved |= note.usage == *usage;
                }
            });
        }
    }
}

fn lock(shard: &Mutex<HashMap<Id, Note>>) -> MutexGuard<'_, HashMap<Id, Note>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
