//! `dockpass login`: who signs in at a server elsewhere, kept for the commands that come after. A password makes an access
//! token for this machine, and is not kept.

#![expect(clippy::doc_markdown, reason = "help texts are read on terminals, where Markdown is noise")]

use std::fs::File;
use std::io::Read;

use serde_json::json;
use zeroize::Zeroizing;

use super::logout::{end, others, remote};
use super::target;
use super::token::reference::secret_hash;
use super::token::report::owner;
use super::token::secret::{READ_TEMPORARY, set_password};
use super::values::{self, ExpiryArgument};
use crate::api::operations::access_tokens as op;
use crate::api::{ApiToken, Code, CreateApiToken};
use crate::cli::global::Global;
use crate::cli::logins::{Login, LoginFile};
use crate::cli::screen::{CliError, Console, Report, prompt, shown};
use crate::cli::wire::{Api, Trusted};
use crate::domain::secret::Password;
use crate::domain::text::shell_word;

/// How long the access token of a login lives, unless the site allows less or something else is asked for: 90 days.
const LIFETIME: i64 = 90 * 86_400;

/// The lines around a certificate in a PEM file.
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// Bytes of certificates that a login keeps: far more than a site's own authorities have. Each command reads them.
const MOST_KEPT: usize = 64 * 1_024;
/// Bytes that are read to find them.
const MOST_READ: u64 = 1_024 * 1_024;

/// How somebody signs in.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  dockpass login --server https://dockpass.example.org:8700 --user alice
  dockpass login --server https://dockpass.example.org:8700 --password-stdin < token.txt

Asks for a password or an access token, and tries it. The password is not kept: it creates an access token for this machine, \
which `dockpass logout` deletes. An access token that you give is kept as it is, and says itself whose it is. Logins are kept in \
a file that only you may read, $XDG_CONFIG_HOME/dockpass/logins.json or ~/.config/dockpass/logins.json, with the certificates \
of --ca.

An access token that expires, as that of a login does, cannot set passwords or create users with one; no access token can \
create an administrator or a temporary password. Administrators do that on the server's machine, or give their password to that \
one command: DOCKPASS_USER and DOCKPASS_TOKEN take precedence over the login:
  read -rs DOCKPASS_TOKEN && export DOCKPASS_TOKEN
  DOCKPASS_USER=admin dockpass user password alice --server https://dockpass.example.org:8700
  unset DOCKPASS_TOKEN

Commands talk to the server named by --server, --data-dir, DOCKPASS_SERVER, --config, DOCKPASS_CONFIG or DOCKPASS_DATA_DIR, in \
this order. If none is named, they use the data directory of this machine if there is one that you may use, otherwise the \
current login. `dockpass whoami` shows which.")]
pub(in crate::cli) struct LoginArguments {
    /// Who signs in, a user or a robot ORG/NAME; not needed with an access token on standard input [environment: DOCKPASS_USER]
    #[arg(long, value_name = "NAME", value_parser = values::user_name)]
    user: Option<String>,
    /// Read the password or the access token from standard input
    #[arg(long)]
    password_stdin: bool,
    /// When the access token created with a password expires: a length of time (30d), a date, a time, or never [default: 90d,
    /// or less where the site allows less]
    #[arg(long, value_name = "WHEN", value_parser = values::expiry)]
    expires: Option<ExpiryArgument>,
    /// Make the existing login at --server the current one
    #[arg(long, conflicts_with_all = ["user", "password_stdin", "expires"])]
    switch: bool,
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
    let user = match user {
        Some(user) => user,
        // It says whose it is.
        None if secret.is_access_token() => String::new(),
        None => return Err(CliError::Usage("say who signs in, with --user NAME: a password needs it".to_owned())),
    };
    let mut api = remote(&url, &trusted, &user, secret.reveal())?;
    let signed_in = if secret.is_access_token() {
        given(&url, &secret, &mut api).await
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
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(MOST_READ + 1).read_to_end(&mut bytes)).map_err(failed)?;
    let pem = certificates(&String::from_utf8_lossy(&bytes));
    if u64::try_from(read).is_ok_and(|read| read <= MOST_READ) && pem.len() <= MOST_KEPT {
        return Ok(Trusted::Text { pem, of: path.clone() });
    }
    Err(CliError::Finding(format!(
        "{} holds more than the {} KiB of certificates that a login keeps: name a file with those alone that the server \
         needs with --ca, as its /ca.pem",
        path.display(),
        MOST_KEPT / 1_024
    )))
}

