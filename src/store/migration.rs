//! From the store of an earlier dockpass to today's, at the first start that meets one.
//!
//! Formats 1 and 2 kept the rows of a repository under its name. The rows are written anew, with their new keys, into a
//! database beside the old one, a bounded number per change; no row of the old one is changed:
//!
//! ```text
//! store                         format 1 or 2
//! store -> store.before-3       from now on no store is there that an earlier dockpass would open
//! format = 3                    before the first new record: an earlier dockpass refuses the whole
//! store.new                     being made; says how far it has come
//! store.new -> store            done; store.before-3 stays until the next start of the server that gets ready
//! ```
//!
//! The files that are there tell the next step, so that an interrupted migration goes on from where it was.

use std::fs;
use std::path::{Path, PathBuf};

use super::change::RowChange;
use super::codec;
use super::codec::FrozenVersion;
use super::directory::{DataDirectory, exists, rename};
use super::end::NotedEnd;
use super::engine::{CommitError, Engine};
use super::error::Error;
use super::field::Field;
use super::load;
use super::record::TagV1;
use super::record::{ActivityV1, Deleted, DeletedV1, GrantV1, MigrationV1, RepositoryGrant, StoredActivity, StoredTag};
use super::row::{self, Row};
use super::seal::{Seal, SealKey, StoreDigest};
use super::state::{State, decode};
use super::table::{self, Table};
use crate::domain::content::TagName;
use crate::domain::grant::Grantee;
use crate::domain::id::Id;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::repository::Repository;
use crate::domain::token_uses::TokenUses;
use crate::private_file::create_directory;

/// Rows of one change.
const PIECE: usize = 2_000;
/// The log reports progress after so many rows.
const SAY: u64 = 250_000;
/// The last format whose store has to be written anew.
pub(super) const LAST_BEFORE: u32 = 2;

/// Where a migration is at work.
struct Places {
    store: PathBuf,
    before: PathBuf,
    new: PathBuf,
}

/// Brings the store of an earlier dockpass to today's format. Returns whether an earlier start has kept one beside it,
/// to be removed once the server is ready ([`forget_before`]).
///
/// # Errors
/// [`Error`]; the store as it was is untouched.
pub(super) fn run(directory: &mut DataDirectory, key: &SealKey) -> Result<bool, Error> {
    let places = Places { store: directory.store(), before: directory.store_before(), new: directory.store_new() };
    let (has_store, has_before) = (exists(&places.store)?, exists(&places.before)?);
    let is_earlier = directory.format().is_some_and(|format| format <= LAST_BEFORE);
    match (has_store, has_before) {
        (true, true) if is_earlier => Err(Error::TwoStores { store: places.store, before: places.before }),
        (true, true) => Ok(true),
        (true, false) if is_earlier => {
            refuse_without_room(&places.store)?;
            // A store that is not whole stays as it is, for the dockpass that wrote it.
            let earlier = Earlier::open(&places.store, key, &directory.end())?;
            log::warn!("this data directory is of an earlier dockpass: its store is being brought to today's format");
            rename(&places.store, &places.before)?;
            migrate(directory, &places, key, &earlier)?;
            Ok(false)
        }
        (false, true) => {
            log::warn!("the store is still being brought to today's format: going on");
            let earlier = Earlier::open(&places.before, key, &directory.end())?;
            migrate(directory, &places, key, &earlier)?;
            Ok(false)
        }
        (true | false, false) => Ok(false),
    }
}

/// Removes the store as it was before a migration.
pub(super) fn forget_before(directory: &DataDirectory) {
    let before = directory.store_before();
    if !fs::symlink_metadata(&before).is_ok_and(|found| found.is_dir()) {
        return;
    }
    match fs::remove_dir_all(&before) {
        Ok(()) => log::warn!("{}, the store as it was before its migration, is removed", before.display()),
        Err(error) => log::warn!("{} stays for now: {error}", before.display()),
    }
}

/// Reads the store of a format up to [`LAST_BEFORE`]: whole, but for the audit log, of which it reads the end.
///
/// # Errors
/// [`Error`]
pub(super) fn read(engine: &Engine, key: &SealKey, end: &Path) -> Result<(State, Seal), Error> {
    Earlier::read(engine, key, end).map(|Earlier { state, seal }| (state, seal))
}

