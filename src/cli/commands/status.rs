//! `dockpass status`: whether the server is healthy, for people and for what restarts containers.
//!
//! It asks a server that runs and starts none; it never opens the store. What hangs is waited for so long and no longer.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::api::operations::{registry, server as op};
use crate::api::{AuditWay, Health, RegistryState, Version};
use crate::cli::commands::registry::report::next_door;
use crate::cli::commands::target::{self, Signing, Target};
use crate::cli::commands::values;
use crate::cli::global::Global;
use crate::cli::screen::{CliError, Console, Report, View, shown};
use crate::cli::wire::Api;
use crate::data_files::LOCK;

/// How long an answer may take, in seconds.
const PATIENCE: u32 = 5;

/// What `dockpass status` takes.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  dockpass status\n  dockpass status --quiet && echo healthy\n  HEALTHCHECK CMD [\"dockpass\", \
                  \"status\", \"--quiet\"]\n\nIt asks a running server and never opens the data directory itself. With \
                  --server, no credentials are needed; with an administrator's, it shows more.\n\nExit codes: 0 healthy; 1 not \
                  healthy, or no server answers."
)]
pub(in crate::cli) struct StatusArguments {
    /// Print nothing; only set the exit code
    #[arg(long, short)]
    quiet: bool,
    /// How long to wait for the answers [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    timeout: Option<u32>,
}

/// What a look at the server finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Requests are answered and changes accepted.
    Healthy,
    /// Changes are not accepted.
    Unhealthy,
    /// Nobody serves the data directory.
    Stopped,
    /// A process has the data directory open, and does not answer yet.
    Starting,
    /// It takes connections, and does not answer.
    Hanging,
    /// It cannot be asked.
    Unreachable,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Hanging => "hanging",
            Self::Unreachable => "unreachable",
        }
    }
}

/// The server as it was found.
struct Found {
    state: State,
    /// What is wrong; empty if nothing is.
    error: String,
    warning: String,
    /// For administrators.
    version: Option<Version>,
    registry: Option<RegistryState>,
}

impl Found {
    fn without_answer(state: State, error: String) -> Self {
        Self { state, error, warning: String::new(), version: None, registry: None }
    }
}

/// Says whether the server is healthy; it is an error if not, of which nothing more is said.
pub(in crate::cli) async fn run(
    arguments: &StatusArguments,
    global: Global,
    console: &mut Console,
) -> Result<(), CliError> {
    let limit = Duration::from_secs(arguments.timeout.unwrap_or(PATIENCE).into());
    let looked = look(global, limit, console).await;
    let (place, found) = match looked {
        // What is wrong with the configuration is not for who asked for silence.
        Err(error) if arguments.quiet && error.exit_code() == 1 => return Err(CliError::Unhealthy),
        looked => looked?,
    };
    if !arguments.quiet {
        console.report(&report(&place, &found))?;
    }
    if found.state == State::Healthy { Ok(()) } else { Err(CliError::Unhealthy) }
}

/// The server that is meant, in words, and what is found there.
async fn look(global: Global, limit: Duration, console: &Console) -> Result<(String, Found), CliError> {
    let directory = match target::find(Signing::WhereKnown, global, console).await? {
        Target::Here(config) => config.server.data_dir,
        Target::Elsewhere(found) => {
            let apis = each_question(|| found.api())?;
            return Ok((found.url.clone(), asked(apis, None, limit).await));
        }
    };
    let found = match each_question(|| Api::served(&directory)) {
        Ok(apis) => asked(apis, Some(&directory), limit).await,
        Err(error @ CliError::NoDataDirectory(_)) => Found::without_answer(State::Stopped, error.to_string()),
        Err(error) => Found::without_answer(State::Unreachable, error.to_string()),
    };
    Ok((directory.display().to_string(), found))
}

/// A connection for each question, so that none waits for another.
fn each_question(open: impl Fn() -> Result<Api, CliError>) -> Result<[Api; 3], CliError> {
    Ok([open()?, open()?, open()?])
}

/// Asks for health and, at the same time, for what administrators are told: that may be refused or late, and changes nothing.
/// The limit is that of all together.
async fn asked([mut first, mut second, mut third]: [Api; 3], directory: Option<&Path>, limit: Duration) -> Found {
    use tokio::time::timeout;
    let (health, version, registry) = tokio::join!(
        timeout(limit, health(&mut first)),
        timeout(limit, version(&mut second)),
        timeout(limit, next_to(&mut third)),
    );
    let health = match health {
        Err(_) => {
            let error = format!("it did not answer within {limit:?}");
            return Found::without_answer(State::Hanging, error);
        }
        Ok(Err(error)) => return unanswered(&error, directory),
        Ok(Ok(health)) => health,
    };
    let version = version.ok().flatten();
    // A command that works on the data directory answers at the socket as well.
    if directory.is_some() && version.as_ref().is_some_and(|version| version.address.is_none()) {
        return Found::without_answer(
            State::Stopped,
            "no server runs: a command works on the data directory".to_owned(),
        );
    }
    let registry = registry.ok().flatten();
    let state = if health.healthy { State::Healthy } else { State::Unhealthy };
    let reason = version.as_ref().map(|version| version.refusal.clone()).filter(|reason| !reason.is_empty());
    let error = [Some(health.error).filter(|error| !error.is_empty()), reason];
    let error = error.into_iter().flatten().collect::<Vec<_>>().join(": ");
    Found { state, error, warning: health.warning, version, registry }
}

