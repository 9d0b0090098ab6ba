//! Which access token a request means: by a hash of one of its secrets, by its identifier or, if it is a robot, by its name.

use std::fmt;
use std::sync::Arc;

use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::secret::TokenHash;
use crate::domain::token::AccessToken;
use crate::service::access::{Authority, Refusal, find_organization};
use crate::service::error::{Error, Kind, Obstacle};

/// Which access token a request means.
#[derive(Clone, Debug)]
pub enum WhichToken {
    /// The one with this hash, or with this identifier, which stays through rotations.
    Hashed(String),
    /// A robot, by its organization's name or identifier and its own name.
    Robot {
        /// The organization.
        organization: String,
        /// The robot's name in it.
        name: String,
    },
}

impl WhichToken {
    /// What is done to it, as far as the request tells: an act on a robot, if it names one.
    #[must_use]
    pub fn act(&self, act: Act) -> Act {
        match self {
            Self::Hashed(_) => act,
            Self::Robot { .. } => act.on_robot(),
        }
    }
}

impl From<&str> for WhichToken {
    fn from(hash: &str) -> Self {
        Self::Hashed(hash.to_owned())
    }
}

impl From<&String> for WhichToken {
    fn from(hash: &String) -> Self {
        hash.as_str().into()
    }
}

impl From<&TokenHash> for WhichToken {
    fn from(hash: &TokenHash) -> Self {
        Self::Hashed(hash.to_string())
    }
}

impl fmt::Display for WhichToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hashed(hash) => f.write_str(hash),
            Self::Robot { organization, name } => write!(f, "{organization}/{name}"),
        }
    }
}

/// The access token with this identifier or hash, or with this replaced hash while the replaced secret lives on.
pub(in crate::service) fn find_token<'s>(
    authority: &Authority<'s>,
    which: &WhichToken,
) -> Result<&'s Arc<AccessToken>, Error> {
    find_meant(authority, which, |token, shown| authority.used().shown_by(token, shown, authority.now()).is_some())
}

/// The same, or with the hash of a secret that has ended, as long as that is remembered: to read of it, and to end what it
/// may. Who has such a hash may have missed a rotation, and must not change what another has made of it since.
pub(super) fn find_remembered<'s>(
    authority: &Authority<'s>,
    which: &WhichToken,
) -> Result<&'s Arc<AccessToken>, Error> {
    find_meant(authority, which, |_, _| true)
}

/// The access token whose hash is not that of an ended secret, to change it. Who may view it is told which it is.
pub(super) fn find_present<'s>(authority: &Authority<'s>, which: &WhichToken) -> Result<&'s Arc<AccessToken>, Error> {
    find_token(authority, which).map_err(|error| match (which, visible(authority, which)) {
        (WhichToken::Hashed(_), Ok(token)) => Error::Conflict(Obstacle::SecretEnded { token: token.id }),
        // As of one that never was.
        (WhichToken::Hashed(_), Err(_)) | (WhichToken::Robot { .. }, _) => error,
    })
}

/// The same as [`find_remembered`] for a caller who may view it.
pub(super) fn visible<'s>(authority: &Authority<'s>, which: &WhichToken) -> Result<&'s Arc<AccessToken>, Error> {
    authority.signed_in()?;
    let token = find_remembered(authority, which)?;
    authority.view_token(token)?;
    Ok(token)
}

fn find_meant<'s>(
    authority: &Authority<'s>,
    which: &WhichToken,
    is_meant: impl FnOnce(&AccessToken, &TokenHash) -> bool,
) -> Result<&'s Arc<AccessToken>, Error> {
    match which {
        WhichToken::Hashed(text) => find_named(authority, text, is_meant),
        WhichToken::Robot { organization, name } => find_robot(authority, organization, name),
    }
}

/// By a hash or an identifier; that of another account's is answered as one that never was.
fn find_named<'s>(
    authority: &Authority<'s>,
    text: &str,
    is_meant: impl FnOnce(&AccessToken, &TokenHash) -> bool,
) -> Result<&'s Arc<AccessToken>, Error> {
    let state = authority.state();
    let by_hash =
        || TokenHash::parse(text).and_then(|hash| state.token_hashed(&hash).filter(|token| is_meant(token, &hash)));
    let by_id = text.parse::<Id>().ok().and_then(|id| state.token(id));
    let token = by_id.or_else(by_hash).ok_or_else(|| Error::not_found(Kind::AccessToken, text))?;
    // By what was asked for: the present hash would tell a stranger that a replaced one lives on.
    authority
        .is_for_caller(token)
        .then_some(token)
        .ok_or_else(|| Error::hidden(Kind::AccessToken, text, Refusal::OtherAccount))
}

/// A robot by its name, for itself and for those who administer its organization: the others learn of none.
fn find_robot<'s>(authority: &Authority<'s>, organization: &str, name: &str) -> Result<&'s Arc<AccessToken>, Error> {
    authority.signed_in()?;
    let state = authority.state();
    let found = find_organization(state, organization);
    let robot = found.as_ref().ok().and_then(|it| state.robot(it.id, name));
    if let (Some(own), Some(robot)) = (authority.token(), robot)
        && own.id == robot.id
    {
        return Ok(robot);
    }
    authority.administer_robots(found)?;
    robot.ok_or_else(|| Error::not_found(Kind::Robot, format!("{organization}/{name}")))
}
