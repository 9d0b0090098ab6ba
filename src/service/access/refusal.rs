//! Why something is refused: the step at which a decision fell. For the audit log and the server's log, never for the
//! caller: a reason would tell what is there. A caller who may not see a repository learns *not there, or no access*.

use std::fmt;

use crate::domain::access::{AccessLevel, Cut};
use crate::domain::name::RepositoryName;

/// Why something is refused to a caller. Where several hold, the first step of the decision counts: what is there, what the
/// account has on it, what its access token leaves of that, what the state of the repository allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::service) enum Refusal {
    /// The account is inactive.
    Inactive,
    /// The account neither owns the namespace nor has a grant, itself or by a team; nor is the repository public.
    NoAccess,
    /// Nothing has this name, and the account may not make it.
    NotThere,
    /// A repository of this name was deleted, and the registry may still hold its content.
    Deleted,
    /// The account has a level, by whichever source, that is too low.
    Level(AccessLevel),
    /// None of the access token's patterns reaches the repository.
    Pattern,
    /// The access token's cap is lower than what the account has.
    Cap(AccessLevel),
    /// A replaced secret was shown, which deletes nothing.
    ReplacedSecret,
    /// Nothing has this name, and a push never makes one without a namespace.
    NoNamespace(RepositoryName),
    /// Nothing has this name, and pushes make no repositories here.
    CreateOnPushOff,
    /// Nothing has this name, and only a `push` by name makes it.
    StarMakesNone,
    /// Nothing has this name, and it could not be made at that moment.
    NotMade,
    /// The catalogue is for system administrators, and for access tokens without patterns.
    WholeRegistry,
    /// So many repositories found no room in the registry token.
    NoRoom(usize),
    /// So many scopes make no sense: no name of a repository, no action of a registry.
    Unread(usize),
    /// The scopes were refused as a whole, which is told in a sentence.
    UnreadWhole(String),
    /// The access token belongs to another account.
    OtherAccount,
    /// The access token was shown with another user's name.
    OtherName,
    /// The secret of the access token was replaced by a rotation, and no longer lives on.
    RotatedAway,
    /// The access token is not accepted in its state, which is told in a sentence.
    State(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inactive => f.write_str("the account is inactive"),
            Self::NoAccess => f.write_str("the account has no access: it owns nothing there and has no grant"),
            Self::NotThere => f.write_str("there is no such repository, and the account may not make it"),
            Self::Deleted => f.write_str("it was deleted, and the registry may still hold its content"),
            Self::Level(level) => write!(f, "the account has {level} only"),
            Self::Pattern => f.write_str("the access token is not for this repository"),
            Self::Cap(cap) => write!(f, "the access token reaches {cap} only"),
            Self::ReplacedSecret => f.write_str("a rotation has replaced this secret, which deletes nothing"),
            Self::NoNamespace(name) => write!(
                f,
                "there is no such repository, and a push makes none without a namespace: dockpass repo create _/{name}"
            ),
            Self::CreateOnPushOff => f.write_str("there is no such repository, and pushes make none here"),
            Self::StarMakesNone => f.write_str("there is no such repository, and only push by name makes it"),
            Self::NotMade => f.write_str("there is no such repository, and it could not be made now"),
            Self::WholeRegistry => f.write_str(
                "the whole catalogue is for system administrators, without repositories on the access token",
            ),
            Self::NoRoom(count) => write!(f, "no room in the registry token for {count} more repositories"),
            Self::Unread(1) => {
                f.write_str("one scope cannot be read: no repository can have that name, or no such action is known")
            }
            Self::Unread(count) => {
                write!(f, "{count} scopes cannot be read: no repository can have that name, or no such action is known")
            }
            Self::UnreadWhole(sentence) => write!(f, "the scopes cannot be read: {sentence}"),
            Self::OtherAccount => f.write_str("the access token belongs to another account"),
            Self::OtherName => f.write_str("the access token belongs to another user than was named"),
            Self::RotatedAway => f.write_str("a rotation has replaced this secret"),
            Self::State(sentence) => f.write_str(sentence),
        }
    }
}

impl Refusal {
    /// The same in one word, where an action on one repository is explained to who may know.
    pub(in crate::service) fn cut(&self) -> Cut {
        match self {
            Self::Inactive => Cut::AccountInactive,
            Self::NoAccess | Self::WholeRegistry => Cut::NoAccess,
            Self::NotThere => Cut::NotThere,
            Self::Deleted => Cut::Deleted,
            Self::Level(_) => Cut::Level,
            Self::Pattern => Cut::Pattern,
            Self::Cap(_) => Cut::Cap,
            Self::ReplacedSecret => Cut::ReplacedSecret,
            Self::NoNamespace(_) => Cut::NoNamespace,
            Self::CreateOnPushOff => Cut::CreateOnPushOff,
            Self::StarMakesNone | Self::NotMade | Self::NoRoom(_) | Self::Unread(_) | Self::UnreadWhole(_) => {
                Cut::NotMade
            }
            Self::OtherAccount | Self::OtherName | Self::RotatedAway | Self::State(_) => Cut::TokenState,
        }
    }
}
