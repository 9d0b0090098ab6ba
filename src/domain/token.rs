//! Access tokens: caps, repository patterns, expiry, and the rule that a token made by another is never stronger.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::access::AccessLevel;
use super::id::Id;
use super::name::{InvalidName, Name, Namespace, RepositoryName};
use super::secret::TokenHash;
use super::time::Timestamp;
use super::user_name::UserName;
use super::words::words;

/// Most repository patterns that one access token may hold.
pub const MAX_PATTERNS: usize = 100;
/// The label of a token that was made without one.
pub const DEFAULT_LABEL: &str = "access token";
/// How long before its end an access token counts as one that ends soon, in seconds.
pub const ENDS_SOON: i64 = 14 * 24 * 3_600;
/// Longest user agent that is kept, in bytes.
pub const MAX_USER_AGENT: usize = 256;

/// Why a text is no repository pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// A star elsewhere than alone after the last slash.
    #[error("`*` stands alone after `/`: alice/* is everything below alice, and there is no other wildcard")]
    Star,
    /// Not the registry's grammar.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

/// A repository pattern: one name, or `ns/*` for everything below `ns/`, at every depth.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// Exactly this repository.
    Exact(RepositoryName),
    /// Every repository below this prefix, which is itself a name: `ns` or `ns/group`.
    Below(RepositoryName),
}

impl Pattern {
    /// Reads `ns/name`, `_/name` or `ns/*`. There is no other wildcard.
    ///
    /// # Errors
    /// [`InvalidPattern`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let (name, is_below) = text.strip_suffix("/*").map_or((text, false), |prefix| (prefix, true));
        match (name.contains('*'), is_below) {
            (true, _) => Err(InvalidPattern::Star),
            (false, true) => Ok(Self::Below(RepositoryName::parse(name)?)),
            (false, false) => Ok(Self::Exact(RepositoryName::parse_shown(name)?)),
        }
    }

    /// Whether the pattern matches the repository.
    #[must_use]
    pub fn matches(&self, name: &RepositoryName) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Below(prefix) => is_below(prefix, name),
        }
    }

    /// Whether this pattern matches every repository that `other` matches.
    #[must_use]
    pub fn covers(&self, other: &Pattern) -> bool {
        match (self, other) {
            (Self::Exact(one), Self::Exact(two)) => one == two,
            (Self::Exact(_), Self::Below(_)) => false,
            (Self::Below(prefix), Self::Exact(name)) => is_below(prefix, name),
            (Self::Below(prefix), Self::Below(other)) => prefix == other || is_below(prefix, other),
        }
    }
}

fn is_below(prefix: &RepositoryName, name: &RepositoryName) -> bool {
    name.as_str().strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('/'))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) if name.namespace() == Namespace::Empty => write!(f, "_/{name}"),
            Self::Exact(name) => write!(f, "{name}"),
            Self::Below(prefix) => write!(f, "{prefix}/*"),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What an access token may do at most, whatever its account may: a cap and patterns, fixed at creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The highest level that it reaches.
    pub cap: AccessLevel,
    /// The repositories that it reaches; all, if empty.
    pub patterns: Arc<[Pattern]>,
}

impl Limits {
    /// No limit: all that the account may.
    #[must_use]
    pub fn none() -> Self {
        Self { cap: AccessLevel::Admin, patterns: Arc::new([]) }
    }

    /// Whether it is capped: a cap below `admin`, or any pattern.
    #[must_use]
    pub fn is_capped(&self) -> bool {
        self.cap < AccessLevel::Admin || !self.patterns.is_empty()
    }

