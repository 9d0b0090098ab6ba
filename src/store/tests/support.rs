//! A data directory of one test, and values to put into its store.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

use super::super::{KnownAddress, Meta, Opened, Store, TooLarge, Txn, WriteAccess, WriteError, open};
use crate::domain::access::GrantLevel;
use crate::domain::account::{Account, AccountKind};
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, Concerned, CredentialKind, Occurrence, Outcome};
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::immutable_tags::ImmutableTags;
use crate::domain::name::{Name, RepositoryName};
use crate::domain::organization::Team;
use crate::domain::repository::Repository;
use crate::domain::secret::TokenHash;
use crate::domain::time::{Clock, Moment, Timestamp};
use crate::domain::token::AccessToken;
use crate::domain::usage::Usage;

/// The moment at which everything in these tests happens.
pub(super) const NOW: i64 = 1_795_296_000_000;

/// Why a change in a test was not made.
#[derive(Debug, PartialEq)]
pub(super) enum Failure {
    /// The work itself said no.
    Refused,
    /// A record was too large.
    TooLarge,
    /// The store did not make the change.
    Write(WriteError),
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<TooLarge> for Failure {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

/// A data directory that goes with the test.
pub(super) struct Home(TempDir);

impl Home {
    /// An empty directory.
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A directory that has finished its first start.
    pub(super) fn started() -> Self {
        let home = Self::new();
        start(&home.open());
        home
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path().join("store").join("db")
    }

    pub(super) fn open(&self) -> Store {
        open_at(&self.path()).unwrap().0
    }
}

/// A variable that a test was started with.
#[expect(clippy::disallowed_methods, reason = "how tests are told what to do; the program reads it elsewhere")]
pub(super) fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Whether the full counts are asked for.
pub(super) fn is_long() -> bool {
    environment("DOCKPASS_LONG").is_some()
}

/// Copies a directory with everything in it.
pub(super) fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_directory(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// Opens the store in a directory with a clock that stands still.
pub(super) fn open_at(path: &Path) -> Result<(Store, Vec<KnownAddress>), super::super::Error> {
    open(path, Clock::fixed(now())).map(|Opened { store, known_addresses, .. }| (store, known_addresses))
}

/// Waits until nothing of what is gone is on the disk any more.
pub(super) fn purged(store: &Store) {
    const PATIENCE: Duration = Duration::from_mins(2);
    const PAUSE: Duration = Duration::from_millis(2);
    let mut left = PATIENCE;
    while store.state().is_purging() {
        left = left.checked_sub(PAUSE).expect("what is gone goes from the disk in the end");
        std::thread::sleep(PAUSE);
    }
}

/// Does what the first start does.
pub(super) fn start(store: &Store) {
    write(store, |txn| Ok(txn.put_meta(Meta { instance: id(1), created_at: now() })?)).unwrap();
    store.finish_first_start().unwrap();
}

/// [`Store::write`] with the error of the tests.
pub(super) fn write<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Txn<'_>) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    // Tests write each of their changes once.
    let work = Mutex::new(Some(work));
    store.write(&WriteAccess(()), move |txn| {
        let work = work.lock().unwrap().take().expect("a change of a test runs once");
        work(txn)
    })
}

/// Makes account `number` with an audit record: one change.
pub(super) fn add_account(store: &Store, number: u64) -> Result<(), Failure> {
    write(store, move |txn| {
        if !txn.put_account(account(number))? {
            return Err(Failure::Refused);
        }
        Ok(txn.audit(&entry(&format!("user-{number}")), Occurrence::once(now()))?)
    })
}

/// Grants a user a level on a repository.
pub(super) fn grant_to(txn: &mut Txn<'_>, name: &str, user: u64, level: GrantLevel) -> Result<(), TooLarge> {
    let target = GrantTarget::Repository(RepositoryName::parse(name).unwrap());
    txn.put_grant(&target, Grantee::User(id(user)), level).map(drop)
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

/// A clock that stands still at [`now`].
pub(super) fn clock() -> Clock {
    Clock::fixed(now())
}

/// The moment of a store that was opened at [`now`].
pub(super) fn moment() -> Moment {
    Clock::fixed(now()).moment()
}

pub(super) fn id(number: u64) -> Id {
    Id::from_bytes(u128::from(number).to_be_bytes())
}

pub(super) fn hash(number: u64) -> TokenHash {
    TokenHash::from_bytes(*blake3::hash(&number.to_be_bytes()).as_bytes())
}

pub(super) fn account(number: u64) -> Account {
    Account {
        id: id(number),
        name: Name::parse(&format!("user-{number}")).unwrap(),
        kind: AccountKind::User,
        full_name: format!("User {number}"),
        is_active: true,
        is_admin: false,
        password: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
        password_set_by_admin: false,
        created_at: now(),
        generation: 0,
    }
}

pub(super) fn team(number: u64, organization: u64, name: &str) -> Team {
    Team {
        id: id(number),
        organization: id(organization),
        name: Name::parse(name).unwrap(),
        description: String::new(),
        created_at: now(),
    }
}

pub(super) fn token(number: u64, owner: u64) -> AccessToken {
    let plain = AccessToken::plain(id(number), id(owner), hash(number));
    plain.with(|it| {
        (it.label, it.created_at, it.creator_ua) = (format!("token {number}"), now(), "curl/8".into());
    })
}

pub(super) fn repository(name: &str, number: u64) -> Repository {
    Repository {
        id: id(number),
        name: RepositoryName::parse(name).unwrap(),
        is_public: false,
        short_description: String::new(),
        long_description: String::new(),
        created_at: now(),
        owner: None,
        immutable_tags: ImmutableTags::default(),
    }
}

pub(super) fn usage(seconds: i64) -> Usage {
    Usage { at: now().plus_seconds(seconds), address: [192, 0, 2, 7].into(), secret: Some(hash(9)), other: None }
}

pub(super) fn entry(object: &str) -> AuditEntry {
    AuditEntry {
        actor: "admin".to_owned(),
        actor_id: Some(id(1)),
        credential: CredentialKind::Password,
        credential_id: None,
        credential_label: None,
        address: "192.0.2.7".to_owned(),
        act: Act::AccountCreate,
        object: object.to_owned(),
        outcome: Outcome::Success,
        concerned: Concerned::default(),
        reason: None,
        summed: None,
    }
}
