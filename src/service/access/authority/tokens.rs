//! Who may do what with access tokens, and when an access token counts.

use std::iter;
use std::sync::Arc;

use super::{Authority, Permit};
use crate::domain::account::Account;
use crate::domain::name::RepositoryName;
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, LONGEST_DESCENT, Limits, Maker, Pattern, Shown, TokenStanding, TokenState};
use crate::service::access::{Refusal, Used};
use crate::service::error::{Error, Kind};
use crate::store::State;

const STRONGER: &str = "an access token makes, activates and rotates none that is stronger or lives longer than itself";

impl<'s> Authority<'s> {
    /// Making an access token with these limits and this expiry for an account.
    pub(in crate::service) fn create_token(
        &self,
        owner: &Account,
        limits: &Limits,
        expires_at: Option<Timestamp>,
        is_temporary: bool,
    ) -> Result<Permit, Error> {
        let permit = self.self_or_administrator(owner)?;
        self.not_of_another_administrator(owner)?;
        if is_temporary {
            self.administrator()?;
            self.without_token()?;
            if self.is_self(owner) {
                return Err(Error::Denied("a temporary password is for another user"));
            }
        }
        self.may_make(limits, expires_at)?;
        Ok(permit)
    }

    /// Making, seeing and changing the robots of an organization: its administrators and system administrators. Whether
    /// there is such an organization is told to those alone who may see accounts.
    pub(in crate::service) fn administer_robots(&self, organization: Result<&Account, Error>) -> Result<Permit, Error> {
        self.account_data()?;
        self.administer_organization(organization?)
    }

    /// Making a robot with these limits and this expiry for an organization.
    pub(in crate::service) fn create_robot(
        &self,
        organization: &Account,
        limits: &Limits,
        expires_at: Option<Timestamp>,
    ) -> Result<Permit, Error> {
        let permit = self.administer_organization(organization)?;
        self.may_make(limits, expires_at)?;
        Ok(permit)
    }

    /// Whether a robot of an organization may have this pattern: it lies within the organization's namespace, or names a
    /// repository that the organization owns. It tells of no other repository whether it is there.
    pub(in crate::service) fn may_be_of_robot(&self, organization: &Account, pattern: &Pattern) -> bool {
        let within = RepositoryName::parse(organization.name.as_str()).map(Pattern::Below);
        let owns = |name: &RepositoryName| {
            let owner = self.state.repository(name).and_then(|_| self.state.owner(name));
            owner.is_some_and(|owner| owner.id == organization.id)
        };
        within.is_ok_and(|within| within.covers(pattern))
            || match pattern {
                Pattern::Exact(name) => owns(name),
                Pattern::Below(_) => false,
            }
    }

    /// Whether the caller's credential may make an access token with these limits and this expiry.
    fn may_make(&self, limits: &Limits, expires_at: Option<Timestamp>) -> Result<(), Error> {
        self.may_lengthen_descent()?;
        self.no_stronger(limits)?;
        if self.ends_before(expires_at) {
            return Err(Error::invalid("expiresAt", "later than the end of the access token that asks"));
        }
        Ok(())
    }

    /// Refuses an access token that stands at the end of the longest chain: what hangs on it would be stopped at once.
    fn may_lengthen_descent(&self) -> Result<(), Error> {
        if self.descent().count() >= LONGEST_DESCENT {
            return Err(Error::Denied("too long a chain of access tokens that made each other"));
        }
        Ok(())
    }

