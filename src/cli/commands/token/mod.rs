//! `dockpass token`: access tokens.

pub(in crate::cli) mod change;
mod clean;
mod create;
mod identify;
mod list;
pub(in crate::cli) mod reference;
pub(in crate::cli) mod report;
mod revoke;
pub(in crate::cli) mod rotate;
pub(in crate::cli) mod secret;

use clap::{Args, Subcommand};

use crate::api::operations::answers::ListAccessOfToken;
use crate::api::operations::{access_tokens as op, audit};
use crate::api::{ApiToken, Code, Counting, Paging, UpdateApiToken};
use crate::cli::commands::activity::{self, ActivityArguments, Most};
use crate::cli::commands::token::change::Meant;
use crate::cli::commands::token::secret::Places;
use crate::cli::commands::values;
use crate::cli::commands::{reach, several};
use crate::cli::screen::{CliError, Console, Final, Format, Report, Unasked, prompt, shown};
use crate::cli::wire::Api;
use crate::domain::time::Timestamp;

/// In the place of an access token: its secret stands on standard input.
const FROM_INPUT: &str = "-";

/// What can be done with access tokens.
#[derive(Subcommand)]
pub(in crate::cli) enum TokenCommand {
    /// Create an access token; its secret is shown once, and alone in a pipe
    #[command(after_help = "Example:\n  dockpass token create --user alice --label laptop --expires 90d\n  \
        dockpass token create --user ci --label build --access push --repository 'alice/*' > token.txt")]
    Create(create::CreateArguments),
    /// List access tokens, newest first, or those that need attention
    #[command(after_help = "Example:\n  dockpass token list --user alice\n  dockpass token list --expiring 14d\n  \
        dockpass token list --all-users --unused 90d\n\nWith --expiring, --unused or --expired, the most urgent come \
        first: those that ended or end soonest.")]
    List(list::ListArguments),
    /// Show an access token; with `-`, read its secret from standard input
    #[command(after_help = "Example:\n  dockpass token show 01ARZ3NDEKTS\n  dockpass token show - < found.txt")]
    Show(One),
    /// Identify an access token by its secret, and end it if you like; the secret is asked for, or read from standard input
    #[command(after_help = "Example:\n  dockpass token identify < found.txt\n  \
        dockpass token identify --deactivate < found.txt\n  dockpass token identify --delete --yes < found.txt")]
    Identify(identify::IdentifyArguments),
    /// Show what an access token did, and what was done to it, newest first
    #[command(after_help = "Example:\n  dockpass token activity 01ARZ3NDEKTS --since 7d")]
    Activity {
        #[command(flatten)]
        token: One,
        #[command(flatten)]
        which: ActivityArguments,
        #[command(flatten)]
        most: Most,
    },
    /// List every repository an access token has access to, with the level and the reason
    #[command(after_help = "Example:\n  dockpass token access 01ARZ3NDEKTS")]
    Access(One),
    /// Change the label of an access token
    #[command(after_help = "Example:\n  dockpass token rename 01ARZ3NDEKTS 'old laptop'")]
    Rename {
        #[command(flatten)]
        token: One,
        /// The new label
        #[arg(value_name = "LABEL")]
        label: String,
    },
    /// Deactivate access tokens until they are activated again
    #[command(after_help = "Example:\n  dockpass token deactivate 01ARZ3NDEKTS")]
    Deactivate(Many),
    /// Revoke access tokens for good by their secrets; no sign-in is needed
    #[command(after_help = "Example:\n  dockpass token revoke --server https://dockpass.example.org < found.json\n\n\
        Every access token found in the input is sent, whatever surrounds it. The server does not tell which ones it knew. \
        A revoked access token can never be activated again; for a secret that a rotation replaced, only that secret ends. \
        With an id or a hash, this is `dockpass token deactivate`.")]
    Revoke(revoke::RevokeArguments),
    /// Activate access tokens that were deactivated
    #[command(after_help = "Example:\n  dockpass token activate 01ARZ3NDEKTS")]
    Activate(Many),
    /// Delete access tokens for good, and those created with them
    #[command(after_help = "Example:\n  dockpass token delete 01ARZ3NDEKTSV4RRFFQ69G5FAV 01ARZ3NDEKTT\n  \
        dockpass token delete --user alice --all")]
    Delete {
        /// Id or hash, or at least the first 8 digits of either
        #[arg(value_name = "TOKEN", required_unless_present = "all")]
        tokens: Vec<String>,
        #[command(flatten)]
        everything: Everything,
        #[command(flatten)]
        unasked: Unasked,
    },
    /// Delete access tokens that have expired or have not been used for long
    #[command(after_help = "Example:\n  dockpass token clean --user alice --used-before 2026-01-31 --dry-run\n  \
        dockpass token clean --all-users --expired --yes\n\nWith --all-users, deletion goes user by user; if interrupted, run the \
        same command again.")]
    Clean(clean::CleanArguments),
    /// Give an access token a new secret, or end its old one
    #[command(after_help = "Example:\n  dockpass token rotate 01ARZ3NDEKTS --overlap 1h\n  \
        dockpass token rotate 01ARZ3NDEKTS --overlap until-used --renew\n  \
        dockpass token rotate 01ARZ3NDEKTS --end-overlap")]
    Rotate(rotate::RotateArguments),
}

