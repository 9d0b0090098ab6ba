//! `dockpass login` and `logout`: who signs in at a server elsewhere, kept for the commands that come after. A password makes
//! an access token for this machine, and is not kept.

#![expect(clippy::doc_markdown, reason = "help texts are read on terminals, where Markdown is noise")]

use serde_json::json;
use zeroize::Zeroizing;

use super::target;
use super::token::reference::secret_hash;
use super::values::{self, ExpiryArgument};
use crate::api::operations::access_tokens as op;
use crate::api::{ApiToken, Code, CreateApiToken};
use crate::cli::global::Global;
use crate::cli::logins::{Login, LoginFile, Logins};
use crate::cli::screen::{CliError, Console, Report, prompt, shown};
use crate::cli::wire::{Api, Remote, Trusted};
use crate::domain::secret::Password;
use crate::domain::text::shell_word;

/// How long the access token of a login lives, unless the site allows less or something else is asked for: 90 days.
const LIFETIME: i64 = 90 * 86_400;

/// How somebody signs in.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  dockpass login --server https://dockpass.example.org:8700 --user alice
  dockpass login --server https://dockpass.example.org:8700 --user ci --password-stdin < token.txt

Asks for a password or an access token, and tries it. A password is not kept: it makes an access token for this machine, \
which `dockpass logout` deletes. An access token that is given is kept as it is. Both stand in a file that only you may read, \
$XDG_CONFIG_HOME/dockpass/logins.json or ~/.config/dockpass/logins.json, with the certificates of --ca.

A command speaks to the server that is named: by --server, --data-dir, DOCKPASS_SERVER, --config, DOCKPASS_CONFIG or \
DOCKPASS_DATA_DIR, in this order. If none is named, it speaks to the data directory of this machine, if there is one that you \
may use, and else to the current login. `dockpass whoami` tells.")]
pub(in crate::cli) struct LoginArguments {
    /// Who signs in [environment: DOCKPASS_USER]
    #[arg(long, value_name = "NAME", value_parser = values::new_name)]
    user: Option<String>,
    /// Read the password or the access token from standard input
    #[arg(long)]
    password_stdin: bool,
    /// When the access token that a password makes ends: a length of time (30d), a date, a time, or never [default: 90d, or
    /// the site's where it allows less]
    #[arg(long, value_name = "WHEN", value_parser = values::expiry)]
    expires: Option<ExpiryArgument>,
    /// Make the login at --server, which is there already, the current one
    #[arg(long, conflicts_with_all = ["user", "password_stdin", "expires"])]
    switch: bool,
}

/// Which login ends.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  dockpass logout
  dockpass logout --server https://dockpass.example.org:8700

Deletes the access token that `dockpass login` made, at the server, and forgets the login; an access token that was given \
to it stays. Without --server, the current login ends.")]
pub(in crate::cli) struct LogoutArguments {
    /// Every login of yours on this machine
    #[arg(long)]
    all: bool,
    /// Forget the login also where its access token cannot be deleted
    #[arg(long)]
    forget: bool,
}

/// Signs in and keeps the login.
pub(in crate::cli) async fn login(
    arguments: LoginArguments,
    global: Global,
    console: &mut Console,
) -> Result<(), CliError> {
    let file = LoginFile::must_be(console)?;
    let logins = file.read()?;
    let unnamed = || CliError::Usage("say where to sign in, with --server https://HOST".to_owned());
    let url = target::url(&global, console, &logins)?.ok_or_else(unnamed)?;
    if arguments.switch {
        return switch(&file, url, console).await;
    }
    file.prepare().await?;
    let global = global.or_environment(console);
    let earlier = logins.servers.get(&url);
    let trusted = kept(&target::trusted(&global, earlier, file.path()))?;
    let user = who(arguments.user, earlier, console)?;
    let secret = prompt::sign_in(console, arguments.password_stdin)?;
    let mut api = remote(&url, &trusted, &user, secret.reveal())?;
    let signed_in = if secret.is_access_token() {
        given(&user, &secret, &mut api).await
    } else {
        made(arguments.expires, &mut api, console).await
    };
    let (label, login) = signed_in.map_err(|error| not_let_in(error, &user, &url))?;
    let ca = if let Trusted::Text { pem, .. } = &trusted { Some(pem.clone()) } else { None };
    let login = with_ca(login, ca);
    let written = file.change(|logins| {
        logins.current = Some(url.clone());
        logins.servers.insert(url.clone(), login.clone())
    });
    match written.await {
        Ok(earlier) => {
            replaced(&url, earlier, &login, &trusted, console).await?;
            console.report(&report(&url, &label, &login, &file))?;
            local_comes_first(&global, console)
        }
        Err(error) => Err(undone(error, &url, &login, &trusted).await),
    }
}