    /// Whether it reaches the repository at all.
    #[must_use]
    pub fn reaches(&self, name: &RepositoryName) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(name))
    }

    /// What is left of the account's level on the repository.
    #[must_use]
    pub fn limit(&self, level: Option<AccessLevel>, name: &RepositoryName) -> Option<AccessLevel> {
        level.map(|level| level.min(self.cap)).filter(|_| self.reaches(name))
    }

    /// Whether everything that `other` reaches is also reached here, at least as strongly.
    #[must_use]
    pub fn covers(&self, other: &Limits) -> bool {
        let wide = self.patterns.is_empty()
            || (!other.patterns.is_empty()
                && other.patterns.iter().all(|pattern| self.patterns.iter().any(|mine| mine.covers(pattern))));
        self.cap >= other.cap && wide
    }
}

/// How a token came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GeneratedBy {
    /// Somebody asked for it.
    Manual,
    /// Reserved for tokens made without somebody asking, as DTR's clean-up knows them; dockpass makes none.
    Auto,
}

words! {
    /// Whether an access token is accepted, in one word: the first of these that holds.
    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "camelCase")]
    pub enum TokenState {
        /// Ended for good by whoever held it.
        Revoked = "revoked",
        /// Its end has come.
        Expired = "expired",
        /// Somebody deactivated it.
        Inactive = "inactive",
        /// Its account is inactive.
        AccountInactive = "accountInactive",
        /// An access token that made it, directly or not, is revoked, expired or inactive; of a robot, also if the one that
        /// made its secret was deleted.
        Stopped = "stopped",
        /// It is accepted.
        Active = "active",
    }
}

/// The state of an access token at one moment, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct TokenStanding<'t> {
    token: &'t AccessToken,
    now: Timestamp,
    /// In one word.
    pub state: TokenState,
    /// The access token that stops it, if it is [`TokenState::Stopped`]; none of a robot whose maker was deleted.
    pub stopped_by: Option<&'t AccessToken>,
}

impl TokenStanding<'_> {
    /// The same in one sentence.
    #[must_use]
    pub fn reason(&self) -> String {
        match (self.state, self.stopped_by, self.token.expires_at) {
            (TokenState::Revoked, ..) => match self.token.revoked {
                Some(revocation) => format!("whoever held it ended it for good on {revocation}"),
                None => "it was ended for good".to_owned(),
            },
            (TokenState::Expired, _, Some(end)) => format!("it expired on {end}"),
            (TokenState::Expired, _, None) => "it expired".to_owned(),
            (TokenState::Inactive, ..) => "it is deactivated".to_owned(),
            (TokenState::AccountInactive, ..) => "its account is inactive".to_owned(),
            (TokenState::Stopped, Some(maker), _) if maker.own_fault(self.now).is_some() => {
                let fault = match (maker.revoked, maker.is_expired(self.now)) {
                    (Some(_), _) => "was revoked",
                    (None, true) => "has expired",
                    (None, false) => "is deactivated",
                };
                // What made a robot's secret is for its own owner to call something.
                if maker.owner == self.token.owner {
                    format!("the access token `{}`, which made it, {fault}", maker.label)
                } else {
                    format!("the access token which made its secret {fault}")
                }
            }
            (TokenState::Stopped, Some(_), _) => "the chain of access tokens that made it is too long".to_owned(),
            (TokenState::Stopped, None, _) => {
                "the access token that made its secret was deleted: a rotation gives it another".to_owned()
            }
            (TokenState::Active, _, Some(end)) => format!("it is accepted until {end}"),
            (TokenState::Active, _, None) => "it is accepted".to_owned(),
        }
    }
}

/// How many hashes of ended secrets an access token remembers. A secret that is shown after its end names its access token
/// in the record of that, and finds it; one that more rotations than that have followed is like any unknown text.
pub const MOST_ENDED: usize = 4;

/// Longest chain of access tokens that made each other; beyond it none counts.
pub const LONGEST_DESCENT: usize = 100;

/// The secret that a rotation replaced, while it lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviousSecret {
    /// Its hash.
    pub hash: TokenHash,
    /// Until when it is accepted.
    pub until: Timestamp,
}

