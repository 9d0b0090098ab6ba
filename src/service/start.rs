//! The start: opens the store and the keys, and makes the account `admin` the first time.

use std::path::Path;
use std::sync::{Arc, Mutex};

use zeroize::Zeroizing;

use crate::data_files;
use crate::domain::account::{Account, AccountKind};
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, CredentialKind, Occurrence, Outcome};
use crate::domain::id::Id;
use crate::domain::name::{InvalidName, Name};
use crate::domain::password;
use crate::domain::random::{self, NoRandomness};
use crate::domain::secret::Password;
use crate::domain::time::{Clock, Timestamp};
use crate::metrics::Metrics;
use crate::private_file::{self, PrivateFileError};
use crate::service::Service;
use crate::service::access::{Caller, FirstUses, Subject, find};
use crate::service::content::{Pulls, RecentNotices, Underway};
use crate::service::error::Error;
use crate::service::gateway::Uploads;
use crate::service::ledger::{AuditBuffer, Deed, LinePace, Pace, Upkeep, Writing};
use crate::service::settings::SiteSettings;
use crate::service::sign_in::{
    ADMIN, FileSecret, FileSecretError, LastUses, Passwords, Remembered, SecretOf, Sessions, Throttle,
};
use crate::service::signing::{Signer, SigningError, SigningSettings};
use crate::service::tokens::{Giving, Warnings};
use crate::store::{self, DataDirectory, Meta, Opened, Store};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The keys do not open.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// A private file cannot be written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The first account cannot be made.
    #[error("the account {ADMIN} could not be made: {0}")]
    FirstAccount(#[source] Error),
    /// A secret in a file does not open.
    #[error(transparent)]
    FileSecret(#[from] FileSecretError),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The name of the first account is not a name: a bug.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl OpenError {
    /// Whether another process has the store open.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Store(store::Error::Locked { .. }))
    }
}

/// What the first start tells the operator.
#[derive(Debug)]
pub struct FirstStart {
    /// The password of `admin`, if it was generated.
    pub password: Option<Password>,
}

/// Whether a secret in a file of the site's can be used; the file stays as it is.
///
/// # Errors
/// [`OpenError`], as of a start.
pub fn check_secret(what: SecretOf, file: &Path) -> Result<(), OpenError> {
    Ok(FileSecret::check(what, file)?)
}

