//! From rows to the state: the one function that takes a row in, with everything that the state keeps of it.

use std::sync::Arc;

use super::{AuditHead, State};
use crate::domain::account::Account;
use crate::domain::audit::LoggedRecord;
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::settings::Choices;
use crate::domain::token::AccessToken;
use crate::store::codec::{self, DecodeError};
use crate::store::engine::Change;
use crate::store::error::Error;
use crate::store::record::{Deleted, Grant, Meta, StoredActivity, StoredTag};
use crate::store::row::{self, Record, Row};
use crate::store::table::{self, Table};

/// Why a row cannot be: it contradicts another.
pub(in crate::store) type Contradiction = &'static str;

/// A row that the state keeps something of.
pub(in crate::store) trait Enter: Row {
    /// Takes it in; nothing has changed where it cannot be.
    fn enter(self, state: &mut State) -> Result<(), Contradiction>;
}

impl State {
    /// Takes a row in as it stands on the disk. What the state keeps nothing of is passed over.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it does not decode, stands at another's key, or contradicts what is there;
    /// [`Error::Newer`]
    pub(in crate::store) fn apply(&mut self, change: &Change) -> Result<(), Error> {
        match change.table {
            Table::Meta => self.apply_meta(change),
            Table::Accounts => self.take::<Account>(change),
            Table::Repositories => self.take::<Repository>(change),
            Table::Tokens => self.take::<AccessToken>(change),
            Table::Grants => self.take::<Grant>(change),
            Table::Audit => self.take::<LoggedRecord>(change),
            Table::Members => self.take::<Membership>(change),
            Table::Teams => self.take::<Team>(change),
            Table::TeamMembers => self.take::<TeamMembership>(change),
            Table::Tags => self.take::<StoredTag>(change),
            Table::Activity => self.take::<StoredActivity>(change),
            Table::Deleted => self.take::<Deleted>(change),
            // Kept apart: what is noted of these slows no change.
            Table::Usage | Table::KnownAddresses => Ok(()),
        }
    }

    fn apply_meta(&mut self, change: &Change) -> Result<(), Error> {
        match change.key.as_slice() {
            table::META => self.take::<Meta>(change),
            table::SETTINGS => self.take::<Choices>(change),
            table::SEAL => Ok(()),
            // A later dockpass may say more about the store.
            _ if change.value.as_deref().is_some_and(codec::is_record) => {
                Err(Error::Newer { what: "a record of meta".to_owned() })
            }
            key => Err(Error::corrupt(Table::Meta, key, "key")),
        }
    }

    fn take<R: Enter>(&mut self, change: &Change) -> Result<(), Error> {
        let corrupt = |reason| Error::corrupt(change.table, &change.key, reason);
        let Some(value) = &change.value else { return Ok(()) };
        let row: R = decode(change.table, &change.key, value)?;
        if row.key() != change.key {
            return Err(corrupt("key"));
        }
        row.enter(self).map_err(corrupt)
    }
}

/// The value of a row.
///
/// # Errors
/// [`Error::Corrupt`], [`Error::Newer`]
pub(in crate::store) fn decode<R: Record>(table: Table, key: &[u8], value: &[u8]) -> Result<R, Error> {
    row::decode(value).map_err(|error| match error {
        DecodeError::Damaged => Error::corrupt(table, key, "it does not decode"),
        DecodeError::Newer(version) => Error::Newer { what: format!("records of {table} in version {version}") },
    })
}

fn check(holds: bool, reason: Contradiction) -> Result<(), Contradiction> {
    if holds { Ok(()) } else { Err(reason) }
}

impl Enter for Meta {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        state.meta = Some(self);
        Ok(())
    }
}

impl Enter for Choices {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        state.choices = self;
        Ok(())
    }
}

impl Enter for LoggedRecord {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        state.audit = AuditHead { seq: self.record.seq, hash: self.hash };
        Ok(())
    }
}

impl Enter for Account {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.put_account(Arc::new(self)), "the name stands twice")
    }
}

impl Enter for Membership {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.account(self.organization).is_some(), "no such organization")?;
        check(state.account(self.user).is_some(), "no such user")?;
        state.put_member(self);
        Ok(())
    }
}

impl Enter for Team {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.account(self.organization).is_some(), "no such organization")?;
        check(state.put_team(Arc::new(self)), "the name stands twice")
    }
}

impl Enter for TeamMembership {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        let organization = state.team(self.team).map(|team| team.organization);
        let is_member = organization.is_some_and(|id| state.member(id, self.user).is_some());
        check(is_member, "no member of the organization")?;
        state.put_team_member(self);
        Ok(())
    }
}

impl Enter for Repository {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        state.put_repository(Arc::new(self));
        Ok(())
    }
}

impl Enter for StoredTag {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.put_tag(&self.repository, Arc::new(self.tag)), "no such repository")
    }
}

impl Enter for StoredActivity {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.put_activity(&self.repository, self.activity), "no such repository")
    }
}

impl Enter for Deleted {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.repository(&self.repository).is_none(), "it is deleted, and there")?;
        state.put_deleted(self.repository, self.deletion);
        Ok(())
    }
}

impl Enter for AccessToken {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.put_token(Arc::new(self)), "no such owner, or the hash stands twice")
    }
}

impl Enter for Grant {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        state.put_grant(&self.target, self.grantee, self.level);
        Ok(())
    }
}