    /// Opening a session of the web pages: accounts, and no robots, which sign in with each request.
    pub(in crate::service) fn open_session(&self) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        if self.token().is_some_and(AccessToken::is_robot) {
            return Err(Error::Denied("a robot has no session: it signs in with its secret at each request"));
        }
        Ok(permit)
    }

    /// Giving an access token power: activating it, or giving it a new secret. An access token may do so only to tokens no stronger
    /// than itself, and never to a temporary password, whose secret would set a password.
    pub(in crate::service) fn empower_token(&self, token: &AccessToken) -> Result<Permit, Error> {
        let permit = self.change_token(token)?;
        if token.temporary_password {
            self.administrator()?;
            self.without_token()?;
        }
        if let Some(owner) = self.state.account(token.owner) {
            self.not_of_another_administrator(owner)?;
        }
        self.no_stronger(&token.limits)?;
        if self.ends_before(token.expires_at) {
            return Err(Error::Denied(STRONGER));
        }
        Ok(permit)
    }

    /// Activating an access token. One that another account made for an administrator takes the password: its maker may
    /// know the secret, and when the calling access token is stopped, it would live on.
    pub(in crate::service) fn activate_token(&self, token: &AccessToken) -> Result<Permit, Error> {
        let permit = self.empower_token(token)?;
        if may_serve_another(self.state, token) {
            self.without_token()?;
        }
        Ok(permit)
    }

    /// Giving an access token a new secret. An access token may not rotate its own ancestors: the rotated one would
    /// live on when the calling one is stopped.
    pub(in crate::service) fn rotate_token(&self, token: &AccessToken) -> Result<Permit, Error> {
        let is_ancestor = self.descent().skip(1).any(|ancestor| ancestor.id == token.id);
        let permit = self.empower_token(token)?;
        if is_ancestor {
            return Err(Error::Denied("an access token rotates none that it descends from"));
        }
        if self.token().is_some_and(|asking| asking.id != token.id) {
            self.may_lengthen_descent()?;
        }
        if self.takes_from_its_maker(token) {
            return Err(Error::Denied("it made others, which stop with its own maker: rotate it with the password"));
        }
        Ok(permit)
    }

    /// Whether a rotation by the calling access token would take an access token out of its line of makers, and with it
    /// others that were made with its present secret: who stops the maker must still stop those.
    fn takes_from_its_maker(&self, token: &AccessToken) -> bool {
        let is_of_owner = |other: &AccessToken| other.owner == token.owner;
        let moves = self.token().is_some_and(|asking| asking.id != token.id && is_of_owner(asking));
        let maker = token.parent.and_then(|id| self.state.token(id)).filter(|maker| is_of_owner(maker));
        let leaves = maker.is_some_and(|maker| !self.descent().any(|own| own.id == maker.id));
        // A robot hangs on its maker whoever owns that.
        let hangs = |made: &Arc<AccessToken>| made.is_robot() || is_of_owner(made);
        moves && leaves && self.state.tokens_made_with(token.id).any(hangs)
    }

    /// Showing secrets of access tokens, to end what they open: anybody but the registry.
    pub(in crate::service) fn show_secrets(&self) -> Result<Permit, Error> {
        self.visitor()?;
        Ok(Permit(()))
    }

    /// The calling access token and its ancestors.
    pub(in crate::service) fn descent(&self) -> impl Iterator<Item = &'s AccessToken> + use<'s> {
        let state = self.state;
        let parent = move |token: &&'s AccessToken| token.parent.and_then(|id| state.token(id)).map(AsRef::as_ref);
        std::iter::successors(self.token(), parent).take(LONGEST_DESCENT)
    }

    /// An access token may not make, activate or rotate a token of another administrator, which would live on when
    /// the calling one is stopped, and could bring it back.
    fn not_of_another_administrator(&self, owner: &Account) -> Result<(), Error> {
        if owner.is_admin && !self.is_self(owner) { self.without_token() } else { Ok(()) }
    }

    fn no_stronger(&self, limits: &Limits) -> Result<(), Error> {
        let is_stronger = self.token().is_some_and(|mine| !mine.limits.covers(limits));
        if is_stronger { Err(Error::Denied(STRONGER)) } else { Ok(()) }
    }

    /// Whether the calling access token expires before `end`; `None` is never.
    fn ends_before(&self, end: Option<Timestamp>) -> bool {
        self.token().is_some_and(|mine| outlives(end, mine.expires_at))
    }

    /// Changing an access token in a way that gives it no power: renaming, deactivating.
    pub(in crate::service) fn change_token(&self, token: &AccessToken) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        if self.is_for_caller(token) { Ok(permit) } else { Err(no_such_token(token)) }
    }

    /// Why the account, or its access token, could not sign in; empty if it can.
    pub(in crate::service::access) fn faults(&self) -> Vec<Refusal> {
        let Some((account, token)) = self.signed() else { return Vec::new() };
        let inactive = (!account.is_active).then_some(Refusal::Inactive);
        let fault = token.and_then(|(token, shown)| {
            if shown == Shown::Replaced && self.used.replaced(token, self.now).is_none() {
                return Some(Refusal::RotatedAway);
            }
            // That the account is inactive is said once.
            let fault = fault_of(self.state, token, shown, self.now);
            let fault = fault.filter(|standing| standing.state != TokenState::AccountInactive);
            fault.map(|standing| Refusal::State(standing.reason()))
        });
        inactive.into_iter().chain(fault).collect()
    }

    /// Viewing an access token. With a capped one, only itself.
    pub(in crate::service) fn view_token(&self, token: &AccessToken) -> Result<Permit, Error> {
        match self.token() {
            Some(mine) if mine.id == token.id => Ok(Permit(())),
            Some(_) if self.is_capped() => Err(no_such_token(token)),
            Some(_) | None => self.change_token(token),
        }
    }

    /// Deleting an access token. With a capped one, only itself; a robot not even that, as it is its organization's to
    /// delete.
    pub(in crate::service) fn delete_token(&self, token: &AccessToken) -> Result<Permit, Error> {
        let permit = self.view_token(token)?;
        if token.is_robot() && self.token().is_some_and(|own| own.id == token.id) {
            return Err(Error::Denied("its organization's administrators delete a robot: with its secret, revoke it"));
        }
        Ok(permit)
    }

    /// The access token that a narrowed one sees: itself alone. None without a narrowed one.
    pub(in crate::service) fn only_token(&self) -> Option<&'s AccessToken> {
        self.token().filter(|_| self.is_capped())
    }

    /// The caller's own access tokens, and the robots of the organizations that it administers, that whoever held them has
    /// ended for good, of each owner newest first; none to a narrowed one.
    pub(in crate::service) fn revoked_tokens(&self) -> impl Iterator<Item = &'s Arc<AccessToken>> + use<'s> {
        let state = self.state;
        let owners = if self.is_capped() { Vec::new() } else { self.owners() };
        owners.into_iter().flat_map(move |owner| state.revoked_tokens_of(owner.id))
    }

    /// Whether the caller may know that this access token exists.
    pub(in crate::service) fn is_for_caller(&self, token: &AccessToken) -> bool {
        self.owns_token(token) || self.is_administrator() || self.administers_robot(token)
    }

    /// A robot signs in as its organization's account, and has no part in the other robots of that.
    fn owns_token(&self, token: &AccessToken) -> bool {
        let is_itself = || self.token().is_some_and(|own| own.id == token.id);
        self.account().is_some_and(|account| account.id == token.owner) && (!token.is_robot() || is_itself())
    }

    fn administers_robot(&self, token: &AccessToken) -> bool {
        let organization = self.state.account(token.owner).filter(|_| token.is_robot());
        organization.is_some_and(|organization| self.administer_organization(organization).is_ok())
    }
}

