//! Members of organizations and teams by name, the organizations of a user, and their numbers: a page of a list costs
//! what it shows.
//!
//! A group is an organization or a team; no identifier is both.

use std::ops::Bound;
use std::sync::Arc;

use super::State;
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::domain::order::Order;
use crate::domain::organization::{Membership, Team, TeamMembership};

/// How many belong to an organization or a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GroupSize {
    /// Its members.
    pub members: usize,
    /// Those of them who administer it; teams have none.
    pub admins: usize,
    /// The teams of an organization.
    pub teams: usize,
}

/// Reading.
impl State {
    /// The members of an organization or a team by name, from the first after `after` (from the beginning, if none).
    pub fn members_by_name(&self, group: Id, order: Order, after: Option<&Name>) -> impl Iterator<Item = Id> {
        order.walk(self.members_by_name.range(named_in(group, order, after))).map(|(_, user)| *user)
    }

    /// The members of an organization, ascending from this identifier on.
    pub fn members_from(&self, organization: Id, from: Id) -> impl Iterator<Item = Id> {
        self.members.range((organization, from)..=(organization, Id::MAX)).map(|((_, user), _)| *user)
    }

    /// The members of a team, ascending from this identifier on.
    pub fn team_members_from(&self, team: Id, from: Id) -> impl Iterator<Item = Id> {
        self.team_members.range((team, from)..=(team, Id::MAX)).map(|(_, user)| *user)
    }

    /// The teams of an organization by name, from the first after `after` (from the beginning, if none).
    pub fn teams_by_name(
        &self,
        organization: Id,
        order: Order,
        after: Option<&Name>,
    ) -> impl Iterator<Item = &Arc<Team>> {
        let teams = order.walk(self.team_names.range(named_in(organization, order, after)));
        teams.filter_map(|(_, id)| self.teams.get(id))
    }

    /// The organizations of a user by name and whether it administers them, from the first after `after` (from the
    /// beginning, if none).
    pub fn organizations_of_by_name(
        &self,
        user: Id,
        order: Order,
        after: Option<&Name>,
    ) -> impl Iterator<Item = (Id, bool)> {
        order.walk(self.organizations_by_user.range(named_in(user, order, after))).map(|(_, entry)| *entry)
    }

    /// How many organizations a user belongs to.
    #[must_use]
    pub fn organizations_count_of(&self, user: Id) -> usize {
        self.organization_counts.get(&user).copied().unwrap_or(0)
    }

    /// How many belong to an organization or a team.
    #[must_use]
    pub fn group_size(&self, group: Id) -> GroupSize {
        self.group_sizes.get(&group).copied().unwrap_or_default()
    }
}

/// An end of a range of names in a group, or of the names of a user's organizations.
type NameBound = Bound<(Id, Name)>;

fn named_in(group: Id, order: Order, after: Option<&Name>) -> (NameBound, NameBound) {
    let after = after.map(|name| (group, name.clone()));
    order.rest(after, Bound::Excluded((group, Name::first())), Bound::Excluded((group, Name::last())))
}

/// Changing: each method keeps a record and its indexes together.
impl State {
    pub(in crate::store) fn put_member(&mut self, membership: Membership) {
        let Membership { organization, user, is_admin } = membership;
        let before = self.members.insert((organization, user), is_admin);
        self.list_organization(user, organization, is_admin);
        self.list_member(organization, user);
        if before.is_none() {
            let count = self.organizations_count_of(user) + 1;
            self.organization_counts.insert(user, count);
        }
        self.resize(organization, |size| {
            size.members += usize::from(before.is_none());
            size.admins += usize::from(is_admin);
            size.admins -= usize::from(before == Some(true));
        });
    }

    pub(in crate::store) fn remove_member(&mut self, organization: Id, user: Id) {
        let Some(was_admin) = self.members.remove(&(organization, user)) else { return };
        self.unlist_organization(user, organization);
        self.unlist_member(organization, user);
        match self.organizations_count_of(user).saturating_sub(1) {
            0 => self.organization_counts.remove(&user),
            count => self.organization_counts.insert(user, count),
        };
        self.resize(organization, |size| {
            size.members -= 1;
            size.admins -= usize::from(was_admin);
        });
    }

    /// False if another team of the organization has the name.
    pub(in crate::store) fn put_team(&mut self, team: Arc<Team>) -> bool {
        let (organization, key) = (team.organization, (team.organization, team.name.clone()));
        if self.team_names.get(&key).is_some_and(|id| *id != team.id) {
            return false;
        }
        self.team_names.insert(key, team.id);
        let is_new = self.teams.insert(team.id, team).is_none();
        self.resize(organization, |size| size.teams += usize::from(is_new));
        true
    }

    pub(in crate::store) fn remove_team(&mut self, id: Id) {
        if let Some(team) = self.teams.remove(&id) {
            self.team_names.remove(&(team.organization, team.name.clone()));
            self.resize(team.organization, |size| size.teams -= 1);
        }
    }

    pub(in crate::store) fn put_team_member(&mut self, membership: TeamMembership) {
        let TeamMembership { team, user } = membership;
        let was_in = self.team_members.insert((team, user)).is_some();
        self.teams_by_user.insert((user, team));
        self.list_member(team, user);
        self.resize(team, |size| size.members += usize::from(!was_in));
    }

    pub(in crate::store) fn remove_team_member(&mut self, membership: TeamMembership) {
        let TeamMembership { team, user } = membership;
        if self.team_members.remove(&(team, user)).is_none() {
            return;
        }
        self.teams_by_user.remove(&(user, team));
        self.unlist_member(team, user);
        self.resize(team, |size| size.members -= 1);
    }

    /// Changes the numbers of a group; an empty one has no entry, so that equal states are equal.
    fn resize(&mut self, group: Id, change: impl FnOnce(&mut GroupSize)) {
        let mut size = self.group_size(group);
        change(&mut size);
        if size == GroupSize::default() {
            self.group_sizes.remove(&group);
        } else {
            self.group_sizes.insert(group, size);
        }
    }

    pub(super) fn list_member(&mut self, group: Id, user: Id) {
        if let Some(name) = self.account(user).map(|account| account.name.clone()) {
            self.members_by_name.insert((group, name), user);
        }
    }

    pub(super) fn unlist_member(&mut self, group: Id, user: Id) {
        if let Some(name) = self.account(user).map(|account| account.name.clone()) {
            self.members_by_name.remove(&(group, name));
        }
    }

    pub(super) fn list_organization(&mut self, user: Id, organization: Id, is_admin: bool) {
        if let Some(name) = self.account(organization).map(|account| account.name.clone()) {
            self.organizations_by_user.insert((user, name), (organization, is_admin));
        }
    }

    pub(super) fn unlist_organization(&mut self, user: Id, organization: Id) {
        if let Some(name) = self.account(organization).map(|account| account.name.clone()) {
            self.organizations_by_user.remove(&(user, name));
        }
    }

    /// The organizations and the teams of a user.
    pub(super) fn groups_of(&self, user: Id) -> Vec<Id> {
        let organizations = self.organizations_of(user).map(|(organization, _)| organization);
        organizations.chain(self.teams_of(user).map(|team| team.id)).collect()
    }
}
