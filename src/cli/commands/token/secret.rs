//! Shows a new secret, once: alone on standard output in a pipe, with the next steps on a terminal.

use std::io;

use crate::api::operations::registry::{ViewRegistry, ViewRegistryHost};
use crate::api::{ApiToken, NewApiToken};
use crate::cli::commands::token::report;
use crate::cli::screen::{CliError, Console, Format, shown, table};
use crate::cli::wire::{Api, ApiAnswer};
use crate::domain::text::shell_word;

/// Said below a line with `HOST`.
const UNKNOWN: &str =
    "      (HOST is the registry as clients reach it: ask your administrator, who can set registry.public_host.)\n";

/// Reads a temporary password into the environment, unseen.
pub(in crate::cli) const READ_TEMPORARY: &str = "read -rs DOCKPASS_TOKEN && export DOCKPASS_TOKEN";

/// Why there is a new secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Purpose {
    /// A new access token.
    New,
    /// A new secret of an existing access token; `overlaps` says whether the old one still works for a while. Without
    /// an overlap, the answer's `previousUntil` is the moment of the rotation.
    Rotated { overlaps: bool, renewed: bool },
    /// A temporary password for somebody else.
    TemporaryPassword,
}

/// Where a secret is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Places {
    /// The URL of dockpass.
    pub(in crate::cli) url: String,
    /// How clients reach the registry; none if dockpass does not know it.
    pub(in crate::cli) registry: Option<String>,
}

impl Places {
    /// Asks for them; to be done before a secret is made, so that nothing comes between it and its reader.
    pub(in crate::cli) async fn ask(api: &mut Api) -> Self {
        let registry = api.call(ViewRegistryHost, [], &()).await.and_then(|answer| answer.read());
        if let Err(error) = &registry {
            log::debug!("how clients reach the registry is unknown: {error}");
        }
        let registry = registry.ok().and_then(|host| host.public_host);
        Self { url: sign_in_url(api).await, registry }
    }
}

async fn sign_in_url(api: &mut Api) -> String {
    if let Some(url) = api.url() {
        return url.to_owned();
    }
    let state = api.call(ViewRegistry, [], &()).await;
    match state.and_then(|answer| answer.read()) {
        Ok(state) => state.realm.strip_suffix("/auth/token").unwrap_or(&state.realm).to_owned(),
        Err(error) => {
            log::debug!("where to sign in is unknown: {error}");
            "https://HOST".to_owned()
        }
    }
}

/// Shows the secret, once.
pub(in crate::cli) fn show(
    answer: &ApiAnswer<NewApiToken>,
    purpose: Purpose,
    places: &Places,
    console: &mut Console,
) -> Result<(), CliError> {
    let new = answer.read()?;
    let text = match console.format {
        Format::Json => serde_json::to_string_pretty(&answer.value).map_err(CliError::Json)?,
        Format::Table if console.out_is_terminal => frame(&new, purpose, places),
        Format::Table => new.token.clone(),
    };
    let lost = |cause| lost(&new.record, purpose, cause);
    console.write_out(format!("{}\n", text.trim_end()).as_bytes()).map_err(lost)?;
    if console.format == Format::Table && !console.out_is_terminal {
        console.note(&aside(&new, purpose, places))?;
    }
    Ok(())
}

/// A secret that nobody has seen. A new access token goes again; one that was rotated is rotated once more.
pub(in crate::cli) fn lost(record: &ApiToken, purpose: Purpose, cause: io::Error) -> CliError {
    let (noun, name) = match &record.robot {
        Some(_) => ("robot", report::owner(record)),
        None => ("token", record.id.clone()),
    };
    let what = if record.robot.is_some() { "the robot" } else { "the access token" };
    let (shown, word) = (shown::plain(&name), shell_word(&name));
    let (done, mend) = match purpose {
        Purpose::New | Purpose::TemporaryPassword => {
            (format!("{what} {shown} was made"), format!("delete it with `dockpass {noun} delete {word}`"))
        }
        Purpose::Rotated { .. } => (
            format!("{what} {shown} got a new secret"),
            format!("give it another one with `dockpass {noun} rotate {word}`"),
        ),
    };
    CliError::SecretLost { done, mend, cause }
}

/// The text for a terminal: the secret between what was done and the next steps.
fn frame(new: &NewApiToken, purpose: Purpose, places: &Places) -> String {
    let hangs = hangs(new).map(|hangs| format!("  {}\n", hangs.join("\n  "))).unwrap_or_default();
    let secret = format!("  {}\n\n  It is not shown again.\n{hangs}", shown::plain(&new.token));
    let limits = match purpose {
        Purpose::New | Purpose::Rotated { .. } => report::limits(&new.record),
        // It reaches what its user does; until when, `done` says.
        Purpose::TemporaryPassword => format!("\n{}", table::fields(&[("ID", new.record.id.clone())])),
    };
    format!("{}\n\n{secret}{limits}\n{}", done(new, purpose), next(new, purpose, places))
}

