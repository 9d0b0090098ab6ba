//! Access tokens: by identifier, by the hashes that name them, by owner, by end, by what made them.
//!
//! A site has up to millions of them, so these are the sets that say how large a state is ([`super::packed`]). What is
//! noted of few of them stands in ordinary maps.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use imbl::{HashMap, OrdSet};

use super::State;
use super::packed::{Entry, Packed};
use crate::domain::id::Id;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::token::AccessToken;
use crate::domain::token_order::TokenPlace;

/// Most user agents that access tokens have in common in memory.
const MOST_AGENTS: usize = 1_024;

/// Access tokens with their indexes.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Tokens {
    by_id: Packed<(), Identified>,
    by_hash: Packed<(), Hashed>,
    by_owner: Packed<Id, Id>,
    by_end: Packed<(), Ending>,
    /// They come after those that end.
    without_end: Packed<(), Id>,
    counts: HashMap<Id, usize>,
    temporary_passwords: OrdSet<(Id, Id)>,
    revoked: OrdSet<(Id, Id)>,
    by_parent: OrdSet<(Id, Id)>,
    agents: Agents,
}

/// An access token at its identifier, which is compared without a look at the access token itself.
#[derive(Clone, PartialEq)]
struct Identified {
    id: Id,
    token: Arc<AccessToken>,
}

impl Entry for Identified {
    type Key = Id;
    const FIRST: Id = Id::MIN;
    const LAST: Id = Id::MAX;
    /// A change touches each access token of the block, to count it.
    const MOST: usize = 31;

    fn key(&self) -> Id {
        self.id
    }
}

/// An access token at the beginning of one of the hashes that name it. Two may begin alike: whoever looks one up compares the
/// whole hash.
#[derive(Clone, PartialEq)]
struct Hashed {
    beginning: u64,
    token: Arc<AccessToken>,
}

impl Hashed {
    fn beginning(hash: &TokenHash) -> u64 {
        hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }
}

impl Entry for Hashed {
    type Key = (u64, Id);
    const FIRST: (u64, Id) = (0, Id::MIN);
    const LAST: (u64, Id) = (u64::MAX, Id::MAX);
    /// As of [`Identified`].
    const MOST: usize = 31;

    fn key(&self) -> (u64, Id) {
        (self.beginning, self.token.id)
    }

    fn compare(&self, (beginning, id): &(u64, Id)) -> Ordering {
        self.beginning.cmp(beginning).then_with(|| self.token.id.cmp(id))
    }
}

/// An access token in the list by end.
#[derive(Clone, Copy, PartialEq)]
struct Ending {
    at: Timestamp,
    id: Id,
}

impl Entry for Ending {
    type Key = (Timestamp, Id);
    const FIRST: (Timestamp, Id) = (Timestamp::NEVER, Id::MIN);
    const LAST: (Timestamp, Id) = (Timestamp::LAST, Id::MAX);

    fn key(&self) -> (Timestamp, Id) {
        (self.at, self.id)
    }
}

impl Entry for Id {
    type Key = Id;
    const FIRST: Id = Id::MIN;
    const LAST: Id = Id::MAX;

    fn key(&self) -> Id {
        *self
    }
}

/// The user agents of access tokens, few for very many: those that are alike are kept once, as long as there are not too
/// many. They are no part of what a state says.
#[derive(Clone, Default)]
struct Agents(OrdSet<Arc<str>>);

impl PartialEq for Agents {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Agents {
    fn shared(&mut self, agent: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.0.get(agent) {
            return Arc::clone(known);
        }
        if self.0.len() < MOST_AGENTS {
            self.0.insert(Arc::clone(agent));
        }
        Arc::clone(agent)
    }
}

/// The end of an access token, by which it is listed. Those that end at the last moment that there is never do.
fn end(token: &AccessToken) -> Option<Timestamp> {
    token.expires_at.filter(|end| *end < Timestamp::LAST)
}

/// Reading.
impl Tokens {
    fn get(&self, id: Id) -> Option<&Arc<AccessToken>> {
        self.by_id.get(&(), &id).map(|entry| &entry.token)
    }

    fn hashed(&self, hash: &TokenHash) -> Option<&Arc<AccessToken>> {
        let beginning = Hashed::beginning(hash);
        let has = |entry: &&Hashed| entry.beginning == beginning && entry.token.hashes().any(|it| it == *hash);
        let (first, last) = ((beginning, Id::MIN), (beginning, Id::MAX));
        // Mostly it is the first one; another one would have to begin alike.
        let found = self.by_hash.first_from(&(), &first).filter(|entry| entry.beginning == beginning)?;
        let others = || self.by_hash.within(&(), (Bound::Included(first), Bound::Included(last))).find(has);
        Some(found).filter(has).or_else(others).map(|entry| &entry.token)
    }
}

/// Changing.
impl Tokens {
    /// False if one of its hashes already names another one.
    fn put(&mut self, mut token: AccessToken) -> bool {
        let mut hashes: Vec<TokenHash> = token.hashes().collect();
        hashes.sort_unstable_by_key(|hash| *hash.as_bytes());
        let is_taken = |hash: &TokenHash| self.hashed(hash).is_some_and(|other| other.id != token.id);
        let is_twice = hashes.windows(2).any(|pair| matches!(pair, [one, other] if one == other));
        if is_twice || hashes.iter().any(is_taken) {
            return false;
        }
        token.creator_ua = self.agents.shared(&token.creator_ua);
        self.remove(token.id);
        let token = Arc::new(token);
        self.by_id.insert(&(), Identified { id: token.id, token: Arc::clone(&token) });
        for hash in &hashes {
            self.by_hash.insert(&(), Hashed { beginning: Hashed::beginning(hash), token: Arc::clone(&token) });
        }
        self.by_owner.insert(&token.owner, token.id);
        match end(&token) {
            Some(at) => self.by_end.insert(&(), Ending { at, id: token.id }),
            None => self.without_end.insert(&(), token.id),
        }
        *self.counts.entry(token.owner).or_default() += 1;
        self.list(&token);
        true
    }

