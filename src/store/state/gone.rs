//! What one change deleted: nothing of it is in the state, while its rows may still be on the disk.
//!
//! An identifier that is gone takes along everything that belongs to it: each row whose key begins with it, and each
//! that names it elsewhere. The rows go later, a bounded number at a time ([`crate::store::purge`]). Until then the
//! load of the store skips them by these identifiers, never by a name, which somebody else may have by then.

use std::sync::Arc;

use super::State;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::organization::TeamMembership;
use crate::store::record::{Gone, Part};
use crate::store::table::{self, Table};

/// Reading.
impl State {
    /// Whether rows are on the disk that are to be removed.
    #[must_use]
    pub fn is_purging(&self) -> bool {
        !self.gone.is_empty()
    }

    /// What is gone and still has rows on the disk, oldest first.
    pub(in crate::store) fn gone(&self) -> impl Iterator<Item = &Arc<Gone>> {
        self.gone.values()
    }

    /// The number of what goes next.
    pub(in crate::store) fn next_gone(&self) -> u64 {
        self.gone.get_max().map_or(1, |(number, _)| number.saturating_add(1))
    }

    pub(in crate::store) fn is_gone(&self, id: Id) -> bool {
        self.gone_ids.contains_key(&id)
    }

    /// Whether a deleted repository of this name still has its row on the disk.
    pub(in crate::store) fn is_going(&self, name: &RepositoryName) -> bool {
        self.going.values().any(|going| going == name)
    }

    /// The access tokens and the teams of an account, which go with it, and last the account itself.
    pub(in crate::store) fn parts_of_account(&self, id: Id) -> Vec<(Part, Id)> {
        let tokens = self.tokens_of(id, None).map(|token| (Part::Token, token.id));
        let teams = self.teams_of_organization(id).map(|team| (Part::Team, team.id));
        tokens.chain(teams).chain([(Part::Account, id)]).collect()
    }

    /// The keys of the rows that name an identifier, but do not begin with it.
    pub(in crate::store) fn mentions(&self, part: Part, id: Id) -> Vec<(Table, Vec<u8>)> {
        match part {
            Part::Token | Part::Repository => Vec::new(),
            Part::Team => self.mentioned_in_grants(Grantee::Team(id)).collect(),
            Part::Account => {
                let organizations = self.organizations_of(id);
                let organizations = organizations.map(|(group, _)| (Table::Members, table::membership(group, id)));
                let teams = self.teams_of(id).map(|team| (Table::TeamMembers, table::membership(team.id, id)));
                organizations.chain(teams).chain(self.mentioned_in_grants(Grantee::User(id))).collect()
            }
        }
    }

    fn mentioned_in_grants(&self, grantee: Grantee) -> impl Iterator<Item = (Table, Vec<u8>)> {
        self.grants_of(grantee).filter_map(move |(target, _)| self.grant_key(target, grantee))
    }

    /// Where a grant stands; none if there is no such repository.
    pub(in crate::store) fn grant_key(&self, target: &GrantTarget, grantee: Grantee) -> Option<(Table, Vec<u8>)> {
        Some(match target {
            GrantTarget::Namespace(namespace) => (Table::Grants, table::namespace_grant(namespace, grantee)),
            GrantTarget::Repository(name) => {
                let repository = self.repository(name)?.id;
                (Table::RepositoryGrants, table::repository_grant(repository, grantee))
            }
        })
    }
}

#[cfg(test)]
impl State {
    /// The state as it is once the purge is done.
    pub(crate) fn purged(&self) -> Self {
        Self { gone: imbl::OrdMap::new(), gone_ids: imbl::HashMap::new(), going: imbl::OrdMap::new(), ..self.clone() }
    }
}

/// Changing.
impl State {
    /// Takes everything out that belongs to these identifiers.
    pub(in crate::store) fn bury(&mut self, gone: Gone) {
        for (part, id) in &gone.ids {
            match part {
                Part::Account => self.bury_account(*id),
                Part::Team => self.bury_team(*id),
                Part::Token => self.remove_token(*id),
                Part::Repository => self.bury_repository(*id, &gone),
            }
            self.gone_ids.insert(*id, gone.number);
        }
        self.gone.insert(gone.number, Arc::new(gone));
    }

    /// Its access tokens and teams went before it ([`Self::parts_of_account`]).
    fn bury_account(&mut self, id: Id) {
        self.remove_grants_of(Grantee::User(id));
        let teams: Vec<Id> = self.teams_of(id).map(|team| team.id).collect();
        teams.into_iter().for_each(|team| self.remove_team_member(TeamMembership { team, user: id }));
        let organizations: Vec<Id> = self.organizations_of(id).map(|(organization, _)| organization).collect();
        organizations.into_iter().for_each(|organization| self.remove_member(organization, id));
        let members: Vec<Id> = self.members_of(id).map(|(user, _)| user).collect();
        members.into_iter().for_each(|user| self.remove_member(id, user));
        self.remove_account(id);
    }

    fn bury_team(&mut self, id: Id) {
        self.remove_grants_of(Grantee::Team(id));
        let members: Vec<Id> = self.team_members_of(id).collect();
        members.into_iter().for_each(|user| self.remove_team_member(TeamMembership { team: id, user }));
        self.remove_team(id);
    }

    fn bury_repository(&mut self, id: Id, gone: &Gone) {
        let Some(name) = self.repository_of(id).map(|repository| repository.name.clone()) else { return };
        self.remove_repository(id);
        self.going.insert(id, name.clone());
        if let Some(deletion) = &gone.deletion {
            self.put_deleted(name, deletion.clone(), gone.owner);
        }
    }

    fn remove_grants_of(&mut self, grantee: Grantee) {
        let targets: Vec<GrantTarget> = self.grants_of(grantee).map(|(target, _)| target.clone()).collect();
        targets.iter().for_each(|target| self.remove_grant(target, grantee));
    }

    /// Notes the name of a repository that is gone and still has its row on the disk.
    pub(super) fn note_going(&mut self, id: Id, name: RepositoryName) {
        self.going.insert(id, name);
    }

    /// Its row is not on the disk any more.
    pub(super) fn forget_going(&mut self, id: Id) {
        self.going.remove(&id);
    }

    /// Nothing of it is on the disk any more.
    pub(super) fn forget_gone(&mut self, number: u64) {
        if let Some(gone) = self.gone.remove(&number) {
            gone.ids.iter().for_each(|(_, id)| _ = self.gone_ids.remove(id));
        }
    }

    /// Remembers the names of repositories whose rows were taken in after they were gone. Call it once all rows of the
    /// store, or of a batch of changes, are in. A row that notes such a name is newer, and a repository that has the
    /// name was made later.
    pub(in crate::store) fn remember_going(&mut self) {
        let going = self.going.iter().filter_map(|(id, name)| Some((*self.gone_ids.get(id)?, name.clone())));
        let mut going: Vec<(u64, RepositoryName)> = going.collect();
        going.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        for (number, name) in going {
            let is_noted = self.repository(&name).is_some() || self.deleted.contains_key(&name);
            let gone = self.gone.get(&number).filter(|_| !is_noted).cloned();
            if let Some((deletion, owner)) = gone.and_then(|gone| Some((gone.deletion.clone()?, gone.owner))) {
                self.put_deleted(name, deletion, owner);
            }
        }
    }
}
