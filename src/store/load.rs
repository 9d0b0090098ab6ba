//! From the tables on disk to the state in memory, with every record checked against its key and against the others.

use std::path::Path;
use std::sync::Arc;

use super::codec::{self, DecodeError};
use super::end::End;
use super::engine::Engine;
use super::error::Error;
use super::record::{self, Deleted, Grant, KnownAddress, Record, StoredActivity, StoredTag};
use super::seal::{Digest, Seal, SealKey};
use super::state::{AuditHead, State};
use super::table::{self, Table};
use crate::domain::account::Account;
use crate::domain::audit::AuditRecord;
use crate::domain::id::Id;
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::token::{AccessToken, Usage};

/// Everything that is read at start.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) usage: Vec<(Id, Usage)>,
    pub(super) known_addresses: Vec<KnownAddress>,
    pub(super) seal: Seal,
}

/// Reads the whole store but the audit log, of which it reads the end, and holds it against its seal.
pub(super) fn load(engine: &Engine, key: &SealKey) -> Result<Loaded, Error> {
    let mut scanner = Scanner { engine, key, digest: Digest::default() };
    let mut loaded = Loaded::default();
    scanner.load_meta(&mut loaded)?;
    scanner.load_records(&mut loaded.state)?;
    scanner.load_usage(&mut loaded)?;
    scanner.each(Table::KnownAddresses, |key, known: KnownAddress| {
        check(key == table::known_address(known.account, known.address), "key")?;
        loaded.known_addresses.push(known);
        Ok(())
    })?;
    let audit = audit_head(engine)?;
    loaded.state.set_audit(audit);
    check_seal(&loaded.seal, scanner.digest, audit)?;
    Ok(loaded)
}

/// Reads tables one after another, and adds up the digest of what it reads.
struct Scanner<'a> {
    engine: &'a Engine,
    key: &'a SealKey,
    digest: Digest,
}

impl Scanner<'_> {
    fn load_meta(&mut self, loaded: &mut Loaded) -> Result<(), Error> {
        let Self { engine, key: seal_key, digest } = self;
        engine.scan(Table::Meta, |key, value| {
            digest.toggle(seal_key, Table::Meta, key, value);
            match key {
                table::META => loaded.state.set_meta(decode(Table::Meta, key, value)?),
                table::SETTINGS => loaded.state.set_choices(decode(Table::Meta, key, value)?),
                table::SEAL => loaded.seal = decode(Table::Meta, key, value)?,
                // A later dockpass may say more about the store.
                _ if codec::is_record(value) => return Err(Error::Newer { what: "a record of meta".to_owned() }),
                _ => return Err(Error::corrupt(Table::Meta, key, "key")),
            }
            Ok(())
        })
    }

    fn load_organizations(&mut self, state: &mut State) -> Result<(), Error> {
        self.each(Table::Members, |key, membership: Membership| {
            check(key == table::membership(membership.organization, membership.user), "key")?;
            check(state.account(membership.organization).is_some(), "no such organization")?;
            check(state.account(membership.user).is_some(), "no such user")?;
            state.put_member(membership);
            Ok(())
        })?;
        self.each(Table::Teams, |key, team: Team| {
            check(key == team.id.to_bytes(), "key")?;
            check(state.account(team.organization).is_some(), "no such organization")?;
            check(state.put_team(Arc::new(team)), "the name stands twice")
        })?;
        self.each(Table::TeamMembers, |key, membership: TeamMembership| {
            check(key == table::membership(membership.team, membership.user), "key")?;
            let organization = state.team(membership.team).map(|team| team.organization);
            let is_member = organization.is_some_and(|id| state.member(id, membership.user).is_some());
            check(is_member, "no member of the organization")?;
            state.put_team_member(membership);
            Ok(())
        })
    }

    fn load_content(&mut self, state: &mut State) -> Result<(), Error> {
        self.each(Table::Tags, |key, StoredTag { repository, tag }: StoredTag| {
            check(key == table::tag(&repository, &tag.name), "key")?;
            check(state.put_tag(&repository, Arc::new(tag)), "no such repository")
        })?;
        self.each(Table::Activity, |key, StoredActivity { repository, activity }: StoredActivity| {
            check(key == table::repository(&repository), "key")?;
            check(state.put_activity(&repository, activity), "no such repository")
        })?;
        self.each(Table::Deleted, |key, Deleted { repository, deletion }: Deleted| {
            check(key == table::repository(&repository), "key")?;
            check(state.repository(&repository).is_none(), "it is deleted, and there")?;
            state.put_deleted(repository, deletion);
            Ok(())
        })
    }

    fn load_records(&mut self, state: &mut State) -> Result<(), Error> {
        self.each(Table::Accounts, |key, account: Account| {
            check(key == account.id.to_bytes(), "key")?;
            check(state.put_account(Arc::new(account)), "the name stands twice")
        })?;
        self.load_organizations(state)?;
        self.each(Table::Repositories, |key, repository: Repository| {
            check(key == table::repository(&repository.name), "key")?;
            state.put_repository(Arc::new(repository));
            Ok(())
        })?;
        self.load_content(state)?;
        self.each(Table::Tokens, |key, token: AccessToken| {
            check(key == token.id.to_bytes(), "key")?;
            check(state.put_token(Arc::new(token)), "no such owner, or the hash stands twice")
        })?;
        self.each(Table::Grants, |key, grant: Grant| {
            check(key == table::grant(&grant.target, grant.grantee), "key")?;
            state.put_grant(&grant.target, grant.grantee, grant.level);
            Ok(())
        })
    }

    fn load_usage(&mut self, loaded: &mut Loaded) -> Result<(), Error> {
        let Loaded { state, usage, .. } = loaded;
        self.each(Table::Usage, |key, used: Usage| {
            let id = <[u8; 16]>::try_from(key).map(Id::from_bytes).map_err(|_| "key")?;
            if state.token(id).is_some() {
                usage.push((id, used));
            }
            Ok(())
        })
    }

    fn each<R: Record>(
        &mut self,
        table: Table,
        mut take: impl FnMut(&[u8], R) -> Result<(), &'static str>,
    ) -> Result<(), Error> {
        self.engine.scan(table, |key, value| {
            self.digest.toggle(self.key, table, key, value);
            take(key, decode(table, key, value)?).map_err(|reason| Error::corrupt(table, key, reason))
        })
    }
}

