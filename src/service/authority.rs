//! Who may do what: the one place that decides. Deny by default.
//!
//! An [`Authority`] is a caller looked up in one moment of the state: account, access token and its parents as they are
//! now. Each rule is a method that gives a [`Permit`] or refuses; a change cannot reach the store without one. What
//! the rules are stands in the README, under permissions and access tokens.

use crate::domain::access::AccessLevel;
use crate::domain::account::Account;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::organization::Team;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, Limits, Pattern};
use crate::store::State;

use super::caller::{Caller, Proof, Subject};
use super::error::{Error, Kind};

/// Proof that a rule of this module was asked and agreed.
#[derive(Debug)]
pub(super) struct Permit(());

/// A caller in one moment of the state.
pub(super) struct Authority<'s> {
    state: &'s State,
    now: Timestamp,
    standing: Standing<'s>,
}

enum Standing<'s> {
    Anonymous,
    Local,
    Account { account: &'s Account, token: Option<&'s AccessToken> },
}

/// Longest chain of access tokens that made each other; beyond it none counts.
const LONGEST_DESCENT: usize = 100;

const CAPPED: &str = "an access token with an access level or repositories acts on repositories only";
const STRONGER: &str = "an access token makes, activates and rotates none that is stronger or lives longer than itself";
const PASSWORD_NEEDED: &str = "an access token cannot do this: sign in with the password";
const ADMINISTRATORS: &str = "for administrators";

impl<'s> Authority<'s> {
    /// Looks the caller up as it is now.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if its account or access token is gone, inactive or expired by now.
    pub(super) fn of(state: &'s State, caller: &Caller, now: Timestamp) -> Result<Self, Error> {
        let standing = match &caller.subject {
            Subject::Anonymous => Standing::Anonymous,
            Subject::Local { .. } => Standing::Local,
            Subject::Account(signed) => {
                let account = state.account(signed.account).filter(|account| account.is_active);
                let account = account.ok_or(Error::Unauthenticated)?.as_ref();
                let token = match signed.token {
                    Some(id) => Some(state.token(id).ok_or(Error::Unauthenticated)?.as_ref()),
                    None => None,
                };
                if token.is_some_and(|token| !counts(state, token, now)) {
                    return Err(Error::Unauthenticated);
                }
                let still_holds = match &signed.proof {
                    Proof::None => true,
                    Proof::Password(proof) => proof.holds(account),
                    Proof::Secret(hash) => token.is_some_and(|token| token.answers_to(hash, now)),
                };
                if !still_holds {
                    return Err(Error::Unauthenticated);
                }
                Standing::Account { account, token }
            }
        };
        Ok(Self { state, now, standing })
    }

