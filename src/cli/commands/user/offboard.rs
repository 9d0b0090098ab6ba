//! `dockpass user offboard`: a user leaves. Its power goes first, then its access tokens and repositories, as far as that was
//! asked for; what is left is said, with the command for each. Asked again it goes on where it was interrupted.

use clap::Args;
use serde_json::{Value, json};

use super::remains::Remains;
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
    /// Delete the user's access tokens; else they stay, and are refused while the user is inactive
    #[arg(long)]
    delete_tokens: bool,
    /// Give the user's repositories to this user or organization; their names stay
    #[arg(long, value_name = "NAME", value_parser = values::account)]
    transfer_repositories: Option<String>,
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
    let mut done = Done::default();
    let outcome = act(&leaver, arguments.delete_tokens, &mut done, api, console.clock.now()).await;
    // Also where something came between: what was done is said.
    if !done.steps.is_empty() {
        console.report(&done.report())?;
    }
    outcome
}

async fn look_up(arguments: &OffboardArguments, api: &mut Api) -> Result<Leaver, CliError> {
    let account = account::user(&arguments.name, api).await?.read()?;
    let receiver = match &arguments.transfer_repositories {
        Some(to) => Some(receiver(to, &account, api).await?),
        None => None,
    };
    let all = access_tokens::Selection { username: Some(account.name.clone()), ..Default::default() };
    let tokens = list(all, access_tokens::Ranking::default(), api).await?;
    let made_with = access_tokens::Ranking { made_with: Some(account.name.clone()), sort: None };
    let made_for_others = list(access_tokens::Selection::default(), made_with, api).await?;
    let repositories = stakes::repositories(&account.name, api).await?;
    Ok(Leaver { account, receiver, tokens, made_for_others, repositories })
}

/// The name of who is to have the repositories, who must be there: what is misspelt must not be found out halfway.
async fn receiver(to: &str, leaver: &Account, api: &mut Api) -> Result<String, CliError> {
    let receiver = api.call(accounts::ViewAccount, [to], &()).await?.read()?;
    if receiver.id == leaver.id {
        return Err(CliError::Usage(format!("{} has its repositories already; name somebody else", receiver.name)));
    }
    if receiver.inner.as_ref().is_some_and(|inner| !inner.is_active) {
        return Err(CliError::Usage(format!("{} is inactive, and cannot be given repositories", receiver.name)));
    }
    Ok(receiver.name)
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

    fn its_tokens(&self) -> Option<String> {
        stakes::many(u64::try_from(self.tokens.len()).ok(), "access token", "access tokens")
    }

    /// What is lost, in sentences.
    fn stakes(&self, delete_tokens: bool) -> String {
        let mut said = vec![format!("{} is deactivated, and signed out everywhere.", self.name())];
        if let Some(tokens) = self.its_tokens() {
            let fate = match (delete_tokens, self.tokens.len()) {
                (true, 1) => "deleted for good, with all that it made",
                (true, _) => "deleted for good, with all that they made",
                (false, _) => "refused from now on",
            };
            said.push(format!("Its {tokens}: {fate}."));
        }
        if let Some(repositories) = stakes::many(self.repositories, "repository", "repositories") {
            let fate = self.receiver.as_ref().map_or("still its own".to_owned(), |to| format!("given to {to}"));
            said.push(format!("Its {repositories}: {fate}."));
        }
        said.join("\n")
    }
}

/// The steps, the one that takes most power first.
async fn act(
    leaver: &Leaver,
    delete_tokens: bool,
    done: &mut Done,
    api: &mut Api,
    now: Timestamp,
) -> Result<(), CliError> {
    deactivate(leaver, done, api).await?;
    tell_tokens(leaver, done, now)?;
    if delete_tokens {
        delete(leaver, done, api).await?;
    }
    if let Some(to) = &leaver.receiver {
        give(leaver, to, done, api).await?;
    }
    let remains = Remains::of(leaver.name(), &leaver.made_for_others, api).await?;
    let line = if remains.lines.is_empty() { "nothing else is left" } else { "what is left:" };
    done.json.insert("left".to_owned(), remains.json);
    done.steps.push(Step::Line(line.to_owned(), remains.lines));
    Ok(())
}

async fn deactivate(leaver: &Leaver, done: &mut Done, api: &mut Api) -> Result<(), CliError> {
    let was_active = leaver.account.inner.as_ref().is_none_or(|inner| inner.is_active);
    let body = UpdateAccount { is_active: Some(false), ..UpdateAccount::default() };
    let answer = api.send(accounts::UpdateAccount, [leaver.name()], &(), &body).await?;
    let line = if was_active { "is deactivated, and signed out everywhere" } else { "was inactive already" };
    done.note("account", answer.value, format!("{} {line}", leaver.name()));
    Ok(())
}