fn no_such_token(token: &AccessToken) -> Error {
    Error::hidden(Kind::AccessToken, token.hash, Refusal::OtherAccount)
}

/// Whether another account than its owner made it, or gave it its secret, and so may know that.
pub(in crate::service) fn is_of_another(state: &State, token: &AccessToken) -> bool {
    match token.maker {
        Maker::Owner => false,
        Maker::Other => true,
        Maker::Unknown => token.parent.and_then(|id| state.token(id)).is_some_and(|maker| maker.owner != token.owner),
    }
}

/// Whether it is an administrator's, and another account may know its secret.
pub(in crate::service) fn may_serve_another(state: &State, token: &AccessToken) -> bool {
    state.account(token.owner).is_some_and(|owner| owner.is_admin) && is_of_another(state, token)
}

/// Whether `end` is later than `other`; `None` is never.
pub(in crate::service) fn outlives(end: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (end, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(end), Some(other)) => end > other,
    }
}

/// The state of an access token at this moment.
pub(in crate::service) fn standing<'s>(state: &'s State, token: &'s AccessToken, now: Timestamp) -> TokenStanding<'s> {
    standing_of(state, token, Shown::Current, now)
}

/// The same for whoever shows this secret of it.
pub(in crate::service) fn standing_of<'s>(
    state: &'s State,
    token: &'s AccessToken,
    shown: Shown,
    now: Timestamp,
) -> TokenStanding<'s> {
    let is_owner_active = state.account(token.owner).is_some_and(|owner| owner.is_active);
    let now = state.latest().judged(now);
    token.standing_of(shown, is_owner_active, now, |id| state.token(id).map(AsRef::as_ref))
}