/// Lets the holder of a replaced secret repeat the rotation that replaced it, if its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationRetry {
    /// Hash of the request's `Idempotency-Key`.
    pub key: [u8; 32],
    /// Until when it may be repeated.
    pub until: Timestamp,
}

/// That whoever held an access token ended it for good, without signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// From where; none over the local socket.
    pub address: Option<IpAddr>,
}

impl fmt::Display for Revocation {
    /// `2026-11-29T12:00:00Z from 192.0.2.7`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)?;
        self.address.map_or(Ok(()), |address| write!(f, " from {address}"))
    }
}

/// Who made an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// Not recorded: an earlier dockpass made it.
    Unknown,
    /// The account that it belongs to.
    Owner,
    /// Another account, or the local administrator.
    Other,
}

/// An access token as it is now. Owner and limits never change; the end does in one case, a rotation that renews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Identifier, the same through rotations.
    pub id: Id,
    /// The account that it belongs to.
    pub owner: Id,
    /// Hash of its text.
    pub hash: TokenHash,
    /// The replaced secret, after a rotation with overlap.
    pub previous: Option<PreviousSecret>,
    /// What people call it.
    pub label: String,
    /// Whether it is accepted.
    pub is_active: bool,
    /// Cap and patterns.
    pub limits: Limits,
    /// When it ends; never, if none.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How it came to be.
    pub generated_by: GeneratedBy,
    /// The user agent that made it.
    pub creator_ua: Arc<str>,
    /// The access token that made it, if one did.
    pub parent: Option<Id>,
    /// Whether it may set its owner's password once.
    pub temporary_password: bool,
    /// How many secrets came before the current one; a registry token names this number and ends with its secret.
    pub generation: u64,
    /// The access token that the replaced secret was made with, if one was: a rotation by another access token changes
    /// `parent`, and whoever stops the one before must still stop the secret that its holder knows.
    pub previous_parent: Option<Id>,
    /// How the rotation that replaced `previous` may be repeated.
    pub retry: Option<RotationRetry>,
    /// Who made it.
    pub maker: Maker,
    /// Whether the replaced secret ends with the first use of the present one, if that comes before its time.
    pub overlap_until_used: bool,
    /// The length of its life as it was made, in seconds, which a renewal gives it again; none if it never ends.
    pub lifetime: Option<u64>,
    /// That it was ended for good; it is inactive then, and never activated again.
    pub revoked: Option<Revocation>,
    /// The hashes of its last ended secrets, at most [`MOST_ENDED`], newest first. They name it, and sign in never.
    pub ended: Vec<TokenHash>,
    /// Its name as a robot of the organization that owns it, in the grammar of account names; none for all others.
    pub robot: Option<Name>,
    /// The account that asked for its present secret; none if that was not recorded, or was the local administrator.
    pub secret_by: Option<Id>,
    /// The account that asked for the replaced secret.
    pub previous_by: Option<Id>,
}

/// Which secret of an access token was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The present one.
    Current,
    /// The one that it replaced, while that lives on.
    Replaced,
}

impl AccessToken {
    /// The access token with another secret, made with the access token `parent`; the old one is accepted until
    /// `until`, or with `until_used` until the new one is used, if that is earlier. Who asked for the new one is none yet.
    #[must_use]
    pub fn with_secret(self, hash: TokenHash, parent: Option<Id>, until: Timestamp, until_used: bool) -> Self {
        let previous = Some(PreviousSecret { hash: self.hash, until });
        let ended = self.ended_after(self.previous.map(|previous| previous.hash));
        Self {
            hash,
            parent,
            previous,
            previous_parent: self.parent,
            secret_by: None,
            previous_by: self.secret_by,
            generation: self.generation.saturating_add(1),
            retry: None,
            overlap_until_used: until_used,
            ended,
            ..self
        }
    }

