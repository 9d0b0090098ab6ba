//! All fields of an access token side by side, as they are written and changed; and those that most access tokens do not
//! have, which stand apart in memory.

use std::ops::Deref;
use std::sync::Arc;

use super::{AccessToken, GeneratedBy, Limits, Maker, PreviousSecret, Revocation, RotationRetry};
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;

/// Every field of an access token: what one is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFields {
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
    /// The hashes of its last ended secrets, at most `MOST_ENDED`, newest first. They name it, and sign in never.
    pub ended: Vec<TokenHash>,
    /// Its name as a robot of the organization that owns it, in the grammar of account names; none for all others.
    pub robot: Option<Name>,
    /// The account that asked for its present secret; none if that was not recorded, or was the local administrator.
    pub secret_by: Option<Id>,
    /// The account that asked for the replaced secret.
    pub previous_by: Option<Id>,
}

/// What an access token has that was rotated, made with another one, revoked, or is a robot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// See [`TokenFields::previous`].
    pub previous: Option<PreviousSecret>,
    /// See [`TokenFields::parent`].
    pub parent: Option<Id>,
    /// See [`TokenFields::generation`].
    pub generation: u64,
    /// See [`TokenFields::previous_parent`].
    pub previous_parent: Option<Id>,
    /// See [`TokenFields::retry`].
    pub retry: Option<RotationRetry>,
    /// See [`TokenFields::overlap_until_used`].
    pub overlap_until_used: bool,
    /// See [`TokenFields::revoked`].
    pub revoked: Option<Revocation>,
    /// See [`TokenFields::ended`].
    pub ended: Vec<TokenHash>,
    /// See [`TokenFields::robot`].
    pub robot: Option<Name>,
    /// See [`TokenFields::previous_by`].
    pub previous_by: Option<Id>,
    lifetime: Lifetime,
    /// None if it was the owner, or is not known.
    secret_by: Option<Id>,
}

/// The length of a life, as it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Lifetime {
    /// What lies between beginning and end.
    #[default]
    Whole,
    /// This, or none.
    Other(Option<u64>),
}

/// Who asked for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// The owner.
    Owner,
    /// Nobody who is known.
    Unknown,
    /// The account that the history names.
    Other,
}

/// That of most.
static NONE: History = History {
    previous: None,
    parent: None,
    generation: 0,
    previous_parent: None,
    retry: None,
    overlap_until_used: false,
    revoked: None,
    ended: Vec::new(),
    robot: None,
    previous_by: None,
    lifetime: Lifetime::Whole,
    secret_by: None,
};

/// Its history is read as if it were a part of it: whether it stands apart is nothing that a reader should care about.
impl Deref for AccessToken {
    type Target = History;

    fn deref(&self) -> &History {
        self.history.as_deref().unwrap_or(&NONE)
    }
}

impl AccessToken {
    /// The length of its life as it was made, in seconds, which a renewal gives it again; none if it never ends.
    #[must_use]
    pub fn lifetime(&self) -> Option<u64> {
        match self.history().lifetime {
            Lifetime::Whole => whole_life(self.created_at, self.expires_at),
            Lifetime::Other(lifetime) => lifetime,
        }
    }

    /// The account that asked for its present secret; none if that was not recorded, or was the local administrator.
    #[must_use]
    pub fn secret_by(&self) -> Option<Id> {
        match self.asker {
            Asker::Owner => Some(self.owner),
            Asker::Unknown => None,
            Asker::Other => self.history().secret_by,
        }
    }

    fn history(&self) -> &History {
        self
    }

    /// All of its fields.
    #[must_use]
    pub fn fields(&self) -> TokenFields {
        let History { ended, robot, .. } = self.history().clone();
        TokenFields {
            id: self.id,
            owner: self.owner,
            hash: self.hash,
            previous: self.previous,
            label: self.label.to_string(),
            is_active: self.is_active,
            limits: self.limits.clone(),
            expires_at: self.expires_at,
            created_at: self.created_at,
            generated_by: self.generated_by,
            creator_ua: Arc::clone(&self.creator_ua),
            parent: self.parent,
            temporary_password: self.temporary_password,
            generation: self.generation,
            previous_parent: self.previous_parent,
            retry: self.retry,
            maker: self.maker,
            overlap_until_used: self.overlap_until_used,
            lifetime: self.lifetime(),
            revoked: self.revoked,
            ended,
            robot,
            secret_by: self.secret_by(),
            previous_by: self.previous_by,
        }
    }

    /// The access token with some of its fields changed.
    #[must_use]
    pub fn with<T>(&self, change: impl FnOnce(&mut TokenFields) -> T) -> Self {
        let mut fields = self.fields();
        change(&mut fields);
        fields.into()
    }
}

impl From<TokenFields> for AccessToken {
    fn from(it: TokenFields) -> Self {
        let lifetime = if it.lifetime == whole_life(it.created_at, it.expires_at) {
            Lifetime::Whole
        } else {
            Lifetime::Other(it.lifetime)
        };
        let asker = match it.secret_by {
            Some(by) if by == it.owner => Asker::Owner,
            Some(_) => Asker::Other,
            None => Asker::Unknown,
        };
        let history = History {
            previous: it.previous,
            parent: it.parent,
            generation: it.generation,
            previous_parent: it.previous_parent,
            retry: it.retry,
            overlap_until_used: it.overlap_until_used,
            revoked: it.revoked,
            ended: it.ended,
            robot: it.robot,
            previous_by: it.previous_by,
            lifetime,
            secret_by: it.secret_by.filter(|_| asker == Asker::Other),
        };
        Self {
            id: it.id,
            owner: it.owner,
            hash: it.hash,
            label: it.label.into_boxed_str(),
            is_active: it.is_active,
            limits: it.limits,
            expires_at: it.expires_at,
            created_at: it.created_at,
            generated_by: it.generated_by,
            creator_ua: it.creator_ua,
            temporary_password: it.temporary_password,
            maker: it.maker,
            asker,
            history: (history != NONE).then(|| Arc::new(history)),
        }
    }
}

/// The whole seconds between a beginning and an end, as a new access token has them for its life.
fn whole_life(created_at: Timestamp, expires_at: Option<Timestamp>) -> Option<u64> {
    expires_at.map(|end| u64::try_from(end.seconds().saturating_sub(created_at.seconds())).unwrap_or(0))
}
