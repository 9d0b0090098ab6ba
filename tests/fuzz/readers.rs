//! What is fuzzed: one function for each parser of what strangers write, or a disk may hold. Each takes any bytes, and stops
//! where an answer contradicts itself. The targets of cargo-fuzz call them, and the test suite with each file of the corpora.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use dockpass::api::Envelope;
use dockpass::config::Config;
use dockpass::domain::access::{AccessLevel, Actions, GrantLevel};
use dockpass::domain::content::TagName;
use dockpass::domain::distribution::{self, Asked};
use dockpass::domain::duration;
use dockpass::domain::id::Id;
use dockpass::domain::immutable_tags::TagPattern;
use dockpass::domain::key_header::KeyHeader;
use dockpass::domain::name::{Name, Namespace, RepositoryName};
use dockpass::domain::scope::Scopes;
use dockpass::domain::secret::{TokenHash, TokenText};
use dockpass::domain::time::Timestamp;
use dockpass::domain::token::Pattern;
use dockpass::http::authorization as read_authorization;
use dockpass::registry::cloud_events::Attributes;
use dockpass::registry::is_manifest;
use dockpass::service::signing::{Claims, Dkp, Signer, SigningSettings};
use dockpass::service::{Credentials, News};
use dockpass::store::{Table, is_row, verify_backup};

/// A reader of any bytes.
pub(crate) type Reader = fn(&[u8]);

/// Every reader by the name of its target, which is that of its corpus.
pub(crate) const ALL: [(&str, Reader); 13] = [
    ("scope", scope),
    ("authorization", authorization),
    ("access_token", access_token),
    ("registry_token", registry_token),
    ("word", word),
    ("pattern", pattern),
    ("tag_pattern", tag_pattern),
    ("request_target", request_target),
    ("config_file", config_file),
    ("notification", notification),
    ("manifest", manifest),
    ("record", record),
    ("backup", backup),
];

/// Scopes of a token request: each line is a value of `scope`. What is understood can be written and read again.
pub(crate) fn scope(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(scopes) = Scopes::parse(text.lines()) else { return };
    let again = Scopes::parse([scopes.to_string().as_str()]).expect("no more than there were");
    let plain =
        |scopes: &Scopes| scopes.repositories.iter().map(|it| (it.name.clone(), it.actions)).collect::<Vec<_>>();
    assert_eq!((plain(&again), again.catalog, again.nameless), (plain(&scopes), scopes.catalog, scopes.nameless));
    assert!(scopes.repositories.iter().all(|it| !it.pushes || it.actions.contains(Actions::PUSH)));
}

/// The header with credentials: whatever it holds, what is read of it stays within its bounds, and no secret is in its `Debug`.
pub(crate) fn authorization(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(credentials) = read_authorization(text) else { return };
    let shown = format!("{credentials:?}");
    if let Credentials::Basic { username, password } = &credentials {
        assert!(text.len() <= 1_000_000 && !username.contains(':'));
        assert_eq!(shown, "Basic", "{} bytes of a password", password.reveal().len());
    }
    assert!(!matches!(credentials, Credentials::Local { .. } | Credentials::Session(_)), "{shown}");
}

/// The text of an access token and its hash, as callers send them: an accepted text is accepted letter by letter.
pub(crate) fn access_token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(token) = TokenText::parse(text) {
        assert_eq!(token.reveal(), text);
        assert_eq!(TokenHash::parse(&token.hash().to_string()), Some(token.hash()));
    }
    if let Some(hash) = TokenHash::parse(text) {
        assert_eq!(hash.to_string(), text);
    }
}

struct Ours {
    signer: Signer,
    /// A good token.
    token: String,
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_296_000)
}