    /// The access token with another secret in the place of one that nobody got to know, after a repeated rotation.
    #[must_use]
    pub fn with_secret_again(self, hash: TokenHash) -> Self {
        // One more than the next, so that the number of the lost secret is that of none, and ends with it.
        let generation = self.generation.saturating_add(2);
        let ended = self.ended_after(Some(self.hash));
        Self { hash, generation, ended, ..self }
    }

    /// The access token with its present secret alone.
    #[must_use]
    pub fn without_replaced(self) -> Self {
        let ended = self.ended_after(self.previous.map(|previous| previous.hash));
        Self {
            previous: None,
            previous_parent: None,
            previous_by: None,
            retry: None,
            overlap_until_used: false,
            ended,
            ..self
        }
    }

    /// The hashes of ended secrets, once this one has ended.
    fn ended_after(&self, hash: Option<TokenHash>) -> Vec<TokenHash> {
        hash.into_iter().chain(self.ended.iter().copied()).take(MOST_ENDED).collect()
    }

    /// The hashes that name it: of its present secret, of the one that this replaced, and of those that have ended.
    pub fn hashes(&self) -> impl Iterator<Item = TokenHash> {
        let previous = self.previous.map(|previous| previous.hash);
        std::iter::once(self.hash).chain(previous).chain(self.ended.iter().copied())
    }

    /// The access token ended for good, with both of its secrets.
    #[must_use]
    pub fn ended_for_good(self, revocation: Revocation) -> Self {
        Self { is_active: false, revoked: Some(revocation), ..self.without_replaced() }
    }

    /// Whether the replaced secret of this hash still opens anything: it signs in, or repeats the rotation that replaced it.
    #[must_use]
    pub fn opens_by_replaced(&self, hash: &TokenHash, now: Timestamp) -> bool {
        let has = self.previous.is_some_and(|previous| previous.hash == *hash);
        has && (self.replaced(now).is_some() || self.retry.is_some_and(|retry| now < retry.until))
    }

    /// The replaced secret, while its time lasts.
    #[must_use]
    pub fn replaced(&self, now: Timestamp) -> Option<PreviousSecret> {
        self.previous.filter(|previous| now < previous.until)
    }

    /// Of the hashes of its two secrets, the one that is not `hash`.
    #[must_use]
    pub fn other_secret(&self, hash: &TokenHash) -> Option<TokenHash> {
        if self.hash == *hash { self.previous.map(|previous| previous.hash) } else { Some(self.hash) }
    }

    /// When it ends if it gets its length of life again from now on, `latest` at the most. It never ends earlier than
    /// without that.
    #[must_use]
    pub fn renewed_end(&self, now: Timestamp, latest: Option<Timestamp>) -> Option<Timestamp> {
        let (end, life) = self.expires_at.zip(self.lifetime)?;
        let renewed = now.plus_seconds(i64::try_from(life).unwrap_or(i64::MAX)).whole_seconds();
        Some(latest.map_or(renewed, |latest| renewed.min(latest)).max(end))
    }

    /// The generation of the secret of this hash: the present one, or the one that it replaced.
    #[must_use]
    pub fn generation_of(&self, hash: &TokenHash) -> u64 {
        if self.hash == *hash { self.generation } else { self.generation.saturating_sub(1) }
    }

    /// Why this access token is not accepted by itself, whoever owns it and made it.
    fn own_fault(&self, now: Timestamp) -> Option<TokenState> {
        if self.revoked.is_some() {
            Some(TokenState::Revoked)
        } else if self.is_expired(now) {
            Some(TokenState::Expired)
        } else if self.is_active {
            None
        } else {
            Some(TokenState::Inactive)
        }
    }

    /// Whether it is a robot of the organization that owns it. A robot acts on repositories only.
    #[must_use]
    pub fn is_robot(&self) -> bool {
        self.robot.is_some()
    }

    /// Whether it acts on repositories only: a robot, or one with a cap or patterns.
    #[must_use]
    pub fn is_capped(&self) -> bool {
        self.is_robot() || self.limits.is_capped()
    }

