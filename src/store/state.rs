//! The published state: everything that requests read, in memory, in ordered persistent maps.
//!
//! A clone costs nothing and shares all entries; a change copies only the path to its entry. Readers hold one
//! consistent moment and never wait for the writer. The indexes are made from the records at start and kept with them
//! by the methods here, so that none can be an orphan. Only the audit log stays on disk.

mod apply;
mod content;
mod gone;
mod grams;
mod groups;
#[cfg(test)]
pub(crate) mod lookups;
mod names;
mod owners;
mod packed;
mod people;
mod repositories;
mod tokens;
mod users;

use std::ops::Bound;
use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet};

use super::record::{Anchor, Gone, Meta};
use crate::domain::access::GrantLevel;
use crate::domain::account::Account;
use crate::domain::audit::AuditHead;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::latest::Latest;
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::order::Order;
use crate::domain::organization::Team;
use crate::domain::repository::Repository;
use crate::domain::settings::Choices;
use crate::domain::token::AccessToken;
use crate::domain::user_name::UserName;
pub(super) use apply::{Enter, ReadRow, TOKEN_STANDS_TWICE, Taken, decode, read};
use content::{Content, DeletedName, DeletedSize};
pub use grams::Sought;
pub use groups::GroupSize;
pub use names::{Indexed, Names};
use owners::Away;
use tokens::Tokens;
pub use users::UserSort;

/// One consistent moment of everything but the audit log.
#[derive(Clone, Default, PartialEq)]
pub struct State {
    meta: Option<Meta>,
    choices: Choices,
    accounts: OrdMap<Id, Arc<Account>>,
    account_names: OrdMap<Name, Id>,
    account_index: Names<Name>,
    active_admins: OrdSet<Id>,
    organizations: OrdMap<Name, Id>,
    users: OrdMap<(UserSort, Name), Id>,
    user_counts: HashMap<UserSort, usize>,
    bcrypt_costs: OrdMap<u32, usize>,
    repositories: OrdMap<RepositoryName, Arc<Repository>>,
    repository_names: HashMap<Id, RepositoryName>,
    repository_index: Names<RepositoryName>,
    public: Names<RepositoryName>,
    without_namespace: Names<RepositoryName>,
    public_without_namespace: Names<RepositoryName>,
    namespace_sizes: HashMap<Namespace, usize>,
    transferred: OrdSet<(Id, RepositoryName)>,
    transferred_counts: HashMap<Id, usize>,
    transferred_away: HashMap<Namespace, Away>,
    kept: HashMap<Namespace, Names<RepositoryName>>,
    contents: HashMap<Id, Content>,
    deleted: OrdMap<RepositoryName, DeletedName>,
    deleted_sizes: HashMap<Namespace, DeletedSize>,
    deleted_by_owner: HashMap<Id, usize>,
    gone: OrdMap<u64, Arc<Gone>>,
    gone_ids: HashMap<Id, u64>,
    going: OrdMap<Id, RepositoryName>,
    tokens: Tokens,
    members: OrdMap<(Id, Id), bool>,
    organizations_by_user: OrdMap<(Id, Name), (Id, bool)>,
    organization_counts: HashMap<Id, usize>,
    teams: OrdMap<Id, Arc<Team>>,
    team_names: OrdMap<(Id, Name), Id>,
    team_members: OrdSet<(Id, Id)>,
    teams_by_user: OrdSet<(Id, Id)>,
    members_by_name: OrdMap<(Id, Name), Id>,
    group_sizes: HashMap<Id, GroupSize>,
    grants: OrdMap<(GrantTarget, Grantee), GrantLevel>,
    grants_by_grantee: OrdMap<(Grantee, GrantTarget), GrantLevel>,
    audit: AuditHead,
    latest: Latest,
    anchor: Option<Arc<Anchor>>,
    /// Whether rows are taken in one after another, and the indexes of names are made of all at the end.
    is_loading: bool,
}

/// Reading.
impl State {
    /// What the store says about itself; none before the first start has finished.
    #[must_use]
    pub fn meta(&self) -> Option<&Meta> {
        self.meta.as_ref()
    }

    /// What administrators chose of the settings.
    #[must_use]
    pub fn choices(&self) -> Choices {
        self.choices.clone()
    }

    /// The end of the audit chain.
    #[must_use]
    pub fn audit(&self) -> AuditHead {
        self.audit
    }

    /// The latest date that was seen, which all states of a store share.
    #[must_use]
    pub fn latest(&self) -> &Latest {
        &self.latest
    }

    /// What the oldest part of the audit log is summed up to; none if nothing is.
    pub(super) fn anchor(&self) -> Option<&Anchor> {
        self.anchor.as_deref()
    }

