//! A change in the making: the state as it would be, and the records to write.
//!
//! Runs on the writer's thread. Every method changes the working state with its indexes and notes the record for the
//! disk, so that both always say the same. If the work fails, all of it is thrown away.

mod content;

use std::net::IpAddr;

use super::chain::AuditKey;
use super::codec::DecodeError;
use super::engine::Change;
use super::record::{Grant, KnownAddress, Meta};
use super::row;
use super::state::{Enter, State};
use super::table::{self, Table};
use crate::domain::access::AccessLevel;
use crate::domain::account::Account;
use crate::domain::audit::{AuditEntry, Occurrence};
use crate::domain::content::Deletion;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::settings::Choices;
use crate::domain::token::{AccessToken, Usage};

/// A record is larger than a record may be, although every field was bounded: a fault of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record is too large to be stored")]
pub struct TooLarge;

impl From<DecodeError> for TooLarge {
    fn from(_: DecodeError) -> Self {
        Self
    }
}

/// A change in the making.
pub struct Txn<'a> {
    state: &'a mut State,
    key: &'a AuditKey,
    changes: Vec<Change>,
    removed_tokens: Vec<Id>,
}

/// What a finished change leaves for the writer.
pub(super) struct Outcome {
    pub(super) changes: Vec<Change>,
    pub(super) removed_tokens: Vec<Id>,
}

impl<'a> Txn<'a> {
    pub(super) fn new(state: &'a mut State, key: &'a AuditKey) -> Self {
        Self { state, key, changes: Vec::new(), removed_tokens: Vec::new() }
    }

    pub(super) fn finish(self) -> Outcome {
        Outcome { changes: self.changes, removed_tokens: self.removed_tokens }
    }

    /// The state with everything that was changed so far.
    #[must_use]
    pub fn state(&self) -> &State {
        self.state
    }

    /// Takes a row into the state, and notes it for the disk. False if it contradicts another one; then nothing has
    /// changed.
    fn put<R: Enter>(&mut self, row: R) -> Result<bool, TooLarge> {
        let change = row::put(&row)?;
        let is_in = row.enter(self.state).is_ok();
        if is_in {
            self.changes.push(change);
        }
        Ok(is_in)
    }

    fn remove(&mut self, table: Table, key: Vec<u8>) {
        self.changes.push(Change { table, key, value: None });
    }

