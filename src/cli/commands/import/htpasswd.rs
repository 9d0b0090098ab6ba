//! `dockpass import htpasswd`: users of a file as Apache's htpasswd writes it, with bcrypt hashes of their passwords.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::api::{Account, CreateAccount};
use crate::cli::commands::{account, list_file, values};
use crate::cli::screen::{CliError, Console, Fit, Report, Table, View, shown};
use crate::cli::wire::Api;
use crate::domain::bcrypt_hash::{BcryptHash, NotTaken};
use crate::domain::entered;

const COLUMNS: &[(&str, Fit)] =
    &[("LINE", Fit::Whole), ("NAME", Fit::Shrinks(12)), ("RESULT", Fit::Whole), ("REASON", Fit::Shrinks(20))];

/// What `dockpass import htpasswd` takes.
#[derive(Args, Default)]
pub(in crate::cli) struct HtpasswdArguments {
    /// The file, each line of which is NAME:HASH; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Take over repositories that already exist under these names
    #[arg(long)]
    adopt_repositories: bool,
}

/// A line of the file that is neither empty nor a comment.
struct Line<'a> {
    number: usize,
    name: &'a str,
    /// Its hash, or why the line cannot be taken.
    hash: Result<BcryptHash, String>,
}

/// What becomes of a line.
enum Fate {
    Created,
    /// There was a user of this name before.
    Present,
    /// There was one that may not sign in.
    Inactive,
    NotTaken(String),
}

impl Fate {
    /// The word of it, as JSON says it.
    fn word(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Present | Self::Inactive => "present",
            Self::NotTaken(_) => "notTaken",
        }
    }

    fn said(&self, is_dry: bool) -> &'static str {
        match self {
            Self::Created if is_dry => "would be created",
            Self::Created => "created",
            Self::Present => "is there already",
            Self::Inactive => "is there already, inactive",
            Self::NotTaken(_) => "not taken",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::NotTaken(reason) => Some(reason),
            Self::Created | Self::Present | Self::Inactive => None,
        }
    }
}

pub(super) async fn run(arguments: &HtpasswdArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let bytes = list_file::read(&arguments.file, "htpasswd file", console)?;
    let refused = |why: String| CliError::Finding(format!("nobody was taken over: {why}"));
    let text = entered::text(&bytes).map_err(|fault| refused(fault.to_string()))?;
    let lines = lines(text);
    if lines.is_empty() {
        return Err(refused(format!("{} names nobody", named(&arguments.file))));
    }
    let (mut fates, mut failure) = (Vec::with_capacity(lines.len()), None);
    for line in &lines {
        match fate(line, arguments, api).await {
            Ok(fate) => fates.push((line, fate)),
            Err(error) => {
                failure = Some(error.about(&format!("line {}", line.number)));
                break;
            }
        }
    }
    // What was done counts, also where the rest could not be.
    console.report(&report(&fates, arguments.dry_run))?;
    console.note(&format!("{}\n", summary(&fates, arguments.dry_run)))?;
    let refused = fates.iter().filter(|(_, fate)| fate.reason().is_some()).count();
    match failure {
        Some(error) => {
            drop(console.note("what was done stays; the same command goes on\n"));
            Err(error)
        }
        None if refused > 0 => {
            let what = if refused == 1 { "line was" } else { "lines were" };
            Err(CliError::Finding(format!("{refused} {what} not taken")))
        }
        None => Ok(()),
    }
}

fn named(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { shown::plain(&path.display().to_string()) }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let (mut lines, mut first) = (Vec::new(), BTreeMap::new());
    for (number, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        // Some programs keep more behind a second colon, which no hash contains.
        let hash = rest.split_once(':').map_or(rest, |(hash, _)| hash);
        let first = *first.entry(name).or_insert(number);
        let hash = if first == number { taken(name, hash) } else { Err(format!("it stands in line {first} already")) };
        lines.push(Line { number, name, hash });
    }
    lines
}

