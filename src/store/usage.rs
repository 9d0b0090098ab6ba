//! Last uses of access tokens: apart from the records, so that noting one never slows a request.
//!
//! A note takes one short lock and no disk. The notes reach the disk in bundles.

use super::sharded::Sharded;
use crate::domain::id::Id;
use crate::domain::secret::TokenHash;
use crate::domain::usage::{SecretUse, Usage};

#[derive(Clone, Copy)]
struct Note {
    usage: Usage,
    is_saved: bool,
}

/// Last uses of every access token that was ever used.
pub struct UsageNotes(Sharded<Note>);

impl UsageNotes {
    pub(super) fn new(saved: Vec<(Id, Usage)>) -> Self {
        let notes = Self(Sharded::default());
        for (id, usage) in saved {
            notes.0.with(id, |shard| shard.insert(id, Note { usage, is_saved: true }));
        }
        notes
    }

    /// Notes a use.
    pub fn note(&self, id: Id, usage: Usage) {
        self.0.with(id, |shard| shard.insert(id, Note { usage, is_saved: false }));
    }

    /// Notes a use of one secret of an access token. `other` is the other secret of it that signs in at present.
    pub fn note_secret(&self, id: Id, used: SecretUse, other: Option<TokenHash>) {
        self.0.with(id, |shard| {
            let usage = Usage::after(shard.get(&id).map(|note| &note.usage), used, other);
            shard.insert(id, Note { usage, is_saved: false })
        });
    }

    /// The last use of a token; none if it was never used.
    #[must_use]
    pub fn of(&self, id: Id) -> Option<Usage> {
        self.0.with(id, |shard| shard.get(&id).map(|note| note.usage))
    }

    /// Forgets a deleted token. A request under way may note it once more; [`super::Store::save_usage`] forgets that.
    pub(super) fn forget(&self, id: Id) {
        self.0.with(id, |shard| shard.remove(&id));
    }

    /// At most `limit` notes that are not on disk yet.
    #[must_use]
    pub fn unsaved(&self, limit: usize) -> Vec<(Id, Usage)> {
        let mut unsaved = Vec::new();
        for shard in self.0.shards() {
            let fresh = shard.iter().filter(|(_, note)| !note.is_saved).map(|(id, note)| (*id, note.usage));
            unsaved.extend(fresh.take(limit.saturating_sub(unsaved.len())));
        }
        unsaved
    }

    /// Notes that these are on disk, unless they were used again since.
    pub fn saved(&self, notes: &[(Id, Usage)]) {
        for (id, usage) in notes {
            self.0.with(*id, |shard| {
                if let Some(note) = shard.get_mut(id) {
                    note.is_saved |= note.usage == *usage;
                }
            });
        }
    }
}