static OURS: LazyLock<Ours> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let settings = SigningSettings { leaf_lifetime: 7_776_000, key_header: KeyHeader::X5c, fixed_key: false };
    let signer = Signer::open(&directory.path().join("keys"), settings, now()).expect("a signer");
    let claims = Claims {
        iss: "dockpass".to_owned(),
        sub: String::new(),
        aud: "dockpass".to_owned(),
        exp: now().seconds() + 900,
        nbf: now().seconds() - 30,
        iat: now().seconds() - 30,
        jti: "J".to_owned(),
        access: Vec::new(),
        dkp: Dkp { account: None, token: None, generation: None },
    };
    let token = signer.sign(&claims).expect("a token");
    Ours { signer, token }
});

/// Registry tokens as callers show them: only what we have signed counts, whatever the header says of our key.
pub(crate) fn registry_token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ours { signer, token } = &*OURS;
    let counts = |text: &str| signer.verify(text, "dockpass", &["dockpass".to_owned()], now()).is_ok();
    assert!(counts(token));
    assert_eq!(counts(text), text == token);
    let (header, _) = token.split_once('.').expect("a header");
    let (signed, _) = token.rsplit_once('.').expect("a signature");
    for forged in [format!("{header}.{text}"), format!("{signed}.{text}"), format!("{token}{text}")] {
        assert_eq!(counts(&forged), forged == *token);
    }
}

/// Every other word that has a grammar: names, identifiers, times, lengths of time, access levels.
pub(crate) fn word(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(name) = Name::parse(text) {
        assert_eq!(name.as_str(), text);
        // Twenty-six digits read as both; an identifier of our days has a letter in its third place.
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        assert!(text.parse::<Id>().is_err() || is_digits, "no name is an identifier");
    }
    if let Ok(name) = RepositoryName::parse_shown(text) {
        assert_eq!(RepositoryName::within(&name.namespace(), name.rest()), Ok(name));
    }
    if let Ok(namespace) = Namespace::parse(text) {
        assert_eq!(namespace.as_str(), text);
    }
    if let Ok(id) = text.parse::<Id>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(time) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
    }
    if let Ok(seconds) = duration::parse(text) {
        assert_eq!(duration::parse(&duration::format(seconds)), Ok(seconds));
    }
    if let Ok(level) = text.parse::<AccessLevel>() {
        assert_eq!(level.as_str(), text);
    }
    if let Ok(level) = GrantLevel::read(text) {
        assert_eq!(AccessLevel::from(level).as_str(), text);
    }
}

/// Repository patterns, one a line, and names: covering and matching never contradict each other.
pub(crate) fn pattern(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let patterns: Vec<Pattern> = text.lines().take(8).filter_map(|line| Pattern::parse(line).ok()).collect();
    let names: Vec<RepositoryName> = text.lines().take(8).filter_map(|line| RepositoryName::parse(line).ok()).collect();
    for pattern in &patterns {
        assert_eq!(Pattern::parse(&pattern.to_string()).as_ref(), Ok(pattern));
        assert!(pattern.covers(pattern));
        for name in &names {
            assert_eq!(pattern.matches(name), pattern.covers(&Pattern::Exact(name.clone())), "{pattern} {name}");
            let wider = patterns.iter().filter(|other| other.covers(pattern));
            assert!(!pattern.matches(name) || wider.clone().all(|other| other.matches(name)), "{pattern} {name}");
        }
    }
}

/// Patterns of immutable tags, one a line, and tags: who writes a pattern gets it back, and a star is any text.
pub(crate) fn tag_pattern(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let patterns = text.lines().take(8).filter_map(|line| TagPattern::parse(line).ok());
    let tags: Vec<TagName> = text.lines().take(8).filter_map(|line| TagName::parse(line).ok()).collect();
    for pattern in patterns {
        assert_eq!(TagPattern::parse(&pattern.to_string()).as_ref(), Ok(&pattern));
        for tag in &tags {
            assert!(pattern.to_string() != tag.to_string() || pattern.matches(tag), "{pattern} {tag}");
        }
    }
}