fn taken(name: &str, hash: &str) -> Result<BcryptHash, String> {
    values::new_name(name).map_err(|error| error.to_string())?;
    BcryptHash::parse(hash).map_err(|reason| match reason {
        NotTaken::Other => format!("its hash is {}, not bcrypt (htpasswd -B)", kind(hash)),
        other => other.to_string(),
    })
}

/// What a hash is that is none of bcrypt, for people.
fn kind(hash: &str) -> &'static str {
    const KINDS: &[(&str, &str)] = &[
        ("$apr1$", "Apache's MD5"),
        ("{SHA}", "SHA-1"),
        ("{SSHA}", "salted SHA-1"),
        ("$1$", "MD5 crypt"),
        ("$5$", "SHA-256 crypt"),
        ("$6$", "SHA-512 crypt"),
        ("$y$", "yescrypt"),
        ("$argon2", "Argon2"),
        ("$2$", "bcrypt of before 1998"),
    ];
    let known = KINDS.iter().find(|(start, _)| hash.starts_with(start)).map(|(_, kind)| *kind);
    known.unwrap_or(if hash.is_empty() { "missing" } else { "crypt or plain text" })
}

/// What becomes of a line, once that is so.
async fn fate(line: &Line<'_>, arguments: &HtpasswdArguments, api: &mut Api) -> Result<Fate, CliError> {
    let hash = match &line.hash {
        Ok(hash) => hash,
        Err(reason) => return Ok(Fate::NotTaken(reason.clone())),
    };
    if let Some(account) = account::found(line.name, api).await? {
        return Ok(there(&account));
    }
    if arguments.dry_run {
        let is_refused = !arguments.adopt_repositories && account::is_name_in_use(line.name, api).await?;
        return Ok(if is_refused { Fate::NotTaken(account::name_in_use()) } else { Fate::Created });
    }
    let body = CreateAccount {
        name: line.name.to_owned(),
        password_hash: Some(hash.reveal().to_owned()),
        adopt_repositories: arguments.adopt_repositories.then_some(true),
        ..CreateAccount::default()
    };
    match account::create(&body, api).await {
        Ok(_) => Ok(Fate::Created),
        // Somebody else made it meanwhile, or a proxy sent the request twice.
        Err(CliError::Refused { code, .. }) if code == "ACCOUNT_EXISTS" => {
            Ok(account::found(line.name, api).await?.as_ref().map_or(Fate::Present, there))
        }
        Err(CliError::Refused { code, message, .. }) if code == "NAMESPACE_IN_USE" => Ok(Fate::NotTaken(message)),
        Err(error) => Err(error),
    }
}

/// What becomes of a line whose name an account has.
fn there(account: &Account) -> Fate {
    if account.is_org {
        return Fate::NotTaken("an organization has this name".to_owned());
    }
    let is_inactive = account.inner.as_ref().is_some_and(|inner| !inner.is_active);
    if is_inactive { Fate::Inactive } else { Fate::Present }
}

fn report(fates: &[(&Line<'_>, Fate)], is_dry: bool) -> Report {
    let json = |(line, fate): &(&Line<'_>, Fate)| {
        let mut one = json!({ "line": line.number, "name": line.name, "result": fate.word() });
        let more = [
            ("reason", fate.reason().map(Value::from)),
            ("isActive", matches!(fate, Fate::Inactive).then(|| false.into())),
        ];
        if let Some(fields) = one.as_object_mut() {
            fields.extend(more.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?))));
        }
        one
    };
    let row = |(line, fate): &(&Line<'_>, Fate)| {
        let reason = fate.reason().unwrap_or_default().to_owned();
        vec![line.number.to_string(), line.name.to_owned(), fate.said(is_dry).to_owned(), reason]
    };
    let answer = json!({ "dryRun": is_dry, "users": fates.iter().map(json).collect::<Vec<_>>() });
    Report { answer, view: View::Many(Table { columns: COLUMNS, rows: fates.iter().map(row).collect() }, "") }
}

