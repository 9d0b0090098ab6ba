//! A change in the making: the state as it would be, and the records to write.
//!
//! Runs on the writer's thread. Every method changes the working state with its indexes and notes the record for the
//! disk, so that both always say the same. If the work fails, all of it is thrown away.

mod content;
mod repeat;

use std::net::IpAddr;

use super::audit_key::AuditKey;
use super::change::RowChange;
use super::codec::DecodeError;
use super::journal::Share;
use super::record::{Anchor, Deleted, Gone, KnownAddress, Meta, NamespaceGrant, Part, Removed, RepositoryGrant};
use super::row;
use super::state::{Enter, State};
use super::table::{self, Table};
use crate::domain::access::GrantLevel;
use crate::domain::account::Account;
use crate::domain::audit::{AuditEntry, AuditRecord, Occurrence};
use crate::domain::content::Deletion;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::settings::Choices;
use crate::domain::token::AccessToken;
use crate::domain::usage::Usage;

/// A record is larger than a record may be, although every field was bounded: a fault of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record is too large to be stored")]
pub struct TooLarge;

impl From<DecodeError> for TooLarge {
    fn from(_: DecodeError) -> Self {
        Self
    }
}

/// What is noted of repositories that go together.
struct DeletedRepositories {
    deletion: Deletion,
    owner: Option<Id>,
    record: Option<String>,
}

/// A change in the making.
pub struct Txn<'a> {
    state: &'a mut State,
    key: &'a AuditKey,
    changes: Vec<RowChange>,
    removed_tokens: Vec<Id>,
    leftovers: Vec<(Table, Vec<u8>)>,
    ending: Option<Share>,
}

/// What a finished change leaves for the writer.
#[derive(Default)]
pub(super) struct TxnOutcome {
    pub(super) changes: Vec<RowChange>,
    pub(super) removed_tokens: Vec<Id>,
    /// The keys of rows that name something gone, for the purge.
    pub(super) leftovers: Vec<(Table, Vec<u8>)>,
    /// Whose room it takes in the journal when the disk is full; none if it has to wait for room.
    pub(super) ending: Option<Share>,
}

impl TxnOutcome {
    /// Takes in what another change of the same batch leaves.
    pub(super) fn add(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.removed_tokens.extend(other.removed_tokens);
        self.leftovers.extend(other.leftovers);
    }
}

impl<'a> Txn<'a> {
    pub(super) fn new(state: &'a mut State, key: &'a AuditKey) -> Self {
        Self { state, key, changes: Vec::new(), removed_tokens: Vec::new(), leftovers: Vec::new(), ending: None }
    }

    pub(super) fn finish(self) -> TxnOutcome {
        let Self { changes, removed_tokens, leftovers, ending, .. } = self;
        TxnOutcome { changes, removed_tokens, leftovers, ending }
    }

    /// Says that this change takes a power away and gives none: on a full disk it is made all the same, in this room of
    /// the journal.
    pub fn mark_ending(&mut self, share: Share) {
        self.ending = Some(share);
    }

    /// The state with everything that was changed so far.
    #[must_use]
    pub fn state(&self) -> &State {
        self.state
    }

    /// Takes a row into the state, and notes it for the disk. False, and nothing has changed, if it contradicts another
    /// one or belongs to something gone.
    fn put<R: Enter>(&mut self, row: R) -> Result<bool, TooLarge> {
        let change = row::put(&row)?;
        let is_gone = self.state.is_gone_row(&change.key, row.hangs_on());
        let is_in = !is_gone && row.enter(self.state).is_ok();
        if is_in {
            self.changes.push(change);
        }
        Ok(is_in)
    }

    /// Takes a row out of the state, and notes that for the disk.
    fn remove<R: Enter>(&mut self, key: Vec<u8>) {
        R::leave(&key, self.state);
        self.erase(R::TABLE, key);
    }

    /// Notes for the disk the removal of a row that the state does not have.
    pub(super) fn erase(&mut self, table: Table, key: Vec<u8>) {
        self.changes.push(RowChange { table, key, value: None });
    }

    /// Takes everything that belongs to these out of the state, in one change however much it is. Its rows leave the
    /// disk later.
    fn bury(&mut self, ids: &[(Part, Id)], repositories: Option<&DeletedRepositories>) -> Result<(), TooLarge> {
        for ids in ids.chunks(Gone::MOST) {
            let mentions = ids.iter().flat_map(|(part, id)| self.state.mentions(*part, *id));
            self.leftovers.extend(mentions);
            let tokens = ids.iter().filter(|(part, _)| *part == Part::Token).map(|(_, id)| *id);
            self.removed_tokens.extend(tokens);
            self.put(Gone {
                number: self.state.next_gone(),
                ids: ids.to_vec(),
                deletion: repositories.map(|repositories| repositories.deletion.clone()),
                owner: repositories.and_then(|repositories| repositories.owner),
                record: repositories.and_then(|repositories| repositories.record.clone()),
            })?;
        }
        Ok(())
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

    /// Removes an account with all that depends on it but repositories: access tokens, the grants that it holds, known
    /// addresses, memberships; of an organization its members and teams.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn remove_account(&mut self, id: Id) -> Result<(), TooLarge> {
        if self.state.account(id).is_none() {
            return Ok(());
        }
        self.bury(&self.state.parts_of_account(id), None)
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
        self.remove::<Membership>(table::membership(organization, user));
    }

