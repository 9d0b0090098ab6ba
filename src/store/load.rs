//! From the tables on disk to the state in memory, with every record checked against its key and against the others.

use std::sync::Arc;

use super::codec::DecodeError;
use super::directory::FORMAT;
use super::engine::Engine;
use super::error::Error;
use super::record::{self, Grant, KnownAddress, Meta, Record};
use super::state::{AuditHead, State};
use super::table::{self, Table};
use crate::domain::account::Account;
use crate::domain::audit::AuditRecord;
use crate::domain::id::Id;
use crate::domain::repository::Repository;
use crate::domain::token::{AccessToken, Usage};

/// Everything that is read at start.
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) usage: Vec<(Id, Usage)>,
    pub(super) known_addresses: Vec<KnownAddress>,
}

/// Reads the whole store but the audit log.
pub(super) fn load(engine: &Engine) -> Result<Loaded, Error> {
    let mut state = State::default();
    each(engine, Table::Meta, |key, meta: Meta| {
        check(key == table::META, "key")?;
        state.set_meta(meta);
        Ok(())
    })?;
    each(engine, Table::Accounts, |key, account: Account| {
        check(key == account.id.to_bytes(), "key")?;
        check(state.put_account(Arc::new(account)), "the name stands twice")
    })?;
    each(engine, Table::Repositories, |key, repository: Repository| {
        check(key == table::repository(&repository.name), "key")?;
        state.put_repository(Arc::new(repository));
        Ok(())
    })?;
    each(engine, Table::Tokens, |key, token: AccessToken| {
        check(key == token.id.to_bytes(), "key")?;
        check(state.account(token.owner).is_some(), "no such owner")?;
        check(state.put_token(Arc::new(token)), "the hash stands twice")
    })?;
    each(engine, Table::Grants, |key, grant: Grant| {
        check(key == table::grant(&grant.target, grant.grantee), "key")?;
        state.put_grant(&grant.target, grant.grantee, grant.level);
        Ok(())
    })?;
    state.set_audit(audit_head(engine)?);
    let usage = load_usage(engine, &state)?;
    let mut known_addresses = Vec::new();
    each(engine, Table::KnownAddresses, |_, known: KnownAddress| {
        known_addresses.push(known);
        Ok(())
    })?;
    Ok(Loaded { state, usage, known_addresses })
}

fn load_usage(engine: &Engine, state: &State) -> Result<Vec<(Id, Usage)>, Error> {
    let mut all = Vec::new();
    each(engine, Table::Usage, |key, usage: Usage| {
        let id = <[u8; 16]>::try_from(key).map(Id::from_bytes).map_err(|_| "key")?;
        if state.token(id).is_some() {
            all.push((id, usage));
        }
        Ok(())
    })?;
    Ok(all)
}

fn audit_head(engine: &Engine) -> Result<AuditHead, Error> {
    let last = engine.scan_back(Table::Audit, &u64::MAX.to_be_bytes(), 1)?;
    let Some(bytes) = last.first() else { return Ok(AuditHead::default()) };
    let record: AuditRecord = record::decode(bytes).map_err(|error| explain(Table::Audit, &[], error))?;
    Ok(AuditHead { seq: record.seq, hash: record.hash })
}

fn each<R: Record>(
    engine: &Engine,
    table: Table,
    mut take: impl FnMut(&[u8], R) -> Result<(), &'static str>,
) -> Result<(), Error> {
    engine.scan(table, |key, value| {
        let record = record::decode(value).map_err(|error| explain(table, key, error))?;
        take(key, record).map_err(|reason| Error::corrupt(table, key, reason))
    })
}

fn check(holds: bool, reason: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(reason) }
}

pub(super) fn explain(table: Table, key: &[u8], error: DecodeError) -> Error {
    match error {
        DecodeError::Damaged => Error::corrupt(table, key, "it does not decode"),
        DecodeError::Newer(version) => Error::NewerFormat { found: u32::from(version), known: FORMAT },
    }
}