fn summary(fates: &[(&Line<'_>, Fate)], is_dry: bool) -> String {
    let count = |is: fn(&Fate) -> bool| fates.iter().filter(|(_, fate)| is(fate)).count();
    let created = count(|fate| matches!(fate, Fate::Created));
    let present = count(|fate| matches!(fate, Fate::Present | Fate::Inactive));
    let users = if created == 1 { "user" } else { "users" };
    let done = if is_dry { "would be created" } else { "created" };
    let refused = fates.len() - created - present;
    format!("{created} {users} {done}, {present} there already, {refused} not taken")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::Format;
    use crate::cli::testing::{Server, console, repository};

    const HASH: &str = "$2y$05$4Sd.snqoD8rdoTzWgQChE.T4aRSKZdLSDyTKJgsa2Vijhe0OuiEKO";
    const ALICE: &str = r#"{"name":"alice","id":"01A","fullName":"","isOrg":false}"#;
    const NONE: &str = r#"{"errors":[{"code":"NO_SUCH_ACCOUNT","message":"no such account"}]}"#;
    const TAKEN: &str = r#"{"errors":[{"code":"NAMESPACE_IN_USE","message":"repositories are there"}]}"#;

    fn from_input(is_dry: bool) -> HtpasswdArguments {
        HtpasswdArguments { file: "-".into(), dry_run: is_dry, ..HtpasswdArguments::default() }
    }

    #[tokio::test]
    async fn each_line_is_taken_or_told_why_not() {
        let file = format!("\u{feff}# people\r\nalice:{HASH}\r\n\r\nbob:{HASH}:more\ncarol:{HASH}\n");
        let file = format!("{file}Dave:{HASH}\neve:$apr1$x$y\nfay:secret\ngil\nhal:{}\nalice:{HASH}\n", &HASH[..40]);
        let server = Server::with_json(&[(404, NONE), (201, ALICE), (200, ALICE), (404, NONE), (409, TAKEN)]);
        let (mut output, written) = console(file.as_bytes());
        let error = run(&from_input(false), &mut server.api(), &mut output).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("7 lines were not taken", 1));
        let out = written.out();
        let said: Vec<Vec<&str>> =
            out.lines().skip(1).map(|line| line.splitn(3, "  ").map(str::trim).collect()).collect();
        let is = |place: usize, number: &str, rest: &str| {
            let line: &Vec<&str> = &said[place];
            assert!(line[0] == number && line.join("  ").contains(rest), "{line:?}: {rest}");
        };
        is(0, "2", "alice");
        is(1, "4", "is there already");
        is(2, "5", "repositories are there");
        is(3, "6", "a name has");
        is(4, "7", "its hash is Apache's MD5, not bcrypt");
        is(5, "8", "its hash is crypt or plain text, not bcrypt");
        is(6, "9", "its hash is missing, not bcrypt");
        is(7, "10", "it is not a whole bcrypt hash");
        is(8, "11", "it stands in line 2 already");
        assert_eq!(written.note(), "1 user created, 1 there already, 7 not taken\n");
        assert!(!out.contains("$2y$") && !out.contains("secret"), "{out}");
        let sent = server.requests();
        assert!(sent[1].ends_with(&format!(r#"{{"name":"alice","passwordHash":"{HASH}"}}"#)), "{}", sent[1]);
    }

    #[tokio::test]
    async fn a_dry_run_changes_nothing() {
        let server = Server::with_json(&[(404, NONE), (404, NONE), (200, ALICE)]);
        let (mut output, written) = console(b"");
        let file = format!("bob:{HASH}\nalice:{HASH}\n");
        output.input = Box::new(std::io::Cursor::new(file.into_bytes()));
        output.format = Format::Json;
        run(&from_input(true), &mut server.api(), &mut output).await.unwrap();
        let answer: Value = serde_json::from_str(&written.out()).unwrap();
        let expected = json!({ "dryRun": true, "users": [
            { "line": 1, "name": "bob", "result": "created" },
            { "line": 2, "name": "alice", "result": "present" },
        ] });
        assert_eq!(answer, expected);
        assert_eq!(written.note(), "1 user would be created, 1 there already, 0 not taken\n");
        assert!(server.requests().iter().all(|request| request.starts_with("GET ")));
    }

    #[tokio::test]
    async fn a_dry_run_asks_for_repositories_of_the_name_unless_they_are_taken_over() {
        let used = format!(r#"{{"repositories":[{}]}}"#, repository("alice", None));
        let server = Server::with_json(&[(404, NONE), (200, &used), (404, NONE)]);
        let mut api = server.api();
        let file = format!("alice:{HASH}\n");
        for (adopt_repositories, is_taken, said) in
            [(false, false, account::name_in_use().as_str()), (true, true, "would be created")]
        {
            let (mut output, written) = console(file.as_bytes());
            let arguments = HtpasswdArguments { adopt_repositories, ..from_input(true) };
            assert_eq!(run(&arguments, &mut api, &mut output).await.is_ok(), is_taken);
            assert!(written.out().contains(said), "{}", written.out());
        }
        assert!(server.requests()[1].starts_with("GET /api/v0/repositories/alice?"));
    }

    #[tokio::test]
    async fn an_organization_is_no_user_and_an_inactive_one_is_told() {
        let acme = r#"{"name":"alice","id":"01A","fullName":"","isOrg":true}"#;
        let inner = "\"isAdmin\":false,\"isImported\":false,\"hasPassword\":true,\"passwordSetByAdmin\":false,\"lockedUntil\":null,\"createdAt\":\"x\"";
        let idle = format!(r#"{{"name":"alice","id":"01A","fullName":"","isOrg":false,"isActive":false,{inner}}}"#);
        let exists = r#"{"errors":[{"code":"ACCOUNT_EXISTS","message":"it is there"}]}"#;
        let file = format!("alice:{HASH}\n");
        // Of the last one, somebody else makes an organization meanwhile.
        for (answers, is_there, said, count) in [
            (&[(200, acme)][..], false, "an organization has this name", "0 there already, 1 not taken"),
            (&[(200, &idle)], true, "is there already, inactive", "1 there already, 0 not taken"),
            (&[(404, NONE), (409, exists), (200, acme)], false, "an organization has this name", "1 not taken"),
        ] {
            let server = Server::with_json(answers);
            let (mut output, written) = console(file.as_bytes());
            assert_eq!(run(&from_input(false), &mut server.api(), &mut output).await.is_ok(), is_there, "{said}");
            assert!(written.out().contains(said), "{said}: {}", written.out());
            assert!(written.note().contains(count), "{said}: {}", written.note());
        }
        let server = Server::with_json(&[(200, &idle)]);
        let (mut output, written) = console(file.as_bytes());
        output.format = Format::Json;
        run(&from_input(true), &mut server.api(), &mut output).await.unwrap();
        let answer: Value = serde_json::from_str(&written.out()).unwrap();
        let expected = json!({ "line": 1, "name": "alice", "result": "present", "isActive": false });
        assert_eq!(answer["users"][0], expected);
    }

    #[tokio::test]
    async fn what_was_done_is_told_where_the_rest_could_not_be() {
        let server = Server::with_json(&[(404, NONE), (201, ALICE)]);
        let file = format!("alice:{HASH}\nbob:{HASH}\n");
        let (mut output, written) = console(file.as_bytes());
        let error = run(&from_input(false), &mut server.api(), &mut output).await.unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(written.out().contains("alice") && !written.out().contains("bob"), "{}", written.out());
        assert!(written.note().ends_with("the same command goes on\n"), "{}", written.note());
        for (nobody, why) in [("", "standard input names nobody"), ("a\0b\0", "UTF-16")] {
            let (mut output, _) = console(nobody.as_bytes());
            let error = run(&from_input(false), &mut Api::in_directory("/nonexistent".as_ref()), &mut output).await;
            assert!(error.unwrap_err().to_string().contains(why));
        }
    }
}
