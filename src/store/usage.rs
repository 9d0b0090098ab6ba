//! Last uses of access tokens: apart from the records, so that noting one never slows a request.
//!
//! A note takes one short lock and no disk. The notes reach the disk in bundles.

use std::collections::btree_map::Entry;
use std::net::IpAddr;

use super::sharded::Sharded;
use crate::domain::id::Id;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::usage::{SecretUse, Usage};

/// A use, in as little room as it takes: there is one for each access token that was ever used.
struct Note {
    at: Timestamp,
    /// In the overlap of a rotation only.
    other: Option<Box<SecretUse>>,
    secret: Option<TokenHash>,
    address: IpAddr,
    is_saved: bool,
}

impl Note {
    fn of(usage: Usage, is_saved: bool) -> Self {
        let Usage { at, address, secret, other } = usage;
        Self { at, other: other.map(Box::new), secret, address, is_saved }
    }

    fn usage(&self) -> Usage {
        let other = self.other.as_deref().copied();
        Usage { at: self.at, address: self.address, secret: self.secret, other }
    }
}

/// Last uses of every access token that was ever used.
pub struct UsageNotes(Sharded<Note>);

impl UsageNotes {
    pub(super) fn new(saved: Vec<(Id, Usage)>) -> Self {
        Self(Sharded::of(saved.into_iter().map(|(id, usage)| (id, Note::of(usage, true)))))
    }

    /// Notes a use.
    pub fn note(&self, id: Id, usage: Usage) {
        self.0.with(id, |shard| shard.insert(id, Note::of(usage, false)));
    }

    /// Notes a use of one secret of an access token. `other` is the other secret of it that signs in at present.
    pub fn note_secret(&self, id: Id, used: SecretUse, other: Option<TokenHash>) {
        self.0.with(id, |shard| match shard.entry(id) {
            // One look at what is far away in memory: nearly every sign-in is of one that was used before.
            Entry::Occupied(mut known) => {
                let usage = Usage::after(Some(&known.get().usage()), used, other);
                known.insert(Note::of(usage, false));
            }
            Entry::Vacant(place) => {
                place.insert(Note::of(Usage::after(None, used, other), false));
            }
        });
    }

    /// The last use of a token; none if it was never used.
    #[must_use]
    pub fn of(&self, id: Id) -> Option<Usage> {
        self.0.with(id, |shard| shard.get(&id).map(Note::usage))
    }

    /// Forgets a deleted token. A request under way may note it once more; [`super::Store::save_usage`] forgets that.
    pub(super) fn forget(&self, id: Id) {
        self.0.with(id, |shard| shard.remove(&id));
    }

    /// The access tokens with a note that is not on disk yet, in the order in which they stand there: so one part of the
    /// disk is written after the other, each once.
    #[must_use]
    pub fn unsaved(&self) -> Vec<Id> {
        let mut unsaved = Vec::new();
        for shard in self.0.shards() {
            unsaved.extend(shard.iter().filter(|(_, note)| !note.is_saved).map(|(id, _)| *id));
        }
        unsaved.sort_unstable();
        unsaved
    }

    /// What is noted of these.
    #[must_use]
    pub fn noted(&self, ids: &[Id]) -> Vec<(Id, Usage)> {
        ids.iter().filter_map(|id| Some((*id, self.of(*id)?))).collect()
    }

    /// Notes that these are on disk, unless they were used again since.
    pub fn saved(&self, notes: &[(Id, Usage)]) {
        for (id, usage) in notes {
            self.0.with(*id, |shard| {
                if let Some(note) = shard.get_mut(id) {
                    note.is_saved |= note.usage() == *usage;
                }
            });
        }
    }
}
