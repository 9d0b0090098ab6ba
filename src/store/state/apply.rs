//! From rows to the state: the one function that takes a row in, with all indexes.

use std::sync::Arc;

use super::State;
use crate::domain::account::Account;
use crate::domain::audit::{AuditHead, LoggedRecord};
use crate::domain::content::Activity;
use crate::domain::grant::GrantTarget;
use crate::domain::id::Id;
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::settings::Choices;
use crate::domain::token::AccessToken;
use crate::domain::token_uses::TokenUses;
use crate::store::change::RowChange;
use crate::store::codec::{self, DecodeError};
use crate::store::error::Error;
use crate::store::record::{Anchor, Deleted, Gone, Meta, NamespaceGrant, RepositoryGrant, StoredActivity, StoredTag};
use crate::store::row::{self, Record, Row};
use crate::store::table::{self, Table};

/// Why a row is refused: it contradicts another.
pub(in crate::store) type Contradiction = &'static str;

/// Why an access token is refused.
pub(in crate::store) const TOKEN_STANDS_TWICE: Contradiction = "no such owner, or the hash stands twice";

/// A row that the state keeps something of.
pub(in crate::store) trait Enter: Row {
    /// Takes it in; if refused, nothing has changed.
    fn enter(self, state: &mut State) -> Result<(), Contradiction>;

    /// Takes out the row at this key; does nothing if there is none, or it is no key of this kind.
    fn leave(key: &[u8], state: &mut State);

    /// A second identifier, beside the one that its key begins with, that the row depends on.
    fn hangs_on(&self) -> Option<Id> {
        None
    }

    /// Keeps the part of it that outlives a deletion.
    fn keep_gone(self, _state: &mut State) {}
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Taken {
    /// The state has it.
    In,
    /// It belongs to something that is gone, and the purge finds it by its key.
    Gone,
    /// It names something that is gone, and the purge has to be told its key.
    Leftover,
}

impl State {
    /// Takes a row in, or out, as it stands on the disk. Rows that the state does not keep are skipped.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it does not decode, stands at another's key, or contradicts what is there;
    /// [`Error::Newer`]
    pub(in crate::store) fn apply(&mut self, change: &RowChange) -> Result<Taken, Error> {
        read(change)?.enter(self)
    }

    fn take_in<R: Enter>(&mut self, key: &[u8], row: R) -> Result<Taken, Error> {
        if self.is_gone_key(key) {
            row.keep_gone(self);
            return Ok(Taken::Gone);
        }
        if row.hangs_on().is_some_and(|id| self.is_gone(id)) {
            return Ok(Taken::Leftover);
        }
        row.enter(self).map_err(|reason| Error::corrupt(R::TABLE, key, reason))?;
        Ok(Taken::In)
    }

    /// Whether a row belongs to something gone, by its key or by what it depends on.
    pub(in crate::store) fn is_gone_row(&self, key: &[u8], hangs_on: Option<Id>) -> bool {
        self.is_gone_key(key) || hangs_on.is_some_and(|id| self.is_gone(id))
    }

    /// Whether a key begins with an identifier that is gone. Those of names and numbers never do: an identifier begins
    /// with the time at which it was made, and none of these with such a byte.
    fn is_gone_key(&self, key: &[u8]) -> bool {
        key.first_chunk().is_some_and(|bytes| self.is_gone(Id::from_bytes(*bytes)))
    }
}

/// A row that was read, and is to be taken in in its turn: rows are read on all processors at a time.
pub(in crate::store) struct ReadRow(Box<TakeIn>);

type TakeIn = dyn FnOnce(&mut State) -> Result<Taken, Error> + Send;

impl ReadRow {
    /// Takes it in, or out.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it contradicts what is there.
    pub(in crate::store) fn enter(self, state: &mut State) -> Result<Taken, Error> {
        (self.0)(state)
    }

