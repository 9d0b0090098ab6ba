//! Who may do what with repositories and namespaces: levels, and what follows from them.

use super::{Authority, Permit};
use crate::domain::access::AccessLevel;
use crate::domain::account::Account;
use crate::domain::grant::Grantee;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::token::Pattern;
use crate::service::error::Error;

const NO_ADMIN: &str = "this needs admin access to the namespace";
const NO_NAMESPACE: &str = "only a system administrator makes a repository without a namespace";
const NOT_BY_PUSH: &str = "a push makes no repository without a namespace; a system administrator does";

impl<'s> Authority<'s> {
    /// The grantees whose grants the account has: itself and its teams.
    pub(in crate::service) fn grantees(&self) -> impl Iterator<Item = Grantee> + use<'s> {
        let state = self.state;
        let user = self.account().map(|account| account.id);
        let teams = user.into_iter().flat_map(move |user| state.teams_of(user)).map(|team| Grantee::Team(team.id));
        user.map(Grantee::User).into_iter().chain(teams)
    }

    /// The account itself and the organizations that it administers, which own what it has every right on; not the others
    /// that a system administrator has every right of.
    pub(in crate::service) fn owners(&self) -> Vec<&'s Account> {
        let Some(account) = self.account() else { return Vec::new() };
        let administered = self.state.organizations_of(account.id).filter(|(_, is_admin)| *is_admin);
        let organizations = administered.filter_map(|(id, _)| self.state.account(id));
        std::iter::once(account).chain(organizations.map(AsRef::as_ref)).collect()
    }

    pub(in crate::service::access) fn limited(
        &self,
        level: Option<AccessLevel>,
        name: &RepositoryName,
    ) -> Option<AccessLevel> {
        match self.token() {
            Some(token) => token.limits.limit(level, name),
            None => level,
        }
    }

    /// The caller's level on a repository of this name, known or not. Everybody may read a public one, whatever an
    /// access token's limits.
    pub(in crate::service) fn level(&self, name: &RepositoryName) -> Option<AccessLevel> {
        self.limited(self.account_level(name), name).max(self.public_level(name))
    }

    /// The level of everybody.
    pub(super) fn public_level(&self, name: &RepositoryName) -> Option<AccessLevel> {
        let is_public = self.state.repository(name).is_some_and(|repository| repository.is_public);
        is_public.then_some(AccessLevel::ReadOnly)
    }

    /// Whether the caller may change access on the whole namespace, within its access token's limits.
    pub(in crate::service) fn administers_namespace(&self, namespace: &Namespace) -> bool {
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
        self.level_on_all_of(namespace) == Some(AccessLevel::Admin)
    }

    /// Whether the caller may create a repository of this name, with at least `cap` on its access token.
    pub(in crate::service) fn may_create(&self, name: &RepositoryName, cap: AccessLevel) -> bool {
        let by_token = self.token().is_none_or(|token| token.limits.cap >= cap && token.limits.reaches(name));
        by_token && self.may_make_within(&name.namespace())
    }

    /// Whether the account may make repositories of a namespace. Those without one have no owner: whoever was granted all
    /// of them makes none, only system administrators do.
    pub(super) fn may_make_within(&self, namespace: &Namespace) -> bool {
        match namespace {
            Namespace::Empty => self.is_admin_account(),
            Namespace::Of(_) => self.owns_namespace(namespace),
        }
    }

    /// Creating some repository of a namespace by the API: which ones, the access token's patterns say.
    pub(in crate::service) fn create_within(&self, namespace: &Namespace) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        let by_token = self.token().is_none_or(|token| token.limits.cap >= AccessLevel::Admin);
        if by_token && self.may_make_within(namespace) { Ok(permit) } else { Err(denied_within(namespace)) }
    }

    /// Creating a repository by the API.
    pub(in crate::service) fn create_repository(&self, name: &RepositoryName) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        let may = self.may_create(name, AccessLevel::Admin);
        if may { Ok(permit) } else { Err(denied_within(&name.namespace())) }
    }

    /// Creating the record of a repository that is about to be pushed to; never of one without a namespace, whoever
    /// pushes: a mistyped name would become one that belongs to nobody.
    pub(in crate::service) fn create_by_push(&self, name: &RepositoryName) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        if name.namespace() == Namespace::Empty {
            return Err(Error::Denied(NOT_BY_PUSH));
        }
        if self.may_create(name, AccessLevel::ReadWrite) { Ok(permit) } else { Err(Error::Denied("no push here")) }
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
            Some(_) => Err(Error::Denied(denied)),
            None => Err(self.no_such_repository(name)),
        }
    }

    /// Changing access on a whole namespace.
    pub(in crate::service) fn administer_namespace(&self, namespace: &Namespace) -> Result<Permit, Error> {
        let permit = self.signed_in()?;
        let may = self.administers_namespace(namespace);
        if may { Ok(permit) } else { Err(Error::Denied(NO_ADMIN)) }
    }

    /// Whether `registry:catalog:*`, every name of the registry, may be granted.
    pub(in crate::service) fn may_list_whole_registry(&self) -> bool {
        let has_patterns = self.token().is_some_and(|token| !token.limits.patterns.is_empty());
        self.is_admin_account() && !has_patterns
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

/// Why a caller makes no repository in this namespace.
fn denied_within(namespace: &Namespace) -> Error {
    Error::Denied(match namespace {
        Namespace::Empty => NO_NAMESPACE,
        Namespace::Of(_) => NO_ADMIN,
    })
}
