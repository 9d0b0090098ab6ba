//! `dockpass whoami`: which server a command speaks to, and as whom.

use serde_json::{Value, json};

use super::target::{self, Elsewhere, Signer, Signing, Target, no_login};
use super::token::reference::secret_hash;
use crate::api::operations::access_tokens::ViewAccessToken;
use crate::api::operations::accounts::ViewAccount;
use crate::cli::global::Global;
use crate::cli::logins::LoginFile;
use crate::cli::screen::{CliError, Console, Fit, Report, Table, View, shown};
use crate::cli::wire::{Api, is_served};
use crate::config::Config;
use crate::domain::secret::PREFIX;

/// What is told.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  dockpass whoami\n  dockpass whoami --all")]
pub(in crate::cli) struct WhoamiArguments {
    /// All your logins on this machine; no server is asked
    #[arg(long)]
    all: bool,
}

const COLUMNS: &[(&str, Fit)] = &[
    ("SERVER", Fit::Shrinks(20)),
    ("USER", Fit::Shrinks(8)),
    ("CURRENT", Fit::Whole),
    ("UNTIL (UTC)", Fit::Whole),
    ("ACCESS TOKEN", Fit::First(12)),
];

/// Tells it.
pub(in crate::cli) async fn run(
    arguments: &WhoamiArguments,
    global: Global,
    console: &mut Console,
) -> Result<(), CliError> {
    if arguments.all {
        return all(console);
    }
    let report = match target::find(Signing::Needed, global, console).await? {
        Target::Here(config) => here(*config)?,
        Target::Elsewhere(found) => {
            console.spoken_to = found.spoken_to();
            elsewhere(&found).await?
        }
    };
    console.report(&report)
}

fn all(console: &mut Console) -> Result<(), CliError> {
    let logins = LoginFile::must_be(console)?.read()?;
    let is_current = |url: &str| logins.current.as_deref() == Some(url);
    let rows = logins.servers.iter().map(|(url, login)| {
        let until = shown::time_or(login.expires_at.as_deref(), "never ends");
        let current = if is_current(url) { "yes" } else { "-" }.to_owned();
        vec![url.clone(), login.user.clone(), current, until, login.token.clone()]
    });
    let answer: Value = logins
        .servers
        .iter()
        .map(|(url, login)| {
            json!({ "server": url, "user": login.user, "isCurrent": is_current(url), "accessToken": login.token,
                "expiresAt": login.expires_at, "madeByLogin": login.is_ours })
        })
        .collect();
    let nothing = "There are no logins. Sign in: dockpass login --server URL";
    let table = Table { columns: COLUMNS, rows: rows.collect() };
    console.report(&Report { answer, view: View::Many(table, nothing) })
}

/// Over the socket nobody signs in: whose the data directory is may do everything.
fn here(config: Config) -> Result<Report, CliError> {
    let directory = config.server.data_dir.clone();
    // Refuses what every command would refuse; nothing is asked, so that the store stays closed.
    Api::local(config)?;
    let is_running = is_served(&directory);
    let server = if is_running { "runs" } else { "does not run: commands open the data directory themselves" };
    let uid = rustix::process::geteuid().as_raw();
    let answer = json!({
        "server": null, "dataDirectory": directory.display().to_string(), "isRunning": is_running, "user": null,
        "credential": "socket", "uid": uid,
    });
    let pairs = vec![
        ("Who", format!("the local administrator (user id {uid} of this machine)")),
        ("Data directory", directory.display().to_string()),
        ("Server", server.to_owned()),
    ];
    Ok(Report { answer, view: View::One(pairs) })
}

async fn elsewhere(found: &Elsewhere) -> Result<Report, CliError> {
    let mut api = found.api()?;
    let Some(Signer { user, secret, from }) = &found.signer else { return Err(no_login(&found.url)) };
    let mut pairs = vec![("Who", shown::plain(user)), ("Server", found.url.clone())];
    let mut answer = json!({ "server": found.url, "user": user, "namedBy": found.named_by, "credentialFrom": from });
    if secret.starts_with(PREFIX) {
        let hash = secret_hash(secret)?.to_string();
        let token = api.call(ViewAccessToken, [&hash], &()).await?.read()?;
        let until =
            token.expires_at.as_ref().map_or("never ends".to_owned(), |end| format!("{} UTC", shown::time(end)));
        pairs.push(("Signed in with", format!("the access token `{}`", token.token_label)));
        pairs.push(("ID", token.id.clone()));
        pairs.push(("Access", super::token::report::access(&token)));
        pairs.push(("Until", until));
        add(&mut answer, [("credential", json!("accessToken")), ("accessToken", json!(token.id))]);
        add(&mut answer, [("accessLevel", json!(token.access_level)), ("repositories", json!(token.repositories))]);
        add(&mut answer, [("expiresAt", json!(token.expires_at))]);
    } else {
        drop(api.call(ViewAccount, [user], &()).await?);
        pairs.push(("Signed in with", "the password".to_owned()));
        add(&mut answer, [("credential", json!("password"))]);
    }
    pairs.push(("Server named by", found.named_by.clone()));
    pairs.push(("Secret from", from.clone()));
    Ok(Report { answer, view: View::One(pairs) })
}

fn add<const N: usize>(answer: &mut Value, fields: [(&str, Value); N]) {
    if let Value::Object(object) = answer {
        object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    }
}
