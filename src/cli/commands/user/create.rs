//! `dockpass user create`: users by their names, or those of a file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::api::{Account, CreateAccount};
use crate::cli::commands::user::first_passwords::FirstPasswords;
use crate::cli::commands::user::report;
use crate::cli::commands::user::roster::{self, Entry};
use crate::cli::commands::{account, several, values};
use crate::cli::screen::{CliError, Console, Report, prompt, shown};
use crate::cli::wire::Api;
use crate::domain::password;

/// What a new user is, or where new users are listed.
#[derive(Args, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(in crate::cli) struct CreateArguments {
    /// Names: lower-case letters and digits, joined by `.`, `_` or `-`
    #[arg(value_name = "NAME", value_parser = values::new_name, required_unless_present = "from")]
    names: Vec<String>,
    /// Name in full, of a single user
    #[arg(long, value_name = "TEXT")]
    full_name: Option<String>,
    /// Make each a system administrator
    #[arg(long)]
    admin: bool,
    /// Create service accounts: no password, access tokens only
    #[arg(long, conflicts_with = "password_stdin")]
    service: bool,
    /// Create them inactive
    #[arg(long)]
    inactive: bool,
    /// Read the password of a single user from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// Take over repositories that already exist under these names
    #[arg(long)]
    adopt_repositories: bool,
    /// Create the users listed in a file, one per line; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["names", "full_name", "admin", "password_stdin"])]
    from: Option<PathBuf>,
    /// With --from: the file to write first passwords to; never overwritten
    #[arg(long, value_name = "FILE", requires = "from", conflicts_with_all = ["service", "names"])]
    passwords: Option<PathBuf>,
}

impl CreateArguments {
    /// What all new users of this command have in common.
    fn body(&self, name: &str) -> CreateAccount {
        CreateAccount {
            name: name.to_owned(),
            is_active: Some(!self.inactive),
            is_admin: self.admin.then_some(true),
            adopt_repositories: self.adopt_repositories.then_some(true),
            ..CreateAccount::default()
        }
    }
}

pub(super) async fn run(arguments: &CreateArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    if let Some(file) = &arguments.from {
        return many(arguments, file, api, console).await;
    }
    if arguments.names.len() > 1 && arguments.full_name.is_some() {
        let why = "--full-name is for one user; give the others theirs with `user set`";
        return Err(CliError::Usage(why.to_owned()));
    }
    if arguments.names.len() > 1 && arguments.password_stdin {
        let why = "--password-stdin is for one user; --from FILE --passwords FILE makes up the passwords of several";
        return Err(CliError::Usage(why.to_owned()));
    }
    several::each(&arguments.names, api, console, async |name, api, console| one(arguments, name, api, console).await)
        .await
}

async fn one(
    arguments: &CreateArguments,
    name: &str,
    api: &mut Api,
    console: &mut Console,
) -> Result<Report, CliError> {
    let from_stdin = arguments.password_stdin;
    // Who is asked on a terminal is not asked in vain.
    let is_asked = !arguments.service && !from_stdin && console.in_is_terminal;
    if is_asked && account::found(name, api).await?.is_some() {
        return Err(CliError::Finding(exists(name)));
    }
    if is_asked && arguments.names.len() > 1 {
        console.note(&format!("The user {name}\n"))?;
    }
    let password = if arguments.service { None } else { Some(prompt::new_password(console, from_stdin)?) };
    let body = CreateAccount {
        password: password.as_ref().map(|password| password.reveal().to_owned()),
        full_name: arguments.full_name.clone(),
        ..arguments.body(name)
    };
    let answer = account::create(&body, api).await?;
    Ok(report::created(answer.value, name, arguments.service))
}

fn exists(name: &str) -> String {
    format!("this account exists already: {name}")
}

