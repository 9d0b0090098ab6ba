//! The log of every server at its loudest, and every secret that a test shows one or is given by one: where
//! `DOCKPASS_TEST_TRACE` names a directory, the logs go into files there, and the secrets into one beside them. `tests/run`
//! searches the ones for the others in the end. The tests see the log that they would see without it.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::Write,
    path::PathBuf,
    process::Command,
    sync::{LazyLock, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::process::environment;

/// The variable with the filter of a server's log.
const FILTER: &str = "DOCKPASS_LOG";
/// Shorter texts are no secrets, and stand anywhere.
const SHORTEST: usize = 12;

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
    if !is_on() || secret.len() < SHORTEST || secret.chars().any(char::is_control) {
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
