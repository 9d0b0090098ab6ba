//! The start: opening the store and the keys, and the account `admin` on the first one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::accounts::find;
use super::audit::{self, AuditBuffer};
use super::caller::{Caller, Subject};
use super::change::{Deed, Upkeep, Writing};
use super::deletions::Underway;
use super::error::Error;
use super::events_secret::EventsSecret;
use super::news::RecentNotices;
use super::passwords::Passwords;
use super::pulls::Pulls;
use super::sessions::Sessions;
use super::signing::{Signer, SigningError, SigningSettings};
use super::throttle::Throttle;
use super::{Service, Settings};
use crate::domain::account::{Account, AccountKind};
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, CredentialKind, Occurrence, Outcome};
use crate::domain::id::Id;
use crate::domain::name::{InvalidName, Name};
use crate::domain::password;
use crate::domain::random::{self, NoRandomness};
use crate::domain::secret::Password;
use crate::domain::time::{Clock, Timestamp};
use crate::store::private_file::{self, PrivateFileError};
use crate::store::{self, DataDirectory, Meta, Opened, Store};

/// The file that tells the first password until it is changed.
const INITIAL_PASSWORD: &str = "initial-admin-password";
/// The first account.
const ADMIN: &str = "admin";

/// Words of the first password: short, distinct, and easy to type.
const WORDS: [&str; 64] = [
    "acorn", "amber", "anchor", "apple", "arrow", "autumn", "badger", "basil", "beacon", "birch", "bramble", "breeze",
    "brook", "cedar", "chalk", "cloud", "clover", "cobalt", "copper", "coral", "cotton", "crane", "cypress", "ember",
    "falcon", "fern", "fiddle", "flint", "forest", "garnet", "ginger", "granite", "harbour", "hazel", "heron",
    "indigo", "island", "ivory", "jasper", "kestrel", "lantern", "lemon", "linen", "maple", "marble", "meadow",
    "mellow", "mirror", "nutmeg", "oak", "olive", "orchard", "otter", "pebble", "pepper", "quartz", "raven", "river",
    "saffron", "silver", "thistle", "velvet", "violet", "willow",
];

/// Why it cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
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
    /// The secret of the registry's notifications cannot be read.
    #[error("the secret of the registry's notifications, {}: {source}", path.display())]
    EventsSecret {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The operating system gives no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The name of the first account is no name: a fault of this program.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl StartError {
    /// Whether another process has the store open.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Store(store::Error::Locked { .. }))
    }
}

/// What the first start has to tell.
#[derive(Debug)]
pub struct FirstStart {
    /// The password of `admin`, if it was made up here.
    pub password: Option<Password>,
    /// Where it is written until it is changed.
    pub file: PathBuf,
}

impl Service {
    /// Opens the data directory. On the first start it makes the account `admin` with `admin_password`, or a random one.
    ///
    /// # Errors
    /// [`StartError`]
    pub fn open(
        directory: &Path,
        settings: Settings,
        signing: SigningSettings,
        admin_password: Option<Password>,
        clock: &Clock,
    ) -> Result<(Self, Option<FirstStart>), StartError> {
        let now = clock.now();
        let directory = DataDirectory::open(directory)?;
        let keys = directory.keys();
        let Opened { store, access, known_addresses } = Store::open(directory, clock.clone())?;
        let signer = Signer::open(&keys, signing, now)?;
        let events_secret = EventsSecret::open(settings.events_secret.as_deref(), &keys)?;
        let known = known_addresses.into_iter().map(|known| (known.account, known.address, known.at));
        let underway = Underway::new(settings.registry.clone());
        let service = Self {
            store,
            writing: Writing::new(access),
            signer: Arc::new(signer),
            settings,
            passwords: Passwords::new().map_err(StartError::FirstAccount)?,
            throttle: Throttle::new(random::bytes()?, known),
            audit: AuditBuffer::default(),
            known_addresses: Mutex::default(),
            events_secret,
            notices: RecentNotices::default(),
            pulls: Pulls::default(),
            underway,
            sessions: Sessions::default(),
        };
        let first = service.start_first(admin_password, now)?;
        if let Err(error) = service.renew_signing_key(now) {
            log::error!("the certificate that signs registry tokens was not renewed: {error}");
        }
        Ok((service, first))
    }

    /// Makes the account `admin` where there never was a store.
    fn start_first(&self, given: Option<Password>, now: Timestamp) -> Result<Option<FirstStart>, StartError> {
        if self.store.state().meta().is_some() {
            // Again, should the first start have ended between its commit and this note.
            self.store.finish_first_start()?;
            return Ok(None);
        }
        let file = self.store.directory().join(INITIAL_PASSWORD);
        let is_made_up = given.is_none();
        let password = match given {
            Some(given) => given,
            None => made_up()?,
        };
        password::check(&password).map_err(|weak| StartError::FirstAccount(Error::invalid("password", weak)))?;
        let hash = self.passwords.hash(&password).map_err(StartError::FirstAccount)?;
        if is_made_up {
            // Before the account: a crash between leaves a password without an account, never the reverse.
            private_file::write(&file, format!("{}\n", password.reveal()).as_bytes())?;
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
        made.map_err(StartError::FirstAccount)?;
        self.store.finish_first_start()?;
        Ok(Some(FirstStart { password: is_made_up.then_some(password), file }))
    }

    /// Removes the file with the first password once it is changed.
    pub(super) fn forget_initial_password(&self, changed: &Account) {
        if changed.name.as_str() != ADMIN {
            return;
        }
        let file = self.store.directory().join(INITIAL_PASSWORD);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                log::warn!("{} was not removed: {error}", file.display());
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// The local administrator, for what the process does on behalf of who runs it.
    #[must_use]
    pub fn local(uid: u32) -> Caller {
        Caller::new(Subject::Local { uid }, None)
    }

    /// Whether an account of this name exists.
    #[must_use]
    pub fn has_account(&self, name: &str) -> bool {
        find(&self.store.state(), name).is_ok()
    }
}

fn system_entry(act: Act, account: &Account) -> AuditEntry {
    let nobody = Caller::new(Subject::Anonymous, None);
    let deed = Deed::new(act, &account.name).about_account(account);
    let entry = audit::entry(&nobody, &deed, Outcome::Success);
    AuditEntry { actor: "system".to_owned(), credential: CredentialKind::System, ..entry }
}

/// Six of 64 words and a number of 9,000: 49 bits, enough behind a slow hash and a throttle, and it can be typed.
fn made_up() -> Result<Password, NoRandomness> {
    let bytes: [u8; 8] = random::bytes()?;
    let [high, low, chosen @ ..] = bytes;
    let words = chosen.map(|byte| WORDS.get(usize::from(byte % 64)).copied().unwrap_or("oak"));
    let number = u32::from(u16::from_be_bytes([high, low])) % 9_000 + 1_000;
    Ok(Password::new(format!("{}-{number}", words.join("-"))))
}