fn migrate(directory: &mut DataDirectory, places: &Places, key: &SealKey, old: &Earlier) -> Result<(), Error> {
    // Before the first new record: an earlier dockpass refuses the whole.
    directory.mark_used()?;
    let engine = Engine::open_earlier(&places.before)?;
    let new = open_new(&places.new)?;
    let rows = Copy { engine: &engine, old, new: &new, key }.all().map_err(|error| failed(error, places))?;
    new.close()?;
    engine.close()?;
    rename(&places.new, &places.store)?;
    log::warn!(
        "the store has today's format now, {rows} rows; the one before stays as {} until the server starts again",
        places.before.display()
    );
    Ok(())
}

/// Opens the database that is being made. One that does not open was interrupted before it had anything.
fn open_new(path: &Path) -> Result<Engine, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let make = || create_directory(path).map_err(io);
    if !exists(path)? {
        make()?;
    }
    Engine::open(path).or_else(|error| {
        log::warn!("{} is begun anew: {error}", path.display());
        fs::remove_dir_all(path).map_err(io)?;
        make()?;
        Engine::open(path)
    })
}

/// Both stores are on the disk until the next start.
fn refuse_without_room(store: &Path) -> Result<(), Error> {
    let io = |source| Error::Io { path: store.to_owned(), source };
    let database = fs::metadata(store.join("db")).map_err(io)?.len();
    let room = rustix::fs::statvfs(store).map_err(|error| io(error.into()))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free < database {
        Err(Error::NoRoomToMigrate { path: store.to_owned(), needed: database, free })
    } else {
        Ok(())
    }
}

fn failed(error: MigrationError, places: &Places) -> Error {
    match error {
        MigrationError::Read(error) => error,
        MigrationError::Commit(source) => {
            Error::NotMigrated { before: places.before.clone(), source: Box::new(source) }
        }
    }
}

/// Why a migration ended.
#[derive(Debug, thiserror::Error)]
enum MigrationError {
    #[error(transparent)]
    Read(#[from] Error),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl From<codec::DecodeError> for MigrationError {
    fn from(error: codec::DecodeError) -> Self {
        Self::Commit(error.into())
    }
}

/// The store of an earlier dockpass: whole, and what it says.
struct Earlier {
    state: State,
    seal: Seal,
}

impl Earlier {
    /// Reads the whole store but the audit log, of which it reads the end, and checks it against its seal and its noted
    /// end, as that dockpass would.
    fn open(store: &Path, key: &SealKey, end: &Path) -> Result<Self, Error> {
        let engine = Engine::open_earlier(store)?;
        let earlier = Self::read(&engine, key, end);
        // It may get another name next.
        engine.close()?;
        earlier
    }

    fn read(engine: &Engine, key: &SealKey, end: &Path) -> Result<Self, Error> {
        let (mut state, mut seal, mut digest) = (State::default(), Seal::default(), StoreDigest::default());
        for table in engine.those_of(Table::in_memory())? {
            engine.scan(table, |change| {
                digest.toggle(key, change);
                if (table, change.key.as_slice()) == (Table::Meta, table::SEAL) {
                    seal = decode(table, table::SEAL, change.value.as_deref().unwrap_or_default())?;
                }
                if let Some(change) = renewed(&state, change)? {
                    _ = state.apply(&change)?;
                }
                Ok(())
            })?;
        }
        load::take_audit_end(engine, &mut state)?;
        load::check_seal(&seal, digest, state.audit())?;
        let (_, noted) = NotedEnd::open(end).map_err(|source| Error::Io { path: end.to_owned(), source })?;
        noted.map_or(Ok(()), |noted| load::check_end(&seal, noted, end))?;
        Ok(Self { state, seal })
    }
}

/// How far a new store has come.
enum Reached {
    /// It has no row.
    Nothing,
    /// To this row.
    Row(Seal, MigrationV1),
    /// It has every row.
    End,
}

/// The copying of rows.
struct Copy<'a> {
    engine: &'a Engine,
    old: &'a Earlier,
    new: &'a Engine,
    key: &'a SealKey,
}