fn tell_tokens(leaver: &Leaver, done: &mut Done, now: Timestamp) -> Result<(), CliError> {
    done.json.insert("tokens".to_owned(), leaver.tokens.answer.clone());
    if leaver.tokens.len() > 0 {
        let line = format!("its {}, with the last use of each:", leaver.its_tokens().unwrap_or_default());
        done.steps.push(Step::Line(line, Vec::new()));
        done.steps.push(Step::Table(tokens::table(&leaver.tokens.read()?, now, &Shown { owners: false, nothing: "" })));
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
    let number = shown::counted(u32::try_from(count).unwrap_or(u32::MAX), "access token");
    done.note("deletedTokens", json!(count), format!("deleted {number} of {}", leaver.name()));
    Ok(())
}

async fn give(leaver: &Leaver, to: &str, done: &mut Done, api: &mut Api) -> Result<(), CliError> {
    let moved = transfer::all(leaver.name(), to, api).await;
    let number = shown::counted_as(moved.count, "repository", "repositories");
    let line = format!("gave {number} of {} to {to}; names, grants and patterns stay", leaver.name());
    done.note("transferred", json!({ "to": to, "repositories": moved.count }), line);
    match moved.error {
        None => Ok(()),
        Some(error) => {
            let again =
                format!("go on: dockpass user offboard {} --transfer-repositories {to}", shell_word(leaver.name()));
            done.steps.push(Step::Line(again, Vec::new()));
            Err(error)
        }
    }
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
            unasked: Unasked { yes },
        }
    }

    const GONE: &str = r#"{"errors":[{"code":"UNAVAILABLE","message":"the disk is full","detail":null}]}"#;

    #[tokio::test]
    async fn power_goes_first_and_what_was_done_before_an_interruption_is_said() {
        let one = ok(&json!([token(&json!({}))]).to_string());
        let failed = format!("HTTP/1.1 503 X\r\ncontent-length: {}\r\n\r\n{GONE}", GONE.len());
        let some = ok(r#"{"to":"bob","transferred":2,"left":1}"#);
        let (alice, bob, off, none) = (user("alice", true), user("bob", true), user("alice", false), ok("[]"));
        let answers = [&alice, &bob, &one, &none, &counted(3), &off, &one, &some, &failed];
        let server = Server::start(&answers.map(String::as_str));
        let (mut console, written) = console(b"");
        let error = run(arguments(Some("bob"), true), &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!(error.to_string(), "the disk is full");
        assert_eq!(
            written.out(),
            "alice is deactivated, and signed out everywhere\n\
             its 1 access token, with the last use of each:\n\
             LABEL   STATE   ACCESS      LAST USED (UTC)  ID\n\
             laptop  active  admin, all  never            01A\n\
             deleted 1 access token of alice\n\
             gave 2 repositories of alice to bob; names, grants and patterns stay\n\
             go on: dockpass user offboard alice --transfer-repositories bob\n"
        );
        let sent = server.requests();
        let order: Vec<_> = sent[5..].iter().filter_map(|it| it.split(" HTTP").next()).collect();
        assert_eq!(order[0], "PATCH /enzi/v0/accounts/alice");
        assert!(order[1].starts_with("DELETE /api/v0/api_tokens?username=alice&"), "{order:?}");
        assert_eq!(order[2], "POST /api/v0/accounts/alice/transferRepositories");
    }

    #[tokio::test]
    async fn a_pipe_must_say_yes_and_who_is_misspelt_is_found_out_before() {
        let (alice, one, none) = (user("alice", true), ok(&json!([token(&json!({}))]).to_string()), ok("[]"));
        let missing = r#"{"errors":[{"code":"NO_SUCH_ACCOUNT","message":"no such account: bbo","detail":null}]}"#;
        let missing = format!("HTTP/1.1 404 X\r\ncontent-length: {}\r\n\r\n{missing}", missing.len());
        let counted = counted(3);
        let answers = [&alice, &one, &none, &counted, &alice, &missing, &alice, &alice];
        let server = Server::start(&answers.map(String::as_str));
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let error = run(arguments(None, false), &mut api, &mut console).await.unwrap_err();
        let said = "alice is deactivated, and signed out everywhere. Its 1 access token: deleted for good, with all that it \
                    made. Its 3 repositories: still its own. Standard input is no terminal";
        assert!(error.to_string().starts_with(said) && error.exit_code() == 2, "{error}");
        let error = run(arguments(Some("bbo"), true), &mut api, &mut console).await.unwrap_err();
        assert_eq!(error.to_string(), "no such account: bbo");
        let error = run(arguments(Some("alice"), true), &mut api, &mut console).await.unwrap_err();
        assert_eq!((error.exit_code(), written.out()), (2, String::new()));
        assert!(server.requests().iter().all(|it| it.starts_with("GET ")));
    }
}