/// The text for standard error while a pipe gets the secret.
fn aside(new: &NewApiToken, purpose: Purpose, places: &Places) -> String {
    let done = done(new, purpose);
    match purpose {
        Purpose::New | Purpose::Rotated { .. } => {
            let hangs = hangs(new).map(|hangs| format!("{}\n", hangs.join("\n"))).unwrap_or_default();
            format!("{done}\n{hangs}")
        }
        Purpose::TemporaryPassword => format!("{done}\n{}", next(new, purpose, places)),
    }
}

/// On what a robot's secret hangs that was made with an access token, in two lines.
fn hangs(new: &NewApiToken) -> Option<[&'static str; 2]> {
    let record = &new.record;
    record.robot.as_ref().and(record.parent.as_ref()).map(|_| {
        [
            "It stops with the access token that you signed in with. Who signs in with the password, or",
            "works on the server's machine, makes one that does not.",
        ]
    })
}

fn done(new: &NewApiToken, purpose: Purpose) -> String {
    let ApiToken { token_label, username, id, robot, .. } = &new.record;
    let (label, user, id) = (shown::plain(token_label), shown::plain(username), shown::plain(id));
    match purpose {
        Purpose::New if robot.is_some() => format!("made {}", report::named_with_id(&new.record)),
        Purpose::New => format!("made the access token `{label}` for {user} (id {id})"),
        Purpose::Rotated { overlaps, renewed } => {
            let end = if renewed { format!("; {}", new_end(&new.record)) } else { String::new() };
            let old = old_secret(new, overlaps);
            format!("gave {} a new secret; {old}{end}", report::named_with_id(&new.record))
        }
        Purpose::TemporaryPassword => {
            format!("made a temporary password for {user}, for one use until {} UTC", end(&new.record))
        }
    }
}

fn old_secret(new: &NewApiToken, overlaps: bool) -> String {
    let record = &new.record;
    match record.previous_until.as_ref().filter(|_| overlaps) {
        Some(until) if record.previous_until_used => {
            format!("the old one works until the new one is used, at the latest until {} UTC", shown::time(until))
        }
        Some(until) => format!("the old one works until {} UTC", shown::time(until)),
        None => "the old one works no longer".to_owned(),
    }
}

fn new_end(record: &ApiToken) -> String {
    match &record.expires_at {
        Some(end) => format!("it ends on {} UTC", shown::time(end)),
        None => "it never ends, with or without renewal".to_owned(),
    }
}

fn end(record: &ApiToken) -> String {
    shown::time_or(record.expires_at.as_deref(), "never")
}

fn next(new: &NewApiToken, purpose: Purpose, Places { url, registry }: &Places) -> String {
    // Name and address may come from a server elsewhere: they must be nothing but words of the commands.
    let owner = report::owner(&new.record);
    let user = shell_word(&owner);
    let host = registry.as_deref().map_or("HOST".into(), shell_word);
    let unknown = if registry.is_some() { "" } else { UNKNOWN };
    let (url, list) = (shell_word(url), shell_word(&format!("{url}/api/v0/repositories")));
    match purpose {
        Purpose::New | Purpose::Rotated { .. } => format!(
            "  Use it wherever the password of {user} is asked:\n    \
             docker login {host} --username {user}\n\
             {unknown}    \
             curl --user {user} {list}\n"
        ),
        Purpose::TemporaryPassword => format!(
            "  Tell {user} over a channel that you trust. To set a new password with it, sign in at\n    \
             {url}\n  \
             as {user} with the temporary password, and the page asks for the new one; or, without a browser:\n    \
             {READ_TEMPORARY}      (then type the temporary password)\n    \
             {}\n",
            set_password(&user, &url)
        ),
    }
}