/// The certificates in a PEM file, without what stands around them: a private key there is nothing to keep.
fn certificates(text: &str) -> String {
    let (mut found, mut is_inside) = (String::new(), false);
    for line in text.lines().map(str::trim) {
        is_inside |= line == BEGIN;
        if is_inside {
            found.extend([line, "\n"]);
        }
        is_inside &= line != END;
    }
    found
}

/// The name of who signs in: named, or asked for on a terminal.
fn who(named: Option<String>, earlier: Option<&Login>, console: &mut Console) -> Result<Option<String>, CliError> {
    if let Some(name) = named {
        return Ok(Some(name));
    }
    if let Some(name) = console.user()? {
        let read = values::user_name(name).map(Some);
        return read.map_err(|error| CliError::Usage(format!("DOCKPASS_USER: {error}")));
    }
    if !console.in_is_terminal {
        return Ok(None);
    }
    let usual = earlier.map(|login| format!(" [{}]", shown::plain(&login.user))).unwrap_or_default();
    let typed = prompt::line(&format!("User name{usual}: "), console)?;
    let name = if typed.is_empty() { earlier.map(|login| login.user.clone()).unwrap_or_default() } else { typed };
    values::user_name(&name).map(Some).map_err(|error| CliError::Usage(error.to_string()))
}

/// Who signs in need not be told how to.
fn not_let_in(error: CliError, user: &str, url: &str) -> CliError {
    match error {
        CliError::Refused { code, .. } if code == Code::NotAuthenticated.name() => {
            let user = shown::plain(user);
            CliError::Finding(if user.is_empty() {
                format!("{url} does not accept this access token; an older dockpass also needs --user NAME")
            } else {
                format!("{url} does not let {user} in with this password or access token")
            })
        }
        other => other,
    }
}