/// A method and a target of the registry's API: what is sent on leads to the same place, however it is read.
pub(crate) fn request_target(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((method, target)) = text.split_once(' ') else { return };
    let Ok(Asked::Content(asked)) = distribution::read(method, target) else { return };
    let again = distribution::read(method, &asked.target());
    assert!(
        matches!(&again, Ok(Asked::Content(it)) if it.repository == asked.repository && it.object == asked.object),
        "{again:?}"
    );
}

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a temporary directory").keep();
    directory.join("config.toml")
});

/// The configuration file: any text is a configuration or an error that names the file, never a panic.
pub(crate) fn config_file(bytes: &[u8]) {
    fs::write(&*FILE, bytes).expect("a file can be written");
    match Config::load(Some(&FILE), std::iter::empty(), &[]) {
        Ok(loaded) => assert!(!loaded.config.describe().is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// An envelope of the registry's notifications: whatever it holds, what comes out of it makes sense and can be kept.
pub(crate) fn notification(bytes: &[u8]) {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(bytes) else { return };
    let Ok(told) = envelope.understood(Attributes::default(), Timestamp::from_seconds(1_800_000_000)) else { return };
    for notice in told.notices {
        assert!(!notice.id.is_empty() && notice.id.len() <= 256);
        assert!(!notice.at.to_string().is_empty());
        if let News::Pushed { media_type, .. } = notice.news {
            assert!(media_type.len() <= 128 && !media_type.chars().any(char::is_control));
        }
    }
}

/// A manifest, or the configuration of an image, as a registry gives it. In a text that nobody reads, bytes that are no
/// UTF-8 do not matter: registries written in Go take such a manifest, too.
pub(crate) fn manifest(bytes: &[u8]) {
    let is_understood = is_manifest(bytes);
    let text = String::from_utf8_lossy(bytes);
    assert!(!is_understood || serde_json::from_str::<serde_json::Value>(&text).is_ok());
}

/// A row of the store: the number of its table, the length of its key, key and value.
pub(crate) fn record(bytes: &[u8]) {
    let [table, length, rest @ ..] = bytes else { return };
    let (table, name) = Table::ALL[usize::from(*table) % Table::ALL.len()];
    let (key, value) = rest.split_at(usize::from(*length).min(rest.len()));
    // Of the log only the end is read at a start, and what is not known of the store itself is left alone.
    let is_read = !matches!(table, Table::Meta | Table::Audit | Table::Removed);
    assert!(!is_read || !is_row(table, key, &[]), "nothing is a record of {name}");
    let _ = is_row(table, key, value);
}

/// A backup, from anywhere: one that is whole ends where it says, and whatever is wrong is told.
pub(crate) fn backup(bytes: &[u8]) {
    for bytes in [Some(bytes.to_vec()), ended(bytes)].into_iter().flatten() {
        match verify_backup(bytes.as_slice()) {
            Ok(found) => assert_eq!(found.bytes, bytes.len() as u64),
            Err(trouble) => assert!(!trouble.to_string().is_empty()),
        }
    }
}

/// The parts of a backup with an end that is right for them, so that its last bytes hide nothing of what stands before them.
fn ended(bytes: &[u8]) -> Option<Vec<u8>> {
    const PARTS: usize = 18;
    let (mut at, mut counts) = (PARTS, [0_u64; 2]);
    while let Some([kind, length @ ..]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<5>()) {
        match kind {
            2 => counts[0] += 1,
            3 => counts[1] += 1,
            4 => break,
            _ => {}
        }
        at = at.checked_add(5)?.checked_add(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    }
    let mut whole = bytes.get(..at)?.to_vec();
    whole.push(4);
    whole.extend(48_u32.to_le_bytes());
    whole.extend(counts.iter().flat_map(|count| count.to_le_bytes()));
    whole.extend(blake3::hash(&whole).as_bytes());
    Some(whole)
}