/// The command that sets a new password with the temporary one that [`READ_TEMPORARY`] has read; both are words of a shell.
pub(in crate::cli) fn set_password(user: &str, url: &str) -> String {
    format!("DOCKPASS_USER={user} dockpass user password {user} --server {url}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::operations::access_tokens::ViewAccessToken;
    use crate::cli::testing::{Closed, Server, console, token};

    fn made() -> Value {
        token(&json!({
            "token": "dkp_secret", "tokenLabel": "lap\u{1b}top", "expiresAt": "2026-11-22T20:42:00Z",
            "accessLevel": "read-only", "repositories": ["alice/*"],
        }))
    }

    async fn shown(purpose: Purpose, is_terminal: bool, format: Format) -> (String, String) {
        let server = Server::with_json(&[(200, &made().to_string())]);
        let answer = server.api().call(ViewAccessToken, ["x"], &()).await.unwrap().of();
        let (mut console, written) = console(b"");
        console.out_is_terminal = is_terminal;
        console.format = format;
        let registry = Some("127.0.0.1:5000".to_owned());
        show(&answer, purpose, &Places { url: "http://127.0.0.1:8700".to_owned(), registry }, &mut console).unwrap();
        (written.out(), written.note())
    }

    #[tokio::test]
    async fn in_a_pipe_the_secret_stands_alone() {
        let (out, note) = shown(Purpose::New, false, Format::Table).await;
        assert_eq!(out, "dkp_secret\n");
        assert_eq!(note, "made the access token `lap\\u{1b}top` for alice (id 01A)\n");
    }

    #[tokio::test]
    async fn a_terminal_gets_the_frame() {
        let (out, note) = shown(Purpose::New, true, Format::Table).await;
        let expected = "\
made the access token `lap\\u{1b}top` for alice (id 01A)

  dkp_secret

  It is not shown again.

  Access   read-only, alice/*
  Expires  2026-11-22 20:42 UTC
  ID       01A

  Use it wherever the password of alice is asked:
    docker login 127.0.0.1:5000 --username alice
    curl --user alice http://127.0.0.1:8700/api/v0/repositories
";
        assert_eq!((out.as_str(), note.as_str()), (expected, ""));
    }

    #[test]
    fn a_secret_of_a_robot_says_that_it_hangs_on_an_access_token() {
        let told = |robot: Option<&str>, parent: Option<&str>| {
            let mut made = made();
            (made["robot"], made["parent"]) = (json!(robot), json!(parent));
            let new: NewApiToken = serde_json::from_value(made).unwrap();
            let purpose = Purpose::Rotated { overlaps: false, renewed: false };
            let said = [frame(&new, purpose, &Places::default()), aside(&new, purpose, &Places::default())];
            said.map(|said| said.contains("It stops with the access token that you signed in with."))
        };
        assert_eq!(told(Some("ci"), Some("01P")), [true; 2]);
        for (robot, parent) in [(Some("ci"), None), (None, Some("01P"))] {
            assert_eq!(told(robot, parent), [false; 2]);
        }
    }

    #[tokio::test]
    async fn a_temporary_password_comes_with_the_steps() {
        let (out, note) = shown(Purpose::TemporaryPassword, false, Format::Table).await;
        assert_eq!(out, "dkp_secret\n");
        assert!(note.contains("for one use until 2026-11-22 20:42 UTC\n"), "{note}");
        assert!(note.contains("dockpass user password alice --server http://127.0.0.1:8700\n"), "{note}");
    }

    #[tokio::test]
    async fn an_old_secret_works_on_only_with_an_overlap() {
        let mut rotated = made();
        rotated["previousUntil"] = "2026-11-21T21:42:00Z".into();
        let new: NewApiToken = serde_json::from_value(rotated).unwrap();
        let told = |overlaps| done(&new, Purpose::Rotated { overlaps, renewed: false });
        assert!(told(true).ends_with("the old one works until 2026-11-21 21:42 UTC"), "{}", told(true));
        assert!(told(false).ends_with("the old one works no longer"), "{}", told(false));
    }

    #[tokio::test]
    async fn json_is_the_whole_answer() {
        let (out, note) = shown(Purpose::Rotated { overlaps: false, renewed: false }, true, Format::Json).await;
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["token"], "dkp_secret");
        assert_eq!(note, "");
    }

    #[tokio::test]
    async fn a_secret_that_nobody_saw_is_told() {
        let made = token(&json!({
            "token": "dkp_secret", "tokenLabel": "lap\u{1b}top", "expiresAt": "2026-11-22T20:42:00Z",
            "accessLevel": "read-only", "repositories": ["alice/*"],
        }));
        let server = Server::with_json(&[(200, &made.to_string())]);
        let answer = server.api().call(ViewAccessToken, ["x"], &()).await.unwrap().of();
        let (mut console, _) = console(b"");
        console.out = Box::new(Closed);
        let error = show(&answer, Purpose::New, &Places::default(), &mut console).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().contains("dockpass token delete 01A"), "{error}");
    }

    #[tokio::test]
    async fn a_registry_that_is_not_known_is_not_made_up() {
        let server = Server::with_json(&[(200, r#"{"publicHost":null}"#), (404, ""), (200, r#"{"publicHost":"a.b"}"#)]);
        let mut api = server.api();
        let new: NewApiToken = serde_json::from_value(made()).unwrap();
        for known in [false, false, true] {
            let registry = api.call(ViewRegistryHost, [], &()).await.and_then(|answer| answer.read());
            let registry = registry.ok().and_then(|host| host.public_host);
            let told = next(&new, Purpose::New, &Places { url: "http://127.0.0.1:8700".to_owned(), registry });
            assert_eq!(told.contains("docker login a.b --username alice\n    curl"), known, "{told}");
            assert_eq!(told.contains("docker login HOST --username alice\n      (HOST is"), !known, "{told}");
        }
    }

    #[tokio::test]
    async fn the_sign_in_url_is_what_the_server_says() {
        let state = r#"{"issuer":"i","services":[],"realm":"https://h:1/auth/token","certificates":[],"url":null,"notifications":{"received":0,"refused":0,"lastReceived":null},"comparison":null}"#;
        let server = Server::with_json(&[(200, state), (500, "")]);
        let mut api = server.api();
        assert_eq!(sign_in_url(&mut api).await, "https://h:1");
        assert_eq!(sign_in_url(&mut api).await, "https://HOST");
    }
}