/// Whether an access token counts at this moment for whoever shows this secret of it.
pub(in crate::service) fn counts_for(state: &State, token: &AccessToken, shown: Shown, now: Timestamp) -> bool {
    fault_of(state, token, shown, now).is_none()
}

/// The state in which an access token does not count for whoever shows this secret of it. The replaced one has makers of
/// its own, and whoever stops one of them or of the present secret's stops it.
fn fault_of<'s>(state: &'s State, token: &'s AccessToken, shown: Shown, now: Timestamp) -> Option<TokenStanding<'s>> {
    let replaced = Some(shown).filter(|shown| *shown != Shown::Current);
    let standing = |shown| standing_of(state, token, shown, now);
    let mut standings = iter::once(Shown::Current).chain(replaced).map(standing);
    standings.find(|standing| standing.state != TokenState::Active)
}

/// Why a sign-in is refused with a secret of an access token that is shown as this, or as none that still works, perhaps
/// under a user's name that it may not have.
pub(in crate::service) fn why_refused(
    state: &State,
    token: &AccessToken,
    shown: Option<Shown>,
    now: Timestamp,
) -> Refusal {
    let Some(shown) = shown else { return Refusal::RotatedAway };
    let fault = fault_of(state, token, shown, now);
    fault.map_or(Refusal::OtherName, |standing| Refusal::State(standing.reason()))
}

/// What ends of an access token with one of its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Ended {
    /// All of it, for good.
    Token,
    /// The replaced secret alone: the access token lives on with the present one.
    ReplacedSecret,
}

/// What whoever shows this secret of an access token may end, without being its owner; none if nothing is left to end.
pub(in crate::service) fn may_revoke(
    token: &AccessToken,
    secret: &TokenHash,
    now: Timestamp,
) -> Option<(Ended, Permit)> {
    let ended = if token.hash == *secret {
        Some(Ended::Token).filter(|_| token.revoked.is_none())
    } else {
        Some(Ended::ReplacedSecret).filter(|_| token.opens_by_replaced(secret, now))
    };
    ended.map(|ended| (ended, Permit(())))
}

/// Repeating the rotation that replaced this secret, whose answer was lost: with the secret and the key of the first
/// time, while its access token counts and nobody has used the new secret.
pub(in crate::service) fn may_repeat_rotation(
    state: &State,
    used: &Used,
    token: &AccessToken,
    replaced: &TokenHash,
    key: &[u8; 32],
    now: Timestamp,
) -> Option<Permit> {
    let was_replaced = token.previous.is_some_and(|previous| previous.hash == *replaced);
    let now = state.latest().judged(now);
    let is_open = token.retry.is_some_and(|retry| retry.key == *key && now < retry.until) && !used.has(token);
    (was_replaced && is_open && counts_for(state, token, Shown::Replaced, now)).then_some(Permit(()))
}