    /// Writes a team, new or changed. False if another team of the organization has its name; nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_team(&mut self, team: Team) -> Result<bool, TooLarge> {
        self.put(team)
    }

    /// Removes a team with its members and its grants.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn remove_team(&mut self, id: Id) -> Result<(), TooLarge> {
        if self.state.team(id).is_none() { Ok(()) } else { self.bury(&[(Part::Team, id)], None) }
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
        self.remove::<TeamMembership>(table::membership(membership.team, membership.user));
    }

    /// Writes a repository, new or changed; its name is no deleted one any more. False if another one has the name;
    /// nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_repository(&mut self, repository: Repository) -> Result<bool, TooLarge> {
        let name = repository.name.clone();
        let is_in = self.put(repository)?;
        if is_in && self.state.deletion(&name).is_some() {
            self.remove::<Deleted>(table::name(&name));
        }
        Ok(is_in)
    }

    /// Removes a repository with the grants on it and what is known of its content, and notes that it was deleted here.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn remove_repository(&mut self, name: &RepositoryName, deletion: Deletion) -> Result<(), TooLarge> {
        self.remove_repositories([name], deletion, None)
    }

    /// Removes repositories of one owner, however many they are. `later` is the audit record that each of them gets
    /// when its row is removed, without the repository's name and id.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn remove_repositories<'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n RepositoryName>,
        deletion: Deletion,
        later: Option<&AuditRecord>,
    ) -> Result<(), TooLarge> {
        let (state, mut names) = (&*self.state, names.into_iter().peekable());
        let owner = names.peek().and_then(|name| state.owner(name)).map(|owner| owner.id);
        let ids = names.filter_map(|name| state.repository(name)).map(|repository| (Part::Repository, repository.id));
        let ids: Vec<(Part, Id)> = ids.collect();
        let record = later.map(|record| record.line().ok_or(TooLarge)).transpose()?;
        self.bury(&ids, Some(&DeletedRepositories { deletion, owner, record }))
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
        self.remove::<AccessToken>(table::id(id));
        self.erase(Table::Usage, table::id(id));
        self.removed_tokens.push(id);
    }

    /// Writes a grant, new or changed. False if there is no such repository; nothing is written then.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn put_grant(&mut self, target: &GrantTarget, grantee: Grantee, level: GrantLevel) -> Result<bool, TooLarge> {
        match target {
            GrantTarget::Namespace(target) => self.put(NamespaceGrant { target: target.clone(), grantee, level }),
            GrantTarget::Repository(name) => {
                let Some(repository) = self.state.repository(name).map(|repository| repository.id) else {
                    return Ok(false);
                };
                self.put(RepositoryGrant { repository, grantee, level })
            }
        }
    }

    /// Removes a grant.
    pub fn remove_grant(&mut self, target: &GrantTarget, grantee: Grantee) {
        let Some((_, key)) = self.state.grant_key(target, grantee) else { return };
        match target {
            GrantTarget::Namespace(_) => self.remove::<NamespaceGrant>(key),
            GrantTarget::Repository(_) => self.remove::<RepositoryGrant>(key),
        }
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
        self.changes.push(RowChange { table: Table::Usage, key: table::id(token), value });
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
        self.erase(Table::KnownAddresses, table::known_address(account, address));
    }

    /// Appends to the audit log: an event that happened once or more often.
    ///
    /// # Errors
    /// [`TooLarge`]
    pub fn audit(&mut self, entry: &AuditEntry, when: Occurrence) -> Result<(), TooLarge> {
        self.log(AuditRecord::of(entry, 0, when))
    }

    /// Removes a record from the audit log, and leaves its hash. `by` is the number of the record that says so, in the same
    /// change.
    pub(super) fn remove_audit(&mut self, seq: u64, hash: [u8; 32], by: u64) -> Result<(), TooLarge> {
        let value = Some(row::encode(&Removed { hash, by })?);
        self.erase(Table::Audit, seq.to_be_bytes().to_vec());
        self.changes.push(RowChange { table: Table::Removed, key: seq.to_be_bytes().to_vec(), value });
        Ok(())
    }

    /// Sums up the audit log as far as this says: of these numbers the rows of removed records go, of those the records of
    /// removals.
    pub(super) fn sum_audit_up(&mut self, anchor: Anchor, removed: &[u64], removals: &[u64]) -> Result<(), TooLarge> {
        removed.iter().for_each(|seq| self.erase(Table::Removed, seq.to_be_bytes().to_vec()));
        removals.iter().for_each(|seq| self.erase(Table::Audit, seq.to_be_bytes().to_vec()));
        self.put(anchor).map(drop)
    }

    /// Appends a record to the audit log, with the next number.
    pub(super) fn log(&mut self, record: AuditRecord) -> Result<(), TooLarge> {
        let record = self.key.link(self.state.audit(), record)?;
        self.put(record).map(drop)
    }
}