    /// The name that signs in with it, if this is its owner's.
    #[must_use]
    pub fn user_name(&self, owner: &Name) -> UserName {
        UserName { account: owner.clone(), robot: self.robot.clone() }
    }

    /// Whether this is the name that signs in with it, if `owner` is its owner's.
    #[must_use]
    pub fn is_called(&self, owner: &Name, username: &str) -> bool {
        match &self.robot {
            Some(robot) => username.split_once('/') == Some((owner.as_str(), robot.as_str())),
            None => owner.as_str() == username,
        }
    }

    /// Its state at this moment. `parent` looks an access token up that made another; one that is gone had another owner,
    /// for deleting one deletes those that it made for its own account. Robots are not deleted along: they stop.
    #[must_use]
    pub fn standing<'t>(
        &'t self,
        is_owner_active: bool,
        now: Timestamp,
        parent: impl Fn(Id) -> Option<&'t AccessToken>,
    ) -> TokenStanding<'t> {
        self.standing_of(Shown::Current, is_owner_active, now, parent)
    }

    /// The same for whoever shows this secret of it: the replaced one has its own line of makers.
    #[must_use]
    pub fn standing_of<'t>(
        &'t self,
        shown: Shown,
        is_owner_active: bool,
        now: Timestamp,
        parent: impl Fn(Id) -> Option<&'t AccessToken>,
    ) -> TokenStanding<'t> {
        let of = |state, stopped_by| TokenStanding { token: self, now, state, stopped_by };
        if let Some(fault) = self.own_fault(now) {
            return of(fault, None);
        }
        if !is_owner_active {
            return of(TokenState::AccountInactive, None);
        }
        if self.is_robot() && self.made_with(shown).is_some_and(|maker| parent(maker).is_none()) {
            return of(TokenState::Stopped, None);
        }
        let mut makers = self.makers(shown, parent).enumerate();
        let stopper = makers.find(|(place, it)| it.own_fault(now).is_some() || place + 1 >= LONGEST_DESCENT);
        match stopper {
            Some((_, stopper)) => of(TokenState::Stopped, Some(stopper)),
            None => of(TokenState::Active, None),
        }
    }

    /// The access token that this secret of it was made with, if one was.
    fn made_with(&self, shown: Shown) -> Option<Id> {
        match shown {
            Shown::Current => self.parent,
            Shown::Replaced => self.previous_parent,
        }
    }

    /// The access tokens that stop this secret of it when they are stopped: the one that it was made with, the one that
    /// made that, and so on, at most [`LONGEST_DESCENT`]. Those of another owner stop nothing, except that the secret of a
    /// robot, which people of many accounts make, hangs on whatever made it, whoever owns that.
    pub fn makers<'t>(
        &self,
        shown: Shown,
        parent: impl Fn(Id) -> Option<&'t AccessToken>,
    ) -> impl Iterator<Item = &'t AccessToken> {
        let first = self.made_with(shown).and_then(&parent);
        let first = first.filter(|maker| self.is_robot() || maker.owner == self.owner);
        let maker = move |of: &&'t AccessToken| of.parent.and_then(&parent).filter(|maker| maker.owner == of.owner);
        std::iter::successors(first, maker).take(LONGEST_DESCENT)
    }

    /// The access token switched on or off. Switched off, its last rotation is repeated no more, whatever comes later.
    #[must_use]
    pub fn switched(self, is_active: bool) -> Self {
        Self { is_active, retry: self.retry.filter(|_| is_active), ..self }
    }

    /// Whether it has expired.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

