//! `dockpass user offboard`: a user leaves. Its power goes first, then its access tokens and repositories, as far as that was
//! asked for; what is left is said, with the command for each. Asked again it goes on where it was interrupted.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::remains::Remains;
use super::robots::{Known, NewSecrets, RotateRobots, Rotated};
use crate::api::operations::{access_tokens, accounts};
use crate::api::{Account, ApiToken, Counting, Paging, UpdateAccount};
use crate::cli::commands::repo::transfer;
use crate::cli::commands::token::report::{self as tokens, Shown};
use crate::cli::commands::{account, stakes, values};
use crate::cli::screen::{CliError, Console, Final, Report, Step, Unasked, View, prompt, shown};
use crate::cli::wire::{Api, List};
use crate::domain::text::shell_word;
use crate::domain::time::Timestamp;

/// Who leaves, and what becomes of what was theirs.
#[derive(Args)]
pub(in crate::cli) struct OffboardArguments {
    /// Name or id
    #[arg(value_name = "NAME", value_parser = values::account)]
    name: String,
    /// Delete the user's access tokens; otherwise they are kept, and refused while the user is inactive
    #[arg(long)]
    delete_tokens: bool,
    /// Give the user's repositories to this user or organization; their names stay
    #[arg(long, value_name = "NAME", value_parser = values::account)]
    transfer_repositories: Option<String>,
    #[command(flatten)]
    robots: RotateRobots,
    #[command(flatten)]
    unasked: Unasked,
}

/// What was found before anything was done.
struct Leaver {
    account: Account,
    /// Whom the repositories are for.
    receiver: Option<String>,
    tokens: List<ApiToken>,
    /// Access tokens of other accounts that were made with those.
    made_for_others: List<ApiToken>,
    /// Robots whose secret it knows, and where new ones are to stand.
    robots: Known,
    new_secrets: Option<PathBuf>,
    repositories: Option<u64>,
}

/// What has been done so far, and what was found on the way.
#[derive(Default)]
struct Done {
    steps: Vec<Step>,
    json: serde_json::Map<String, Value>,
}

impl Done {
    fn note(&mut self, field: &str, value: Value, line: String) {
        self.json.insert(field.to_owned(), value);
        self.steps.push(Step::Line(line, Vec::new()));
    }

    fn report(self) -> Report {
        Report { answer: Value::Object(self.json), view: View::Steps(self.steps) }
    }
}

/// Takes the power of a user away, and what else was asked for.
pub(super) async fn run(arguments: OffboardArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let leaver = look_up(&arguments, api).await?;
    prompt::confirm(Final::Offboard, &leaver.stakes(arguments.delete_tokens), arguments.unasked, console)?;
    let file = leaver.new_secrets.as_deref().filter(|_| leaver.robots.can_rotate());
    let secrets = file.map(NewSecrets::create).transpose()?;
    let mut done = Done::default();
    let outcome = act(&leaver, (arguments.delete_tokens, secrets), &mut done, api, console.clock.now()).await;
    // Also where something came between: what was done is said.
    if !done.steps.is_empty() {
        console.report(&done.report())?;
    }
    outcome
}

/// Looks up all that the steps need: what stands in the way of one of them must not be found out halfway.
async fn look_up(arguments: &OffboardArguments, api: &mut Api) -> Result<Leaver, CliError> {
    let account = account::user(&arguments.name, api).await?.read()?;
    if api.user() == Some(account.name.as_str()) {
        let why = "you sign in as this user, who could not go on once it is inactive; let somebody else do it";
        return Err(CliError::Usage(why.to_owned()));
    }
    let receiver = match &arguments.transfer_repositories {
        Some(to) => Some(receiver(to, &account, api).await?),
        None => None,
    };
    let tokens = tokens_of(&account.name, api).await?;
    let made_with = access_tokens::Ranking { made_with: Some(account.name.clone()), ..Default::default() };
    let made_for_others = list(access_tokens::Selection::default(), made_with, api).await?;
    let robots = Known::to(&account.name, api).await?;
    let repositories = stakes::repositories(&account.name, api).await?;
    let new_secrets = arguments.robots.rotate_robots.clone();
    Ok(Leaver { account, receiver, tokens, made_for_others, robots, new_secrets, repositories })
}

/// The name of who is to have the repositories, who must be there and have room for all of them.
async fn receiver(to: &str, leaver: &Account, api: &mut Api) -> Result<String, CliError> {
    let receiver = api.call(accounts::ViewAccount, [to], &()).await?.read()?;
    if receiver.id == leaver.id {
        return Err(CliError::Usage(format!("{} has its repositories already; name somebody else", receiver.name)));
    }
    if receiver.inner.as_ref().is_some_and(|inner| !inner.is_active) {
        return Err(CliError::Usage(format!("{} is inactive, and cannot be given repositories", receiver.name)));
    }
    transfer::may_all(&leaver.name, &receiver.name, api).await?;
    Ok(receiver.name)
}