/// Makes the users of a file, one after the other, once nothing is wrong with any of them.
async fn many(arguments: &CreateArguments, file: &Path, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let mut passwords = match (&arguments.passwords, arguments.service) {
        (Some(path), _) => Some(FirstPasswords::look(path)?),
        (None, true) => None,
        (None, false) => {
            let why = "--from makes up first passwords: say with --passwords FILE where they are to be written";
            return Err(CliError::Usage(why.to_owned()));
        }
    };
    let entries = roster::read(file, console)?;
    let before = made_before(&entries, passwords.as_ref(), api).await?;
    if let Some(passwords) = &mut passwords {
        passwords.begin()?;
    }
    let mut has_made = false;
    let done = several::all_of(&entries, api, console, async |entry, api, _| {
        if before.contains(&entry.name) {
            return Ok(Report::done(serde_json::Value::Null, said_before(&entry.name, passwords.as_ref())));
        }
        let report = made(arguments, entry, passwords.as_mut(), api).await?;
        has_made = true;
        Ok(report)
    });
    let done = done.await;
    // What was done counts, also where nobody can be told the rest.
    if let Some(passwords) = passwords.as_ref().filter(|_| has_made) {
        let path = shown::plain(&passwords.path().display().to_string());
        drop(console.note(&format!("the first passwords are in {path} (mode 600): hand them out, then remove it\n")));
    }
    if done.is_err() {
        drop(console.note("what was made stays; the same command goes on\n"));
    }
    done
}

fn said_before(name: &str, passwords: Option<&FirstPasswords>) -> String {
    match passwords {
        Some(_) => format!("{name} was made before; its first password is in the file"),
        None => format!("{name} is there already"),
    }
}

/// The password that an earlier run noted for the user, or a new one, noted before the user is made.
fn first_password(entry: &Entry, passwords: &mut FirstPasswords) -> Result<String, CliError> {
    if let Some(noted) = passwords.of(&entry.name) {
        return Ok(noted.reveal().to_owned());
    }
    let new = password::made_up().map_err(|error| CliError::Finding(error.to_string()))?;
    passwords.note(&entry.name, &new)?;
    Ok(new.reveal().to_owned())
}

/// Makes one user. Its password is on the disk before anybody has it.
async fn made(
    arguments: &CreateArguments,
    entry: &Entry,
    mut passwords: Option<&mut FirstPasswords>,
    api: &mut Api,
) -> Result<Report, CliError> {
    let password = match &mut passwords {
        None => None,
        Some(passwords) => Some(first_password(entry, passwords)?),
    };
    let body = CreateAccount { password, full_name: entry.full_name.clone(), ..arguments.body(&entry.name) };
    match account::create(&body, api).await {
        Ok(answer) => {
            let what = if arguments.service { "service account" } else { "user" };
            Ok(Report::done(answer.value, format!("created the {what} {}", entry.name)))
        }
        Err(error) => {
            // Of an answer that is missing nobody knows: if the user is there, it has this password.
            if let (CliError::Refused { status: 400..500, .. }, Some(passwords)) = (&error, passwords) {
                passwords.void(&entry.name)?;
            }
            Err(error)
        }
    }
}

/// The users whom an earlier run has made. Everybody else who is there stands in the way.
async fn made_before(
    entries: &[Entry],
    passwords: Option<&FirstPasswords>,
    api: &mut Api,
) -> Result<BTreeSet<String>, CliError> {
    let (mut before, mut problems) = (BTreeSet::new(), Vec::new());
    for entry in entries {
        let Some(account) = account::found(&entry.name, api).await? else { continue };
        let is_ours = match passwords {
            Some(passwords) => !account.is_org && passwords.of(&entry.name).is_some(),
            None => is_service(&account),
        };
        if is_ours {
            before.insert(entry.name.clone());
        } else {
            problems.push(format!("line {}: {}", entry.line, exists(&entry.name)));
        }
    }
    if problems.is_empty() { Ok(before) } else { Err(roster::refused(&problems)) }
}