fn audit_head(engine: &Engine) -> Result<AuditHead, Error> {
    let last = engine.scan_back(Table::Audit, &u64::MAX.to_be_bytes(), 1)?;
    let head = last.first().map(|(key, value)| audit_record(key, value)).transpose()?;
    Ok(head.map_or_else(AuditHead::default, |record| AuditHead { seq: record.seq, hash: record.hash }))
}

/// The audit record at this key.
pub(super) fn audit_record(key: &[u8], value: &[u8]) -> Result<AuditRecord, Error> {
    let record: AuditRecord = decode(Table::Audit, key, value)?;
    check(key == record.seq.to_be_bytes(), "key").map_err(|reason| Error::corrupt(Table::Audit, key, reason))?;
    Ok(record)
}

/// Refuses a store whose records are not those that were sealed.
fn check_seal(seal: &Seal, digest: Digest, audit: AuditHead) -> Result<(), Error> {
    let sealed = check(seal.digest == digest, "records are missing, or others than were written")
        .and_then(|()| check(seal.audit == audit, "the audit log does not end where it did"));
    sealed.map_err(|reason| Error::corrupt(Table::Meta, table::SEAL, reason))
}

/// Refuses a store that ends before what was noted outside it, or otherwise.
pub(super) fn check_end(seal: &Seal, noted: End, path: &Path) -> Result<(), Error> {
    let is_reached = noted.number < seal.number || noted == seal.end();
    if is_reached {
        return Ok(());
    }
    Err(Error::Shortened { found: seal.number, noted: noted.number, path: path.to_owned() })
}

fn check(holds: bool, reason: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(reason) }
}

fn decode<R: Record>(table: Table, key: &[u8], value: &[u8]) -> Result<R, Error> {
    record::decode(value).map_err(|error| match error {
        DecodeError::Damaged => Error::corrupt(table, key, "it does not decode"),
        DecodeError::Newer(version) => Error::Newer { what: format!("records of {table} in version {version}") },
    })
}
