//! Who may do what with repositories and namespaces: levels, and what follows from them.

use super::{Authority, Permit};
use crate::domain::access::AccessLevel;
use crate::domain::account::Account;
use crate::domain::grant::Grantee;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::token::Pattern;
use crate::service::access::Refusal;
use crate::service::error::Error;

const NO_ADMIN: &str = "this needs admin access to the namespace";
const NO_NAMESPACE: &str = "only a system administrator makes a repository without a namespace";
const NO_OWNER: &str =
    "the owner of the namespace is inactive or gone: only a system administrator makes repositories there";
const NOT_BY_PUSH: &str = "a push makes no repository without a namespace; a system administrator does";

impl<'s> Authority<'s> {
    /// The grantees whose grants the account has, itself and its teams: those of them that were granted anything. Looked up
    /// once for all that is asked of this moment.
    pub(in crate::service) fn grantees(&self) -> Vec<Grantee> {
        let found = || {
            let (state, user) = (self.state, self.account().map(|account| account.id));
            let teams = user.into_iter().flat_map(|user| state.teams_of(user)).map(|team| Grantee::Team(team.id));
            let all = user.map(Grantee::User).into_iter().chain(teams);
            all.filter(|grantee| state.grants_of(*grantee).next().is_some()).collect()
        };
        self.grantees.get_or_init(found).clone()
    }