/// Whether it is just what this command makes of it.
fn is_service(account: &Account) -> bool {
    account.inner.as_ref().is_some_and(|inner| !inner.has_password)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cli::screen::Format;
    use crate::cli::testing::{Closed, Server, console};

    const ALICE: &str = r#"{"name":"alice","id":"01A","fullName":"","isOrg":false}"#;
    const BOB: &str = r#"{"name":"bob","id":"01B","fullName":"","isOrg":false}"#;
    const NONE: &str = r#"{"errors":[{"code":"NO_SUCH_ACCOUNT","message":"no such account"}]}"#;
    const TAKEN: &str = r#"{"errors":[{"code":"NAMESPACE_IN_USE","message":"repositories are there"}]}"#;

    fn alice() -> CreateArguments {
        CreateArguments { names: vec!["alice".into()], ..CreateArguments::default() }
    }

    #[tokio::test]
    async fn several_are_made_and_each_has_its_own_password() {
        let names = || vec!["alice".to_owned(), "bob".to_owned()];
        let two = || CreateArguments { names: names(), ..CreateArguments::default() };
        let server = Server::with_json(&[(404, NONE), (201, ALICE), (404, NONE), (201, BOB)]);
        let (mut output, written) = console(b"");
        output.in_is_terminal = true;
        output.ask = |_| Ok("correct horse".to_owned());
        let mut api = server.api();
        run(&two(), &mut api, &mut output).await.unwrap();
        assert_eq!(written.note(), "The user alice\nThe user bob\n");
        let made: Vec<_> =
            written.out().lines().filter(|line| line.starts_with("created ")).map(str::to_owned).collect();
        assert_eq!(made, ["created the user alice", "created the user bob"]);
        drop(server.requests());
        for arguments in [
            CreateArguments { full_name: Some("Alice".into()), ..two() },
            CreateArguments { password_stdin: true, ..two() },
        ] {
            let error = run(&arguments, &mut api, &mut output).await.unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains("is for one user"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_new_user_gets_the_password_of_standard_input() {
        let server = Server::with_json(&[(201, ALICE)]);
        let (mut console, written) = console(b"correct horse\n");
        let arguments =
            CreateArguments { full_name: Some("Alice".into()), inactive: true, password_stdin: true, ..alice() };
        run(&arguments, &mut server.api(), &mut console).await.unwrap();
        assert!(written.out().starts_with("created the user alice\n"));
        let sent = server.requests().remove(0);
        assert!(sent.starts_with("POST /enzi/v0/accounts HTTP/1.1"));
        assert!(
            sent.ends_with(r#"{"name":"alice","password":"correct horse","fullName":"Alice","isActive":false}"#),
            "{sent}"
        );
    }

    #[tokio::test]
    async fn nobody_is_asked_for_the_password_of_an_account_that_is_there() {
        let server = Server::with_json(&[(200, ALICE)]);
        let (mut console, _) = console(b"");
        console.in_is_terminal = true;
        console.ask = |_| panic!("asked in vain");
        let error = run(&alice(), &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!(error.to_string(), "this account exists already: alice");
    }

    /// The command for the users of standard input, with their passwords in this directory.
    fn from_input(directory: &Path) -> CreateArguments {
        CreateArguments {
            from: Some("-".into()),
            passwords: Some(directory.join("first")),
            ..CreateArguments::default()
        }
    }

    fn password_in(request: &str) -> String {
        let body: serde_json::Value = serde_json::from_str(request.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        body["password"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn an_interrupted_run_goes_on_and_loses_no_password() {
        let directory = tempfile::tempdir().unwrap();
        let list = "\u{feff}# people\r\nalice, Alice Liddell\r\n\r\nbob\r\n";
        // The server is gone after alice.
        let first = Server::with_json(&[(404, NONE), (404, NONE), (201, ALICE)]);
        let (mut output, written) = console(list.as_bytes());
        let stopped = run(&from_input(directory.path()), &mut first.api(), &mut output).await.unwrap_err();
        assert!(written.out() == "created the user alice\n" && stopped.exit_code() == 1, "{stopped}");
        assert!(written.note().ends_with("the same command goes on\n"), "{}", written.note());
        let made = first.requests().remove(2);
        assert!(made.contains(r#""fullName":"Alice Liddell""#), "{made}");
        let noted = fs::read_to_string(directory.path().join("first")).unwrap();
        assert!(noted.contains(&format!("\nalice {}\n", password_in(&made))), "{noted}");

        let second = Server::with_json(&[(200, ALICE), (404, NONE), (201, BOB)]);
        let (mut output, written) = console(list.as_bytes());
        run(&from_input(directory.path()), &mut second.api(), &mut output).await.unwrap();
        let said = "alice was made before; its first password is in the file\ncreated the user bob\n";
        assert_eq!(written.out(), said);
        let after = fs::read_to_string(directory.path().join("first")).unwrap();
        assert!(after.starts_with(&noted), "{after}");
        assert!(after.contains(&format!("\nbob {}\n", password_in(&second.requests().remove(2)))), "{after}");
        assert_eq!(after.matches("\nbob ").count(), 1, "what was noted before is used: {after}");
    }

    #[tokio::test]
    async fn nobody_is_made_while_one_line_is_wrong_or_one_user_there() {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::with_json(&[(404, NONE), (200, BOB)]);
        let (mut output, written) = console(b"alice\nbob\n");
        let error = run(&from_input(directory.path()), &mut server.api(), &mut output).await.unwrap_err();
        assert_eq!(error.to_string(), "nobody was made: line 2: this account exists already: bob");
        assert!(server.requests().iter().all(|request| request.starts_with("GET ")));
        assert!(!directory.path().join("first").exists() && written.out().is_empty());
    }

    #[tokio::test]
    async fn who_is_refused_keeps_nobody_from_it_and_has_no_password() {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::with_json(&[(404, NONE), (404, NONE), (409, TAKEN), (201, BOB)]);
        let (mut output, written) = console(b"alice\nbob\n");
        output.format = Format::Json;
        let error = run(&from_input(directory.path()), &mut server.api(), &mut output).await.unwrap_err();
        assert_eq!(error.to_string(), "alice: repositories are there");
        let read: serde_json::Value = serde_json::from_str(&written.out()).unwrap();
        assert_eq!((read.as_array().unwrap().len(), &read[0]["name"]), (1, &"bob".into()));
        let passwords = FirstPasswords::look(&directory.path().join("first")).unwrap();
        assert!(passwords.of("alice").is_none() && passwords.of("bob").is_some());
    }

    #[tokio::test]
    async fn nobody_is_told_to_hand_out_the_passwords_of_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::with_json(&[(404, NONE), (409, TAKEN)]);
        let (mut output, written) = console(b"alice\n");
        run(&from_input(directory.path()), &mut server.api(), &mut output).await.unwrap_err();
        assert!(!written.note().contains("hand them out"), "{}", written.note());
    }

    #[tokio::test]
    async fn a_closed_standard_error_hides_no_error_and_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::with_json(&[(404, NONE), (404, NONE), (201, ALICE), (409, TAKEN)]);
        let (mut output, _) = console(b"alice\nbob\n");
        output.note = Box::new(Closed);
        let error = run(&from_input(directory.path()), &mut server.api(), &mut output).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("bob: repositories are there", 1));
    }

    #[tokio::test]
    async fn service_accounts_have_no_passwords_and_the_others_a_place_for_them() {
        let there = r#"{"name":"ci","id":"01C","fullName":"","isOrg":false,"isActive":true,"isAdmin":false,
            "isImported":false,"hasPassword":false,"passwordSetByAdmin":false,"lockedUntil":null,
            "createdAt":"2026-11-21T20:42:00Z"}"#;
        let server = Server::with_json(&[(404, NONE), (200, there), (201, BOB)]);
        let (mut output, written) = console(b"bob\nci\n");
        let mut api = server.api();
        let services = || CreateArguments { from: Some("-".into()), service: true, ..CreateArguments::default() };
        run(&services(), &mut api, &mut output).await.unwrap();
        assert_eq!(written.out(), "created the service account bob\nci is there already\n");
        let error = run(&CreateArguments { service: false, ..services() }, &mut api, &mut output).await.unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("--passwords FILE"), "{error}");
        assert!(!server.requests()[2].contains("password"));
    }
}