impl Service {
    /// Opens the data directory. On the first start it makes the account `admin` with `admin_password`, or a random
    /// one. What is counted and measured goes into `metrics`.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open(
        directory: &Path,
        settings: SiteSettings,
        signing: SigningSettings,
        admin_password: Option<Password>,
        clock: &Clock,
        metrics: &Arc<Metrics>,
    ) -> Result<(Self, Option<FirstStart>), OpenError> {
        let now = clock.now();
        // What the site gives is looked at before anything is made of it.
        if let Some(given) = admin_password.as_ref().filter(|_| !directory.join(data_files::FORMAT).exists()) {
            check_first(given)?;
        }
        let given = |what, file: Option<&Path>| file.map(|file| FileSecret::read(what, file)).transpose();
        let given_secrets = (
            given(SecretOf::Notifications, settings.events_secret.as_deref())?,
            given(SecretOf::Metrics, settings.metrics_secret.as_deref())?,
        );
        let directory = DataDirectory::open(directory)?;
        let keys = directory.keys();
        let Opened { store, access, known_addresses } =
            Store::open(directory, &settings.upgrade_backup, clock.clone(), Arc::clone(metrics))?;
        let signer = Signer::open(&keys, signing, now)?.measured(Arc::clone(metrics));
        let opened = |what, given: Option<FileSecret>| given.map_or_else(|| FileSecret::open(what, &keys), Ok);
        let events_secret = opened(SecretOf::Notifications, given_secrets.0)?;
        let metrics_secret = opened(SecretOf::Metrics, given_secrets.1)?;
        // The store may have taken long to open.
        let (now, moment) = (clock.now(), clock.moment());
        let known = known_addresses.into_iter();
        let known = known.map(|known| (known.account, known.address, moment.of_past(now, known.at)));
        let underway = Underway::new(settings.registry.clone());
        let last_uses = LastUses::of(&store.state(), store.usage());
        let service = Self {
            store,
            writing: Writing::new(access),
            signer: Arc::new(signer),
            settings,
            passwords: Passwords::new(Arc::clone(metrics)).map_err(OpenError::FirstAccount)?,
            throttle: Throttle::new(random::bytes()?, known),
            remembered: Mutex::new(Remembered::new(random::bytes()?)),
            clock: clock.clone(),
            audit: AuditBuffer::default(),
            lines: LinePace::default(),
            pace: Pace::default(),
            password_pace: Pace::default(),
            revocation_pace: Pace::default(),
            known_addresses: Mutex::default(),
            events_secret,
            metrics_secret,
            metrics: Arc::clone(metrics),
            notices: RecentNotices::default(),
            pulls: Pulls::default(),
            uploads: Uploads::default(),
            giving: Giving::default(),
            warnings: Warnings::default(),
            underway,
            first_uses: FirstUses::default(),
            last_uses,
            sessions: Sessions::default(),
        };
        let first = service.start_first(admin_password, now)?;
        if let Err(error) = service.renew_signing_key(now) {
            log::error!("the certificate that signs registry tokens was not renewed: {error}");
        }
        Ok((service, first))
    }

    /// Makes the account `admin` if there never was a store.
    fn start_first(&self, given: Option<Password>, now: Timestamp) -> Result<Option<FirstStart>, OpenError> {
        if self.store.state().meta().is_some() {
            // Repeated, since the first start may have crashed between its commit and this note.
            self.store.finish_first_start()?;
            return Ok(None);
        }
        let file = self.initial_password_file();
        let is_made_up = given.is_none();
        let password = match given {
            Some(given) => given,
            None => password::made_up()?,
        };
        check_first(&password)?;
        let hash = self.passwords.hash(&password, None).map_err(OpenError::FirstAccount)?;
        if is_made_up {
            // Written before the account: a crash in between leaves a password without an account, never the reverse.
            private_file::write(&file, Zeroizing::new(format!("{}\n", password.reveal())).as_bytes())?;
        }
        let account = Account {
            id: Id::new(now, random::bytes()?),
            name: Name::parse(ADMIN)?,
            kind: AccountKind::User,
            full_name: String::new(),
            is_active: true,
            is_admin: true,
            password: Some(hash),
            password_set_by_admin: is_made_up,
            created_at: now.whole_seconds(),
            generation: 0,
        };
        let meta = Meta { instance: Id::new(now, random::bytes()?), created_at: now.whole_seconds() };
        let made = self.keep(Upkeep::FirstAccount, move |txn| {
            txn.put_meta(meta.clone())?;
            txn.put_account(account.clone())?;
            Ok(txn.audit(&system_entry(Act::AccountCreate, &account), Occurrence::once(now))?)
        });
        made.map_err(OpenError::FirstAccount)?;
        self.store.finish_first_start()?;
        Ok(Some(FirstStart { password: is_made_up.then_some(password) }))
    }

    /// Whether an account of this name exists.
    #[must_use]
    pub fn has_account(&self, name: &str) -> bool {
        find(&self.store.state(), name).is_ok()
    }
}

/// Refuses a first password as any other is refused.
fn check_first(password: &Password) -> Result<(), OpenError> {
    password::check(password).map_err(|weak| OpenError::FirstAccount(Error::invalid("password", weak)))
}

fn system_entry(act: Act, account: &Account) -> AuditEntry {
    let nobody = Caller::new(Subject::Anonymous, None);
    let deed = Deed::new(act, &account.name).about_account(account);
    let entry = deed.entry(&nobody, Outcome::Success);
    AuditEntry { actor: "system".to_owned(), credential: CredentialKind::System, ..entry }
}
