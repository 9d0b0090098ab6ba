//! `dockpass logout`: ends what `dockpass login` has kept.

use serde_json::{Value, json};

use super::target;
use super::token::reference::secret_hash;
use crate::api::Code;
use crate::api::operations::access_tokens as op;
use crate::cli::global::Global;
use crate::cli::logins::{Login, LoginFile, Logins};
use crate::cli::screen::{CliError, Console, Format, Report, shown};
use crate::cli::wire::{Api, Remote, Trusted};
use crate::domain::text::shell_word;

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

/// Ends logins. One that cannot be ended keeps no other from it; as JSON, those of `--all` are a list.
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
    let global = global.or_environment(console);
    let is_list = arguments.all && console.format == Format::Json;
    let (mut answers, mut failures) = (Vec::new(), Vec::new());
    for (url, login) in chosen {
        let trusted = target::trusted(&global, Some(login), file.path());
        let ended = one(url, login, &trusted, arguments.forget, &file, console).await;
        let told = ended.and_then(|report| {
            if is_list {
                answers.push(report.as_json());
                return Ok(());
            }
            console.report(&report)
        });
        failures.extend(told.err().map(|error| error.about(url)));
    }
    if is_list {
        failures.extend(console.report(&Report::done(Value::Array(answers), String::new())).err());
    }
    CliError::all(failures)
}

/// Ends one login, at its server and here.
async fn one(
    url: &str,
    login: &Login,
    trusted: &Trusted,
    must_forget: bool,
    file: &LoginFile,
    console: &mut Console,
) -> Result<Report, CliError> {
    let fate = match end(url, login, trusted).await {
        Ok(fate) => fate,
        Err(error) if must_forget => format!("its access token {} is still there: {error}", shown::plain(&login.token)),
        Err(error) => {
            // The error counts, also where nobody can be told this.
            drop(console.note(&format!(
                "the login of {} at {url} stays: its access token {} could not be deleted; with --forget it is forgotten \
                 here\n",
                shown::plain(&login.user),
                shown::plain(&login.token)
            )));
            return Err(error);
        }
    };
    forget(file, url).await?;
    let said = format!("signed out of {url}, as {}; {fate}", shown::plain(&login.user));
    let answer = json!({ "server": url, "user": login.user, "accessToken": login.token, "done": said });
    Ok(Report::done(answer, said))
}

/// The sentence on the logins that there are.
pub(super) fn others(logins: &Logins) -> String {
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

/// The API of a server, as somebody who signs in there.
pub(super) fn remote(url: &str, trusted: &Trusted, user: &str, secret: &str) -> Result<Api, CliError> {
    Ok(Api::Remote(Box::new(Remote::new(url, trusted, user, secret)?)))
}

/// Ends a login at its server; answers what became of its access token.
pub(super) async fn end(url: &str, login: &Login, trusted: &Trusted) -> Result<String, CliError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Written, console};

    /// A home with three logins: two at servers that nobody can reach, and one between whose access token is not ours.
    fn home() -> (tempfile::TempDir, Console, Written) {
        let secret = crate::domain::secret::TokenText::from_random([1; 32]);
        let login = |is_ours: bool| {
            json!({ "user": "alice", "secret": secret.reveal(), "token": "01A", "expiresAt": null, "isOurs": is_ours,
                "ca": null })
        };
        let logins = json!({ "version": 1, "current": null, "servers": {
            "http://127.0.0.1:1": login(true), "http://127.0.0.1:2": login(false), "http://127.0.0.1:3": login(true),
        } });
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".config/dockpass")).unwrap();
        std::fs::write(home.path().join(".config/dockpass/logins.json"), logins.to_string()).unwrap();
        let (mut console, written) = console(b"");
        console.environment.insert("HOME".into(), home.path().display().to_string());
        (home, console, written)
    }

    fn all(forget: bool) -> LogoutArguments {
        LogoutArguments { all: true, forget }
    }

    #[tokio::test]
    async fn a_server_that_is_away_keeps_no_other_login_from_ending() {
        let (_home, mut console, written) = home();
        console.format = Format::Json;
        let error = logout(&all(false), Global::default(), &mut console).await.unwrap_err();
        assert!(matches!(&error, CliError::Several(two) if two.len() == 2) && error.exit_code() == 1, "{error}");
        let read: Value = serde_json::from_str(&written.out()).unwrap();
        assert_eq!((read.as_array().unwrap().len(), &read[0]["server"]), (1, &"http://127.0.0.1:2".into()));
        assert_eq!(written.note().matches("with --forget it is forgotten here").count(), 2);
        let left = LoginFile::must_be(&console).unwrap().read().unwrap().servers;
        assert_eq!(left.keys().collect::<Vec<_>>(), ["http://127.0.0.1:1", "http://127.0.0.1:3"]);
    }

    #[tokio::test]
    async fn all_are_one_list_and_one_is_itself() {
        let (_home, mut console, written) = home();
        console.format = Format::Json;
        let one = Global { server: Some("http://127.0.0.1:2".into()), ..Global::default() };
        logout(&LogoutArguments { all: false, forget: false }, one, &mut console).await.unwrap();
        let read: Value = serde_json::from_str(&written.out()).unwrap();
        assert_eq!(read["server"], "http://127.0.0.1:2");
        let (_home, mut console, written) = home();
        console.format = Format::Json;
        logout(&all(true), Global::default(), &mut console).await.unwrap();
        let read: Value = serde_json::from_str(&written.out()).unwrap();
        assert_eq!(read.as_array().unwrap().len(), 3, "{read}");
    }
}