/// A login with an access token that was given.
async fn given(url: &str, secret: &Password, api: &mut Api) -> Result<(String, Login), CliError> {
    let secret = Zeroizing::new(crate::domain::entered::without_blanks(secret.reveal()).to_owned());
    let hash = secret_hash(&secret)?.to_string();
    let record = api.call(op::ViewAccessToken, [&hash], &()).await?.read()?;
    if record.temporary_password {
        return Err(CliError::Usage(format!(
            "this is a temporary password, which sets a new password and does nothing else: sign in with it at {url} in a \
             browser; or `{READ_TEMPORARY}`, type it, then `{}`",
            set_password(&shell_word(&owner(&record)), &shell_word(url))
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
        user: owner(record),
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
    if let Err(error) = end(url, &earlier, trusted).await {
        let id = shown::plain(&earlier.token);
        console.note(&format!("the access token {id} of the login before is still there: {error}\n"))?;
    }
    Ok(())
}

/// The error of a login that could not be kept: an access token that was made for it is deleted again.
async fn undone(error: CliError, url: &str, login: &Login, trusted: &Trusted) -> CliError {
    if !login.is_ours {
        return error;
    }
    if end(url, login, trusted).await.is_ok() {
        return CliError::Finding(format!("{error}; the access token that was made is deleted again"));
    }
    let id = shell_word(&login.token);
    CliError::Finding(format!("{error}; an access token was made: delete it with `dockpass token delete {id}`"))
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

/// Says so where commands go to the data directory of this machine all the same. They do not while the environment names a
/// server.
fn local_comes_first(global: &Global, console: &mut Console) -> Result<(), CliError> {
    if console.variable("DOCKPASS_SERVER").is_some() {
        return Ok(());
    }
    let bare = Global { server: None, ca: None, ..global.clone() };
    let Ok(Some(directory)) = target::used_here(&bare, console) else { return Ok(()) };
    console.note(&format!(
        "Commands without --server speak to the data directory {} of this machine first.\n",
        directory.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, ci, console, token};

    #[test]
    fn a_robot_signs_in_by_its_whole_name() {
        let (mut console, _) = console(b"");
        assert_eq!(values::user_name("acme/ci").unwrap(), "acme/ci");
        assert!(values::user_name("acme/ci/x").is_err());
        console.environment.insert("DOCKPASS_USER".into(), "acme/ci".into());
        assert_eq!(who(None, None, &mut console).unwrap().as_deref(), Some("acme/ci"));
        assert_eq!(who(Some("alice".into()), None, &mut console).unwrap().as_deref(), Some("alice"));
        console.environment.insert("DOCKPASS_USER".into(), "Acme".into());
        assert!(who(None, None, &mut console).unwrap_err().to_string().starts_with("DOCKPASS_USER: "));
    }

    #[test]
    fn the_data_directory_here_comes_first_unless_the_environment_names_a_server() {
        let directory = tempfile::tempdir().unwrap();
        let global = Global { data_dir: Some(directory.path().to_owned()), ..Global::default() };
        for (server, is_said) in [(None, true), (Some("https://a.example"), false)] {
            let (mut console, written) = console(b"");
            console.environment.extend(server.map(|url| ("DOCKPASS_SERVER".to_owned(), url.to_owned())));
            local_comes_first(&global, &mut console).unwrap();
            assert_eq!(written.note().contains("of this machine first"), is_said, "{}", written.note());
        }
    }

    #[test]
    fn certificates_are_kept_without_a_key_and_not_a_whole_system_of_them() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let trusted = Trusted::File(file.path().to_owned());
        let one = format!("{BEGIN}\nAAAA\n{END}\n");
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        std::fs::write(file.path(), format!("Subject: caf\u{e9}\r\n{one}{key}{}", one.replace('\n', "\r\n"))).unwrap();
        let Trusted::Text { pem, of } = kept(&trusted).unwrap() else { panic!("no text") };
        assert_eq!((pem, of.as_path()), (one.repeat(2), file.path()));
        for large in [one.repeat(MOST_KEPT / one.len() + 1), "x".repeat(1_024 * 1_024 + 1)] {
            std::fs::write(file.path(), large).unwrap();
            let said = kept(&trusted).unwrap_err().to_string();
            assert!(said.contains("the 64 KiB of certificates that a login keeps"), "{said}");
        }
    }

    #[tokio::test]
    async fn what_is_kept_is_the_name_that_signed_in() {
        let robot = ci(&json!({})).to_string();
        let server = Server::with_json(&[(200, &robot)]);
        let secret = Password::new(crate::domain::secret::TokenText::from_random([1; 32]).reveal().to_owned());
        let (_, login) = given("https://a.example", &secret, &mut server.api()).await.unwrap();
        assert_eq!(login.user, "acme/ci");
    }

    #[tokio::test]
    async fn who_has_a_temporary_password_is_told_what_needs_no_login() {
        let temporary = token(&json!({ "temporaryPassword": true })).to_string();
        let server = Server::with_json(&[(200, &temporary)]);
        let secret = Password::new(crate::domain::secret::TokenText::from_random([1; 32]).reveal().to_owned());
        let Err(error) = given("https://a.example", &secret, &mut server.api()).await else { panic!("a login") };
        let said = error.to_string();
        let command = "DOCKPASS_USER=alice dockpass user password alice --server https://a.example";
        assert!(said.contains(command) && said.contains(READ_TEMPORARY), "{said}");
    }
}
