//! Access tokens: their fields and states, what hangs on what, and which secret opens what. `limits` has caps and patterns, by which
//! a token made by another is never stronger; `fields` all fields side by side.
//!
//! A site has up to millions of them in memory, so each is as small as it can be: what most do not have stands apart
//! ([`History`]), and is read as if it were a field of the access token itself.

mod fields;
mod limits;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::name::Name;
use super::secret::TokenHash;
use super::time::Timestamp;
use super::user_name::UserName;
use super::words::words;
use fields::Asker;
pub use fields::{History, TokenFields};
pub use limits::{InvalidPattern, Limits, MAX_PATTERNS, Pattern, Patterns};

/// The label of a token that was made without one.
pub const DEFAULT_LABEL: &str = "access token";
/// How long before its end an access token counts as one that ends soon, in seconds.
pub const ENDS_SOON: i64 = 14 * 24 * 3_600;
/// Longest user agent that is kept, in bytes.
pub const MAX_USER_AGENT: usize = 256;

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

/// An access token as it is now. Owner and limits never change; the end does in one case, a rotation that renews. What is not
/// here is in its [`History`]; another one is made of its [`TokenFields`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Identifier, the same through rotations.
    pub id: Id,
    /// The account that it belongs to.
    pub owner: Id,
    /// Hash of its text.
    pub hash: TokenHash,
    /// What people call it.
    pub label: Box<str>,
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
    /// Whether it may set its owner's password once.
    pub temporary_password: bool,
    /// Who made it.
    pub maker: Maker,
    asker: Asker,
    /// None if it is that of a new one, which its owner made with a password.
    history: Option<Arc<History>>,
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
        let ended = self.ended_after(self.previous.map(|previous| previous.hash));
        self.with(|it| {
            it.previous = Some(PreviousSecret { hash: it.hash, until });
            (it.previous_parent, it.previous_by) = (it.parent, it.secret_by);
            (it.hash, it.parent, it.secret_by) = (hash, parent, None);
            it.generation = it.generation.saturating_add(1);
            it.retry = None;
            it.overlap_until_used = until_used;
            it.ended = ended;
        })
    }

    /// The access token with another secret in the place of one that nobody got to know, after a repeated rotation.
    #[must_use]
    pub fn with_secret_again(self, hash: TokenHash) -> Self {
        let ended = self.ended_after(Some(self.hash));
        self.with(|it| {
            it.hash = hash;
            // One more than the next, so that the number of the lost secret is that of none, and ends with it.
            it.generation = it.generation.saturating_add(2);
            it.ended = ended;
        })
    }

    /// The access token with its present secret alone.
    #[must_use]
    pub fn without_replaced(self) -> Self {
        let ended = self.ended_after(self.previous.map(|previous| previous.hash));
        self.with(|it| {
            it.previous = None;
            (it.previous_parent, it.previous_by) = (None, None);
            it.retry = None;
            it.overlap_until_used = false;
            it.ended = ended;
        })
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
        self.without_replaced().with(|it| (it.is_active, it.revoked) = (false, Some(revocation)))
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
        let (end, life) = self.expires_at.zip(self.lifetime())?;
        let renewed = now.plus_seconds(i64::try_from(life).unwrap_or(i64::MAX)).whole_seconds();
        Some(latest.map_or(renewed, |latest| renewed.min(latest)).max(end))
    }

    /// The generation of the secret of this hash: the present one, or the one that it replaced.
    #[must_use]
    pub fn generation_of(&self, hash: &TokenHash) -> u64 {
        if self.hash == *hash { self.generation } else { self.generation.saturating_sub(1) }
    }

    /// The hash of the secret of this generation; none if that has ended.
    #[must_use]
    pub fn secret_of(&self, generation: u64) -> Option<TokenHash> {
        if generation == self.generation {
            return Some(self.hash);
        }
        let previous = self.previous.filter(|_| generation.checked_add(1) == Some(self.generation));
        previous.map(|previous| previous.hash)
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
        self.with(|it| (it.is_active, it.retry) = (is_active, it.retry.filter(|_| is_active)))
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
        TokenFields {
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
        .into()
    }
}