async fn health(api: &mut Api) -> Result<Health, CliError> {
    api.call(op::GetHealth, [], &op::HealthQuery::default()).await?.read()
}

async fn version(api: &mut Api) -> Option<Version> {
    api.call(op::GetVersion, [], &()).await.ok()?.read().ok()
}

async fn next_to(api: &mut Api) -> Option<RegistryState> {
    api.call(registry::ViewRegistry, [], &()).await.ok()?.read().ok()
}

/// What it means that nobody answers.
fn unanswered(error: &CliError, directory: Option<&Path>) -> Found {
    let kind = if let CliError::Unreachable { cause, .. } = error {
        cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
    } else {
        None
    };
    match (kind, directory) {
        (Some(ErrorKind::NotFound | ErrorKind::ConnectionRefused), Some(directory)) => match holder(directory) {
            Some(process) => Found::without_answer(
                State::Starting,
                format!("nobody answers yet: the process {process} has the data directory open"),
            ),
            None => Found::without_answer(State::Stopped, "no server runs on this data directory".to_owned()),
        },
        // So many wait for it that the system lets nobody else.
        (Some(ErrorKind::WouldBlock), _) => Found::without_answer(State::Hanging, error.to_string()),
        (_, _) => Found::without_answer(State::Unreachable, error.to_string()),
    }
}

/// The process that has the data directory open, as it noted itself, if there is such a process.
fn holder(directory: &Path) -> Option<i32> {
    let number: i32 = std::fs::read_to_string(directory.join(LOCK)).ok()?.trim().parse().ok()?;
    let process = rustix::process::Pid::from_raw(number)?;
    // Who may not send a signal to it has seen that it is there.
    let is_there = !matches!(rustix::process::test_kill_process(process), Err(rustix::io::Errno::SRCH));
    is_there.then_some(number)
}

/// A way out of the audit log, in words.
fn audit_way(way: &AuditWay) -> String {
    let AuditWay { key, place, behind, trouble } = way;
    let behind =
        behind.filter(|behind| *behind > 0).map(|behind| format!("{} behind", shown::counted(behind, "record")));
    let said = [trouble.clone(), behind].into_iter().flatten().collect::<Vec<_>>().join("; ");
    format!("{key} {place}: {}", if said.is_empty() { "all is there" } else { &said })
}

/// What passwords that came as hashes of bcrypt mean.
fn not_hashed_anew(imported: usize) -> String {
    format!(
        "{} with bcrypt; until their users have signed in, each wrong one costs more",
        shown::counted(imported, "password")
    )
}