    /// The account, if one signed in.
    pub(super) fn account(&self) -> Option<&'s Account> {
        match self.standing {
            Standing::Account { account, .. } => Some(account),
            Standing::Anonymous | Standing::Local => None,
        }
    }

    /// The access token, if one was used.
    pub(super) fn token(&self) -> Option<&'s AccessToken> {
        match self.standing {
            Standing::Account { token, .. } => token,
            Standing::Anonymous | Standing::Local => None,
        }
    }

    /// Whether it may everything that an account may do with accounts: no access token, or an uncapped one.
    fn is_capped(&self) -> bool {
        self.token().is_some_and(|token| token.limits.is_capped())
    }

    /// Whether this name or identifier is the account's own.
    pub(super) fn is_called(&self, name_or_id: &str) -> bool {
        self.account().is_some_and(|own| own.name.as_str() == name_or_id || own.id.to_string() == name_or_id)
    }

    fn is_account(&self, other: &Account) -> bool {
        self.account().is_some_and(|account| account.id == other.id)
    }

    /// Whether the account is a system administrator, whatever the access token's cap.
    fn is_admin_account(&self) -> bool {
        matches!(self.standing, Standing::Local) || self.account().is_some_and(Account::is_active_admin)
    }

    /// Whether it acts as a system administrator on accounts.
    pub(super) fn is_administrator(&self) -> bool {
        self.is_admin_account() && !self.is_capped()
    }

    /// Only the local socket: what never goes over TCP.
    pub(super) fn local(&self) -> Result<Permit, Error> {
        match self.standing {
            Standing::Local => Ok(Permit(())),
            Standing::Anonymous => Err(Error::Unauthenticated),
            Standing::Account { .. } => Err(Error::Denied("only over the local socket")),
        }
    }

    /// Anybody who signed in, but no capped access token.
    pub(super) fn account_data(&self) -> Result<Permit, Error> {
        match self.standing {
            Standing::Anonymous => Err(Error::Unauthenticated),
            Standing::Account { .. } if self.is_capped() => Err(Error::Denied(CAPPED)),
            Standing::Local | Standing::Account { .. } => Ok(Permit(())),
        }
    }

    /// System administrators.
    pub(super) fn administrator(&self) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        if self.is_administrator() { Ok(permit) } else { Err(Error::Denied(ADMINISTRATORS)) }
    }

    /// Signed-in callers of any kind, capped or not, on repositories.
    pub(super) fn signed_in(&self) -> Result<Permit, Error> {
        match self.standing {
            Standing::Anonymous => Err(Error::Unauthenticated),
            Standing::Local | Standing::Account { .. } => Ok(Permit(())),
        }
    }

    /// The account itself, or administrators.
    pub(super) fn self_or_administrator(&self, account: &Account) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        if self.is_account(account) || self.is_administrator() {
            Ok(permit)
        } else {
            Err(Error::Denied(ADMINISTRATORS))
        }
    }

    /// Whether the inner part of an account may be shown: to itself and to administrators.
    pub(super) fn sees_inner(&self, account: &Account) -> bool {
        self.self_or_administrator(account).is_ok()
    }

    /// Seeing who belongs to an organization: its members and system administrators.
    pub(super) fn see_organization(&self, organization: &Account) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        let is_member = self.account().is_some_and(|own| self.state.member(organization.id, own.id).is_some());
        if is_member || self.is_administrator() {
            Ok(permit)
        } else {
            Err(Error::Denied("for members of the organization"))
        }
    }

    /// Seeing in which teams a member of an organization is: that member, the organization's and system administrators.
    pub(super) fn see_teams_of(&self, organization: &Account, user: &str) -> Result<Permit, Error> {
        if self.is_called(user) {
            self.see_organization(organization)
        } else {
            self.administer_organization(organization)
        }
    }

    /// Changing what an account is called in full: itself, administrators; of an organization its own administrators,
    /// too.
    pub(super) fn rename_account(&self, account: &Account) -> Result<Permit, Error> {
        if account.is_organization() {
            self.administer_organization(account)
        } else {
            self.self_or_administrator(account)
        }
    }

    /// Changing who belongs to an organization and its teams: its administrators and system administrators.
    pub(super) fn administer_organization(&self, organization: &Account) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        let is_admin = self.account().is_some_and(|own| self.state.member(organization.id, own.id) == Some(true));
        if is_admin || self.is_administrator() {
            Ok(permit)
        } else {
            Err(Error::Denied("for administrators of the organization"))
        }
    }

    /// Seeing who is in a team and what it may: its members, the organization's and system administrators.
    pub(super) fn see_team(&self, team: &Team) -> Result<Permit, Error> {
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

    /// Creating an account: administrators; an access token makes no administrator, and none that expires makes an
    /// account with a password.
    pub(super) fn create_account(&self, is_admin: bool, has_password: bool) -> Result<Permit, Error> {
        let permit = self.administrator()?;
        if is_admin {
            self.without_token()?;
        }
        if has_password {
            self.not_expiring()?;
        }
        Ok(permit)
    }

    /// Making an existing account an administrator.
    pub(super) fn make_administrator(&self) -> Result<Permit, Error> {
        let permit = self.administrator()?;
        self.without_token()?;
        Ok(permit)
    }

    /// Setting the password of another account.
    pub(super) fn set_password_of(&self, target: &Account) -> Result<Permit, Error> {
        let permit = self.administrator()?;
        self.not_expiring()?;
        if target.is_admin {
            self.without_token()?;
        }
        Ok(permit)
    }

    /// How the caller may set the password of its own account.
    pub(super) fn own_password(&self, target: &Account) -> OwnPassword {
        if !self.is_account(target) {
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

    /// Making an access token of these limits and this end for an account.
    pub(super) fn create_token(
        &self,
        owner: &Account,
        limits: &Limits,
        expires_at: Option<Timestamp>,
        is_temporary: bool,
    ) -> Result<Permit, Error> {
        let permit = self.self_or_administrator(owner)?;
        self.not_of_another_administrator(owner)?;
        if self.descent().count() >= LONGEST_DESCENT {
            return Err(Error::Denied("too long a chain of access tokens that made each other"));
        }
        if is_temporary {
            self.administrator()?;
            self.without_token()?;
            if self.is_account(owner) {
                return Err(Error::Denied("a temporary password is for another user"));
            }
        }
        self.no_stronger(limits)?;
        if self.ends_before(expires_at) {
            return Err(Error::invalid("expiresAt", "later than the end of the access token that asks"));
        }
        Ok(permit)
    }

    /// Activating an access token or giving it a new secret: an access token does so only to tokens no stronger than
    /// itself, and never to a temporary password, whose secret would set a password.
    pub(super) fn empower_token(&self, token: &AccessToken) -> Result<Permit, Error> {
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

    /// Giving an access token a new secret. An access token does not so to one that it descends from: that would live on
    /// when the asking one is stopped.
    pub(super) fn rotate_token(&self, token: &AccessToken) -> Result<Permit, Error> {
        let is_ancestor = self.descent().skip(1).any(|ancestor| ancestor.id == token.id);
        let permit = self.empower_token(token)?;
        if is_ancestor { Err(Error::Denied("an access token rotates none that it descends from")) } else { Ok(permit) }
    }

    /// The calling access token and those that it descends from.
    pub(super) fn descent(&self) -> impl Iterator<Item = &'s AccessToken> + use<'s> {
        let state = self.state;
        let parent = move |token: &&'s AccessToken| token.parent.and_then(|id| state.token(id)).map(AsRef::as_ref);
        std::iter::successors(self.token(), parent).take(LONGEST_DESCENT)
    }

    /// A token of another administrator would live on when the asking one is stopped, and could bring it back: an access
    /// token makes, activates and rotates none.
    fn not_of_another_administrator(&self, owner: &Account) -> Result<(), Error> {
        if owner.is_admin && !self.is_account(owner) { self.without_token() } else { Ok(()) }
    }

    fn no_stronger(&self, limits: &Limits) -> Result<(), Error> {
        let is_stronger = self.token().is_some_and(|mine| !mine.limits.covers(limits));
        if is_stronger { Err(Error::Denied(STRONGER)) } else { Ok(()) }
    }

    /// Whether the calling access token ends before something that ends then.
    fn ends_before(&self, end: Option<Timestamp>) -> bool {
        self.token().is_some_and(|mine| outlives(end, mine.expires_at))
    }

    /// Changing an access token in a way that gives it no power: renaming, deactivating.
    pub(super) fn change_token(&self, token: &AccessToken) -> Result<Permit, Error> {
        let permit = self.account_data()?;
        if self.owns_token(token) || self.is_administrator() { Ok(permit) } else { Err(no_such_token(token)) }
    }

    /// Viewing or deleting an access token: a capped one only itself.
    pub(super) fn view_or_delete_token(&self, token: &AccessToken) -> Result<Permit, Error> {
        match self.token() {
            Some(mine) if mine.id == token.id => Ok(Permit(())),
            Some(_) if self.is_capped() => Err(no_such_token(token)),
            Some(_) | None => self.change_token(token),
        }
    }

    fn owns_token(&self, token: &AccessToken) -> bool {
        self.account().is_some_and(|account| account.id == token.owner)
    }

    /// What the account may on a repository name, before the access token's limits; anonymous callers nothing.
    fn account_level(&self, name: &RepositoryName) -> Option<AccessLevel> {
        let owns = self.owns(&name.namespace()).then_some(AccessLevel::Admin);
        if owns.is_some() {
            return owns;
        }
        self.granted(&[GrantTarget::Repository(name.clone()), GrantTarget::Namespace(name.namespace())])
    }

    /// Whether the account has everything in the namespace: its own, one of an organization that it administers, or
    /// any for a system administrator.
    fn owns(&self, namespace: &Namespace) -> bool {
        if self.is_admin_account() {
            return true;
        }
        let (Some(account), Some(name)) = (self.account(), namespace.name()) else { return false };
        let administers = |owner: &Account| self.state.member(owner.id, account.id) == Some(true);
        account.name == *name || self.state.account_named(name.as_str()).is_some_and(|owner| administers(owner))
    }

    /// As whom the account holds grants: itself and its teams.
    pub(super) fn grantees(&self) -> impl Iterator<Item = Grantee> + use<'s> {
        let state = self.state;
        let user = self.account().map(|account| account.id);
        let teams = user.into_iter().flat_map(move |user| state.teams_of(user)).map(|team| Grantee::Team(team.id));
        user.map(Grantee::User).into_iter().chain(teams)
    }

    /// The namespaces that the account has everything in, besides a system administrator's, which are all.
    pub(super) fn own_namespaces(&self) -> Vec<&'s Name> {
        let Some(account) = self.account() else { return Vec::new() };
        let administered = self.state.organizations_of(account.id).filter(|(_, is_admin)| *is_admin);
        let organizations = administered.filter_map(|(id, _)| self.state.account(id));
        std::iter::once(&account.name).chain(organizations.map(|organization| &organization.name)).collect()
    }

    /// The highest grant on any of the targets, to the account itself or to one of its teams.
    fn granted(&self, targets: &[GrantTarget]) -> Option<AccessLevel> {
        let levels = |grantee| targets.iter().filter_map(move |target| self.state.grant(target, grantee));
        self.grantees().flat_map(levels).max()
    }

    fn limited(&self, level: Option<AccessLevel>, name: &RepositoryName) -> Option<AccessLevel> {
        match self.token() {
            Some(token) => token.limits.limit(level, name),
            None => level,
        }
    }

    /// What the caller may do with a repository of this name, known or not. What anonymous may, everybody may.
    pub(super) fn level(&self, name: &RepositoryName) -> Option<AccessLevel> {
        let is_public = self.state.repository(name).is_some_and(|repository| repository.is_public);
        let public = is_public.then_some(AccessLevel::ReadOnly);
        self.limited(self.account_level(name), name).max(public)
    }

    /// Whether the caller may change access on the whole namespace, its access token's limits included.
    pub(super) fn administers_namespace(&self, namespace: &Namespace) -> bool {
        let is_wide = match (self.token(), namespace) {
            (None, _) => true,
            (Some(token), _) if token.limits.cap < AccessLevel::Admin => false,
            (Some(token), _) if token.limits.patterns.is_empty() => true,
            (Some(token), Namespace::Of(name)) => {
                let Ok(prefix) = RepositoryName::parse(name.as_str()) else { return false };
                let all = Pattern::Below(prefix);
                token.limits.patterns.iter().any(|pattern| pattern.covers(&all))
            }
            (Some(_), Namespace::Empty) => false,
        };
        is_wide && self.owns_namespace(namespace)
    }

    /// Whether the account owns the namespace, or holds an `admin` grant on it.
    fn owns_namespace(&self, namespace: &Namespace) -> bool {
        let by_grant = || self.granted(&[GrantTarget::Namespace(namespace.clone())]);
        self.owns(namespace) || by_grant() == Some(AccessLevel::Admin)
    }

    /// Whether the caller may make a repository of this name, needing `cap` of its access token.
    pub(super) fn may_create(&self, name: &RepositoryName, cap: AccessLevel) -> bool {
        let by_token = self.token().is_none_or(|token| token.limits.cap >= cap && token.limits.reaches(name));
        by_token && self.owns_namespace(&name.namespace())
    }

    /// Making a repository by the API.
    pub(super) fn create_repository(&self, name: &RepositoryName) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        let may = self.may_create(name, AccessLevel::Admin);
        if may { Ok(permit) } else { Err(Error::Denied("this needs admin access to the namespace")) }
    }

    /// Making the record of a repository that is about to be pushed to.
    pub(super) fn create_by_push(&self, name: &RepositoryName) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        if self.may_create(name, AccessLevel::ReadWrite) { Ok(permit) } else { Err(Error::Denied("no push here")) }
    }

    /// Changing a repository; who may not even see it learns nothing.
    pub(super) fn administer_repository(&self, name: &RepositoryName) -> Result<Permit, Error> {
        match self.level(name) {
            Some(AccessLevel::Admin) => Ok(Permit(())),
            Some(AccessLevel::ReadOnly | AccessLevel::ReadWrite) => {
                self.signed_in()?;
                Err(Error::Denied("this needs admin access to the repository"))
            }
            None => {
                self.signed_in()?;
                Err(Error::not_found(Kind::Repository, name))
            }
        }
    }

    /// Changing access on a whole namespace.
    pub(super) fn administer_namespace(&self, namespace: &Namespace) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        let may = self.administers_namespace(namespace);
        if may { Ok(permit) } else { Err(Error::Denied("this needs admin access to the namespace")) }
    }

    /// Whether `registry:catalog:*`, every name of the registry, may be granted.
    pub(super) fn may_list_whole_registry(&self) -> bool {
        let has_patterns = self.token().is_some_and(|token| !token.limits.patterns.is_empty());
        self.is_admin_account() && !has_patterns
    }

    /// Whether every repository is in reach but for the access token's patterns.
    pub(super) fn reaches_everything(&self) -> bool {
        self.is_admin_account()
    }

    /// The patterns that narrow what the account reaches; empty if nothing does.
    pub(super) fn patterns(&self) -> &'s [Pattern] {
        self.token().map_or(&[], |token| &token.limits.patterns)
    }

    /// The state of the moment.
    pub(super) fn state(&self) -> &'s State {
        self.state
    }

    /// The moment.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }
}

