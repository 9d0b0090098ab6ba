//! A store of any size, filled as a site fills it: through the service, many changes at a time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use dockpass::domain::access::GrantLevel;
use dockpass::domain::grant::{GrantTarget, GranteeKind};
use dockpass::domain::host::PublicHost;
use dockpass::domain::key_header::KeyHeader;
use dockpass::domain::name::{Name, Namespace, RepositoryName};
use dockpass::domain::secret::Password;
use dockpass::domain::settings::{Choices, LiveSettings};
use dockpass::domain::time::Clock;
use dockpass::domain::token::Limits;
use dockpass::metrics::Metrics;
use dockpass::service::signing::SigningSettings;
use dockpass::service::{
    AuditKeep, Call, Caller, Credentials, Expiry, Live, NewOrganization, NewRepository, NewToken, NewUser, Service,
    SiteSettings, UpgradeBackup,
};

/// Repositories of a namespace.
const PER_NAMESPACE: usize = 50;
/// Repositories for each account.
const PER_ACCOUNT: usize = 10;
/// Repositories for each organization. An organization is one of the namespaces.
const PER_ORGANIZATION: usize = 1_000;
/// Teams of an organization, members of a team, and repositories that are granted to a team.
const TEAMS: usize = 10;
const TEAM_MEMBERS: usize = 10;
const TEAM_GRANTS: usize = 20;
/// Threads that fill the store: enough for group commit to matter.
const FILLERS: usize = 16;

/// A filled store, an administrator, and an ordinary user.
pub(crate) struct Site {
    pub(crate) service: Arc<Service>,
    pub(crate) admin: Call,
    pub(crate) user: Call,
    pub(crate) repositories: usize,
    secret: String,
    changes: u32,
    filled_in: Duration,
    _directory: tempfile::TempDir,
}

impl Site {
    /// A store with so many repositories; see the constants for everything else.
    pub(crate) fn filled(repositories: usize) -> Self {
        let mut site = Self { repositories, ..Self::empty() };
        let fill = Fill { service: &site.service, admin: &site.admin, repositories, changes: AtomicU32::new(0) };
        let start = Instant::now();
        fill.everything();
        (site.filled_in, site.changes) = (start.elapsed(), fill.changes.into_inner());
        site.secret = token(&site.service, &site.admin, "user-0");
        site.user = call(sign_in(&site.service, &site.secret));
        site.share();
        site
    }

    /// A store with nothing but its first administrator, who stands for the user as well.
    pub(crate) fn empty() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let service = Arc::new(open(directory.path()));
        let (admin, user, secret) = (call(Service::local(0)), call(Service::local(0)), String::new());
        let (changes, filled_in) = (0, Duration::ZERO);
        Self { service, admin, user, repositories: 0, secret, changes, filled_in, _directory: directory }
    }

    /// Makes a user.
    pub(crate) fn user(&self, name: &str) {
        self.service.create_user(&self.admin, new_user(name)).expect("the user is made");
    }

    /// Makes a public repository.
    pub(crate) fn public(&self, name: &str) {
        let new = NewRepository { is_public: true, ..NewRepository::private(RepositoryName::parse(name).unwrap()) };
        self.service.create_repository(&self.admin, new).expect("the repository is made");
    }

    /// A call without credentials.
    pub(crate) fn nobody(&self) -> Call {
        let now = Clock::system().now();
        call(self.service.authenticate(Credentials::None, None, now).expect("anybody may ask"))
    }

    /// Gives the user what an ordinary one has: some grants of each kind, and a place in three teams.
    fn share(&self) {
        for number in 1..8 {
            let namespace = GrantTarget::Namespace(Namespace::parse(&format!("user-{number}")).unwrap());
            let repository = GrantTarget::Repository(repository("user", number + 5, 1));
            for target in [namespace, repository] {
                self.service
                    .put_grant(&self.admin, &target, GranteeKind::User, "user-0", GrantLevel::ReadWrite)
                    .expect("granted");
            }
        }
        for team in ["team-0", "team-1", "team-2"] {
            self.service.put_team_member(&self.admin, "org-0", team, "user-0").expect("added");
        }
        // Another user belongs to every organization.
        for number in 0..organizations(self.repositories) {
            self.service.put_member(&self.admin, &format!("org-{number}"), "user-1", None).expect("added");
        }
    }

    pub(crate) fn sign_in(&self) -> Caller {
        sign_in(&self.service, &self.secret)
    }

    pub(crate) fn accounts(&self) -> usize {
        self.repositories / PER_ACCOUNT
    }

    pub(crate) fn teams(&self) -> usize {
        organizations(self.repositories) * TEAMS
    }

    pub(crate) fn fill_rate(&self) -> String {
        format!("{:.0}", f64::from(self.changes) / self.filled_in.as_secs_f64())
    }
}

fn organizations(repositories: usize) -> usize {
    repositories / PER_ORGANIZATION
}

/// The work of filling a store.
struct Fill<'a> {
    service: &'a Service,
    admin: &'a Call,
    repositories: usize,
    changes: AtomicU32,
}