impl TokenCommand {
    /// Whether it shows secrets that prove all it needs, so that nobody signs in for it.
    pub(in crate::cli) fn is_for_everybody(&self) -> bool {
        matches!(self, Self::Revoke(arguments) if arguments.is_by_secret())
    }
}

/// One access token.
#[derive(Args)]
pub(in crate::cli) struct One {
    /// Id or hash, or at least the first 8 digits of either
    #[arg(value_name = "TOKEN")]
    token: String,
}

/// One access token or several.
#[derive(Args)]
pub(in crate::cli) struct Many {
    /// Id or hash, or at least the first 8 digits of either
    #[arg(value_name = "TOKEN", required = true)]
    tokens: Vec<String>,
}

/// Every access token of a user.
#[derive(Args, Default)]
pub(in crate::cli) struct Everything {
    /// The user whose access tokens are deleted; with --server, you by default
    #[arg(long, value_name = "NAME", value_parser = values::account, requires = "all")]
    user: Option<String>,
    /// All of the user's access tokens, except the one you sign in with and those it was created with
    #[arg(long, conflicts_with = "tokens")]
    all: bool,
}

pub(in crate::cli) async fn run(command: TokenCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        TokenCommand::Create(arguments) => create::run(arguments, api, console).await,
        TokenCommand::List(arguments) => list::run(arguments, api, console).await,
        TokenCommand::Show(One { token }) if token == FROM_INPUT => {
            let hash = prompt::access_token(console)?;
            identify::show(&hash, api, console).await
        }
        TokenCommand::Identify(arguments) => identify::run(arguments, api, console).await,
        TokenCommand::Show(One { token }) => {
            let hash = reference::hash(api, &token).await?;
            let answer = api.call(op::ViewAccessToken, [&hash], &()).await?;
            console.report(&report::one(answer, &hash, console.clock.now())?)
        }
        TokenCommand::Activity { token: One { token }, which, most } => {
            let hash = reference::hash(api, &token).await?;
            let query = which.query(console.clock.now());
            let list = api.list(audit::ListTokenActivity, [&hash], &query, most.rows()).await?;
            console.report(&activity::report(list)?)
        }
        TokenCommand::Access(One { token }) => {
            let hash = reference::hash(api, &token).await?;
            let list = api.list(ListAccessOfToken, [&hash], &Paging::default(), usize::MAX).await?;
            let nothing = "This access token reaches no repository. What its owner reaches: dockpass user access NAME";
            console.report(&reach::reached(list, nothing.to_owned())?)
        }
        TokenCommand::Rename { token, label } => {
            let change = UpdateApiToken { token_label: Some(label), is_active: None };
            let report = update(&token.token, &change, ["renamed", "is called so"], api, console).await?;
            console.report(&report)
        }
        TokenCommand::Deactivate(Many { tokens }) => {
            several::each(&tokens, api, console, async |token, api, _| deactivate(token, api).await).await
        }
        TokenCommand::Revoke(arguments) => revoke::run(arguments, api, console).await,
        TokenCommand::Activate(Many { tokens }) => {
            let change = UpdateApiToken { token_label: None, is_active: Some(true) };
            let words = ["activated", "is switched on"];
            let work = async |token: &String, api: &mut Api, console: &mut Console| {
                update(token, &change, words, api, console).await
            };
            several::each(&tokens, api, console, work).await
        }
        TokenCommand::Delete { everything, unasked, .. } if everything.all => {
            delete_all(everything.user, unasked, api, console).await
        }
        TokenCommand::Delete { tokens, unasked, .. } => delete(&tokens, unasked, api, console).await,
        TokenCommand::Clean(arguments) => clean::run(&arguments, api, console).await,
        TokenCommand::Rotate(arguments) => rotate::run(arguments, api, console).await,
    }
}

