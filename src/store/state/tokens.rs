//! Access tokens: by identifier, by the hashes that name them, by owner, by end, by what made them.
//!
//! A site has up to millions of them, so these are the sets that say how large a state is ([`super::packed`]). What is
//! noted of few of them stands in ordinary maps.

use std::cmp::Ordering;
use std::collections::BTreeMap;
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
    /// Those that have arrived while the store is loaded, and are not in yet.
    arrived: Vec<Arc<AccessToken>>,
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
    fn of(hash: &TokenHash, token: &Arc<AccessToken>) -> Self {
        Self { beginning: Self::beginning(hash), token: Arc::clone(token) }
    }

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
            self.by_hash.insert(&(), Hashed::of(hash, &token));
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

    /// Puts all that have arrived in at once: in order, they take a fraction of what it takes to put each in. Returns
    /// those that contradict others, which are left out.
    fn put_arrived(&mut self) -> Vec<Id> {
        let mut tokens = std::mem::take(&mut self.arrived);
        tokens.sort_unstable_by_key(|token| token.id);
        let hashed = tokens.iter().flat_map(|token| token.hashes().map(move |hash| Hashed::of(&hash, token)));
        let mut hashed: Vec<Hashed> = hashed.collect();
        hashed.sort_unstable_by(|one, other| one.compare(&other.key()));
        // Those whose hashes begin alike are few, and mostly wrong. They come last, each by itself.
        let alike = hashed.windows(2).filter(|pair| matches!(pair, [one, other] if one.beginning == other.beginning));
        let alike: BTreeMap<Id, Arc<AccessToken>> =
            alike.flatten().map(|it| (it.token.id, Arc::clone(&it.token))).collect();
        if !alike.is_empty() {
            tokens.retain(|token| !alike.contains_key(&token.id));
            hashed.retain(|it| !alike.contains_key(&it.token.id));
        }
        self.by_hash = Packed::of_sorted(hashed.into_iter().map(|it| ((), it)));
        self.put_sorted(&tokens);
        let contradicts = |token: &Arc<AccessToken>| !self.put(AccessToken::clone(token));
        alike.into_values().filter(contradicts).map(|token| token.id).collect()
    }

    /// Makes every index but that by hashes.
    fn put_sorted(&mut self, tokens: &[Arc<AccessToken>]) {
        let identified = tokens.iter().map(|token| Identified { id: token.id, token: Arc::clone(token) });
        self.by_id = Packed::of_sorted(identified.map(|it| ((), it)));
        let mut owned: Vec<(Id, Id)> = tokens.iter().map(|token| (token.owner, token.id)).collect();
        owned.sort_unstable();
        owned.iter().for_each(|(owner, _)| *self.counts.entry(*owner).or_default() += 1);
        self.by_owner = Packed::of_sorted(owned);
        let mut ending: Vec<(Timestamp, Id)> = tokens.iter().filter_map(|it| Some((end(it)?, it.id))).collect();
        ending.sort_unstable();
        self.by_end = Packed::of_sorted(ending.into_iter().map(|(at, id)| ((), Ending { at, id })));
        let without_end = tokens.iter().filter(|token| end(token).is_none());
        self.without_end = Packed::of_sorted(without_end.map(|token| ((), token.id)));
        tokens.iter().for_each(|token| self.list(token));
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

    /// Whether an access token ends after the one moment, and at the latest at the other.
    #[must_use]
    pub fn has_end_within(&self, after: Timestamp, until: Timestamp) -> bool {
        let range = (Bound::Excluded((after, Id::MAX)), Bound::Unbounded);
        self.tokens.by_end.within(&(), range).next().is_some_and(|first| first.at <= until)
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

    /// False if one of its hashes already names another access token, or its owner is not there. While the store is loaded,
    /// the access tokens only arrive ([`State::put_arrived_tokens`]).
    pub(super) fn put_token(&mut self, mut token: AccessToken) -> bool {
        if self.account(token.owner).is_none() {
            return false;
        }
        if !self.is_loading {
            return self.tokens.put(token);
        }
        token.creator_ua = self.tokens.agents.shared(&token.creator_ua);
        self.tokens.arrived.push(Arc::new(token));
        true
    }

    /// Puts the access tokens in that have arrived. Returns those that contradict others, which are left out.
    pub(in crate::store) fn put_arrived_tokens(&mut self) -> Vec<Id> {
        self.tokens.put_arrived()
    }

    pub(super) fn remove_token(&mut self, id: Id) {
        self.tokens.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> Id {
        Id::from_bytes(number.to_be_bytes())
    }

    fn hash(last: u8) -> TokenHash {
        let mut bytes = [7; 32];
        bytes[31] = last;
        TokenHash::from_bytes(bytes)
    }

    fn token(number: u8) -> AccessToken {
        AccessToken::plain(id(number.into()), id(1_000), hash(number))
    }

    /// The same access tokens put in one by one, and all at once; and those that were refused.
    fn both(tokens: &[AccessToken]) -> [(Tokens, Vec<Id>); 2] {
        let (mut single, mut together) = (Tokens::default(), Tokens::default());
        let refused =
            tokens.iter().filter(|token| !single.put(AccessToken::clone(token))).map(|token| token.id).collect();
        together.arrived = tokens.iter().cloned().map(Arc::new).collect();
        let refused_together = together.put_arrived();
        [(single, refused), (together, refused_together)]
    }

    #[test]
    fn user_agents_beyond_so_many_are_kept_with_each_token() {
        let mut agents = Agents::default();
        let named = |number: usize| -> Arc<str> { format!("agent {number}").into() };
        for number in 0..MOST_AGENTS + 10 {
            assert_eq!(agents.shared(&named(number)), named(number));
        }
        assert_eq!(agents.0.len(), MOST_AGENTS);
        let [early, late] = [named(3), named(MOST_AGENTS + 3)];
        assert!(!Arc::ptr_eq(&agents.shared(&early), &early), "the one that is kept");
        assert!(Arc::ptr_eq(&agents.shared(&late), &late), "its own");
    }

    #[test]
    fn hashes_that_begin_alike_are_told_apart() {
        let other = token(9).with(|it| it.hash = TokenHash::from_bytes([9; 32]));
        for (mut tokens, refused) in both(&[token(1), token(2), other.clone()]) {
            assert_eq!(refused, []);
            let found = |tokens: &Tokens, hash: &TokenHash| tokens.hashed(hash).map(|token| token.id);
            assert_eq!(
                [hash(1), hash(2), hash(3), other.hash].map(|hash| found(&tokens, &hash)),
                [Some(id(1)), Some(id(2)), None, Some(id(9))]
            );
            tokens.remove(id(1));
            assert_eq!([hash(1), hash(2)].map(|hash| found(&tokens, &hash)), [None, Some(id(2))]);
        }
    }

    #[test]
    fn those_that_are_put_in_at_once_are_as_those_that_are_put_in_one_by_one() {
        let last = Some(Timestamp::LAST);
        let apart = |number: usize, kind: u8| {
            let mut bytes = [u8::try_from(number).unwrap(); 32];
            bytes[0] = kind;
            TokenHash::from_bytes(bytes)
        };
        let mut tokens: Vec<AccessToken> = (0..200).map(token).collect();
        for (number, token) in tokens.iter_mut().enumerate() {
            *token = token.with(|it| {
                it.owner = id(1_000 + u128::try_from(number % 3).unwrap());
                it.hash = apart(number, 254);
                let end = Timestamp::from_seconds(i64::try_from(number % 7).unwrap());
                it.expires_at = [None, last, Some(end)][number % 3];
                it.temporary_password = number % 5 == 0;
                it.parent = Some(id(1)).filter(|_| number % 4 == 0);
                it.ended = vec![apart(number, 255)];
            });
        }
        // The hash of another one, of its present secret or of one that has ended.
        tokens.push(token(201).with(|it| it.hash = apart(4, 254)));
        tokens.push(token(202).with(|it| it.ended = vec![apart(5, 255)]));
        let [(single, refused), (together, refused_together)] = both(&tokens);
        assert_eq!((refused, &refused_together), (vec![id(201), id(202)], &vec![id(201), id(202)]));
        assert!(single == together && together.by_id.len() == 200);
    }
}