impl Fill<'_> {
    /// Organizations and users with their repositories, users without, the members of `org-0`, and teams.
    fn everything(&self) {
        let organizations = organizations(self.repositories);
        let owners = self.repositories / PER_NAMESPACE - organizations;
        let members = self.repositories / PER_ACCOUNT - owners - organizations;
        each(organizations, |number| self.namespace("org", number));
        each(owners, |number| self.namespace("user", number));
        each(members, |number| self.user(&format!("member-{number}")));
        // One organization has everybody; the others have those of their teams.
        each(owners, |number| self.member(&format!("user-{number}")));
        each(members, |number| self.member(&format!("member-{number}")));
        each(organizations * TEAMS, |number| self.team(number, members));
    }

    fn done<T, E: std::fmt::Debug>(&self, result: Result<T, E>) {
        result.expect("the change is made");
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    fn namespace(&self, kind: &str, number: usize) {
        let name = format!("{kind}-{number}");
        if kind == "org" {
            self.organization(&name);
        } else {
            self.user(&name);
        }
        for app in 0..PER_NAMESPACE {
            self.done(
                self.service.create_repository(self.admin, NewRepository::private(repository(kind, number, app))),
            );
        }
    }

    fn organization(&self, name: &str) {
        let name = Name::parse(name).unwrap();
        let new = NewOrganization { name, full_name: String::new(), adopt_repositories: false };
        self.done(self.service.create_organization(self.admin, new));
    }

    fn user(&self, name: &str) {
        self.done(self.service.create_user(self.admin, new_user(name)));
    }

    fn member(&self, user: &str) {
        self.done(self.service.put_member(self.admin, "org-0", user, None));
    }

    fn team(&self, number: usize, members: usize) {
        let (organization, team) = (number / TEAMS, format!("team-{}", number % TEAMS));
        let name = format!("org-{organization}");
        self.done(self.service.create_team(self.admin, &name, &Name::parse(&team).unwrap(), String::new()));
        for member in 0..TEAM_MEMBERS {
            let user = format!("member-{}", (number * TEAM_MEMBERS + member) % members);
            self.done(self.service.put_team_member(self.admin, &name, &team, &user));
        }
        for app in 0..TEAM_GRANTS {
            let target = GrantTarget::Repository(repository("org", organization, app));
            self.done(self.service.put_grant(self.admin, &target, GranteeKind::Team, &team, GrantLevel::ReadWrite));
        }
    }
}

/// Does something so many times, on many threads at a time.
pub(crate) fn each(count: usize, work: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for filler in 0..FILLERS {
            let work = &work;
            scope.spawn(move || (filler..count).step_by(FILLERS).for_each(work));
        }
    });
}

/// A user without a password.
pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        name: Name::parse(name).unwrap(),
        full_name: String::new(),
        password: None,
        imported: None,
        is_active: true,
        is_admin: false,
        adopt_repositories: false,
    }
}

fn repository(kind: &str, namespace: usize, app: usize) -> RepositoryName {
    RepositoryName::parse(&format!("{kind}-{namespace}/app-{app}")).unwrap()
}

fn settings() -> (SiteSettings, SigningSettings) {
    let configured = LiveSettings {
        create_on_push: true,
        max_per_namespace: 10_000,
        max_tokens_per_account: 1_000,
        ..LiveSettings::default()
    };
    let settings = SiteSettings {
        issuer: "dockpass".to_owned(),
        services: vec!["dockpass".to_owned()],
        registry_token_lifetime: 900,
        max_label: 128,
        gateway: None,
        max_robots: 100,
        live: Live { configured, fixed: Choices::default() },
        audit_keep: AuditKeep::default(),
        upgrade_backup: UpgradeBackup::Off,
        warn_before: None,
        changes_per_minute: 1_000_000,
        events_secret: None,
        metrics_secret: None,
        registry: None,
        registry_host: PublicHost::default(),
    };
    let signing = SigningSettings { leaf_lifetime: 90 * 86_400, key_header: KeyHeader::X5c, fixed_key: false };
    (settings, signing)
}

fn open(directory: &Path) -> Service {
    open_at(&directory.join("data"), "kestrel-violet-9")
}

/// Opens a data directory, with this password for `admin` if it is new.
pub(crate) fn open_at(directory: &Path, password: &str) -> Service {
    let (settings, signing) = settings();
    let password = Password::new(password.to_owned());
    let clock = Clock::system();
    Service::open(directory, settings, signing, Some(password), &clock, &Metrics::new(&clock)).expect("it opens").0
}

/// The call of this caller now.
pub(crate) fn call(caller: Caller) -> Call {
    Call { caller, now: Clock::system().now(), user_agent: "bench".to_owned() }
}

fn token(service: &Service, admin: &Call, owner: &str) -> String {
    let new = NewToken {
        username: Some(owner.to_owned()),
        label: None,
        expiry: Expiry::Never,
        limits: Limits::none(),
        is_temporary: false,
    };
    service.create_token(admin, new).expect("the token is made").1.reveal().to_owned()
}

fn sign_in(service: &Service, secret: &str) -> Caller {
    let credentials = Credentials::Basic { username: "user-0".to_owned(), password: Password::new(secret.to_owned()) };
    service.authenticate(credentials, None, Clock::system().now()).expect("it signs in")
}