    /// One that the state keeps nothing of.
    fn skipped() -> Self {
        Self(Box::new(|_| Ok(Taken::In)))
    }
}

/// Reads a row, beside no other.
///
/// # Errors
/// [`Error::Corrupt`] if it does not decode, or stands at another's key; [`Error::Newer`]
pub(in crate::store) fn read(change: &RowChange) -> Result<ReadRow, Error> {
    match change.table {
        Table::Meta => read_meta(change),
        Table::Accounts => read_as::<Account>(change),
        Table::Repositories => read_as::<Repository>(change),
        Table::Tokens => read_as::<AccessToken>(change),
        Table::Grants => read_as::<NamespaceGrant>(change),
        Table::RepositoryGrants => read_as::<RepositoryGrant>(change),
        Table::Audit => read_as::<LoggedRecord>(change),
        Table::Members => read_as::<Membership>(change),
        Table::Teams => read_as::<Team>(change),
        Table::TeamMembers => read_as::<TeamMembership>(change),
        Table::Tags => read_as::<StoredTag>(change),
        Table::Activity => read_as::<StoredActivity>(change),
        Table::Deleted => read_as::<Deleted>(change),
        Table::Gone => read_as::<Gone>(change),
        // Kept outside the state, so that noting a use slows no change; and what is only read when the log is verified.
        Table::Days | Table::Usage | Table::KnownAddresses | Table::Removed => Ok(ReadRow::skipped()),
    }
}

fn read_meta(change: &RowChange) -> Result<ReadRow, Error> {
    match change.key.as_slice() {
        table::META => read_as::<Meta>(change),
        table::SETTINGS => read_as::<Choices>(change),
        table::ANCHOR => read_as::<Anchor>(change),
        table::SEAL | table::FOLDED | table::LAST_ENDING => Ok(ReadRow::skipped()),
        // A later dockpass may say more about the store.
        _ if change.value.as_deref().is_some_and(codec::is_record) => {
            Err(Error::Newer { what: "a record of meta".to_owned() })
        }
        key => Err(Error::corrupt(Table::Meta, key, "key")),
    }
}

fn read_as<R: Enter + Send + 'static>(change: &RowChange) -> Result<ReadRow, Error> {
    let key = change.key.clone();
    let Some(value) = &change.value else {
        return Ok(ReadRow(Box::new(move |state| {
            R::leave(&key, state);
            Ok(Taken::In)
        })));
    };
    let row: R = decode(change.table, &key, value)?;
    if row.key() != key {
        return Err(Error::corrupt(change.table, &key, "key"));
    }
    Ok(ReadRow(Box::new(move |state| state.take_in(&key, row))))
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

    fn leave(_key: &[u8], state: &mut State) {
        state.meta = None;
    }
}

impl Enter for Choices {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        state.choices = self;
        Ok(())
    }

    fn leave(_key: &[u8], state: &mut State) {
        state.choices = Choices::default();
    }
}

impl Enter for Anchor {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        state.anchor = Some(Arc::new(self));
        Ok(())
    }

    fn leave(_key: &[u8], state: &mut State) {
        state.anchor = None;
    }
}

impl Enter for LoggedRecord {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        state.audit = AuditHead { seq: self.record.seq, hash: self.hash };
        state.latest.note(self.record.time);
        Ok(())
    }

    /// Nothing to do: removing records leaves the end of the log.
    fn leave(_key: &[u8], _state: &mut State) {}
}

impl Enter for Account {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.put_account(Arc::new(self)), "the name stands twice")
    }

    fn leave(key: &[u8], state: &mut State) {
        table::id_of(key).into_iter().for_each(|id| state.remove_account(id));
    }
}

impl Enter for Membership {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.account(self.organization).is_some(), "no such organization")?;
        check(state.account(self.user).is_some(), "no such user")?;
        state.put_member(self);
        Ok(())
    }

    fn leave(key: &[u8], state: &mut State) {
        let of = table::membership_of(key);
        of.into_iter().for_each(|(organization, user)| state.remove_member(organization, user));
    }

    fn hangs_on(&self) -> Option<Id> {
        Some(self.user)
    }
}