    /// The account of this identifier.
    #[must_use]
    pub fn account(&self, id: Id) -> Option<&Arc<Account>> {
        #[cfg(test)]
        lookups::count();
        self.accounts.get(&id)
    }

    /// The account of this name.
    #[must_use]
    pub fn account_named(&self, name: &str) -> Option<&Arc<Account>> {
        #[cfg(test)]
        lookups::count();
        self.account_names.get(name).and_then(|id| self.accounts.get(id))
    }

    /// Accounts by name, from the first after `after` (from the beginning, if none).
    pub fn accounts_by_name<'a>(
        &'a self,
        order: Order,
        after: Option<&Name>,
    ) -> impl Iterator<Item = &'a Arc<Account>> + use<'a> {
        self.named(&self.account_names, order, after)
    }

    /// Accounts whose names contain a text, by name.
    pub fn accounts_containing(&self, sought: &Arc<Sought>) -> impl Iterator<Item = &Arc<Account>> {
        let names = self.account_index.containing(sought, ..);
        names.filter_map(|name| self.account_named(name.as_str()))
    }

    /// Organizations by name, from the first one after `after` (from the beginning, if none).
    pub fn organizations_by_name<'a>(
        &'a self,
        order: Order,
        after: Option<&Name>,
    ) -> impl Iterator<Item = &'a Arc<Account>> + use<'a> {
        self.named(&self.organizations, order, after)
    }

    fn named<'a>(
        &'a self,
        index: &'a OrdMap<Name, Id>,
        order: Order,
        after: Option<&Name>,
    ) -> impl Iterator<Item = &'a Arc<Account>> + use<'a> {
        let rest = order.rest(after.cloned(), Bound::Unbounded, Bound::Unbounded);
        order.walk(index.range(rest)).filter_map(|(_, id)| self.accounts.get(id))
    }

    /// How many users there are.
    #[must_use]
    pub fn users_count(&self) -> usize {
        self.accounts.len().saturating_sub(self.organizations.len())
    }

    /// How many organizations there are.
    #[must_use]
    pub fn organizations_count(&self) -> usize {
        self.organizations.len()
    }

    /// Whether the account is the only system administrator who can act.
    #[must_use]
    pub fn is_last_admin(&self, id: Id) -> bool {
        self.active_admins.len() == 1 && self.active_admins.contains(&id)
    }

    /// The system administrators who may sign in, if they have anything to sign in with.
    pub fn active_admins(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.active_admins.iter().filter_map(|id| self.accounts.get(id))
    }

    /// The robot of this name in an organization. It costs a look at each of its robots, which are few; of a user, who has
    /// none and may have many access tokens, at nothing.
    #[must_use]
    pub fn robot(&self, organization: Id, name: &str) -> Option<&Arc<AccessToken>> {
        self.account(organization).filter(|account| account.is_organization())?;
        self.tokens_of(organization, None)
            .find(|token| token.robot.as_ref().is_some_and(|robot| robot.as_str() == name))
    }

    /// The account that signs in by this name; of a robot that is there, its organization.
    #[must_use]
    pub fn account_signing_in(&self, name: &UserName) -> Option<&Arc<Account>> {
        let account = self.account_named(name.account.as_str())?;
        let is_there = |robot: &Name| self.robot(account.id, robot.as_str()).is_some();
        name.robot.as_ref().is_none_or(is_there).then_some(account)
    }

    /// Whether the user is a member of the organization, and if so whether it administers it.
    #[must_use]
    pub fn member(&self, organization: Id, user: Id) -> Option<bool> {
        #[cfg(test)]
        lookups::count();
        self.members.get(&(organization, user)).copied()
    }

    /// The members of an organization and whether they administer it, by identifier.
    pub fn members_of(&self, organization: Id) -> impl Iterator<Item = (Id, bool)> {
        let range = self.members.range((organization, Id::MIN)..=(organization, Id::MAX));
        range.map(|((_, user), is_admin)| (*user, *is_admin))
    }

    /// The organizations of a user and whether it administers them, by name.
    pub fn organizations_of(&self, user: Id) -> impl Iterator<Item = (Id, bool)> {
        self.organizations_of_by_name(user, Order::Ascending, None)
    }

    /// The team of this identifier.
    #[must_use]
    pub fn team(&self, id: Id) -> Option<&Arc<Team>> {
        self.teams.get(&id)
    }

    /// The team of this name in an organization.
    #[must_use]
    pub fn team_named(&self, organization: Id, name: &Name) -> Option<&Arc<Team>> {
        self.team_names.get(&(organization, name.clone())).and_then(|id| self.teams.get(id))
    }

    /// The teams of an organization, by name.
    pub fn teams_of_organization(&self, organization: Id) -> impl Iterator<Item = &Arc<Team>> {
        self.teams_by_name(organization, Order::Ascending, None)
    }

    /// The teams of a user.
    pub fn teams_of(&self, user: Id) -> impl Iterator<Item = &Arc<Team>> {
        self.teams_by_user.range((user, Id::MIN)..=(user, Id::MAX)).filter_map(|(_, id)| self.teams.get(id))
    }

    /// Whether the user is in the team.
    #[must_use]
    pub fn is_in_team(&self, team: Id, user: Id) -> bool {
        self.team_members.contains(&(team, user))
    }

    /// The members of a team, by identifier.
    pub fn team_members_of(&self, team: Id) -> impl Iterator<Item = Id> {
        self.team_members.range((team, Id::MIN)..=(team, Id::MAX)).map(|(_, user)| *user)
    }

    /// The level of a grant.
    #[must_use]
    pub fn grant(&self, target: &GrantTarget, grantee: Grantee) -> Option<GrantLevel> {
        #[cfg(test)]
        lookups::count();
        self.grants_by_grantee.get(&(grantee, target.clone())).copied()
    }

    /// The grants on a target, by grantee.
    pub fn grants_on<'a>(&'a self, target: &GrantTarget) -> impl Iterator<Item = (Grantee, GrantLevel)> + use<'a> {
        let target = target.clone();
        let start = (target.clone(), Grantee::User(Id::MIN));
        let on_target = move |entry: &(&'a (GrantTarget, Grantee), &'a GrantLevel)| entry.0.0 == target;
        self.grants.range(start..).take_while(on_target).map(|((_, grantee), level)| (*grantee, *level))
    }

    /// The grants of a grantee, namespaces first, by name.
    pub fn grants_of(&self, grantee: Grantee) -> impl Iterator<Item = (&GrantTarget, GrantLevel)> {
        let first = GrantTarget::Namespace(Namespace::Empty);
        let last = GrantTarget::Repository(RepositoryName::last());
        self.grants_within(grantee, Bound::Included(first), Bound::Excluded(last))
    }

    /// The grants of a grantee on the targets within a range, namespaces first, by name.
    #[must_use]
    pub fn grants_within(
        &self,
        grantee: Grantee,
        first: Bound<GrantTarget>,
        last: Bound<GrantTarget>,
    ) -> impl DoubleEndedIterator<Item = (&GrantTarget, GrantLevel)> {
        let range = (first.map(|target| (grantee, target)), last.map(|target| (grantee, target)));
        self.grants_by_grantee.range(range).map(|((_, target), level)| (target, *level))
    }
}