async fn tokens_of(user: &str, api: &mut Api) -> Result<List<ApiToken>, CliError> {
    let all = access_tokens::Selection { username: Some(user.to_owned()), ..Default::default() };
    list(all, access_tokens::Ranking::default(), api).await
}

async fn list(
    which: access_tokens::Selection,
    ranking: access_tokens::Ranking,
    api: &mut Api,
) -> Result<List<ApiToken>, CliError> {
    let query = (which, ranking, Paging::default(), Counting::default());
    api.list(access_tokens::ListAccessTokens, [], &query, usize::MAX).await
}

impl Leaver {
    fn name(&self) -> &str {
        &self.account.name
    }

    /// The command that goes on where this one was interrupted.
    fn again(&self, delete_tokens: bool) -> String {
        let mut again = format!("go on: dockpass user offboard {}", shell_word(self.name()));
        again.push_str(if delete_tokens { " --delete-tokens" } else { "" });
        if let Some(to) = &self.receiver {
            again.push_str(" --transfer-repositories ");
            again.push_str(&shell_word(to));
        }
        // The file that is there keeps what stands in it.
        again.push_str(if self.new_secrets.is_some() { " --rotate-robots ANOTHER-FILE" } else { "" });
        again
    }

    /// What is lost, in sentences.
    fn stakes(&self, delete_tokens: bool) -> String {
        let mut said = vec![format!("{} is deactivated, and signed out everywhere.", self.name())];
        if let Some(tokens) = many_tokens(&self.tokens) {
            let fate = match (delete_tokens, self.tokens.len()) {
                (true, 1) => "deleted for good, with all that it made",
                (true, _) => "deleted for good, with all that they made",
                (false, _) => "refused from now on",
            };
            said.push(format!("Its {tokens}: {fate}."));
        }
        said.extend(self.robots.stakes(self.new_secrets.as_deref()));
        if let Some(repositories) = stakes::many(self.repositories, "repository", "repositories") {
            let fate = self.receiver.as_ref().map_or("still its own".to_owned(), |to| format!("given to {to}"));
            said.push(format!("Its {repositories}: {fate}."));
        }
        said.join("\n")
    }
}

fn many_tokens(tokens: &List<ApiToken>) -> Option<String> {
    stakes::many(u64::try_from(tokens.len()).ok(), "access token", "access tokens")
}

/// The steps, the one that takes most power first, and what is left after them.
async fn act(
    leaver: &Leaver,
    (delete_tokens, secrets): (bool, Option<NewSecrets>),
    done: &mut Done,
    api: &mut Api,
    now: Timestamp,
) -> Result<(), CliError> {
    deactivate(leaver, done, api).await?;
    let Rotated { names, mut failures } = rotate_robots(leaver, secrets, done, api).await;
    if let Err(error) = go_on(leaver, delete_tokens, done, api, now).await {
        done.steps.push(Step::Line(leaver.again(delete_tokens), Vec::new()));
        failures.push(error);
        return CliError::all(failures);
    }
    let mut remains = Remains::of(leaver.name(), &leaver.made_for_others, api).await;
    let (lines, json) = leaver.robots.remains(&names);
    remains.lines.extend(lines);
    done.json.insert("robots".to_owned(), json);
    let line = match (remains.lines.is_empty(), remains.unread.is_empty()) {
        (false, _) => "what is left:",
        (true, true) => "nothing else is left",
        (true, false) => "nothing else is left, as far as that could be read",
    };
    done.json.insert("left".to_owned(), remains.json);
    done.steps.push(Step::Line(line.to_owned(), remains.lines));
    if !remains.unread.is_empty() {
        // All that was asked for is done: that this could not be looked at is no failure of it.
        done.json.insert("unread".to_owned(), json!(remains.unread));
        done.steps.push(Step::Line("what could not be read:".to_owned(), remains.unread));
    }
    CliError::all(failures)
}

/// The steps after the first one.
async fn go_on(
    leaver: &Leaver,
    delete_tokens: bool,
    done: &mut Done,
    api: &mut Api,
    now: Timestamp,
) -> Result<(), CliError> {
    if leaver.tokens.len() > 0 {
        // They are listed for the reader: that they cannot be keeps nothing else from being done.
        if let Err(error) = tell_tokens(leaver, done, api, now).await {
            done.steps.push(Step::Line(format!("its access tokens could not be listed: {error}"), Vec::new()));
        }
    } else {
        done.json.insert("tokens".to_owned(), leaver.tokens.answer.clone());
    }
    if delete_tokens {
        delete(leaver, done, api).await?;
    }
    match &leaver.receiver {
        Some(to) => give(leaver, to, done, api).await,
        None => Ok(()),
    }
}