impl Enter for Team {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.account(self.organization).is_some(), "no such organization")?;
        check(state.put_team(Arc::new(self)), "the name stands twice")
    }

    fn leave(key: &[u8], state: &mut State) {
        table::id_of(key).into_iter().for_each(|id| state.remove_team(id));
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

    fn leave(key: &[u8], state: &mut State) {
        let of = table::membership_of(key);
        of.into_iter().for_each(|(team, user)| state.remove_team_member(TeamMembership { team, user }));
    }

    fn hangs_on(&self) -> Option<Id> {
        Some(self.user)
    }
}

impl Enter for Repository {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.put_repository(Arc::new(self)), "the name or the identifier stands twice")
    }

    fn leave(key: &[u8], state: &mut State) {
        if let Some(id) = table::id_of(key) {
            state.remove_repository(id);
            state.forget_going(id);
        }
    }

    fn keep_gone(self, state: &mut State) {
        state.note_going(self.id, self.name);
    }
}

impl Enter for StoredTag {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.put_tag(self.repository, Arc::new(self.tag)), "no such repository")
    }

    fn leave(key: &[u8], state: &mut State) {
        table::tag_of(key).into_iter().for_each(|(repository, tag)| state.remove_tag(repository, &tag));
    }
}

impl Enter for StoredActivity {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.put_activity(self.repository, self.activity, self.uses), "no such repository")
    }

    fn leave(key: &[u8], state: &mut State) {
        let (none, unused) = (Activity::default(), TokenUses::default());
        table::id_of(key).into_iter().for_each(|id| _ = state.put_activity(id, none, unused.clone()));
    }
}

impl Enter for Deleted {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.repository(&self.repository).is_none(), "it is deleted, and there")?;
        state.put_deleted(self.repository, self.deletion, self.owner);
        Ok(())
    }

    fn leave(key: &[u8], state: &mut State) {
        table::name_of(key).into_iter().for_each(|name| state.remove_deleted(&name));
    }
}

impl Enter for AccessToken {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        check(state.put_token(self), TOKEN_STANDS_TWICE)
    }

    fn leave(key: &[u8], state: &mut State) {
        table::id_of(key).into_iter().for_each(|id| state.remove_token(id));
    }
}

impl Enter for NamespaceGrant {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        state.put_grant(&GrantTarget::Namespace(self.target), self.grantee, self.level);
        Ok(())
    }

    fn leave(key: &[u8], state: &mut State) {
        let of = table::namespace_grant_of(key);
        of.into_iter().for_each(|(namespace, grantee)| state.remove_grant(&GrantTarget::Namespace(namespace), grantee));
    }

    fn hangs_on(&self) -> Option<Id> {
        Some(self.grantee.id())
    }
}

impl Enter for RepositoryGrant {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        let name = state.repository_of(self.repository).map(|repository| repository.name.clone());
        let name = name.ok_or("no such repository")?;
        state.put_grant(&GrantTarget::Repository(name), self.grantee, self.level);
        Ok(())
    }

    fn leave(key: &[u8], state: &mut State) {
        let Some((repository, grantee)) = table::repository_grant_of(key) else { return };
        let name = state.repository_of(repository).map(|repository| repository.name.clone());
        name.into_iter().for_each(|name| state.remove_grant(&GrantTarget::Repository(name), grantee));
    }

    fn hangs_on(&self) -> Option<Id> {
        Some(self.grantee.id())
    }
}

impl Enter for Gone {
    fn enter(self, state: &mut State) -> Result<(), Contradiction> {
        state.bury(self);
        Ok(())
    }

    fn leave(key: &[u8], state: &mut State) {
        key.try_into().into_iter().for_each(|number| state.forget_gone(u64::from_be_bytes(number)));
    }
}
