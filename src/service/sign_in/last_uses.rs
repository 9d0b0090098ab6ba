//! When each account last used one of its access tokens: read at the start, and kept as they are used, so that whoever looks
//! at an account need not look at each of its access tokens. A deletion of one since the start takes nothing back.

use crate::domain::id::Id;
use crate::domain::time::Timestamp;
use crate::store::{Sharded, State, UsageNotes};

/// By the account's identifier: every sign-in with an access token notes one.
pub(in crate::service) struct LastUses(Sharded<Timestamp>);

impl LastUses {
    /// Those that are on record; of organizations none, whose access tokens are robots.
    pub(in crate::service) fn of(state: &State, usage: &UsageNotes) -> Self {
        let uses = Self(Sharded::default());
        for token in state.tokens_before(None).filter(|token| !token.is_robot()) {
            if let Some(usage) = usage.of(token.id) {
                uses.note(token.owner, usage.at);
            }
        }
        uses
    }

    /// Notes a use.
    pub(in crate::service) fn note(&self, account: Id, at: Timestamp) {
        self.0.with(account, |shard| {
            let last = shard.entry(account).or_insert(at);
            *last = at.max(*last);
        });
    }

    /// The last one; none if none is known.
    pub(in crate::service) fn last(&self, account: Id) -> Option<Timestamp> {
        self.0.with(account, |shard| shard.get(&account).copied())
    }
}