    /// Writes what the store says about itself.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_meta(&mut self, meta: Meta) -> Result<(), TooLarge> {
        self.put(meta).map(drop)
    }

    /// Writes what administrators chose of the settings.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_choices(&mut self, choices: Choices) -> Result<(), TooLarge> {
        self.put(choices).map(drop)
    }

    /// Writes an account, new or changed. False if another account has its name; nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_account(&mut self, account: Account) -> Result<bool, TooLarge> {
        self.put(account)
    }

    /// Removes an account with everything that hangs on it but repositories: access tokens, the grants that it holds,
    /// known addresses, memberships; of an organization its members and teams.
    pub fn remove_account(&mut self, id: Id, known: &[IpAddr]) {
        let tokens: Vec<Id> = self.state.tokens_of(id, None).map(|token| token.id).collect();
        tokens.into_iter().for_each(|token| self.remove_token(token));
        self.remove_grants_of(Grantee::User(id));
        known.iter().for_each(|address| self.remove(Table::KnownAddresses, table::known_address(id, *address)));
        let organizations: Vec<Id> = self.state.organizations_of(id).map(|(organization, _)| organization).collect();
        organizations.into_iter().for_each(|organization| self.remove_member(organization, id));
        let teams: Vec<Id> = self.state.teams_of_organization(id).map(|team| team.id).collect();
        teams.into_iter().for_each(|team| self.remove_team(team));
        let members: Vec<Id> = self.state.members_of(id).map(|(user, _)| user).collect();
        members.into_iter().for_each(|user| self.remove_member(id, user));
        self.remove(Table::Accounts, table::id(id));
        self.state.remove_account(id);
    }

    /// Writes that a user belongs to an organization. False if one of them is not there; nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_member(&mut self, membership: Membership) -> Result<bool, TooLarge> {
        self.put(membership)
    }

    /// Removes a user from an organization, and so from its teams.
    pub fn remove_member(&mut self, organization: Id, user: Id) {
        let teams = self.state.teams_of(user).filter(|team| team.organization == organization);
        let teams: Vec<Id> = teams.map(|team| team.id).collect();
        teams.into_iter().for_each(|team| self.remove_team_member(TeamMembership { team, user }));
        self.remove(Table::Members, table::membership(organization, user));
        self.state.remove_member(organization, user);
    }

    /// Writes a team, new or changed. False if another team of the organization has its name; nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_team(&mut self, team: Team) -> Result<bool, TooLarge> {
        self.put(team)
    }

    /// Removes a team with its members and its grants.
    pub fn remove_team(&mut self, id: Id) {
        self.remove_grants_of(Grantee::Team(id));
        let members: Vec<Id> = self.state.team_members_of(id).collect();
        members.into_iter().for_each(|user| self.remove_team_member(TeamMembership { team: id, user }));
        self.remove(Table::Teams, table::id(id));
        self.state.remove_team(id);
    }

    /// Writes that a user belongs to a team. False if it is no member of the team's organization; nothing is written
    /// then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_team_member(&mut self, membership: TeamMembership) -> Result<bool, TooLarge> {
        self.put(membership)
    }

    /// Removes a user from a team.
    pub fn remove_team_member(&mut self, membership: TeamMembership) {
        self.remove(Table::TeamMembers, table::membership(membership.team, membership.user));
        self.state.remove_team_member(membership);
    }

    fn remove_grants_of(&mut self, grantee: Grantee) {
        let targets: Vec<GrantTarget> = self.state.grants_of(grantee).map(|(target, _)| target.clone()).collect();
        targets.iter().for_each(|target| self.remove_grant(target, grantee));
    }

    /// Writes a repository, new or changed; it is no deleted one any more.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_repository(&mut self, repository: Repository) -> Result<(), TooLarge> {
        self.remove_deleted(&repository.name);
        self.put(repository).map(drop)
    }

    /// Removes a repository with the grants on it and what is known of its content, and notes that it was deleted here.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn remove_repository(&mut self, name: &RepositoryName, deletion: Deletion) -> Result<(), TooLarge> {
        let was_there = self.state.repository(name).is_some();
        self.remove_content(name);
        self.remove_grants_on(&GrantTarget::Repository(name.clone()));
        self.remove(Table::Repositories, table::repository(name));
        self.state.remove_repository(name);
        if was_there { self.put_deleted(name, deletion) } else { Ok(()) }
    }

    /// Writes an access token, new or changed. False if its hash names another one, or there is no such owner; nothing
    /// is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_token(&mut self, token: AccessToken) -> Result<bool, TooLarge> {
        self.put(token)
    }

    /// Removes an access token with the note of its last use.
    pub fn remove_token(&mut self, id: Id) {
        self.remove(Table::Tokens, table::id(id));
        self.remove(Table::Usage, table::id(id));
        self.removed_tokens.push(id);
        self.state.remove_token(id);
    }

    /// Writes a grant, new or changed.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_grant(&mut self, target: &GrantTarget, grantee: Grantee, level: AccessLevel) -> Result<(), TooLarge> {
        self.put(Grant { target: target.clone(), grantee, level }).map(drop)
    }

    /// Removes a grant.
    pub fn remove_grant(&mut self, target: &GrantTarget, grantee: Grantee) {
        self.remove(Table::Grants, table::grant(target, grantee));
        self.state.remove_grant(target, grantee);
    }

    /// Removes every grant on a target.
    pub fn remove_grants_on(&mut self, target: &GrantTarget) {
        let grantees: Vec<Grantee> = self.state.grants_on(target).map(|(grantee, _)| grantee).collect();
        grantees.into_iter().for_each(|grantee| self.remove_grant(target, grantee));
    }

    /// Writes the last use of an access token; left out if the token is gone.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_usage(&mut self, token: Id, usage: &Usage) -> Result<(), TooLarge> {
        if self.state.token(token).is_none() {
            return Ok(());
        }
        let value = Some(row::encode(usage)?);
        self.changes.push(Change { table: Table::Usage, key: table::id(token), value });
        Ok(())
    }

    /// Writes that an address signed in to an account; left out if the account is gone.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_known_address(&mut self, known: &KnownAddress) -> Result<(), TooLarge> {
        if self.state.account(known.account).is_none() {
            return Ok(());
        }
        self.changes.push(row::put(known)?);
        Ok(())
    }

    /// Forgets an address of an account.
    pub fn remove_known_address(&mut self, account: Id, address: IpAddr) {
        self.remove(Table::KnownAddresses, table::known_address(account, address));
    }

    /// Appends to the audit log: an event that happened once or more often.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn audit(&mut self, entry: &AuditEntry, when: Occurrence) -> Result<(), TooLarge> {
        let record = self.key.link(self.state.audit(), entry, when)?;
        self.put(record).map(drop)
    }
}
