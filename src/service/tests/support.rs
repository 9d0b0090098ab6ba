//! A service on a data directory of one test.

use std::path::Path;
use std::sync::Mutex;

use tempfile::TempDir;

use super::super::ledger::Upkeep;
use super::super::signing::SigningSettings;
use super::super::{
    AuditKeep, Call, Caller, Credentials, Error, GatewaySettings, Issued, Live, Service, SiteSettings, UpgradeBackup,
};
use crate::domain::host::PublicHost;
use crate::domain::id::Id;
use crate::domain::immutable_tags::ImmutableTags;
use crate::domain::key_header::KeyHeader;
use crate::domain::name::RepositoryName;
use crate::domain::repository::Repository;
use crate::domain::scope::Scopes;
use crate::domain::secret::Password;
use crate::domain::settings::{Choices, LiveSettings};
use crate::domain::time::{Clock, Timestamp};
use crate::metrics::Metrics;
use crate::store::Txn;

/// The moment at which a test begins.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_seconds(1_795_296_000)
}

/// A data directory that is removed with the test.
pub(crate) struct Home {
    directory: TempDir,
    /// The URL of the registry, if it is configured.
    pub(super) registry: Option<&'static str>,
    /// The gateway before the registry.
    pub(super) gateway: Option<GatewaySettings>,
    /// How much of the audit log is kept.
    pub(super) audit_keep: AuditKeep,
    /// How many seconds before its end an access token is warned of.
    pub(super) warn_before: Option<i64>,
    /// How many changes an account may make a minute.
    pub(super) changes_per_minute: u32,
}

impl Home {
    /// An empty directory.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let audit_keep = AuditKeep::default();
        Self { directory, registry: None, gateway: None, audit_keep, warn_before: None, changes_per_minute: 600 }
    }

    /// The service on it; the first time it makes the account `admin`.
    pub(crate) fn open(&self, now: Timestamp) -> Service {
        let settings = SiteSettings {
            registry: self.registry.map(Into::into),
            gateway: self.gateway.clone(),
            audit_keep: self.audit_keep,
            warn_before: self.warn_before,
            changes_per_minute: self.changes_per_minute,
            ..settings()
        };
        open_in(&self.directory.path().join("data"), settings, now)
    }
}

/// The service on a data directory; the first time it makes the account `admin`.
pub(super) fn open_in(data: &Path, settings: SiteSettings, now: Timestamp) -> Service {
    let signing = SigningSettings { leaf_lifetime: 7_776_000, key_header: KeyHeader::X5c, fixed_key: false };
    let password = Some(Password::new("violet-kestrel-42".to_owned()));
    let clock = Clock::fixed(now);
    Service::open(data, settings, signing, password, &clock, &Metrics::new(&clock)).unwrap().0
}

pub(super) fn settings() -> SiteSettings {
    SiteSettings {
        issuer: "dockpass".to_owned(),
        services: vec!["dockpass".to_owned()],
        registry_token_lifetime: 900,
        max_label: 128,
        max_robots: 100,
        live: Live {
            configured: LiveSettings {
                create_on_push: true,
                max_per_namespace: 1_000,
                max_tokens_per_account: 1_000,
                ..LiveSettings::default()
            },
            fixed: Choices::default(),
        },
        audit_keep: AuditKeep::default(),
        upgrade_backup: UpgradeBackup::default(),
        warn_before: None,
        changes_per_minute: 600,
        events_secret: None,
        metrics_secret: None,
        gateway: None,
        registry: None,
        registry_host: PublicHost::default(),
    }
}

/// The same identifier for the same name.
fn id_of(name: &str) -> Id {
    let hash = blake3::hash(name.as_bytes());
    Id::new(start(), *hash.as_bytes().first_chunk().unwrap())
}

/// The record of a private repository.
pub(super) fn repository(name: &str) -> Repository {
    Repository {
        id: id_of(name),
        name: RepositoryName::parse(name).unwrap(),
        is_public: false,
        short_description: String::new(),
        long_description: String::new(),
        created_at: start(),
        owner: None,
        immutable_tags: ImmutableTags::default(),
    }
}

/// Adds a repository that was in the registry before dockpass, as a comparison with the registry adds it.
pub(super) fn adopt(service: &Service, name: &str) {
    let repository = repository(name);
    put(service, move |txn| Ok(txn.put_repository(repository)?));
}

/// Writes rows that a test starts from.
pub(super) fn put<T: Send + 'static>(
    service: &Service,
    work: impl FnOnce(&mut Txn<'_>) -> Result<T, Error> + Send + 'static,
) -> T {
    let work = Mutex::new(Some(work));
    let put = service.keep(Upkeep::Pulls, move |txn| (work.lock().unwrap().take().expect("it runs once"))(txn));
    put.unwrap()
}

/// A call by `caller` at `now`.
pub(super) fn call(caller: Caller, now: Timestamp) -> Call {
    Call { caller, now, user_agent: "test".to_owned() }
}

/// Decides on and issues a registry token.
pub(super) fn issue(service: &Service, call: &Call, scopes: &Scopes) -> Result<Issued, Error> {
    service.issue(service.decide(call.clone(), None, scopes.clone())?)
}

/// The caller that signs in with this name and this access token.
pub(super) fn sign_in(service: &Service, user: &str, text: &str, now: Timestamp) -> Result<Caller, Error> {
    let password = Password::new(text.to_owned());
    service.authenticate(Credentials::basic(user, password), None, now)
}

/// Whether the full counts are asked for.
#[expect(clippy::disallowed_methods, reason = "how tests are told what to do; the program reads it elsewhere")]
pub(super) fn is_long() -> bool {
    std::env::var_os("DOCKPASS_LONG").is_some()
}
