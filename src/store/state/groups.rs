//! Who is in organizations and teams by name, and how many they are: pages of their lists cost what they show.
//!
//! A group is an organization or a team; no identifier is both.

use std::ops::Bound;
use std::sync::Arc;

use super::State;
use crate::domain::id::Id;
use crate::domain::name::Name;
use crate::domain::order::Order;
use crate::domain::organization::Team;

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

    /// How many belong to an organization or a team.
    #[must_use]
    pub fn group_size(&self, group: Id) -> GroupSize {
        self.group_sizes.get(&group).copied().unwrap_or_default()
    }
}

/// An end of a range of names in a group.
type End = Bound<(Id, Name)>;

fn named_in(group: Id, order: Order, after: Option<&Name>) -> (End, End) {
    let after = after.map(|name| (group, name.clone()));
    order.rest(after, Bound::Excluded((group, Name::first())), Bound::Excluded((group, Name::last())))
}

/// Changing.
impl State {
    /// Changes how many belong to a group; one without anybody has no entry, so that equal states are equal.
    pub(super) fn resize(&mut self, group: Id, change: impl FnOnce(&mut GroupSize)) {
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

    /// The organizations and the teams of a user.
    pub(super) fn groups_of(&self, user: Id) -> Vec<Id> {
        let organizations = self.organizations_of(user).map(|(organization, _)| organization);
        organizations.chain(self.teams_of(user).map(|team| team.id)).collect()
    }
}
