//! The use-cases: synchronous, without HTTP. Each takes a [`Call`], whose [`Caller`] only `sign_in` makes, and decides
//! by `access::authority` in the very state that it acts on.
//!
//! Reads go through `Service::view`, changes through `Service::change`. Both record denials, and a change writes its
//! audit record in the same transaction; without a permit of `access::authority` no change reaches the store.
//!
//! The rooms, each a page of the story; a room names only those before it:
//!
//! - `error`, `page`: why a use-case refused; a page of a list.
//! - `access`: who calls, what the caller may do, what it sees.
//! - `ledger`: the ways to the state (view, change, upkeep) and the audit log.
//! - `settings`: what the site decides. `signing`: the keys of registry tokens.
//! - `sign_in`: from what a request shows to a caller.
//! - `content`: repositories, their tags, what the registry tells of them, comparison and deletion.
//! - `tokens`: access tokens and registry tokens.
//! - `gateway`: requests of the registry's API, one by one.
//! - `people`: accounts, organizations, teams, and what was granted to them.
//! - `answers`: why somebody may do something, what somebody reaches.
//! - `keeping`: backups, restores, the check of the store.
//! - `search`: over people and content. `start`: opens all of it.

mod access;
mod answers;
mod content;
mod error;
mod gateway;
mod keeping;
mod ledger;
mod page;
mod people;
mod search;
mod settings;
mod sign_in;
pub mod signing;
mod start;
mod tokens;

#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

pub use access::{Allowed, Call, Caller};
pub use answers::{
    AccessList, AskedAccess, CheckedAccess, CutView, ReachedView, ReachingToken, ReachingTokens, SourceView,
};
pub use content::{
    Compared, ContentDeletion, NewRepository, News, Notice, RepositoryQuery, RepositoryUpdate, RepositoryView, Seen,
    SeenTag, TagDeletion, TagView, Transferred,
};
pub use error::{Error, Kind, Obstacle};
pub use gateway::{Admission, Admitted};
pub use keeping::{ExaminedSite, Few, LONG_EXPIRED, OLD, Restored, UNUSED, restore};
pub use ledger::{AuditFilter, AuditPage, AuditPlace};
pub use page::{Page, PageQuery};
pub use people::{
    AccessView, AccountCounts, AccountPage, AccountPresent, AccountQuery, AccountUpdate, AccountView, GrantList,
    GrantView, MemberView, MembershipView, NewOrganization, NewUser, Reach, ReachView, TargetView, TeamUpdate,
    TeamView, UpdatedAccount,
};
pub use search::{Found, Search};
pub use settings::{AuditKeep, GatewaySettings, Live, SiteSettings, UpgradeBackup};
pub use sign_in::{Credentials, FileSecretError, LONGEST_SESSION, ListedSession, SecretOf, SessionSecret, SessionView};
pub use start::{FirstStart, OpenError, check_secret};
pub use tokens::{
    Decided, Errand, Expiry, IdentifiedToken, Issued, NewRobot, NewToken, OWN_NAME, Pass, ReachPreview,
    RepeatedRotation, ReplacedView, RotatedToken, Rotation, RotationKey, TokenCounts, TokenFilter, TokenView,
    UpdatedToken, WhichToken,
};

pub use crate::store::{
    BackupTrouble, CheckedStore, EndedFile, EndedSince, RestoreError, StoreProblem, Trouble, VerifiedBackup,
    WriteError, check_directory, read_ended, verify_backup,
};

use crate::domain::act::Act;
use crate::domain::time::{Clock, Timestamp};
use crate::metrics::{Disk, Metrics, Writer};
use crate::store::{DataDirectory, KnownAddress, State, Store, last_backup_at, room_at, size_at};
use access::FirstUses;
use content::{Pulls, RecentNotices, Underway};
use gateway::Uploads;
use ledger::{AuditBuffer, Deed, LinePace, Pace, Writing};
use sign_in::{FileSecret, LastUses, Passwords, Remembered, Sessions, Throttle};
use signing::{Signer, SigningError};
use tokens::{Giving, Warnings};

/// What the disk says of a data directory, whoever has it open; none if it does not tell. It may wait for the disk.
#[must_use]
pub fn disk_at(directory: &Path) -> Option<Disk> {
    let store_bytes = size_at(directory).ok()?;
    Some(Disk { store_bytes, free_bytes: room_at(directory), last_backup: last_backup_at(directory) })
}

/// Whether a start would open the store of this directory, as far as that can be seen without opening it. Nothing is changed.
///
/// # Errors
/// [`OpenError`], as of the start
pub fn startable(directory: &Path) -> Result<(), OpenError> {
    Ok(DataDirectory::look(directory)?)
}

/// The use-cases over one store.
pub struct Service {
    store: Store,
    /// The right to change the store, for `ledger` alone.
    writing: Writing,
    signer: Arc<Signer>,
    settings: SiteSettings,
    passwords: Passwords,
    throttle: Throttle,
    /// The passwords that were verified within the minute.
    remembered: Mutex<Remembered>,
    /// For lengths of time that are kept in memory alone; the date of a call is an argument.
    clock: Clock,
    audit: AuditBuffer,
    /// The log's lines about refusals within the minute.
    lines: LinePace,
    /// What accounts changed within the minute.
    pace: Pace,
    /// How often accounts have set their own passwords lately.
    password_pace: Pace,
    /// How often sources have revoked access tokens by their secrets lately.
    revocation_pace: Pace<IpAddr>,
    /// The addresses that accounts signed in from, each with the older one that it evicted, until they are written.
    known_addresses: Mutex<Vec<(KnownAddress, Option<IpAddr>)>>,
    /// Authenticates the registry's notifications, and nothing else.
    events_secret: FileSecret,
    /// Opens the metrics, and nothing else.
    metrics_secret: FileSecret,
    /// What is counted.
    metrics: Arc<Metrics>,
    /// Notifications that were taken already.
    notices: RecentNotices,
    /// Content of deleted repositories that is being deleted.
    underway: Underway,
    /// The secrets of rotations that were used, until that is written.
    first_uses: FirstUses,
    /// When each account last used an access token.
    last_uses: LastUses,
    /// The open sessions of the web pages.
    sessions: Sessions,
    /// Pulls that are not written yet.
    pulls: Pulls,
    /// Uploads that were begun through the gateway.
    uploads: Uploads,
    /// Registry tokens that were just signed.
    giving: Giving<State>,
    /// The ends of access tokens that were warned of.
    warnings: Warnings,
}