impl Copy<'_> {
    /// Copies the rows that are not copied yet; returns their number.
    fn all(&self) -> Result<u64, MigrationError> {
        let (mut seal, reached) = match self.reached()? {
            Reached::Nothing => (Seal { digest: StoreDigest::default(), ..self.old.seal }, None),
            Reached::Row(seal, reached) => (seal, Some(reached)),
            Reached::End => return Ok(0),
        };
        let mut rows = 0;
        let tables = self.engine.those_of(Table::in_memory().chain(Table::OF_LOG))?.into_iter();
        let mut start = reached.as_ref().map_or(Vec::new(), |reached| after(&reached.key));
        for table in tables.skip_while(|table| reached.as_ref().is_some_and(|it| it.table != table.name())) {
            loop {
                let found = self.engine.scan_on(table, &start, PIECE)?;
                let Some((last, _)) = found.last() else { break };
                start = after(last);
                let reached = MigrationV1 { table: table.name().to_owned(), key: last.clone() };
                rows += found.len() as u64;
                self.put(found, table, &mut seal, &reached)?;
                if rows % SAY < PIECE as u64 {
                    log::info!("{rows} rows are copied");
                }
            }
            start.clear();
        }
        self.finish(seal)?;
        Ok(rows)
    }

    /// How far the new store has come.
    fn reached(&self) -> Result<Reached, Error> {
        let (mut seal, mut reached) = (None, None);
        self.new.scan(Table::Meta, |change| {
            let value = change.value.as_deref().unwrap_or_default();
            match change.key.as_slice() {
                table::SEAL => seal = Some(decode(Table::Meta, table::SEAL, value)?),
                table::MIGRATION => reached = Some(frozen(change)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(match (seal, reached) {
            (None, _) => Reached::Nothing,
            (Some(seal), Some(reached)) => Reached::Row(seal, reached),
            // Whole, but not in its place yet.
            (Some(_), None) => Reached::End,
        })
    }

    fn put(
        &self,
        found: Vec<(Vec<u8>, Vec<u8>)>,
        table: Table,
        seal: &mut Seal,
        reached: &MigrationV1,
    ) -> Result<(), MigrationError> {
        let mut changes = Vec::new();
        for (key, value) in found {
            changes.extend(renewed(&self.old.state, &RowChange { table, key, value: Some(value) })?);
        }
        *seal = seal.after(&changes, &[], self.old.seal.audit, self.key);
        let value = Some(codec::encode(reached)?);
        changes.push(RowChange { table: Table::Meta, key: table::MIGRATION.to_vec(), value });
        changes.push(seal.change()?);
        Ok(self.new.commit(&changes)?)
    }

    fn finish(&self, seal: Seal) -> Result<(), MigrationError> {
        let seal = seal.after(&[], &[], self.old.seal.audit, self.key);
        let done = RowChange { table: Table::Meta, key: table::MIGRATION.to_vec(), value: None };
        Ok(self.new.commit(&[done, seal.change()?])?)
    }
}

/// The first key after this one.
fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// A row as it stands in the new store; none if it has no place there.
fn renewed(state: &State, change: &RowChange) -> Result<Option<RowChange>, Error> {
    match change.table {
        Table::Repositories => repository(change).map(Some),
        Table::Tags => tag(state, change).map(Some),
        Table::Activity => activity(state, change).map(Some),
        Table::Deleted => deleted(state, change).map(Some),
        Table::Grants => grant(state, change),
        Table::Meta if change.key == table::SEAL => Ok(None),
        Table::Meta
        | Table::Accounts
        | Table::Tokens
        | Table::Usage
        | Table::KnownAddresses
        | Table::Audit
        | Table::Removed
        | Table::Members
        | Table::Teams
        | Table::TeamMembers
        | Table::RepositoryGrants
        | Table::Days
        | Table::Gone => Ok(Some(change.clone())),
    }
}

fn damaged(change: &RowChange) -> Error {
    Error::corrupt(change.table, &change.key, "it does not decode")
}

fn frozen<R: FrozenVersion>(change: &RowChange) -> Result<R, Error> {
    codec::decode(change.value.as_deref().unwrap_or_default()).map_err(|_| damaged(change))
}

fn check(change: &RowChange, key: &[u8]) -> Result<(), Error> {
    if change.key == key { Ok(()) } else { Err(Error::corrupt(change.table, &change.key, "key")) }
}

fn put<R: Row>(change: &RowChange, row: &R) -> Result<RowChange, Error> {
    row::put(row).map_err(|_| damaged(change))
}

/// The repository of a row that was found by its name.
fn repository_named(state: &State, change: &RowChange, text: &str) -> Result<(RepositoryName, Id), Error> {
    let name = RepositoryName::parse(text).map_err(|_| damaged(change))?;
    let repository = state.repository(&name).map(|repository| repository.id);
    let missing = || Error::corrupt(change.table, &change.key, "no such repository");
    Ok((name, repository.ok_or_else(missing)?))
}

fn repository(change: &RowChange) -> Result<RowChange, Error> {
    let value = change.value.as_deref().unwrap_or_default();
    let repository: Repository = decode(change.table, &change.key, value)?;
    check(change, &table::name(&repository.name))?;
    // The record is the same; only its key has changed.
    Ok(RowChange { key: repository.key(), ..change.clone() })
}

fn tag(state: &State, change: &RowChange) -> Result<RowChange, Error> {
    let TagV1 { repository, tag } = frozen(change)?;
    let (name, repository) = repository_named(state, change, &repository)?;
    let tag = Field::load(tag.of_today()).ok_or_else(|| damaged(change))?;
    let stored = StoredTag { repository, tag };
    check(change, &earlier_tag(&name, &stored.tag.name))?;
    put(change, &stored)
}

fn activity(state: &State, change: &RowChange) -> Result<RowChange, Error> {
    let ActivityV1 { repository, activity } = frozen(change)?;
    let (name, repository) = repository_named(state, change, &repository)?;
    check(change, &table::name(&name))?;
    let activity = Field::load(activity).ok_or_else(|| damaged(change))?;
    put(change, &StoredActivity { repository, activity, uses: TokenUses::default() })
}

/// The owner is the account of the namespace, if it existed already when the repository was deleted.
fn deleted(state: &State, change: &RowChange) -> Result<RowChange, Error> {
    let DeletedV1 { repository, deletion } = frozen(change)?;
    let repository: RepositoryName = Field::load(repository).ok_or_else(|| damaged(change))?;
    let deletion: crate::domain::content::Deletion = Field::load(deletion).ok_or_else(|| damaged(change))?;
    check(change, &table::name(&repository))?;
    let owner = state.account_named(repository.namespace_str());
    let owner = owner.filter(|owner| owner.created_at <= deletion.at).map(|owner| owner.id);
    put(change, &Deleted { repository, deletion, owner })
}

/// Grants on namespaces stay as they are; those on repositories have a table of their own.
fn grant(state: &State, change: &RowChange) -> Result<Option<RowChange>, Error> {
    let GrantV1 { target: (kind, target), grantee, level } = frozen(change)?;
    let (grantee, level): (Option<Grantee>, _) = (Field::load(grantee), Field::load(level));
    let (grantee, level) = grantee.zip(level).ok_or_else(|| damaged(change))?;
    if kind == <Namespace as Field>::store(&Namespace::Empty).0 {
        let namespace = Namespace::parse(&target).map_err(|_| damaged(change))?;
        check(change, &table::namespace_grant(&namespace, grantee))?;
        return Ok(Some(change.clone()));
    }
    let name = RepositoryName::parse(&target).map_err(|_| damaged(change))?;
    check(change, &earlier_grant(&name, grantee))?;
    let Some(repository) = state.repository(&name).map(|repository| repository.id) else {
        // A later repository of that name must not begin with this grant.
        let grantee = super::error::hex(&grantee.id().to_bytes());
        log::warn!("a grant on {name} is left out: there is no such repository ({grantee})");
        return Ok(None);
    };
    put(change, &RepositoryGrant { repository, grantee, level }).map(Some)
}

/// Key of a tag before format 3: the repository's name, an empty component, the tag.
pub(super) fn earlier_tag(repository: &RepositoryName, tag: &TagName) -> Vec<u8> {
    [table::name(repository), vec![0], table::terminated([tag.as_str()])].concat()
}

/// Key of a grant on a repository before format 3: `r`, its name, an empty component, kind and identifier of the grantee.
pub(super) fn earlier_grant(repository: &RepositoryName, grantee: Grantee) -> Vec<u8> {
    [table::prefixed(b'r', table::name(repository)), vec![0], table::grantee(grantee)].concat()
}
