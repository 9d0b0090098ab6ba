//! The log of every server at its loudest, and every secret that a test shows one or is given by one: where
//! `DOCKPASS_TEST_TRACE` names a directory, the logs go into files there, and the secrets into one beside them. `tests/run`
//! searches the ones for the others in the end. The tests see the log that they would see without it.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::{LazyLock, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use dockpass::data_files;
use serde_json::Value;

use super::process::environment;

/// The variable with the filter of a server's log.
const FILTER: &str = "DOCKPASS_LOG";
/// Shorter texts are no secrets, and stand anywhere.
const SHORTEST: usize = 12;
/// Longer texts are no secrets of ours either: they are sent to be refused.
const LONGEST: usize = 4_096;
/// What access tokens begin with, and what the name of the cookie of a session ends with.
const TOKEN: &str = "dkp_";
const SESSION: &str = "dockpass";

static DIRECTORY: LazyLock<Option<PathBuf>> = LazyLock::new(|| environment("DOCKPASS_TEST_TRACE").map(PathBuf::from));

/// Whether logs are traced.
pub(crate) fn is_on() -> bool {
    DIRECTORY.is_some()
}

/// Notes a secret, and the header that shows it for this user.
pub(crate) fn secret(user: &str, secret: &str) {
    static NOTED: LazyLock<Mutex<(HashSet<String>, Option<File>)>> = LazyLock::new(|| {
        let file = DIRECTORY.as_ref().map(|directory| opened(directory.join("secrets")));
        Mutex::new((HashSet::new(), file))
    });
    if !is_on() || !(SHORTEST..=LONGEST).contains(&secret.len()) || secret.chars().any(char::is_control) {
        return;
    }
    let header = STANDARD.encode(format!("{user}:{secret}"));
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    let (known, file) = &mut *noted;
    // The last letters of base64 are those of what follows, too.
    for text in [secret, header.trim_end_matches('=')] {
        if known.insert(text.to_owned()) {
            writeln!(file.as_mut().expect("the file of the secrets"), "{text}").expect("a secret is noted");
        }
    }
}

/// Notes the part of a registry token that nobody can make.
pub(crate) fn registry_token(text: &str) {
    if let Some((_, signature)) = text.rsplit_once('.') {
        secret("", signature);
    }
}

/// Notes what the lines of a head show, or set, whoever has written them.
pub(crate) fn head(text: &str) {
    if is_on() {
        let lines = text.lines().skip(1).take_while(|line| !line.is_empty());
        lines.filter_map(|line| line.split_once(':')).for_each(|(name, value)| header(name, value.trim()));
    }
}

/// The same of bytes that may begin with a head.
pub(crate) fn sent(bytes: &[u8]) {
    if is_on() {
        head(&String::from_utf8_lossy(&bytes[..bytes.len().min(64 * 1024)]));
    }
}

/// Notes what a header shows, or sets.
pub(crate) fn header(name: &str, value: &str) {
    match name.to_ascii_lowercase().as_str() {
        "authorization" => authorization(value),
        "dockpass-socket-secret" => secret("", value),
        "cookie" | "set-cookie" => {
            let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
            let of_sessions = pairs.filter(|(name, _)| name.trim().ends_with(SESSION));
            of_sessions.for_each(|(_, value)| secret("", value.trim()));
        }
        _ => {}
    }
}

fn authorization(value: &str) {
    let (scheme, shown) = value.split_once(' ').unwrap_or_default();
    match (scheme.to_ascii_lowercase().as_str(), STANDARD.decode(shown).map(String::from_utf8)) {
        ("basic", Ok(Ok(pair))) => pair.split_once(':').into_iter().for_each(|(user, password)| secret(user, password)),
        ("bearer", _) if shown.matches('.').count() == 2 => registry_token(shown),
        ("bearer", _) => secret("", shown),
        _ => {}
    }
}

/// Notes a text that is an access token or a registry token.
fn ours(text: &str) {
    if text.starts_with(TOKEN) {
        secret("", text);
    } else if text.starts_with("eyJ") && text.matches('.').count() == 2 {
        registry_token(text);
    }
}

/// Notes the secrets in a body: passwords, which a request has, and what an answer gives away.
pub(crate) fn body(text: &[u8]) {
    if is_on()
        && let Ok(value) = serde_json::from_slice(text)
    {
        values(&value);
    }
}

