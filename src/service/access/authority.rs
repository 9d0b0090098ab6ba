//! Who may do what: the one place that decides. Deny by default.
//!
//! An [`Authority`] is a caller looked up in one moment of the state: account, access token and that token's parents
//! as they are then. Each rule is a method that returns a [`Permit`] or refuses, and no change reaches the store
//! without a permit. The rules on accounts and organizations are here, the others in `repositories` and `tokens`; the
//! manual states them under permissions and access tokens.

mod registry;
mod repositories;
mod sources;
mod tokens;

use std::cell::OnceCell;

use crate::domain::account::Account;
use crate::domain::grant::Grantee;
use crate::domain::organization::Team;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, Shown};
use crate::service::error::Error;
use crate::store::State;

use super::caller::{Caller, Proof, Subject};
use super::first_uses::Used;

pub(in crate::service) use sources::{Source, granted_to, reaching};
pub(in crate::service) use tokens::{
    Ended, counts_for, is_of_another, may_repeat_rotation, may_revoke, may_serve_another, outlives, standing,
    standing_of, why_refused,
};

/// Proof that a rule of this module was asked and agreed.
#[derive(Debug)]
pub(in crate::service) struct Permit(());

/// Proof that a rule allowed a request, as far as that is known before its body is read. Without it no body is read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Allowed {}

impl Allowed {
    /// Made from a permit, which it does not replace: the change itself asks the rule again.
    pub(in crate::service) fn by(_permit: Permit) -> Self {
        Self {}
    }
}

/// A caller in one moment of the state.
pub(in crate::service) struct Authority<'s> {
    state: &'s State,
    used: &'s Used,
    now: Timestamp,
    standing: Standing<'s>,
    /// See [`Self::grantees`].
    grantees: OnceCell<Vec<Grantee>>,
}

enum Standing<'s> {
    Anonymous,
    Local,
    Registry,
    Account { account: &'s Account, token: Option<&'s AccessToken>, shown: Shown },
}

const CAPPED: &str = "an access token with an access level or repositories acts on repositories only";
const PASSWORD_NEEDED: &str = "an access token cannot do this: sign in with the password";
const REGISTRY: &str = "the registry tells what it holds, and nothing else";
const ADMINISTRATORS: &str = "for administrators";
const REPLACED: &str =
    "a rotation has replaced this secret: until it ends it signs in, pulls and pushes, and changes nothing";

impl<'s> Authority<'s> {
    /// Looks the caller up in this state, and in the first uses of secrets that it does not have yet: taken before it,
    /// by [`FirstUses::before`](super::FirstUses::before).
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if its account or access token is gone, inactive or expired by now, or what it
    /// showed to sign in is no longer accepted.
    pub(in crate::service) fn of(
        state: &'s State,
        used: &'s Used,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Self, Error> {
        if caller.has_ended() {
            return Err(Error::Unauthenticated);
        }
        let now = state.latest().judged(now);
        let standing = match &caller.subject {
            Subject::Anonymous => Standing::Anonymous,
            Subject::Local { .. } => Standing::Local,
            Subject::Registry => Standing::Registry,
            Subject::Account(signed) => {
                let account = state.account(signed.account).filter(|account| account.is_active);
                let account = account.ok_or(Error::Unauthenticated)?.as_ref();
                let token = match signed.token {
                    Some(id) => Some(state.token(id).ok_or(Error::Unauthenticated)?.as_ref()),
                    None => None,
                };
                let current = |holds: bool| holds.then_some(Shown::Current);
                let shown = match &signed.proof {
                    Proof::Generation(generation) => match token {
                        Some(token) => used.shown_by_generation(token, *generation, now),
                        None => current(account.generation == *generation),
                    },
                    Proof::Password(proof) => current(proof.holds(account)),
                    Proof::Secret(hash) => token.and_then(|token| used.shown_by(token, hash, now)),
                };
                let shown = shown.ok_or(Error::Unauthenticated)?;
                if token.is_some_and(|token| !counts_for(state, token, shown, now)) {
                    return Err(Error::Unauthenticated);
                }
                Standing::Account { account, token, shown }
            }
        };
        Ok(Self { state, used, now, standing, grantees: OnceCell::new() })
    }