/// On the socket a user must be named, because the local administrator owns no access tokens.
pub(in crate::cli) fn must_name_user(user: Option<&str>, api: &Api) -> Result<(), CliError> {
    if user.is_some() || !api.is_local() {
        return Ok(());
    }
    Err(CliError::Usage("say whose access tokens are meant, with --user NAME".to_owned()))
}

/// The places for the frame on a terminal; nothing if nothing will show them.
pub(in crate::cli) async fn places_for_frame(api: &mut Api, console: &Console) -> Places {
    let has_frame = console.out_is_terminal && console.format == Format::Table;
    if has_frame { Places::ask(api).await } else { Places::default() }
}

/// Changes an access token. `done` is what is said of it, and what where it was so already.
async fn update(
    token: &str,
    change: &UpdateApiToken,
    words: [&str; 2],
    api: &mut Api,
    console: &mut Console,
) -> Result<Report, CliError> {
    let hash = reference::hash(api, token).await?;
    change::update(&Meant::Hashed(&hash), change, words, api, console).await
}

/// Deletes what a clean-up takes to which none is too young: in one change, all of it or nothing.
async fn delete_all(
    user: Option<String>,
    unasked: Unasked,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    must_name_user(user.as_deref(), api)?;
    let whose = user.as_ref().map_or_else(|| "you".to_owned(), |user| shown::plain(user));
    let which = op::Selection {
        username: user,
        used_before: Some(Timestamp::LAST),
        generated_by: Some(op::Making::All),
        ..op::Selection::default()
    };
    if !unasked.yes {
        let query = (which.clone(), op::Ranking::default(), Paging::default(), Counting::default());
        let found = api.list(op::ListAccessTokens, [], &query, usize::MAX).await?.len();
        if found > 0 {
            let count = shown::counted(found, "access token");
            let stakes = format!(
                "{count} of {whose}, with all that they made: whatever uses them is refused at once. Robots that they made stop, \
                 and are not deleted."
            );
            prompt::confirm(Final::Delete, &stakes, unasked, console)?;
        }
    }
    let answer = api.call(op::CleanUpAccessTokens, [], &which).await?;
    match answer.read()?.len() {
        0 => Err(CliError::Finding(format!("there is no access token of {whose} to delete; nothing was deleted"))),
        count => {
            let count = shown::counted(count, "access token");
            console.report(&Report::done(answer.value, format!("deleted {count} of {whose}")))
        }
    }
}

/// Stops an access token; that it was stopped already is said.
async fn deactivate(token: &str, api: &mut Api) -> Result<Report, CliError> {
    let hash = reference::hash(api, token).await?;
    change::deactivate(&Meant::Hashed(&hash), api).await
}

/// What is lost with so many access tokens, which `what` says.
fn stakes(what: &str, tokens: usize) -> String {
    if tokens == 1 {
        format!("{what} is deleted for good, with all that it made.")
    } else {
        format!("{what} are deleted for good, with all that they made.")
    }
}

/// Deletes access tokens, each of which was named once. One that is missing after another was deleted has gone along with
/// that.
async fn delete(tokens: &[String], unasked: Unasked, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let (meant, again) = each_once(tokens, api).await?;
    let what = match meant.as_slice() {
        [one] => report::named_with_id(one),
        all => shown::counted(all.len(), "access token"),
    };
    let makers = if meant.len() == 1 { "it" } else { "they" };
    let stakes = format!("{} Robots that {makers} made stop, and are not deleted.", stakes(&what, meant.len()));
    prompt::confirm(Final::Delete, &stakes, unasked, console)?;
    let hashes: Vec<_> = meant.iter().map(|token| token.hashed_token.as_str()).collect();
    let mut left = meant.iter();
    let done = several::each(&hashes, api, console, async |hash, api, console| {
        let (is_first, token) = (left.len() == hashes.len(), left.next());
        let named = token.map(report::named_with_id).unwrap_or_default();
        match api.call(op::DeleteAccessToken, [hash], &()).await {
            Err(CliError::Refused { code, .. }) if !is_first && code == Code::NoSuchApiToken.name() => {
                console.note(&format!("{named} is gone already, as one that made it was deleted\n"))?;
                Ok(Report::nothing())
            }
            answer => Ok(Report::done(answer?.value, format!("deleted {named}"))),
        }
    });
    let failures = done.await.err().into_iter().chain(again.into_iter().map(CliError::Finding));
    CliError::all(failures.collect())
}

