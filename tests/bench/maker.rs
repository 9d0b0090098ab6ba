//! Makes a true store of any size in seconds to minutes: records of the store's own kinds, a bundle to a transaction,
//! through its own writer. The same seed gives the same access tokens.
//!
//! `scale make DIRECTORY [tokens=N] [repositories=N] [accounts=N] [public=PERCENT] [seed=N] [audited=true]` makes the data
//! directory, and beside it `DIRECTORY.secrets`: a line for each access token, with its user, its secret, and `full` or
//! `limited`.
//! All users, `user-0` and so on, have the password [`PASSWORD`], and so has `admin`.
//! `scale use DIRECTORY [uses=N]` notes so many uses of access tokens, [`ROUND`] between one writing and the next.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dockpass::domain::access::AccessLevel;
use dockpass::domain::account::{Account, AccountKind};
use dockpass::domain::act::Act;
use dockpass::domain::audit::{AuditEntry, Occurrence};
use dockpass::domain::id::Id;
use dockpass::domain::immutable_tags::ImmutableTags;
use dockpass::domain::name::{Name, RepositoryName};
use dockpass::domain::repository::Repository;
use dockpass::domain::secret::{Password, TokenHash, TokenText};
use dockpass::domain::time::{Clock, Timestamp};
use dockpass::domain::token::{AccessToken, GeneratedBy, Limits, Maker, Pattern, PreviousSecret, TokenFields};
use dockpass::domain::usage::SecretUse;
use dockpass::service::{NewUser, Service};
use dockpass::store::{self, Opened, TooLarge, Txn, WriteError};

use super::site;

/// The password of every user.
const PASSWORD: &str = "kestrel-violet-9";
/// Records of a transaction.
const BUNDLE: u64 = 1_000;
/// Uses that are noted between one writing of the notes and the next.
const ROUND: u64 = 100_000;
/// Every so many accounts, one is an organization.
const ORGANIZATIONS: u64 = 50;
/// What makes access tokens, in the words of its user agent.
const AGENTS: [&str; 8] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "dockpass/0.1.0",
    "curl/8.11.0",
    "python-requests/2.32.3",
    "Go-http-client/1.1",
    "Terraform/1.9.8 (+https://www.terraform.io)",
];

/// What is asked for, by the arguments.
struct Size {
    directory: PathBuf,
    tokens: u64,
    repositories: u64,
    accounts: u64,
    public: u64,
    seed: u64,
    is_audited: bool,
    uses: u64,
}

impl Size {
    fn read(directory: String, rest: impl Iterator<Item = String>) -> Self {
        let (tokens, repositories, accounts) = (1_000, 1_000, 10_000);
        let directory = PathBuf::from(directory);
        let mut size =
            Self { directory, tokens, repositories, accounts, public: 0, seed: 1, is_audited: false, uses: 5_000_000 };
        for argument in rest {
            let (name, value) = argument.split_once('=').expect("NAME=VALUE");
            let number = || value.parse().expect("a number");
            match name {
                "tokens" => size.tokens = number(),
                "repositories" => size.repositories = number(),
                "accounts" => size.accounts = number(),
                "public" => size.public = number(),
                "seed" => size.seed = number(),
                "uses" => size.uses = number(),
                last => {
                    assert_eq!(last, "audited", "the last name that there is");
                    size.is_audited = value == "true";
                }
            }
        }
        size
    }

    /// Bytes that are the same for the same seed.
    fn bytes<const N: usize>(&self, what: &str, number: u64) -> [u8; N] {
        let mut bytes = [0; N];
        let mut hasher = blake3::Hasher::new();
        hasher.update(what.as_bytes()).update(&self.seed.to_be_bytes()).update(&number.to_be_bytes());
        hasher.finalize_xof().fill(&mut bytes);
        bytes
    }

    fn number(&self, what: &str, number: u64) -> u64 {
        u64::from_be_bytes(self.bytes(what, number))
    }

    fn secret(&self, number: u64) -> TokenText {
        TokenText::from_random(self.bytes("secret", number))
    }

    /// In the order of the numbers, each a second after the one before, the last one now.
    fn id(&self, what: &str, number: u64, of: u64, now: Timestamp) -> (Id, Timestamp) {
        let at = now.plus_seconds(i64::try_from(number).unwrap() - i64::try_from(of).unwrap()).whole_seconds();
        (Id::new(at, self.bytes(what, number)), at)
    }
}