#[cfg(test)]
impl AccessToken {
    /// What tests make others from: its owner has made it in the first second, without limits, end or history.
    pub(crate) fn plain(id: Id, owner: Id, hash: TokenHash) -> Self {
        Self {
            id,
            owner,
            hash,
            previous: None,
            label: DEFAULT_LABEL.to_owned(),
            is_active: true,
            limits: Limits::none(),
            expires_at: None,
            created_at: Timestamp::from_seconds(1),
            generated_by: GeneratedBy::Manual,
            creator_ua: "".into(),
            parent: None,
            temporary_password: false,
            generation: 0,
            previous_parent: None,
            retry: None,
            maker: Maker::Owner,
            overlap_until_used: false,
            lifetime: None,
            revoked: None,
            ended: Vec::new(),
            robot: None,
            secret_by: None,
            previous_by: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits(cap: AccessLevel, patterns: &[&str]) -> Limits {
        Limits { cap, patterns: patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect() }
    }

    #[test]
    fn patterns_are_names_or_whole_namespaces() {
        for good in ["alice/app", "alice/*", "alice/group/*", "_/busybox"] {
            assert_eq!(Pattern::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "*", "*/app", "alice/a*", "alice/**", "_/*", "alice/", "Alice/app", "/*"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wildcard_reaches_every_depth_and_no_sibling() {
        let pattern = Pattern::parse("team/*").unwrap();
        let meant = |name| pattern.matches(&RepositoryName::parse(name).unwrap());
        assert!(meant("team/a") && meant("team/a/b"));
        assert!(!meant("team") && !meant("team-x/a") && !meant("teamx/a"));
    }

    #[test]
    fn no_patterns_are_wider_than_any() {
        let all = Limits::none();
        let some = limits(AccessLevel::Admin, &["a/*"]);
        assert!(all.covers(&some) && !some.covers(&all));
        assert!(some.is_capped() && !all.is_capped() && limits(AccessLevel::ReadWrite, &[]).is_capped());
    }

    #[test]
    fn a_cap_covers_those_below_it_alone() {
        let caps = [AccessLevel::ReadOnly, AccessLevel::Push, AccessLevel::ReadWrite, AccessLevel::Admin];
        for (place, cap) in caps.into_iter().enumerate() {
            let covered = caps.map(|other| limits(cap, &["a/*"]).covers(&limits(other, &["a/b"])));
            assert_eq!(covered, [0, 1, 2, 3].map(|other| other <= place), "{cap}");
        }
        let name = RepositoryName::parse("a/b").unwrap();
        let left = |level| limits(AccessLevel::Push, &["a/*"]).limit(level, &name);
        assert_eq!(caps.map(|level| left(Some(level))).map(Option::unwrap)[1..], [AccessLevel::Push; 3]);
        assert_eq!((left(Some(AccessLevel::ReadOnly)), left(None)), (Some(AccessLevel::ReadOnly), None));
    }

    fn token(id: u64, parent: Option<u64>) -> AccessToken {
        let id_of = |number: u64| Id::from_bytes(u128::from(number).to_be_bytes());
        let hash = crate::domain::secret::TokenText::from_random([u8::try_from(id).unwrap(); 32]).hash();
        let parent = parent.map(id_of);
        AccessToken { label: format!("t{id}"), parent, ..AccessToken::plain(id_of(id), id_of(1_000), hash) }
    }

    #[test]
    fn the_last_ended_secrets_are_remembered() {
        let hash = |number: u8| TokenHash::from_bytes([number; 32]);
        let first = AccessToken { hash: hash(1), ..token(0, None) };
        let until = Timestamp::from_seconds(50);
        let two = first.with_secret(hash(2), None, until, false);
        assert!(two.ended.is_empty(), "the replaced one lives on");
        assert_eq!(two.hashes().collect::<Vec<_>>(), [hash(2), hash(1)]);
        assert_eq!(two.clone().without_replaced().ended, [hash(1)]);
        assert_eq!(two.clone().without_replaced().without_replaced().ended, [hash(1)]);
        let again = two.with_secret_again(hash(3));
        assert_eq!((again.ended.as_slice(), again.generation), (&[hash(2)][..], 3));
        assert_eq!(again.previous.map(|previous| previous.hash), Some(hash(1)));
        let many = (4..10).fold(again, |token, number| token.with_secret(hash(number), None, until, false));
        assert_eq!(many.hashes().collect::<Vec<_>>(), [9, 8, 7, 6, 5, 4].map(hash));
        assert_eq!(many.ended.len(), MOST_ENDED);
    }

    #[test]
    fn a_state_is_the_first_that_holds() {
        let now = Timestamp::from_seconds(100);
        let mut chain: Vec<AccessToken> = (0..3).map(|it: u64| token(it, it.checked_sub(1))).collect();
        let of = |chain: &[AccessToken], is_owner_active| {
            let found = chain[2].standing(is_owner_active, now, |id| chain.iter().find(|it| it.id == id));
            (found.state, found.stopped_by.map(|by| chain.iter().position(|it| it.id == by.id).unwrap()))
        };
        assert_eq!(of(&chain, true), (TokenState::Active, None));
        chain[0].is_active = false;
        assert_eq!(of(&chain, true), (TokenState::Stopped, Some(0)));
        chain[1].expires_at = Some(now);
        assert_eq!(of(&chain, true), (TokenState::Stopped, Some(1)), "the nearest");
        assert_eq!(of(&chain, false), (TokenState::AccountInactive, None));
        chain[2].is_active = false;
        assert_eq!(of(&chain, false), (TokenState::Inactive, None));
        chain[2].expires_at = Some(now);
        assert_eq!(of(&chain, false), (TokenState::Expired, None));
        let revocation = Revocation { at: now, address: Some([192, 0, 2, 7].into()) };
        chain[2] = chain[2].clone().ended_for_good(revocation);
        assert_eq!(of(&chain, false), (TokenState::Revoked, None));
    }

    #[test]
    fn what_a_revoked_one_made_is_stopped_and_both_say_why() {
        let now = Timestamp::from_seconds(100);
        let revocation = Revocation { at: now, address: Some([192, 0, 2, 7].into()) };
        let chain = [token(0, None).ended_for_good(revocation), token(1, Some(0))];
        let said = |place: usize| {
            let found = chain[place].standing(true, now, |id| chain.iter().find(|it| it.id == id));
            (found.state, found.reason())
        };
        let whose = "whoever held it ended it for good on 1970-01-01T00:01:40Z from 192.0.2.7";
        assert_eq!(said(0), (TokenState::Revoked, whose.to_owned()));
        assert_eq!(said(1), (TokenState::Stopped, "the access token `t0`, which made it, was revoked".to_owned()));
        assert!(!chain[0].is_active);
    }

    #[test]
    fn a_replaced_secret_opens_something_while_it_signs_in_or_repeats_its_rotation() {
        let at = Timestamp::from_seconds;
        let old = token(1, None);
        let hash = old.hash;
        let new = crate::domain::secret::TokenText::from_random([9; 32]).hash();
        let token = old.with_secret(new, None, at(100), false);
        let opens = |token: &AccessToken, now| token.opens_by_replaced(&hash, at(now));
        assert!(opens(&token, 99) && !opens(&token, 100) && !token.opens_by_replaced(&new, at(99)));
        let token = AccessToken { retry: Some(RotationRetry { key: [0; 32], until: at(200) }), ..token };
        assert!(opens(&token, 199) && !opens(&token, 200));
        assert!(!opens(&token.without_replaced(), 50));
    }

    fn robot(id: u64, parent: Option<u64>) -> AccessToken {
        AccessToken { owner: Id::MAX, robot: Some(Name::parse("ci").unwrap()), ..token(id, parent) }
    }

    #[test]
    fn the_secret_of_a_robot_hangs_on_its_maker_whoever_owns_that() {
        let now = Timestamp::from_seconds(100);
        let by = |makers: &[AccessToken], robot: &AccessToken, shown| {
            let standing = robot.standing_of(shown, true, now, |id| makers.iter().find(|it| it.id == id));
            (standing.state, standing.stopped_by.map(|by| by.id), standing.reason())
        };
        let mut makers = [token(0, None), token(1, Some(0))];
        let made = robot(2, Some(1));
        assert_eq!(by(&makers, &made, Shown::Current).0, TokenState::Active);
        assert_eq!(by(&[], &robot(2, None), Shown::Current).0, TokenState::Active, "made with a password");
        makers[0].is_active = false;
        let stopped = by(&makers, &made, Shown::Current);
        assert_eq!((stopped.0, stopped.1), (TokenState::Stopped, Some(makers[0].id)), "the maker's maker");
        // A maker that is gone stops it, too: it may have been deleted because it was stolen.
        let gone = by(&[], &made, Shown::Current);
        assert_eq!((gone.0, gone.1), (TokenState::Stopped, None));
        assert!(gone.2.contains("deleted") && gone.2.contains("rotation"), "{}", gone.2);
        // A secret that was made with a password hangs on nothing; the one that it replaced on its own maker.
        let new = crate::domain::secret::TokenText::from_random([9; 32]).hash();
        let rotated = made.with_secret(new, None, Timestamp::from_seconds(200), false);
        assert_eq!(by(&[], &rotated, Shown::Current).0, TokenState::Active);
        assert_eq!(by(&[], &rotated, Shown::Replaced).0, TokenState::Stopped);
    }

    #[test]
    fn a_maker_of_another_owner_that_made_the_maker_stops_neither() {
        let makers = [AccessToken { is_active: false, owner: Id::MIN, ..token(0, None) }, token(1, Some(0))];
        let find = |id| makers.iter().find(|it| it.id == id);
        let now = Timestamp::from_seconds(100);
        let states = [makers[1].standing(true, now, find).state, robot(2, Some(1)).standing(true, now, find).state];
        assert_eq!(states, [TokenState::Active; 2]);
    }

    #[test]
    fn a_robot_is_called_by_both_names() {
        let (acme, robot) = (Name::parse("acme").unwrap(), robot(1, None));
        assert_eq!(robot.user_name(&acme).to_string(), "acme/ci");
        assert!(robot.is_called(&acme, "acme/ci") && robot.is_capped());
        for other in ["acme", "ci", "acme/c", "acme/ci/", "acme//ci", "/ci", "other/ci", "acme/ci/x", ""] {
            assert!(!robot.is_called(&acme, other), "{other}");
        }
        assert!(token(1, None).is_called(&acme, "acme") && !token(1, None).is_called(&acme, "acme/ci"));
    }

    #[test]
    fn too_long_a_chain_stops() {
        let chain: Vec<AccessToken> = (0..=100).map(|it: u64| token(it, it.checked_sub(1))).collect();
        let state = |last: usize| {
            let find = |id| chain.iter().find(|it| it.id == id);
            chain[last].standing(true, Timestamp::from_seconds(1), find).state
        };
        assert_eq!((state(99), state(100)), (TokenState::Active, TokenState::Stopped));
    }

    proptest! {
        #[test]
        fn what_covers_reaches_at_least_as_much(
            mine in prop::collection::vec("[ab](/[ab]){0,2}(/\\*)?", 0..3),
            theirs in prop::collection::vec("[ab](/[ab]){0,2}(/\\*)?", 0..3),
            name in "[ab](/[ab]){0,3}",
        ) {
            let read = |texts: &[String]| limits(AccessLevel::Admin, &texts.iter().map(String::as_str).collect::<Vec<_>>());
            let (mine, theirs) = (read(&mine), read(&theirs));
            let name = RepositoryName::parse(&name).unwrap();
            prop_assert!(!mine.covers(&theirs) || !theirs.reaches(&name) || mine.reaches(&name));
        }
    }
}