/// The same of JSON.
pub(crate) fn values(value: &Value) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
            Value::String(text) if name.to_lowercase().ends_with("password") => secret("", text),
            other => values(other),
        }),
        Value::Array(all) => all.iter().for_each(values),
        Value::String(text) => ours(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Notes what a program is given to show: on its standard input, in its environment.
pub(crate) fn given(command: &Command, input: &str) {
    if !is_on() {
        return;
    }
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    if words.iter().any(|word| word.ends_with("-stdin")) {
        let user = words.iter().position(|word| word == "--user" || word == "--username");
        let user = user.and_then(|place| words.get(place + 1)).map_or("", |user| user);
        input.lines().take(1).for_each(|line| secret(user, line));
    }
    let shown = command.get_envs().filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?)));
    let is_secret =
        |name: &str| name.starts_with("DOCKPASS_") && (name.ends_with("_PASSWORD") || name.ends_with("_TOKEN"));
    shown.filter(|(name, _)| is_secret(name)).for_each(|(_, value)| secret("", value));
}

/// Notes the secrets that a server has in its data directory by now.
pub(crate) fn files_of(data: &Path) {
    if !is_on() {
        return;
    }
    let keys = fs::read_dir(data.join(data_files::KEYS)).into_iter().flatten().map_while(Result::ok);
    let beside = [data_files::SOCKET_SECRET, data_files::FIRST_PASSWORD].map(|name| data.join(name));
    for path in keys.map(|entry| entry.path()).chain(beside) {
        // Some are not there, or no more.
        let Ok(content) = fs::read(path) else { continue };
        match std::str::from_utf8(&content) {
            Ok(pem) if pem.contains("-----BEGIN ") => private_lines(pem).for_each(|line| secret("", line)),
            Ok(text) if !text.trim_end().contains(char::is_control) => secret("", text.trim_end()),
            _ => {
                secret("", STANDARD.encode(&content).trim_end_matches('='));
                secret("", &content.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat());
            }
        }
    }
}

/// The lines of the private keys in PEM.
fn private_lines(pem: &str) -> impl Iterator<Item = &str> {
    let mut is_private = false;
    pem.lines().filter(move |line| {
        if line.starts_with("-----") {
            is_private = line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY");
        }
        is_private && !line.starts_with("-----")
    })
}

fn opened(path: PathBuf) -> File {
    fs::create_dir_all(path.parent().expect("a directory")).expect("the directory of the traces");
    OpenOptions::new().create(true).append(true).open(path).expect("a file for traces")
}

/// The file of a log.
pub(crate) fn file(name: &str) -> Option<File> {
    static NUMBER: Mutex<u32> = Mutex::new(0);
    let directory = DIRECTORY.as_ref()?;
    let mut number = NUMBER.lock().unwrap_or_else(PoisonError::into_inner);
    *number += 1;
    Some(opened(directory.join(format!("{name}-{}-{number}.log", std::process::id()))))
}

/// Has a server log all there is, unless the test has a wish of its own; answers the file that takes it.
pub(crate) fn make_loud(name: &str, command: &mut Command) -> Option<File> {
    let is_chosen = command.get_envs().any(|(variable, _)| variable == FILTER || variable == "RUST_LOG");
    let is_verbose = command.get_args().any(|argument| argument.to_string_lossy().starts_with("-v"));
    if name != "dockpass" || is_chosen || is_verbose {
        return None;
    }
    let file = file("server")?;
    command.env(FILTER, "trace");
    Some(file)
}

/// Whether the log would have this line without being loud: that of the server's default filter.
pub(crate) fn is_usual(line: &str) -> bool {
    let json = || {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Some((line["level"].as_str()?.to_owned(), line["target"].as_str()?.to_owned()))
    };
    let text = || {
        let mut words = line.split(' ');
        words.next().filter(|time| time.ends_with('Z'))?;
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    // What is no line of a log is shown.
    let Some((level, target)) = json().or_else(text) else { return true };
    let is_ours = target.split("::").next() == Some("dockpass");
    match level.as_str() {
        "TRACE" | "DEBUG" => false,
        "INFO" => is_ours,
        "WARN" | "ERROR" => !target.starts_with("actix_http"),
        _ => true,
    }
}