async fn deactivate(leaver: &Leaver, done: &mut Done, api: &mut Api) -> Result<(), CliError> {
    let was_active = leaver.account.inner.as_ref().is_none_or(|inner| inner.is_active);
    let body = UpdateAccount { is_active: Some(false), ..UpdateAccount::default() };
    let answer = api.send(accounts::UpdateAccount, [leaver.name()], &(), &body).await?;
    let line = if was_active { "is deactivated, and signed out everywhere" } else { "was inactive already" };
    done.note("account", answer.value, format!("{} {line}", leaver.name()));
    Ok(())
}

/// What it knows ends with its power: before what takes longer.
async fn rotate_robots(leaver: &Leaver, secrets: Option<NewSecrets>, done: &mut Done, api: &mut Api) -> Rotated {
    let Some(mut secrets) = secrets else { return Rotated::default() };
    let rotated = leaver.robots.rotate(&mut secrets, api).await;
    done.json.insert("rotatedRobots".to_owned(), json!(rotated.names));
    let number = shown::counted(rotated.names.len(), "robot");
    let line = format!("gave {number} new secrets, which stand in {}", secrets.shown());
    done.steps.push(Step::Line(line, rotated.names.clone()));
    rotated
}

/// Lists the access tokens as they are now, before any of them is deleted.
async fn tell_tokens(leaver: &Leaver, done: &mut Done, api: &mut Api, now: Timestamp) -> Result<(), CliError> {
    let tokens = tokens_of(leaver.name(), api).await?;
    done.json.insert("tokens".to_owned(), tokens.answer.clone());
    if let Some(count) = many_tokens(&tokens) {
        done.steps.push(Step::Line(format!("its {count}, with the last use of each:"), Vec::new()));
        done.steps.push(Step::Table(tokens::table(&tokens.read()?, now, &Shown { owners: false, nothing: "" })));
    }
    Ok(())
}

async fn delete(leaver: &Leaver, done: &mut Done, api: &mut Api) -> Result<(), CliError> {
    let which = access_tokens::Selection {
        username: Some(leaver.name().to_owned()),
        used_before: Some(Timestamp::LAST),
        generated_by: Some(access_tokens::Making::All),
        ..access_tokens::Selection::default()
    };
    let count = api.call(access_tokens::CleanUpAccessTokens, [], &which).await?.read()?.len();
    let line = match count {
        0 => format!("{} has no access token to delete", leaver.name()),
        count => format!("deleted {} of {}", shown::counted(count, "access token"), leaver.name()),
    };
    done.note("deletedTokens", json!(count), line);
    Ok(())
}

