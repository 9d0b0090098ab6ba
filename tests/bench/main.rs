//! What requests cost with 1,000 repositories and with 100,000: both, and the ratio, in one run on one machine.
//!
//! `cargo bench` (or `cargo bench -- 200000` for another large size). Machines differ and are shared; the ratio counts.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark measures and prints")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may stop at the first surprise")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dockpass::domain::access::AccessLevel;
use dockpass::domain::grant::GrantTarget;
use dockpass::domain::name::{Name, Namespace, RepositoryName};
use dockpass::domain::scope::Scopes;
use dockpass::domain::secret::Password;
use dockpass::domain::time::Clock;
use dockpass::domain::token::Limits;
use dockpass::service::signing::{KeyHeader, SigningSettings};
use dockpass::service::{
    Call, Caller, Credentials, Expiry, NewRepository, NewToken, NewUser, RepositoryQuery, Service, Settings,
    TokenFilter, TokenSettings,
};

/// Repositories of one namespace in the benchmark.
const PER_NAMESPACE: usize = 50;
/// Threads that fill the store: enough for group commit to matter.
const FILLERS: usize = 16;
/// How often each operation is measured.
const ROUNDS: u32 = 2_000;

fn main() {
    let large = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let (small_size, large_size) = (1_000, large);
    let small = Site::filled(small_size);
    let large = Site::filled(large_size);
    println!("{:<44} {small_size:>12} {large_size:>12} {:>7}", "operation (median)", "ratio");
    for (name, operation) in OPERATIONS {
        let (one, other) = (small.measure(*operation), large.measure(*operation));
        let ratio = other.as_secs_f64() / one.as_secs_f64();
        println!("{name:<44} {:>12} {:>12} {ratio:>7.2}", format!("{one:.1?}"), format!("{other:.1?}"));
    }
    println!("{:<44} {:>12} {:>12}", "filling, changes a second", small.fill_rate(), large.fill_rate());
}

type Operation = fn(&Site);

const OPERATIONS: &[(&str, Operation)] = &[
    ("a page of repositories, ordinary user", |site| site.page(&site.user)),
    ("a page of repositories, in the middle", |site| site.page_from_middle()),
    ("a page of repositories, administrator", |site| site.page(&site.admin)),
    ("a page of the catalogue", Site::catalog),
    ("a registry token with push and pull", Site::issue),
    ("a sign-in with an access token", Site::sign_in),
    ("a page of everybody's access tokens", Site::tokens),
    ("a grant given and taken (durable)", Site::grant),
];

struct Site {
    service: Arc<Service>,
    admin: Call,
    user: Call,
    secret: String,
    size: usize,
    filled_in: Duration,
    _directory: tempfile::TempDir,
}

fn settings() -> (Settings, SigningSettings) {
    let tokens = TokenSettings { max_label: 128, max_per_account: 1_000, default_lifetime: None, max_lifetime: None };
    let settings = Settings {
        issuer: "dockpass".to_owned(),
        services: vec!["dockpass".to_owned()],
        registry_token_lifetime: 900,
        create_on_push: true,
        max_per_namespace: 10_000,
        tokens,
        audit_registry_tokens: false,
    };
    let signing = SigningSettings { leaf_lifetime: 90 * 86_400, key_header: KeyHeader::X5c, fixed_key: false };
    (settings, signing)
}

fn open(directory: &Path) -> Service {
    let (settings, signing) = settings();
    let password = Password::new("kestrel-violet-9".to_owned());
    let directory = directory.join("data");
    Service::open(&directory, settings, signing, Some(password), &Clock::system()).expect("it opens").0
}

fn call(caller: Caller) -> Call {
    Call { caller, now: Clock::system().now(), user_agent: "bench".to_owned() }
}

fn user(service: &Service, admin: &Call, name: &str) {
    let new = NewUser {
        name: Name::parse(name).unwrap(),
        full_name: String::new(),
        password: None,
        is_active: true,
        is_admin: false,
        adopt_repositories: false,
    };
    service.create_user(admin, new).expect("the user is made");
}

impl Site {
    /// A store with so many repositories, an account for every fifty.
    fn filled(size: usize) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let service = Arc::new(open(directory.path()));
        let admin = call(Service::local(0));
        let start = Instant::now();
        fill(&service, &admin, size / PER_NAMESPACE);
        let filled_in = start.elapsed();
        let secret = token(&service, &admin, "user-0");
        let caller = sign_in(&service, &secret);
        let site = Self { user: call(caller), service, admin, secret, size, filled_in, _directory: directory };
        site.share();
        site
    }

    /// Gives the user what an ordinary one has: some grants of each kind.
    fn share(&self) {
        for number in 1..10 {
            let namespace = GrantTarget::Namespace(Namespace::parse(&format!("user-{number}")).unwrap());
            let repository = RepositoryName::parse(&format!("user-{}/app-1", number + 5)).unwrap();
            for target in [namespace, GrantTarget::Repository(repository)] {
                self.service.put_user_grant(&self.admin, &target, "user-0", AccessLevel::ReadWrite).expect("granted");
            }
        }
    }

    fn fill_rate(&self) -> String {
        let changes = self.size + self.size / PER_NAMESPACE;
        format!("{:.0}", f64::from(u32::try_from(changes).unwrap_or(u32::MAX)) / self.filled_in.as_secs_f64())
    }

    fn measure(&self, operation: Operation) -> Duration {
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                operation(self);
                start.elapsed()
            })
            .collect();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }

    fn list(&self, call: &Call, after: Option<RepositoryName>) {
        let query = RepositoryQuery { namespace: None, contains: None, after, limit: 10, with_count: false };
        assert!(!self.service.list_repositories(call, &query).expect("a page").repositories.is_empty());
    }

    fn page(&self, call: &Call) {
        self.list(call, None);
    }

    fn page_from_middle(&self) {
        self.list(&self.user, Some(RepositoryName::parse("user-3/app-20").unwrap()));
    }

    fn catalog(&self) {
        self.service.catalog(&self.user, None, 100).expect("a page");
    }

    fn issue(&self) {
        let scopes = Scopes::parse(["repository:user-0/app-7:pull,push repository:user-2/app-7:pull"]).unwrap();
        assert_eq!(self.service.issue(&self.user, None, &scopes).expect("a token").scopes.repositories.len(), 2);
    }

    fn sign_in(&self) {
        sign_in(&self.service, &self.secret);
    }

    fn tokens(&self) {
        self.service.list_tokens(&self.admin, &TokenFilter::default(), None, 10, false).expect("a page");
    }

    fn grant(&self) {
        let target = GrantTarget::Repository(RepositoryName::parse("user-11/app-3").unwrap());
        self.service.put_user_grant(&self.admin, &target, "user-0", AccessLevel::Admin).expect("granted");
        self.service.delete_user_grant(&self.admin, &target, "user-0").expect("taken");
    }
}

fn fill(service: &Arc<Service>, admin: &Call, namespaces: usize) {
    std::thread::scope(|scope| {
        for filler in 0..FILLERS {
            scope.spawn(move || {
                for number in (filler..namespaces).step_by(FILLERS) {
                    fill_namespace(service, admin, number);
                }
            });
        }
    });
}

fn fill_namespace(service: &Service, admin: &Call, number: usize) {
    user(service, admin, &format!("user-{number}"));
    for repository in 0..PER_NAMESPACE {
        let new = NewRepository {
            name: RepositoryName::parse(&format!("user-{number}/app-{repository}")).unwrap(),
            is_public: false,
            short_description: String::new(),
            long_description: String::new(),
        };
        service.create_repository(admin, new).expect("the repository is made");
    }
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