/// The access tokens that are meant, and a sentence for each that is named again, perhaps in another form.
async fn each_once(tokens: &[String], api: &mut Api) -> Result<(Vec<ApiToken>, Vec<String>), CliError> {
    let mut meant: Vec<ApiToken> = Vec::new();
    let mut again = Vec::new();
    for hash in reference::hashes(api, tokens).await? {
        let token = api.call(op::ViewAccessToken, [&hash], &()).await?.read()?;
        if meant.iter().any(|other| other.id == token.id) {
            again.push(format!("{} is named twice and was deleted once", report::named_with_id(&token)));
        } else {
            meant.push(token);
        }
    }
    Ok((meant, again))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, console, ok, token};

    #[tokio::test]
    async fn one_that_is_activated_in_vain_says_why() {
        let expired = token(&json!({ "state": "expired", "stateReason": "it expired" })).to_string();
        let answer = format!(
            "HTTP/1.1 200 X\r\nwarning: 299 - \"it stays expired\"\r\ncontent-length: {}\r\n\r\n{expired}",
            expired.len()
        );
        let server = Server::start(&[&ok(&expired), &answer]);
        let (mut console, written) = console(b"");
        let activate = TokenCommand::Activate(Many { tokens: vec!["ab".repeat(32)] });
        run(activate, &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.note(), "it stays expired\n");
        let said = "the access token `laptop` of alice is switched on already; nothing was changed\n";
        assert_eq!(written.out(), said);
        assert!(server.requests()[1].ends_with(r#"{"isActive":true}"#));
    }

    #[tokio::test]
    async fn all_of_a_user_go_in_one_request_and_a_terminal_is_asked_first() {
        let two = json!([token(&json!({})), token(&json!({}))]).to_string();
        let deleting = Server::with_json(&[(200, &two), (200, &two)]);
        let (mut console, written) = console(b"no\n");
        console.in_is_terminal = true;
        let mut api = deleting.api();
        let user = || Some("alice".to_owned());
        let error = delete_all(user(), Unasked::default(), &mut api, &mut console).await.unwrap_err();
        assert_eq!(error.to_string(), "nothing was deleted");
        assert!(written.note().contains("2 access tokens of alice, with all that they made"));
        delete_all(user(), Unasked { yes: true }, &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "deleted 2 access tokens of alice\n");
        let server = Server::with_json(&[(200, "[]"), (200, "[]")]);
        let error = delete_all(user(), Unasked::default(), &mut server.api(), &mut console).await.unwrap_err();
        let said = "there is no access token of alice to delete; nothing was deleted";
        assert_eq!((error.to_string().as_str(), error.exit_code()), (said, 1));
        let sent = deleting.requests().remove(1);
        let path = "/api/v0/api_tokens?username=alice&usedbefore=9999-12-31T23%3A59%3A59.999Z&generatedby=all ";
        assert!(sent.starts_with(&format!("DELETE {path}")), "{sent}");
    }

    #[tokio::test]
    async fn one_that_went_along_with_its_maker_stands_in_no_ones_way() {
        let missing = r#"{"errors":[{"code":"NO_SUCH_API_TOKEN","message":"there is none"}]}"#;
        let hashes = ["ab", "cd", "ef"].map(|digits| digits.repeat(32));
        let named = |(id, hash): (&str, &String)| json!({ "id": id, "tokenLabel": id, "hashedToken": hash });
        let views: Vec<_> = ["A", "B", "C"].into_iter().zip(&hashes).map(|it| token(&named(it)).to_string()).collect();
        let views = [0, 1, 2].map(|place| (200, views[place].as_str()));
        let server = Server::with_json(&[&views[..], &[(200, ""), (404, missing), (200, ""), (404, missing)]].concat());
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let yes = Unasked { yes: true };
        delete(&hashes, yes, &mut api, &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "deleted the access token `A` of alice (id A)\ndeleted the access token `C` of alice (id C)\n"
        );
        let said = "the access token `B` of alice (id B) is gone already, as one that made it was deleted\n";
        assert_eq!(written.note(), said);
        assert!(delete(&hashes, yes, &mut api, &mut console).await.is_err(), "one that is missing is misspelt");
    }

    #[tokio::test]
    async fn one_that_is_named_twice_is_deleted_once_and_that_is_said() {
        let there = token(&json!({ "hashedToken": "ef".repeat(32) })).to_string();
        let server = Server::with_json(&[(200, &there), (200, &there), (200, "")]);
        let (mut console, written) = console(b"");
        // The second is the hash of its old secret.
        let hashes = ["ef", "cd"].map(|digits| digits.repeat(32));
        let error = delete(&hashes, Unasked { yes: true }, &mut server.api(), &mut console).await.unwrap_err();
        let said = "the access token `laptop` of alice (id 01A) is named twice and was deleted once";
        assert_eq!((error.to_string().as_str(), error.exit_code()), (said, 1));
        assert_eq!(written.out(), "deleted the access token `laptop` of alice (id 01A)\n");
        assert!(server.requests()[2].starts_with(&format!("DELETE /api/v0/api_tokens/{} ", hashes[0])));
    }

    #[tokio::test]
    async fn changes_say_what_was_done() {
        let hash = "ab".repeat(32);
        let on = token(&json!({})).to_string();
        let off = token(&json!({ "isActive": false })).to_string();
        let server = Server::with_json(&[(200, &on), (200, &off), (200, &off), (200, ""), (200, &off), (200, &off)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        run(TokenCommand::Deactivate(Many { tokens: vec![hash.clone()] }), &mut api, &mut console).await.unwrap();
        delete(std::slice::from_ref(&hash), Unasked { yes: true }, &mut api, &mut console).await.unwrap();
        let error = deactivate(&hash, &mut api).await.err().unwrap();
        let said = "the access token `laptop` of alice is inactive already; nothing was changed";
        assert_eq!((error.to_string().as_str(), error.exit_code()), (said, 1));
        assert_eq!(
            written.out(),
            "deactivated the access token `laptop` of alice\ndeleted the access token `laptop` of alice (id 01A)\n"
        );
        let sent = server.requests();
        assert!(
            sent[1].starts_with(&format!("PATCH /api/v0/api_tokens/{hash} "))
                && sent[1].ends_with(r#"{"isActive":false}"#)
        );
        assert!(sent[3].starts_with("DELETE /api/v0/api_tokens/0123456789abcdef "));
    }

    #[derive(clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: TokenCommand,
    }

    #[tokio::test]
    async fn what_ends_a_secret_for_good_asks_and_what_can_be_undone_does_not() {
        let hash = "ab".repeat(32);
        let mut nowhere = Api::in_directory("/nonexistent".as_ref());
        let (mut console, _) = console(b"");
        let mut refused = async |command, console: &mut Console| {
            let error = run(command, &mut nowhere, console).await.unwrap_err();
            (error.exit_code(), error.to_string())
        };
        let typed = |words: &[&str]| {
            let line = ["token"].into_iter().chain(words.iter().copied()).chain([hash.as_str()]);
            Line::try_parse_from(line).unwrap().command
        };
        for words in [&["rotate"][..], &["rotate", "--overlap", "0s"]] {
            let (code, said) = refused(typed(words), &mut console).await;
            assert!(code == 2 && said.contains("add --yes"), "{said}");
        }
        // The question names what goes.
        let server = Server::with_json(&[(200, &token(&json!({})).to_string())]);
        let error = delete(std::slice::from_ref(&hash), Unasked::default(), &mut server.api(), &mut console).await;
        let (code, said) = error.map_err(|error| (error.exit_code(), error.to_string())).unwrap_err();
        assert!(code == 2 && said.contains("add --yes"), "{said}");
        assert!(said.starts_with("the access token `laptop` of alice (id 01A) is deleted for good"), "{said}");
        // These get as far as the server, which is not there.
        for words in [&["rotate", "--overlap", "60s"][..], &["rotate", "--overlap", "until-used"], &["deactivate"]] {
            assert_eq!(refused(typed(words), &mut console).await.0, 1);
        }
    }
}