async fn give(leaver: &Leaver, to: &str, done: &mut Done, api: &mut Api) -> Result<(), CliError> {
    let moved = transfer::all(leaver.name(), to, api).await;
    let (name, number) = (leaver.name(), shown::counted_as(moved.count, "repository", "repositories"));
    let line = match (moved.count, &moved.error) {
        (0, None) => format!("{name} has no repository to give to {to}"),
        (0, Some(_)) => format!("gave no repository of {name} to {to}"),
        (1.., _) => format!("gave {number} of {name} to {to}; names, grants and patterns stay"),
    };
    done.note("transferred", json!({ "to": to, "repositories": moved.count }), line);
    moved.error.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console, counted, ok, token};

    fn user(name: &str, is_active: bool) -> String {
        ok(&json!({
            "name": name, "id": format!("01{name}"), "fullName": "", "isOrg": false, "isActive": is_active, "isAdmin": false,
            "isImported": false, "hasPassword": true, "passwordSetByAdmin": false, "lockedUntil": null,
            "createdAt": "2026-11-21T20:42:00Z",
        })
        .to_string())
    }

    fn arguments(transfer: Option<&str>, yes: bool) -> OffboardArguments {
        OffboardArguments {
            name: "alice".into(),
            delete_tokens: true,
            transfer_repositories: transfer.map(str::to_owned),
            robots: RotateRobots::default(),
            unasked: Unasked { yes },
        }
    }

    const GONE: &str = r#"{"errors":[{"code":"UNAVAILABLE","message":"the disk is full","detail":null}]}"#;

    fn refused(status: u16, body: &str) -> String {
        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn power_goes_first_and_what_was_done_before_an_interruption_is_said() {
        let token_in = |state: &str| ok(&json!([token(&json!({ "state": state }))]).to_string());
        let (one, now) = (token_in("active"), token_in("accountInactive"));
        let (may, some) =
            (ok(r#"{"to":"bob","transferred":0,"left":3}"#), ok(r#"{"to":"bob","transferred":2,"left":1}"#));
        let (alice, bob, off, none) = (user("alice", true), user("bob", true), user("alice", false), ok("[]"));
        let failed = refused(503, GONE);
        let answers = [&alice, &bob, &may, &one, &none, &none, &counted(3), &off, &now, &one, &some, &failed];
        let server = Server::start(&answers.map(String::as_str));
        let (mut console, written) = console(b"");
        let error = run(arguments(Some("bob"), true), &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!(error.to_string(), "the disk is full");
        let out = written.out();
        let said: Vec<&str> = out.lines().collect();
        assert_eq!(
            said[..2],
            ["alice is deactivated, and signed out everywhere", "its 1 access token, with the last use of each:"]
        );
        assert!(said[3].starts_with("laptop") && !said[3].contains("laptop  active"), "as it is now: {out}");
        assert_eq!(
            said[4..],
            [
                "deleted 1 access token of alice",
                "gave 2 repositories of alice to bob; names, grants and patterns stay",
                "go on: dockpass user offboard alice --delete-tokens --transfer-repositories bob",
            ]
        );
        let sent = server.requests();
        let order: Vec<_> = sent[7..].iter().filter_map(|it| it.split(" HTTP").next()).collect();
        assert_eq!(order[0], "PATCH /enzi/v0/accounts/alice");
        assert!(order[1].starts_with("GET /api/v0/api_tokens?username=alice&"), "{order:?}");
        assert!(order[2].starts_with("DELETE /api/v0/api_tokens?username=alice&"), "{order:?}");
        assert_eq!(order[3], "POST /api/v0/accounts/alice/transferRepositories");
    }

    #[tokio::test]
    async fn a_receiver_without_room_is_found_out_before_anything_is_done() {
        let full = r#"{"errors":[{"code":"LIMIT_REACHED","message":"bob has no room","detail":null}]}"#;
        let (alice, bob, full) = (user("alice", true), user("bob", true), refused(409, full));
        let server = Server::start(&[&alice, &bob, &full].map(String::as_str));
        let (mut console, written) = console(b"");
        let error = run(arguments(Some("bob"), true), &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), written.out()), ("bob has no room", String::new()));
        let sent = server.requests();
        assert!(sent[2].ends_with(r#"{"to":"bob","dryRun":true}"#), "{}", sent[2]);
    }

    #[tokio::test]
    async fn what_is_done_is_no_failure_where_what_is_left_cannot_be_read() {
        let (alice, off, none) = (user("alice", true), user("alice", false), ok("[]"));
        let failed = refused(503, GONE);
        let before = [&alice, &none, &none, &none, &counted(0), &off, &none];
        // The account, its tokens, repositories, what it reaches, its organizations.
        let after = [&failed; 5];
        let answers: Vec<&str> = before.iter().chain(&after).map(|it| it.as_str()).collect();
        let server = Server::start(&answers);
        let (mut console, written) = console(b"");
        run(arguments(None, true), &mut server.api(), &mut console).await.unwrap();
        let out = written.out();
        let said = [
            "alice is deactivated, and signed out everywhere",
            "alice has no access token to delete",
            "nothing else is left, as far as that could be read",
            "what could not be read:",
        ];
        assert!(said.iter().all(|line| out.lines().any(|it| it == *line)), "{out}");
        assert_eq!(out.matches(": the disk is full\n").count(), 5, "{out}");
        drop(server.requests());
    }

    #[tokio::test]
    async fn a_pipe_must_say_yes_and_who_is_misspelt_is_found_out_before() {
        let (alice, one, none) = (user("alice", true), ok(&json!([token(&json!({}))]).to_string()), ok("[]"));
        let missing = r#"{"errors":[{"code":"NO_SUCH_ACCOUNT","message":"no such account: bbo","detail":null}]}"#;
        let missing = format!("HTTP/1.1 404 X\r\ncontent-length: {}\r\n\r\n{missing}", missing.len());
        let counted = counted(3);
        let answers = [&alice, &one, &none, &none, &counted, &alice, &missing, &alice, &alice];
        let server = Server::start(&answers.map(String::as_str));
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let error = run(arguments(None, false), &mut api, &mut console).await.unwrap_err();
        let said = "alice is deactivated, and signed out everywhere. Its 1 access token: deleted for good, with all that it \
                    made. Its 3 repositories: still its own. Standard input is not a terminal";
        assert!(error.to_string().starts_with(said) && error.exit_code() == 2, "{error}");
        let error = run(arguments(Some("bbo"), true), &mut api, &mut console).await.unwrap_err();
        assert_eq!(error.to_string(), "no such account: bbo");
        let error = run(arguments(Some("alice"), true), &mut api, &mut console).await.unwrap_err();
        assert_eq!((error.exit_code(), written.out()), (2, String::new()));
        assert!(server.requests().iter().all(|it| it.starts_with("GET ")));
    }
}