    /// Lists what is noted of few.
    fn list(&mut self, token: &AccessToken) {
        if token.temporary_password {
            self.temporary_passwords.insert((token.owner, token.id));
        }
        if token.revoked.is_some() {
            self.revoked.insert((token.owner, token.id));
        }
        if let Some(parent) = token.parent {
            self.by_parent.insert((parent, token.id));
        }
    }

    fn remove(&mut self, id: Id) {
        let Some(token) = self.get(id).cloned() else { return };
        self.by_id.remove(&(), &id);
        token.hashes().for_each(|hash| self.by_hash.remove(&(), &(Hashed::beginning(&hash), id)));
        self.by_owner.remove(&token.owner, &id);
        match end(&token) {
            Some(at) => self.by_end.remove(&(), &(at, id)),
            None => self.without_end.remove(&(), &id),
        }
        match self.counts.get(&token.owner).copied().unwrap_or(0).saturating_sub(1) {
            0 => self.counts.remove(&token.owner),
            count => self.counts.insert(token.owner, count),
        };
        self.temporary_passwords.remove(&(token.owner, id));
        self.revoked.remove(&(token.owner, id));
        if let Some(parent) = token.parent {
            self.by_parent.remove(&(parent, id));
        }
    }
}

impl State {
    /// The access token of this identifier.
    #[must_use]
    pub fn token(&self, id: Id) -> Option<&Arc<AccessToken>> {
        self.tokens.get(id)
    }

    /// The access token that this hash names: of its present secret, of a replaced one, or of one that has ended.
    #[must_use]
    pub fn token_hashed(&self, hash: &TokenHash) -> Option<&Arc<AccessToken>> {
        self.tokens.hashed(hash)
    }

    /// Everybody's access tokens, newest first, from the first before `before`.
    pub fn tokens_before(&self, before: Option<Id>) -> impl Iterator<Item = &Arc<AccessToken>> {
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        self.tokens.by_id.within(&(), (Bound::Unbounded, end)).rev().map(|entry| &entry.token)
    }

    /// Everybody's access tokens by their end, from the first after `after` (from the beginning, if none).
    pub fn tokens_by_end(&self, after: Option<TokenPlace>) -> impl Iterator<Item = &Arc<AccessToken>> {
        let after = after.and_then(|place| Some((place.end?, place.id)));
        let ending =
            self.tokens.by_end.within(&(), (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
        let first = match after {
            Some((Timestamp::LAST, id)) => Bound::Excluded(id),
            Some(_) | None => Bound::Unbounded,
        };
        let without_end = self.tokens.without_end.within(&(), (first, Bound::Unbounded));
        ending.map(|it| it.id).chain(without_end.copied()).filter_map(|id| self.tokens.get(id))
    }

    /// The access tokens of one account, newest first, from the first before `before`.
    pub fn tokens_of(&self, owner: Id, before: Option<Id>) -> impl Iterator<Item = &Arc<AccessToken>> {
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        let ids = self.tokens.by_owner.within(&owner, (Bound::Unbounded, end));
        ids.rev().filter_map(|id| self.tokens.get(*id))
    }

    /// The access tokens that one made.
    pub fn tokens_made_with(&self, parent: Id) -> impl Iterator<Item = &Arc<AccessToken>> {
        let made = self.tokens.by_parent.range((parent, Id::MIN)..=(parent, Id::MAX));
        made.filter_map(|(_, id)| self.tokens.get(*id))
    }

    /// The access tokens of an account that are temporary passwords.
    pub fn temporary_passwords_of(&self, owner: Id) -> impl Iterator<Item = Id> {
        self.tokens.temporary_passwords.range((owner, Id::MIN)..=(owner, Id::MAX)).map(|(_, id)| *id)
    }

    /// The access tokens of an account that whoever held them has ended for good, newest first.
    pub fn revoked_tokens_of(&self, owner: Id) -> impl Iterator<Item = &Arc<AccessToken>> {
        let ids = self.tokens.revoked.range((owner, Id::MIN)..=(owner, Id::MAX)).rev();
        ids.filter_map(|(_, id)| self.tokens.get(*id))
    }

    /// How many access tokens an account owns.
    #[must_use]
    pub fn tokens_count_of(&self, owner: Id) -> usize {
        self.tokens.counts.get(&owner).copied().unwrap_or(0)
    }

    /// How many access tokens there are.
    #[must_use]
    pub fn tokens_count(&self) -> usize {
        self.tokens.by_id.len()
    }

    /// False if one of its hashes already names another access token, or its owner is not there.
    pub(super) fn put_token(&mut self, token: AccessToken) -> bool {
        self.account(token.owner).is_some() && self.tokens.put(token)
    }

    pub(super) fn remove_token(&mut self, id: Id) {
        self.tokens.remove(id);
    }
}