/// Does what the arguments ask for; false if they ask for something else.
pub(crate) fn asked() -> bool {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("make"), Some(directory)) => make(Size::read(directory, arguments)),
        (Some("use"), Some(directory)) => note_uses(&Size::read(directory, arguments)),
        _ => return false,
    }
    true
}

/// Why a bundle was not written.
#[derive(Debug)]
struct Failed;

impl From<WriteError> for Failed {
    fn from(_: WriteError) -> Self {
        Self
    }
}

impl From<TooLarge> for Failed {
    fn from(_: TooLarge) -> Self {
        Self
    }
}

/// Writes one thing, by its number.
type Put = Arc<dyn Fn(&mut Txn<'_>, u64) -> Result<bool, TooLarge> + Send + Sync>;

/// Writes so many things, a bundle at a time, with one audit record for each bundle, or for each thing.
fn fill(opened: &Opened, size: &Size, (act, count): (Act, u64), put: &Put) {
    let (now, is_audited) = (Clock::system().now(), size.is_audited);
    for from in (0..count).step_by(usize::try_from(BUNDLE).unwrap()) {
        let (put, numbers) = (Arc::clone(put), from..count.min(from + BUNDLE));
        let write = move |txn: &mut Txn<'_>| {
            for number in numbers.clone() {
                assert!(put(txn, number)?, "number {number} contradicts what is there");
                if is_audited {
                    txn.audit(&AuditEntry::by_system(act, format!("number {number}")), Occurrence::once(now))?;
                }
            }
            let entry = AuditEntry::by_system(act, format!("numbers {numbers:?}"));
            txn.audit(&entry, Occurrence::once(now)).map_err(Failed::from)
        };
        opened.store.write(&opened.access, write).expect("the bundle is written");
    }
}

fn make(size: Size) {
    std::fs::create_dir(&size.directory).expect("a new directory");
    first_start(&size.directory);
    let (now, size) = (Clock::system().now(), Arc::new(size));
    let opened = store::open(&size.directory, Clock::system()).expect("it opens");
    let password = opened.store.state().account_named("user-0").and_then(|account| account.password.clone());
    let of = Arc::clone(&size);
    let put: Put = Arc::new(move |txn, number| txn.put_account(account(&of, number + 1, now, password.clone())));
    fill(&opened, &size, (Act::AccountCreate, size.accounts - 1), &put);
    let of = Arc::clone(&size);
    let put: Put = Arc::new(move |txn, number| txn.put_repository(repository(&of, number, now)));
    fill(&opened, &size, (Act::RepositoryCreate, size.repositories), &put);
    let (of, owners) = (Arc::clone(&size), users(&opened, &size));
    let put: Put = Arc::new(move |txn, number| txn.put_token(token(&of, number, now, owner(&owners, number).0)));
    fill(&opened, &size, (Act::TokenCreate, size.tokens), &put);
    write_secrets(&opened, &size, now).expect("the secrets are written");
    opened.store.close();
}

/// A first start, as any is: with keys, the account `admin`, and the first user.
fn first_start(directory: &Path) {
    let service = site::open_at(directory, PASSWORD);
    let password = Some(Password::new(PASSWORD.to_owned()));
    let new = NewUser { password, ..site::new_user("user-0") };
    service.create_user(&site::call(Service::local(0)), new).expect("the user is made");
}

fn is_organization(number: u64) -> bool {
    number % ORGANIZATIONS == ORGANIZATIONS - 1
}

fn name(number: u64) -> Name {
    let kind = if is_organization(number) { "org" } else { "user" };
    Name::parse(&format!("{kind}-{number}")).unwrap()
}

fn account(size: &Size, number: u64, now: Timestamp, password: Option<String>) -> Account {
    let (id, created_at) = size.id("account", number, size.accounts, now);
    Account {
        id,
        name: name(number),
        kind: if is_organization(number) { AccountKind::Organization } else { AccountKind::User },
        full_name: format!("Number {number}"),
        is_active: true,
        is_admin: false,
        password: password.filter(|_| !is_organization(number)),
        password_set_by_admin: false,
        created_at,
        generation: 0,
    }
}

fn repository(size: &Size, number: u64, now: Timestamp) -> Repository {
    let (id, created_at) = size.id("repository", number, size.repositories, now);
    let name = RepositoryName::parse(&format!("{}/app-{number}", name(number % size.accounts))).unwrap();
    Repository {
        id,
        name,
        is_public: size.number("public", number) % 100 < size.public,
        short_description: String::new(),
        long_description: String::new(),
        created_at,
        owner: None,
        immutable_tags: ImmutableTags::default(),
    }
}