fn report(place: &str, found: &Found) -> Report {
    let Found { state, error, warning, version, registry } = found;
    let said = if error.is_empty() { state.word().to_owned() } else { format!("{}: {error}", state.word()) };
    let mut pairs = vec![("State", said), ("Server", place.to_owned())];
    if !warning.is_empty() {
        pairs.push(("Warning", warning.clone()));
    }
    if let Some(version) = version {
        pairs.push(("Version", version.version.clone()));
        pairs.extend(
            Some(("Since", format!("{} UTC", shown::time(&version.started_at))))
                .filter(|_| !version.started_at.is_empty()),
        );
        pairs.extend(version.address.clone().map(|address| ("Address", address)));
        pairs.extend(version.free_bytes.map(|bytes| ("Disk", format!("{} free", shown::size(bytes)))));
        let imported = Some(version.imported_passwords).filter(|imported| *imported > 0);
        pairs.extend(imported.map(|imported| ("Imported", not_hashed_anew(imported))));
    }
    pairs.extend(registry.as_ref().map(|registry| ("Registry", next_door(registry))));
    let ways = version.as_ref().map_or(&[][..], |version| &version.audit_ways);
    pairs.extend(ways.iter().map(|way| ("Audit log", audit_way(way))));
    let registry = registry.as_ref().map(|registry| {
        let comparison = registry.comparison.as_ref();
        json!({
            "url": registry.url, "answers": registry.gateway.as_ref().map(|it| it.trouble.is_none()),
            "trouble": registry.gateway.as_ref().and_then(|it| it.trouble.as_ref()), "comparison": comparison.map(|it| it.state), "error": comparison.map(|it| &it.error),
        })
    });
    let answer = json!({
        "state": state.word(), "healthy": *state == State::Healthy, "error": error, "warning": warning,
        "server": place, "version": version.as_ref().map(|it| &it.version),
        "startedAt": version.as_ref().map(|it| &it.started_at), "address": version.as_ref().map(|it| &it.address),
        "freeBytes": version.as_ref().map(|it| it.free_bytes),
        "importedPasswords": version.as_ref().map(|it| it.imported_passwords), "registry": registry, "auditWays": ways,
    });
    Report { answer, view: View::One(pairs) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    const LIMIT: Duration = Duration::from_mins(1);
    const WELL: &str = r#"{"healthy":true,"error":"","warning":""}"#;

    fn version(address: Option<&str>, refusal: &str) -> String {
        json!({
            "version": "1.2.3", "startedAt": "2026-11-21T20:42:00Z", "address": address, "freeBytes": 12_300_000_000_u64,
            "refusal": refusal, "importedPasswords": if refusal.is_empty() { 0 } else { 3 },
        })
        .to_string()
    }

    const REGISTRY: &str = r#"{"issuer":"dockpass","services":["registry"],"realm":"http://a/auth/token","certificates":[],
        "url":"http://127.0.0.1:5000","publicHost":null,"publicHostSeen":null,"realmWarning":null,
        "notifications":{"received":0,"refused":0,"lastReceived":null},"comparison":null}"#;

    async fn told(answers: &[(u16, &str)]) -> (Found, String) {
        let server = Server::with_json(answers);
        let apis = each_question(|| Ok(server.api())).unwrap();
        let found = asked(apis, Some(server.socket().parent().unwrap()), LIMIT).await;
        let out = report("DIR", &found).print(crate::cli::screen::Format::Table, None).unwrap().out;
        (found, out)
    }

    #[tokio::test]
    async fn a_healthy_server_says_how_it_runs() {
        let (found, out) = told(&[(200, WELL), (200, &version(Some("http://a"), "")), (200, REGISTRY)]).await;
        assert_eq!(found.state, State::Healthy);
        let expected = "  State     healthy\n  Server    DIR\n  Version   1.2.3\n  Since     2026-11-21 20:42 UTC\n  Address   \
                        http://a\n  Disk      12.3 GB free\n  Registry  http://127.0.0.1:5000\n";
        assert_eq!(out, expected);
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_with_its_reason_to_who_may_know() {
        let ill = r#"{"healthy":false,"error":"changes are not accepted","warning":"the log is large"}"#;
        let full = version(Some("http://a"), "the disk is full");
        let (found, out) = told(&[(200, ill), (200, &full), (500, "{}")]).await;
        assert_eq!(found.state, State::Unhealthy);
        assert!(out.starts_with("  State     unhealthy: changes are not accepted: the disk is full\n"), "{out}");
        assert!(out.contains("  Warning   the log is large\n"), "{out}");
        assert!(out.contains("  Imported  3 passwords with bcrypt; until "), "{out}");
        let refused = r#"{"errors":[{"code":"NOT_AUTHENTICATED","message":"sign in"}]}"#;
        let (found, out) = told(&[(200, ill), (401, refused)]).await;
        assert_eq!(found.state, State::Unhealthy);
        assert!(
            out.starts_with("  State    unhealthy: changes are not accepted\n") && !out.contains("Version"),
            "{out}"
        );
    }

    #[tokio::test]
    async fn a_command_that_works_on_the_data_directory_is_no_server() {
        let (found, out) = told(&[(200, WELL), (200, &version(None, ""))]).await;
        assert_eq!(found.state, State::Stopped);
        assert!(out.contains("no server runs: a command works on the data directory"), "{out}");
    }

    #[tokio::test]
    async fn who_does_not_answer_starts_or_has_stopped() {
        let directory = tempfile::tempdir().unwrap();
        let lock = directory.path().join(LOCK);
        let state = async || {
            let apis = each_question(|| Api::served(directory.path())).unwrap();
            asked(apis, Some(directory.path()), LIMIT).await.state
        };
        assert_eq!(state().await, State::Stopped);
        std::fs::write(&lock, format!("{}\n", std::process::id())).unwrap();
        assert_eq!(state().await, State::Starting);
        std::fs::write(&lock, "2147483647\n").unwrap();
        assert_eq!(state().await, State::Stopped);
        std::fs::write(&lock, "").unwrap();
        assert_eq!(state().await, State::Stopped);
    }

    #[tokio::test]
    async fn who_hangs_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join(crate::data_files::SOCKET);
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        std::fs::set_permissions(socket, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let apis = each_question(|| Api::served(directory.path())).unwrap();
        let found = asked(apis, Some(directory.path()), Duration::from_millis(20)).await;
        assert_eq!((found.state, found.error.as_str()), (State::Hanging, "it did not answer within 20ms"));
    }

    #[tokio::test]
    async fn silence_is_kept_and_the_exit_code_tells() {
        let directory = tempfile::tempdir().unwrap();
        let global = Global { data_dir: Some(directory.path().join("none")), ..Global::default() };
        for quiet in [true, false] {
            let (mut console, written) = console(b"");
            let error = run(&StatusArguments { quiet, timeout: None }, global.clone(), &mut console).await.unwrap_err();
            console.fail(&error);
            assert_eq!((error.exit_code(), written.out().is_empty(), written.note().as_str()), (1, quiet, ""));
        }
    }
}