/// How a caller may set its own account's password.
pub(super) enum OwnPassword {
    /// It is another's.
    NotOwn,
    /// With the present one.
    WithOld(Permit),
    /// Without it, once, by this temporary password.
    Temporary(Permit),
    /// Not by this credential.
    Never(Error),
}

fn no_such_token(token: &AccessToken) -> Error {
    Error::not_found(Kind::AccessToken, token.hash)
}

/// Whether an end is later than another; none is never.
pub(super) fn outlives(end: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (end, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(end), Some(other)) => end > other,
    }
}

/// Whether an access token counts at this moment: active, not ended, its owner active, and every access token that it
/// descends from within the same account counts, too.
pub(super) fn counts(state: &State, token: &AccessToken, now: Timestamp) -> bool {
    let is_owner_active = state.account(token.owner).is_some_and(|owner| owner.is_active);
    let mut next = Some(token);
    for _ in 0..LONGEST_DESCENT {
        let Some(present) = next else { return is_owner_active };
        if !present.is_active || present.is_expired(now) {
            return false;
        }
        // A parent that is gone had another owner: deleting one deletes those that it made for its own account.
        let parent = present.parent.and_then(|id| state.token(id)).map(AsRef::as_ref);
        next = parent.filter(|parent| parent.owner == present.owner);
    }
    false
}