/// The users, who own the access tokens in turn.
fn users(opened: &Opened, size: &Size) -> Vec<(Id, Name)> {
    let state = opened.store.state();
    let names = (0..size.accounts).filter(|number| !is_organization(*number)).map(name);
    names.map(|name| (state.account_named(name.as_str()).expect("it was made").id, name)).collect()
}

fn owner(owners: &[(Id, Name)], number: u64) -> &(Id, Name) {
    let place = number % u64::try_from(owners.len()).unwrap();
    owners.get(usize::try_from(place).unwrap()).expect("there are users")
}

/// As sites have them: most are without limits, many end within a year, some are narrow, few were rotated.
fn token(size: &Size, number: u64, now: Timestamp, owner: Id) -> AccessToken {
    let (id, created_at) = size.id("token", number, size.tokens, now);
    let kind = size.number("kind", number);
    let label = match kind % 4 {
        0 => "access token".to_owned(),
        1 => "laptop".to_owned(),
        2 => format!("ci runner {number}"),
        _ => format!("deploy {}", kind % 1_000),
    };
    let patterns = match kind / 8 % 10 {
        0 => vec![Pattern::parse(&format!("user-{}/*", kind % 97)).unwrap()],
        _ => Vec::new(),
    };
    let cap = if (kind / 128).is_multiple_of(5) { AccessLevel::ReadOnly } else { AccessLevel::Admin };
    let life = 86_400 * (30 + kind / 4_096 % 335);
    let ends = (kind / 1_024).is_multiple_of(2);
    let is_rotated = (kind / 65_536).is_multiple_of(50);
    let before = TokenText::from_random(size.bytes("before", number)).hash();
    TokenFields {
        id,
        owner,
        hash: size.secret(number).hash(),
        previous: is_rotated.then_some(PreviousSecret { hash: before, until: created_at }),
        label,
        is_active: true,
        limits: Limits { cap, patterns: patterns.into() },
        expires_at: ends.then(|| now.plus_seconds(i64::try_from(life).unwrap()).whole_seconds()),
        created_at,
        generated_by: GeneratedBy::Manual,
        creator_ua: AGENTS.get(usize::try_from(kind / 1_000_000 % 8).unwrap()).copied().unwrap_or_default().into(),
        parent: None,
        temporary_password: false,
        generation: u64::from(is_rotated),
        previous_parent: None,
        retry: None,
        maker: Maker::Owner,
        overlap_until_used: false,
        revoked: None,
        lifetime: ends.then(|| u64::try_from(now.seconds() - created_at.seconds()).unwrap() + life),
        ended: Vec::new(),
        robot: None,
        secret_by: Some(owner),
        previous_by: None,
    }
    .into()
}

/// A line for each access token: its user, its secret, and what is its cap.
fn write_secrets(opened: &Opened, size: &Size, now: Timestamp) -> std::io::Result<()> {
    let owners = users(opened, size);
    let mut path = size.directory.clone().into_os_string();
    path.push(".secrets");
    let mut file = BufWriter::new(File::create(path)?);
    for number in 0..size.tokens {
        let (id, name) = owner(&owners, number);
        let token = token(size, number, now, *id);
        let limits = if token.limits.is_capped() { "limited" } else { "full" };
        writeln!(file, "{name} {} {limits}", size.secret(number).reveal())?;
    }
    file.flush()
}

/// Notes uses of access tokens that are drawn evenly, as a server does: in memory, and written now and then.
fn note_uses(size: &Size) {
    let opened = store::open(&size.directory, Clock::system()).expect("it opens");
    let tokens: Vec<(Id, TokenHash)> = opened.store.state().tokens_before(None).map(|it| (it.id, it.hash)).collect();
    let count = u64::try_from(tokens.len()).unwrap();
    for from in (0..size.uses).step_by(usize::try_from(ROUND).unwrap()) {
        for number in from..size.uses.min(from + ROUND) {
            let drawn = size.number("use", number);
            let (id, secret) = tokens.get(usize::try_from(drawn % count).unwrap()).copied().expect("it is there");
            let [a, b, c] = size.bytes("address", number);
            let (at, address) = (Clock::system().now(), IpAddr::V4(Ipv4Addr::new(10, a, b, c)));
            opened.store.usage().note_secret(id, SecretUse { secret, at, address }, None);
        }
        opened.store.save_usage().expect("the notes are written");
    }
    opened.store.close();
}