/// Ends logins.
pub(in crate::cli) async fn logout(
    arguments: &LogoutArguments,
    global: Global,
    console: &mut Console,
) -> Result<(), CliError> {
    let file = LoginFile::must_be(console)?;
    let logins = file.read()?;
    let urls: Vec<String> = if arguments.all {
        logins.servers.keys().cloned().collect()
    } else {
        target::url(&global, console, &logins)?.into_iter().collect()
    };
    let chosen: Vec<_> = urls.iter().filter_map(|url| Some((url, logins.servers.get(url)?))).collect();
    if chosen.is_empty() {
        let others = others(&logins);
        let place = urls.first().map(|url| format!(" at {url}")).unwrap_or_default();
        return Err(CliError::Finding(format!("there is no login{place} to end{others}")));
    }
    for (url, login) in chosen {
        let trusted = target::trusted(&global.clone().or_environment(console), Some(login), file.path());
        let fate = match end(url, login, &trusted).await {
            Ok(fate) => fate,
            Err(error) if arguments.forget => format!("its access token {} is still there: {error}", login.token),
            Err(error) => {
                console.note(&format!(
                    "the login of {} at {url} stays: its access token {} could not be deleted; with --forget it is \
                     forgotten here\n",
                    login.user, login.token
                ))?;
                return Err(error);
            }
        };
        forget(&file, url).await?;
        let said = format!("signed out of {url}, as {}; {fate}", shown::plain(&login.user));
        let answer = json!({ "server": url, "user": login.user, "accessToken": login.token, "done": said });
        console.report(&Report::done(answer, said))?;
    }
    Ok(())
}

/// The sentence on the logins that there are.
fn others(logins: &Logins) -> String {
    let urls: Vec<&str> = logins.servers.keys().map(String::as_str).collect();
    if urls.is_empty() {
        String::new()
    } else {
        format!("; there are those at {}: name one with --server", urls.join(", "))
    }
}

async fn forget(file: &LoginFile, url: &str) -> Result<(), CliError> {
    file.change(|logins| {
        drop(logins.servers.remove(url));
        logins.current = logins.current.take().filter(|current| current != url);
    })
    .await
}

/// Ends a login at its server; answers what became of its access token.
async fn end(url: &str, login: &Login, trusted: &Trusted) -> Result<String, CliError> {
    let id = shown::plain(&login.token);
    if !login.is_ours {
        return Ok(format!("its access token {id} stays: dockpass token delete {}", shell_word(&login.token)));
    }
    let hash = secret_hash(&login.secret)?.to_string();
    let mut api = remote(url, trusted, &login.user, &login.secret)?;
    match api.call(op::DeleteAccessToken, [&hash], &()).await {
        Ok(_) => Ok(format!("its access token {id} is deleted")),
        // It does not sign in any more, whyever.
        Err(CliError::Refused { code, .. }) if code == Code::NotAuthenticated.name() => {
            Ok(format!("its access token {id} signed in no longer"))
        }
        Err(error) => Err(error),
    }
}

/// Makes a login the current one.
async fn switch(file: &LoginFile, url: String, console: &mut Console) -> Result<(), CliError> {
    let is_there = file.change(|logins| {
        let is_there = logins.servers.contains_key(&url);
        if is_there {
            logins.current = Some(url.clone());
        }
        is_there
    });
    if !is_there.await? {
        let others = others(&file.read()?);
        return Err(CliError::Finding(format!("there is no login at {url}{others}")));
    }
    let said = format!("the current login is that at {url}");
    console.report(&Report::done(json!({ "server": url, "done": said }), said))
}

/// The certificates as they are kept: their text, whatever becomes of the file.
fn kept(trusted: &Trusted) -> Result<Trusted, CliError> {
    let Trusted::File(path) = trusted else { return Ok(trusted.clone()) };
    let failed = |cause| CliError::File { action: "read", path: path.clone(), cause };
    let pem = std::fs::read_to_string(path).map_err(failed)?;
    Ok(Trusted::Text { pem, of: path.clone() })
}

/// The name of who signs in: named, or asked for on a terminal.
fn who(named: Option<String>, earlier: Option<&Login>, console: &mut Console) -> Result<String, CliError> {
    if let Some(name) = named.or(console.user()?.map(str::to_owned)) {
        return Ok(name);
    }
    if !console.in_is_terminal {
        return Err(CliError::Usage("say who signs in, with --user NAME".to_owned()));
    }
    let usual = earlier.map(|login| format!(" [{}]", shown::plain(&login.user))).unwrap_or_default();
    let typed = prompt::line(&format!("User name{usual}: "), console)?;
    let name = if typed.is_empty() { earlier.map(|login| login.user.clone()).unwrap_or_default() } else { typed };
    values::new_name(&name).map_err(|error| CliError::Usage(error.to_string()))
}

fn remote(url: &str, trusted: &Trusted, user: &str, secret: &str) -> Result<Api, CliError> {
    Ok(Api::Remote(Box::new(Remote::new(url, trusted, user, secret)?)))
}