impl Service {
    /// What signs registry tokens.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Why changes are refused at present; none if they are not.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.store.refusal(self.clock.moment())
    }

    /// What is not well although changes are accepted.
    pub fn warnings(&self) -> impl Iterator<Item = &'static str> {
        let too_large = "the audit log is larger than audit.keep_mib: its changes are too young";
        let failing = "ended.log cannot be written: what is ended now would be in force again after a restore";
        let behind =
            "the clock is behind what was seen before: until it is there again, access tokens end by the later date";
        let is_behind = self.store.state().latest().is_ahead_of(self.clock.now());
        let warnings = [
            (self.store.audit_is_too_large(), too_large),
            (self.store.is_ended_log_failing(), failing),
            (is_behind, behind),
        ];
        warnings.into_iter().filter(|(is_so, _)| *is_so).map(|(_, warning)| warning)
    }

    /// Room that is left on the file system of the data directory, in bytes; none if the system does not tell.
    #[must_use]
    pub fn room(&self) -> Option<u64> {
        self.store.room()
    }

    /// What the writer does.
    #[must_use]
    pub fn writer(&self) -> Writer {
        let now = self.clock.moment();
        Writer {
            busy_millis: self.store.busy_millis(now),
            hangs: self.store.hangs(now),
            accepts: self.refusal().is_none(),
            notes_endings: !self.store.is_ended_log_failing(),
        }
    }

    /// What the disk says of the data directory; none if it does not tell. It may wait for the disk: for a thread that
    /// serves no requests.
    #[must_use]
    pub fn disk(&self) -> Option<Disk> {
        disk_at(self.store.directory())
    }

    /// How many repositories are known.
    #[must_use]
    pub fn repositories_count(&self) -> usize {
        self.store.state().repositories_count()
    }

    /// How many accounts still have the hash of bcrypt that their password was imported with: until the last of them has
    /// signed in, was made inactive or got another password, each wrong password costs that work as well.
    #[must_use]
    pub fn imported_passwords(&self) -> usize {
        self.store.state().imported_passwords()
    }

    /// Refuses all callers but administrators, before anything is looked at. `act` is what would be done.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn may_administer(&self, call: &Call, act: Act) -> Result<(), Error> {
        self.view(call, act, "", |authority| authority.administrator().map(drop))
    }

    /// Records that a comparison with the registry begins or is stopped, which itself is no change of the store.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators; [`Error::Unavailable`].
    pub fn compare_registry(&self, call: &Call, act: Act) -> Result<(), Error> {
        self.change(call, Deed::new(act, ""), |change| change.authority()?.administrator().map(drop))
    }

    /// Replaces the key that signs registry tokens.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the local socket; [`Error::Internal`] if the key cannot be written.
    pub fn rotate_signing_key(&self, call: &Call) -> Result<(), Error> {
        let deed = Deed::new(Act::RegistryRotateKey, "");
        self.change(call, deed, |change| change.authority()?.local().map(drop))?;
        self.signer.rotate(call.now).map_err(Error::internal)
    }

    /// The chores of every half minute: writes last uses, pulls, known addresses and waiting audit events, removes old ones, gives disk space back, drops sessions that have timed out and forgets verified passwords, renews the signing leaf.
    pub fn housekeep(&self, now: Timestamp) {
        if let Err(error) = self.store.save_usage() {
            log::warn!("the last uses of access tokens wait: {error}");
        }
        self.save_pulls();
        self.sessions.clean(self.clock.moment());
        self.forget_verified();
        self.save_known_addresses();
        self.write_audit(now);
        self.shorten_audit(now);
        self.give_space_back();
        if let Err(error) = self.renew_signing_key(now) {
            log::error!("the certificate that signs registry tokens was not renewed: {error}");
        }
    }

    /// The chore of every half second: notes that ends have come, writes what follows from the first uses of new secrets, and
    /// warnings of ends that come near, unless no change is accepted; forgets what was just signed and is not given out again.
    pub fn keep_up(&self, now: Timestamp) {
        self.giving.sweep(now);
        // Seen, also where nobody asks anything.
        _ = self.store.state().latest().judged(now);
        if self.refusal().is_none() {
            self.store.keep_ends();
            self.save_first_uses(now);
            self.warn_of_ends(now);
        }
    }

    fn renew_signing_key(&self, now: Timestamp) -> Result<(), SigningError> {
        if self.signer.renew_if_due(now)? {
            log::info!("the certificate that signs registry tokens was renewed");
        }
        Ok(())
    }

    /// Notes that the server is ready: removes what an earlier start kept as a way back.
    pub fn note_ready(&self) {
        self.store.forget_earlier();
    }

    /// Writes what waits, waits for the changes under way, and closes the store.
    pub fn close(&self, now: Timestamp) {
        self.save_pulls();
        self.save_known_addresses();
        self.save_first_uses(now);
        self.write_rest_of_audit(now);
        self.store.close();
    }
}