    /// The account itself and the organizations that it administers, which own what it has every right on; not the others
    /// that a system administrator has every right of.
    pub(in crate::service) fn owners(&self) -> Vec<&'s Account> {
        let Some(account) = self.account() else { return Vec::new() };
        let administered = self.state.organizations_of(account.id).filter(|(_, is_admin)| *is_admin);
        let organizations = administered.filter_map(|(id, _)| self.state.account(id));
        std::iter::once(account).chain(organizations.map(AsRef::as_ref)).collect()
    }

    /// What the access token's limits leave of a level that the account has on a repository.
    pub(in crate::service) fn limited(&self, level: Option<AccessLevel>, name: &RepositoryName) -> Option<AccessLevel> {
        match self.token() {
            Some(token) => token.limits.limit(level, name),
            None => level,
        }
    }

    /// The caller's level on a repository of this name, known or not. Everybody may read a public one, whatever an
    /// access token's limits.
    pub(in crate::service) fn level(&self, name: &RepositoryName) -> Option<AccessLevel> {
        self.level_on(name, self.there(name))
    }

    /// Whether the caller administers the repository of this name: who has its namespace does not, if it was given away.
    pub(in crate::service) fn administers(&self, name: &RepositoryName) -> bool {
        self.administer_repository(name).is_ok()
    }

    /// The account that has the namespace of this name, if the caller administers all of that and by it the name, there or
    /// not: neither what was transferred out of it, nor what was another's when it was deleted.
    pub(in crate::service) fn administered_by_namespace(&self, name: &RepositoryName) -> Option<&'s Account> {
        let (state, namespace) = (self.state, name.namespace());
        let owner = state.account_named(namespace.name()?.as_str())?;
        let is_given_away =
            state.is_transferred(name) || state.deleted_owner(name).is_some_and(|deleted| deleted != owner.id);
        (!is_given_away && self.administer_namespace(&namespace).is_ok()).then_some(owner)
    }

    /// Whether the caller may change access on the whole namespace, within its access token's limits.
    pub(in crate::service) fn administers_namespace(&self, namespace: &Namespace) -> bool {
        self.has_cap(AccessLevel::Admin) && self.reaches_all_of(namespace) && self.owns_namespace(namespace)
    }

    /// Whether the access token, if it is one, reaches at least this level.
    fn has_cap(&self, level: AccessLevel) -> bool {
        self.token().is_none_or(|token| token.limits.cap >= level)
    }

    /// Whether the access token, if it is one, is for every repository of the namespace.
    fn reaches_all_of(&self, namespace: &Namespace) -> bool {
        let patterns = self.patterns();
        let all = namespace.name().and_then(|name| RepositoryName::parse(name.as_str()).ok()).map(Pattern::Below);
        patterns.is_empty() || all.is_some_and(|all| patterns.iter().any(|pattern| pattern.covers(&all)))
    }

    /// Whether the access token, if it is one, is for this repository.
    fn reaches(&self, name: &RepositoryName) -> bool {
        self.token().is_none_or(|token| token.limits.reaches(name))
    }

    /// Whether the account owns the namespace, or holds an `admin` grant on it.
    fn owns_namespace(&self, namespace: &Namespace) -> bool {
        self.level_on_all_of(namespace) == Some(AccessLevel::Admin)
    }

    /// Whether the caller may create a repository of this name, with at least `cap` on its access token.
    pub(in crate::service) fn may_create(&self, name: &RepositoryName, cap: AccessLevel) -> bool {
        self.has_cap(cap) && self.reaches(name) && self.may_make_within(&name.namespace())
    }

    /// Whether the account may make repositories of a namespace. Those without one have no owner: whoever was granted all
    /// of them makes none, only system administrators do. So it is with a namespace whose owner is gone or inactive: what
    /// is made there would be nobody's to look after.
    pub(super) fn may_make_within(&self, namespace: &Namespace) -> bool {
        self.level_on_all_of(namespace).is_some_and(|level| self.makes_with(level, namespace))
    }

    /// The same for who has this level on all of the namespace.
    pub(super) fn makes_with(&self, level: AccessLevel, namespace: &Namespace) -> bool {
        match namespace {
            Namespace::Empty => self.is_admin_account(),
            Namespace::Of(name) => {
                let has_owner = || self.state.account_named(name.as_str()).is_some_and(|owner| owner.is_active);
                level == AccessLevel::Admin && (self.is_admin_account() || has_owner())
            }
        }
    }

    /// Creating some repository of a namespace by the API: which ones, the access token's patterns say.
    pub(in crate::service) fn create_within(&self, namespace: &Namespace) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        let may = self.has_cap(AccessLevel::Admin) && self.may_make_within(namespace);
        if may { Ok(permit) } else { Err(self.makes_none_within(namespace, self.reaches_all_of(namespace))) }
    }

    /// Creating a repository by the API.
    pub(in crate::service) fn create_repository(&self, name: &RepositoryName) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        let may = self.may_create(name, AccessLevel::Admin);
        if may { Ok(permit) } else { Err(self.makes_none_within(&name.namespace(), self.reaches(name))) }
    }

    /// Creating the record of a repository that is about to be pushed to; never of one without a namespace, whoever
    /// pushes: a mistyped name would become one that belongs to nobody.
    pub(in crate::service) fn create_by_push(&self, name: &RepositoryName) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        if name.namespace() == Namespace::Empty {
            return Err(Error::Denied(NOT_BY_PUSH));
        }
        if self.may_create(name, AccessLevel::Push) { Ok(permit) } else { Err(Error::Denied("no push here")) }
    }

    /// Changing a repository.
    pub(in crate::service) fn administer_repository(&self, name: &RepositoryName) -> Result<Permit, Error> {
        self.act_on(name, AccessLevel::Admin, "this needs admin access to the repository")
    }

    /// Deleting a tag of a repository.
    pub(in crate::service) fn delete_tag(&self, name: &RepositoryName) -> Result<Permit, Error> {
        self.act_on(name, AccessLevel::ReadWrite, "this needs read-write access to the repository")
    }

    /// Acting on a repository. Callers who may not see it get the same answer as if it did not exist.
    fn act_on(&self, name: &RepositoryName, needed: AccessLevel, denied: &'static str) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        match self.level(name) {
            Some(level) if level >= needed => Ok(permit),
            Some(_) => {
                let is_for_it = self.reaches(name) && self.account_level(name) >= Some(needed);
                Err(self.short_of(needed, is_for_it, denied))
            }
            None => Err(self.no_such_repository(name)),
        }
    }

    /// The refusal of what needs this level. `is_for_it`: the account has the level, on what the access token is for; then
    /// only the token's cap is in the way, and is named.
    fn short_of(&self, needed: AccessLevel, is_for_it: bool, denied: &'static str) -> Error {
        match self.token().map(|token| token.limits.cap).filter(|cap| is_for_it && *cap < needed) {
            Some(cap) => Error::Capped(format!("{denied}: {}", Refusal::Cap(cap))),
            None => Error::Denied(denied),
        }
    }

    /// Why the caller makes no repository in this namespace. `reaches`: its access token is for what it would make.
    fn makes_none_within(&self, namespace: &Namespace, reaches: bool) -> Error {
        let denied = match namespace {
            Namespace::Empty => NO_NAMESPACE,
            Namespace::Of(_) if self.administers_namespace(namespace) && !self.may_make_within(namespace) => NO_OWNER,
            Namespace::Of(_) => NO_ADMIN,
        };
        self.short_of(AccessLevel::Admin, reaches && self.may_make_within(namespace), denied)
    }

    /// Changing access on a whole namespace.
    pub(in crate::service) fn administer_namespace(&self, namespace: &Namespace) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        if self.administers_namespace(namespace) {
            return Ok(permit);
        }
        let is_for_it = self.reaches_all_of(namespace) && self.owns_namespace(namespace);
        Err(self.short_of(AccessLevel::Admin, is_for_it, NO_ADMIN))
    }

    /// Whether `registry:catalog:*`, every name of the registry, may be granted.
    pub(in crate::service) fn may_list_whole_registry(&self) -> bool {
        self.is_admin_account() && self.patterns().is_empty()
    }

    /// Whether the account reaches every repository; its access token's patterns may still narrow that.
    pub(in crate::service) fn reaches_everything(&self) -> bool {
        self.is_admin_account()
    }

    /// The patterns that narrow what the account reaches; empty if nothing does.
    pub(in crate::service) fn patterns(&self) -> &'s [Pattern] {
        self.token().map_or(&[], |token| &token.limits.patterns)
    }
}