/// Who signs in need not be told how to.
fn not_let_in(error: CliError, user: &str, url: &str) -> CliError {
    match error {
        CliError::Refused { code, .. } if code == Code::NotAuthenticated.name() => {
            let user = shown::plain(user);
            CliError::Finding(format!("{url} does not let {user} in with this password or access token"))
        }
        other => other,
    }
}

/// A login with an access token that was given.
async fn given(user: &str, secret: &Password, api: &mut Api) -> Result<(String, Login), CliError> {
    let secret = Zeroizing::new(crate::domain::entered::without_blanks(secret.reveal()).to_owned());
    let hash = secret_hash(&secret)?.to_string();
    let record = api.call(op::ViewAccessToken, [&hash], &()).await?.read()?;
    if record.temporary_password {
        return Err(CliError::Usage(format!(
            "this is a temporary password, which sets a new one and does nothing else: dockpass user password {user} \
             --server URL"
        )));
    }
    Ok((record.token_label.clone(), of(&record, &secret, false)))
}

/// A login with an access token that is made for this machine.
async fn made(expires: Option<ExpiryArgument>, api: &mut Api, console: &Console) -> Result<(String, Login), CliError> {
    let machine = if console.machine.is_empty() { "a machine" } else { &console.machine };
    let label: String = format!("dockpass login on {machine}").chars().take(128).collect();
    let end = |expires: ExpiryArgument| Some(expires.moment(console.clock.now()));
    let body = CreateApiToken {
        token_label: Some(label),
        expires_at: end(expires.unwrap_or(ExpiryArgument::After(LIFETIME))),
        ..CreateApiToken::default()
    };
    let mine = op::OfUser { username: None };
    let answer = match api.send(op::CreateAccessToken, [], &mine, &body).await {
        // The site may allow less: then its own default is it.
        Err(CliError::Refused { status: 400, message, .. })
            if expires.is_none() && message.starts_with("--expires") =>
        {
            let body = CreateApiToken { expires_at: None, ..body };
            api.send(op::CreateAccessToken, [], &mine, &body).await?
        }
        answer => answer?,
    };
    let new = answer.read()?;
    let secret = Zeroizing::new(new.token);
    Ok((new.record.token_label.clone(), of(&new.record, &secret, true)))
}

fn of(record: &ApiToken, secret: &str, is_ours: bool) -> Login {
    Login {
        user: record.username.clone(),
        secret: secret.to_owned(),
        token: record.id.clone(),
        expires_at: record.expires_at.clone(),
        is_ours,
        ca: None,
    }
}

fn with_ca(mut login: Login, ca: Option<String>) -> Login {
    login.ca = ca;
    login
}

/// Deletes the access token of the login that was there before at the same server, if a login made it.
async fn replaced(
    url: &str,
    earlier: Option<Login>,
    login: &Login,
    trusted: &Trusted,
    console: &mut Console,
) -> Result<(), CliError> {
    let Some(earlier) = earlier.filter(|earlier| earlier.is_ours && earlier.token != login.token) else {
        return Ok(());
    };
    match end(url, &earlier, trusted).await {
        Ok(_) => Ok(()),
        Err(error) => console.note(&format!(
            "the access token {} of the login before is still there: {error}\n",
            shown::plain(&earlier.token)
        )),
    }
}

/// The error of a login that could not be kept: an access token that was made for it is deleted again.
async fn undone(error: CliError, url: &str, login: &Login, trusted: &Trusted) -> CliError {
    if !login.is_ours {
        return error;
    }
    match end(url, login, trusted).await {
        Ok(_) => CliError::Finding(format!("{error}; the access token that was made is deleted again")),
        Err(_) => {
            let id = shell_word(&login.token);
            CliError::Finding(format!("{error}; an access token was made: delete it with `dockpass token delete {id}`"))
        }
    }
}

fn report(url: &str, label: &str, login: &Login, file: &LoginFile) -> Report {
    let (user, id, label) = (shown::plain(&login.user), shown::plain(&login.token), shown::plain(label));
    let end = match &login.expires_at {
        Some(end) => format!("until {} UTC", shown::time(end)),
        None => "without an end".to_owned(),
    };
    let path = file.path().display();
    let next = vec![
        format!("with the access token `{label}`"),
        format!("(id {id}), {end}"),
        format!("It is kept in {path}"),
        "Who you are: dockpass whoami; to end it: dockpass logout".to_owned(),
    ];
    let answer = json!({
        "server": url, "user": login.user, "accessToken": login.token, "expiresAt": login.expires_at,
        "file": path.to_string(),
    });
    Report::done_then(answer, format!("signed in to {url}, as {user}"), next)
}

/// Says so where commands go to the data directory of this machine all the same.
fn local_comes_first(global: &Global, console: &mut Console) -> Result<(), CliError> {
    let bare = Global { server: None, ca: None, ..global.clone() };
    let Ok(Some(directory)) = target::used_here(&bare, console) else { return Ok(()) };
    console.note(&format!(
        "Commands without --server speak to the data directory {} of this machine first.\n",
        directory.display()
    ))
}