/// Changing: each method keeps a record and its indexes together.
impl State {
    /// False if another account has the name.
    pub(super) fn put_account(&mut self, account: Arc<Account>) -> bool {
        if self.account_names.get(&account.name).is_some_and(|id| *id != account.id) {
            return false;
        }
        let id = account.id;
        // A name never changes; should it, the lists follow.
        let is_renamed = self.account(id).is_some_and(|known| known.name != account.name);
        let (groups, members) =
            if is_renamed { (self.groups_of(id), self.members_of(id).collect()) } else { (Vec::new(), Vec::new()) };
        groups.iter().for_each(|group| self.unlist_member(*group, id));
        members.iter().for_each(|(user, _)| self.unlist_organization(*user, id));
        self.remove_account(id);
        self.account_names.insert(account.name.clone(), id);
        if !self.is_loading {
            self.account_index.insert(account.name.clone());
        }
        if account.is_organization() {
            self.organizations.insert(account.name.clone(), account.id);
        }
        if account.is_active_admin() {
            self.active_admins.insert(id);
        }
        self.list_user(&account);
        self.accounts.insert(id, account);
        groups.iter().for_each(|group| self.list_member(*group, id));
        members.iter().for_each(|(user, is_admin)| self.list_organization(*user, id, *is_admin));
        true
    }

    pub(super) fn remove_account(&mut self, id: Id) {
        if let Some(account) = self.accounts.remove(&id) {
            self.account_names.remove(&account.name);
            self.account_index.remove(&account.name);
            self.active_admins.remove(&id);
            self.organizations.remove(&account.name);
            self.unlist_user(&account);
        }
    }

    pub(super) fn put_grant(&mut self, target: &GrantTarget, grantee: Grantee, level: GrantLevel) {
        self.grants.insert((target.clone(), grantee), level);
        self.grants_by_grantee.insert((grantee, target.clone()), level);
    }

    pub(super) fn remove_grant(&mut self, target: &GrantTarget, grantee: Grantee) {
        self.grants.remove(&(target.clone(), grantee));
        self.grants_by_grantee.remove(&(grantee, target.clone()));
    }
}