    /// Another account in the same state, perhaps with an access token whose secret is shown as this. For `Questioned`
    /// alone, which keeps it from permitting anything.
    pub(super) fn for_another(&self, account: &'s Account, token: Option<(&'s AccessToken, Shown)>) -> Self {
        let (token, shown) = token.map_or((None, Shown::Current), |(token, shown)| (Some(token), shown));
        let standing = Standing::Account { account, token, shown };
        Self { standing, grantees: OnceCell::new(), ..*self }
    }

    /// The account that signed in, and the access token with which of its secrets.
    pub(in crate::service) fn signed(&self) -> Option<(&'s Account, Option<(&'s AccessToken, Shown)>)> {
        match self.standing {
            Standing::Account { account, token, shown } => Some((account, token.map(|token| (token, shown)))),
            Standing::Anonymous | Standing::Local | Standing::Registry => None,
        }
    }

    /// Refuses replaced secrets, which are too weak for a change: such a secret ends before its access token does, and
    /// whoever got hold of it could keep what it makes, or take the access token over by a rotation.
    ///
    /// # Errors
    /// [`Error::Denied`] for a replaced secret, and for a session or a registry token that was made with one.
    pub(in crate::service) fn present_secret(&self) -> Result<(), Error> {
        match self.standing {
            Standing::Account { shown: Shown::Replaced, .. } => Err(Error::Denied(REPLACED)),
            Standing::Account { shown: Shown::Current, .. }
            | Standing::Anonymous
            | Standing::Local
            | Standing::Registry => Ok(()),
        }
    }

    /// The account, if one signed in.
    pub(in crate::service) fn account(&self) -> Option<&'s Account> {
        match self.standing {
            Standing::Account { account, .. } => Some(account),
            Standing::Anonymous | Standing::Local | Standing::Registry => None,
        }
    }

    /// The access token, if one was used.
    pub(in crate::service) fn token(&self) -> Option<&'s AccessToken> {
        match self.standing {
            Standing::Account { token, .. } => token,
            Standing::Anonymous | Standing::Local | Standing::Registry => None,
        }
    }

    /// The generation of the password or secret that the caller has shown: how many there were before it. `None`
    /// unless an account signed in.
    pub(in crate::service) fn generation(&self, caller: &Caller) -> Option<u64> {
        let Standing::Account { account, token, .. } = self.standing else { return None };
        let Subject::Account(signed) = &caller.subject else { return None };
        let present = token.map_or(account.generation, |token| token.generation);
        Some(match &signed.proof {
            Proof::Generation(generation) => *generation,
            Proof::Secret(hash) => token.map_or(present, |token| token.generation_of(hash)),
            Proof::Password(_) => present,
        })
    }

    /// Whether it signed in with a capped access token, which acts on repositories only.
    fn is_capped(&self) -> bool {
        self.token().is_some_and(AccessToken::is_capped)
    }

    /// Whether this name or identifier is the account's own.
    pub(in crate::service) fn is_called(&self, name_or_id: &str) -> bool {
        self.account().is_some_and(|own| own.name.as_str() == name_or_id || own.id.to_string() == name_or_id)
    }

    /// Whether this account is the caller's own.
    pub(in crate::service) fn is_self(&self, other: &Account) -> bool {
        self.account().is_some_and(|account| account.id == other.id)
    }

    /// Whether the account is a system administrator, whatever the access token's cap.
    fn is_admin_account(&self) -> bool {
        matches!(self.standing, Standing::Local) || self.account().is_some_and(Account::is_active_admin)
    }

    /// Whether it may act on accounts as a system administrator.
    pub(in crate::service) fn is_administrator(&self) -> bool {
        self.is_admin_account() && !self.is_capped()
    }

    /// Only the local socket, for what is never done over TCP.
    pub(in crate::service) fn local(&self) -> Result<Permit, Error> {
        match self.standing {
            Standing::Local => Ok(Permit(())),
            Standing::Anonymous => Err(Error::Unauthenticated),
            Standing::Account { .. } | Standing::Registry => Err(Error::Denied("only over the local socket")),
        }
    }

    /// Anybody who signed in, except with a capped access token.
    pub(in crate::service) fn account_data(&self) -> Result<Permit, Error> {
        match self.standing {
            Standing::Anonymous => Err(Error::Unauthenticated),
            Standing::Registry => Err(Error::Denied(REGISTRY)),
            Standing::Account { .. } if self.is_capped() => Err(Error::Denied(CAPPED)),
            Standing::Local | Standing::Account { .. } => Ok(Permit(())),
        }
    }

    /// System administrators.
    pub(in crate::service) fn administrator(&self) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        if self.is_administrator() { Ok(permit) } else { Err(Error::Denied(ADMINISTRATORS)) }
    }

    /// Signed-in callers of any kind, capped or not, on repositories.
    pub(in crate::service) fn signed_in(&self) -> Result<Permit, Error> {
        match self.standing {
            Standing::Anonymous => Err(Error::Unauthenticated),
            Standing::Registry => Err(Error::Denied(REGISTRY)),
            Standing::Local | Standing::Account { .. } => Ok(Permit(())),
        }
    }

    /// Anybody but the registry; strangers get what is public.
    pub(in crate::service) fn visitor(&self) -> Result<(), Error> {
        match self.standing {
            Standing::Registry => Err(Error::Denied(REGISTRY)),
            Standing::Anonymous | Standing::Local | Standing::Account { .. } => Ok(()),
        }
    }

    /// Telling what the registry holds: only the registry, which may do nothing else.
    pub(in crate::service) fn tell_content(&self) -> Result<Permit, Error> {
        match self.standing {
            Standing::Registry => Ok(Permit(())),
            Standing::Anonymous => Err(Error::Unauthenticated),
            Standing::Local | Standing::Account { .. } => Err(Error::Denied("for the registry")),
        }
    }

    /// The account itself, or administrators.
    pub(in crate::service) fn self_or_administrator(&self, account: &Account) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        if self.is_self(account) || self.is_administrator() { Ok(permit) } else { Err(Error::Denied(ADMINISTRATORS)) }
    }

    /// Whether the caller sees the private part of an account, as the account itself and administrators do.
    pub(in crate::service) fn sees_inner(&self, account: &Account) -> bool {
        self.self_or_administrator(account).is_ok()
    }

    /// Seeing who belongs to an organization: its members and system administrators.
    pub(in crate::service) fn see_organization(&self, organization: &Account) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        let is_member = self.account().is_some_and(|own| self.state.member(organization.id, own.id).is_some());
        if is_member || self.is_administrator() {
            Ok(permit)
        } else {
            Err(Error::Denied("for members of the organization"))
        }
    }

    /// Seeing the teams of a member of an organization: that member, the organization's administrators, system
    /// administrators.
    pub(in crate::service) fn see_teams_of(&self, organization: &Account, user: &str) -> Result<Permit, Error> {
        if self.is_called(user) {
            self.see_organization(organization)
        } else {
            self.administer_organization(organization)
        }
    }

    /// Changing an account's full name: itself and administrators; for an organization, also its own administrators.
    pub(in crate::service) fn rename_account(&self, account: &Account) -> Result<Permit, Error> {
        if account.is_organization() {
            self.administer_organization(account)
        } else {
            self.self_or_administrator(account)
        }
    }

    /// Changing who belongs to an organization and its teams: its administrators and system administrators.
    pub(in crate::service) fn administer_organization(&self, organization: &Account) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        let is_admin = self.account().is_some_and(|own| self.state.member(organization.id, own.id) == Some(true));
        if is_admin || self.is_administrator() {
            Ok(permit)
        } else {
            Err(Error::Denied("for administrators of the organization"))
        }
    }

    /// Seeing a team's members and grants: its members, the organization's administrators, system administrators.
    pub(in crate::service) fn see_team(&self, team: &Team) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        let own = self.account().map(|own| own.id);
        let is_in = own.is_some_and(|own| self.state.is_in_team(team.id, own));
        let is_admin = own.is_some_and(|own| self.state.member(team.organization, own) == Some(true));
        if is_in || is_admin || self.is_administrator() {
            Ok(permit)
        } else {
            Err(Error::Denied("for members of the team"))
        }
    }

    /// Creating an account: administrators. An access token creates no administrator, and one that expires creates no
    /// account with a password.
    pub(in crate::service) fn create_account(&self, is_admin: bool, has_password: bool) -> Result<Permit, Error> {
        let permit = self.administrator()?;
        if is_admin {
            self.without_token()?;
        }
        if has_password {
            self.not_expiring()?;
        }
        Ok(permit)
    }

    /// Making an existing account an administrator: administrators, but not with an access token.
    pub(in crate::service) fn make_administrator(&self) -> Result<Permit, Error> {
        let permit = self.administrator()?;
        self.without_token()?;
        Ok(permit)
    }

    /// Setting the password of another account.
    pub(in crate::service) fn set_password_of(&self, target: &Account) -> Result<Permit, Error> {
        let permit = self.administrator()?;
        self.not_expiring()?;
        if target.is_admin {
            self.without_token()?;
        }
        Ok(permit)
    }

    /// How the caller may set the password of its own account.
    pub(in crate::service) fn own_password(&self, target: &Account) -> OwnPassword {
        if !self.is_self(target) {
            return OwnPassword::NotOwn;
        }
        match self.token() {
            None => OwnPassword::WithOld(Permit(())),
            Some(token) if token.temporary_password => OwnPassword::Temporary(Permit(())),
            Some(_) => OwnPassword::Never(Error::Denied(PASSWORD_NEEDED)),
        }
    }

    fn without_token(&self) -> Result<(), Error> {
        match self.token() {
            Some(_) => Err(Error::Denied(PASSWORD_NEEDED)),
            None => Ok(()),
        }
    }

    fn not_expiring(&self) -> Result<(), Error> {
        match self.token() {
            Some(token) if token.expires_at.is_some() => {
                Err(Error::Denied("an access token that expires sets no password"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The state that the caller was looked up in.
    pub(in crate::service) fn state(&self) -> &'s State {
        self.state
    }

    /// The first uses of secrets that the state does not have yet.
    pub(in crate::service) fn used(&self) -> &'s Used {
        self.used
    }

    /// The moment at which the caller was looked up.
    pub(in crate::service) fn now(&self) -> Timestamp {
        self.now
    }
}

/// How a caller may set its own account's password.
pub(in crate::service) enum OwnPassword {
    /// The account is not the caller's.
    NotOwn,
    /// With the present password.
    WithOld(Permit),
    /// Without the present password, once, by the temporary password that it signed in with.
    Temporary(Permit),
    /// Not with this credential.
    Never(Error),
}
