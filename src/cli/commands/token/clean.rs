//! `dockpass token clean`: deletes the access tokens that have not been used for long.

use clap::{Args, ValueEnum};

use crate::api::operations::access_tokens as op;
use crate::api::{ApiToken, Counting, Paging};
use crate::cli::commands::token::{must_name_user, report, stakes};
use crate::cli::commands::values::{self, MomentArgument};
use crate::cli::screen::{CliError, Console, Final, Unasked, prompt, shown};
use crate::cli::wire::{Api, List};
use crate::domain::time::Timestamp;
use crate::domain::token::TokenState;

/// Which access tokens go.
#[derive(Args)]
pub(in crate::cli) struct CleanArguments {
    /// The user they belong to; with --server, yourself if omitted
    #[arg(long, value_name = "NAME", value_parser = values::account, conflicts_with = "all_users")]
    user: Option<String>,
    /// Those of all users, for administrators
    #[arg(long)]
    all_users: bool,
    /// Those last used before this moment: a length of time ago (90d), a date or a time; never used ones count by when they
    /// were made
    #[arg(long, value_name = "WHEN", value_parser = values::moment, required_unless_present = "expired")]
    used_before: Option<MomentArgument>,
    /// Those that have expired
    #[arg(long)]
    expired: bool,
    /// How they came to be [default: manual; all with --expired]
    #[arg(long, value_enum)]
    generated_by: Option<Origin>,
    /// Only show which ones would go
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    unasked: Unasked,
}

/// How access tokens came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Origin {
    /// Somebody asked for them.
    Manual,
    /// Nobody did.
    Auto,
    /// Either.
    All,
}

impl Origin {
    fn making(self) -> op::Making {
        match self {
            Self::Manual => op::Making::Manual,
            Self::Auto => op::Making::Auto,
            Self::All => op::Making::All,
        }
    }
}

/// Deletes the access tokens, or only shows them.
pub(in crate::cli) async fn run(
    arguments: &CleanArguments,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    if !arguments.all_users {
        must_name_user(arguments.user.as_deref(), api)?;
    }
    let which = arguments.selection(console.clock.now());
    let query = (which.clone(), op::Ranking::default(), Paging::default(), Counting::default());
    let mut interrupted = None;
    let list = if arguments.dry_run {
        api.list(op::ListAccessTokens, [], &query, usize::MAX).await?
    } else {
        if !arguments.unasked.yes {
            let found = api.list(op::ListAccessTokens, [], &query, usize::MAX).await?.len();
            if found > 0 {
                let count = shown::counted(found, "access token");
                prompt::confirm(Final::Delete, &stakes(&count, found), arguments.unasked, console)?;
            }
        }
        let (deleted, outcome) = delete(&which, api).await?;
        interrupted = outcome;
        deleted
    };
    let found = list.len();
    if found == 0 && !arguments.dry_run {
        return Err(CliError::Finding("there are no such access tokens; nothing was deleted".to_owned()));
    }
    // Without --all-users, all of them belong to one user.
    let shown = report::Shown { owners: arguments.all_users, nothing: "" };
    console.report(&report::many(list, console.clock.now(), &shown)?)?;
    let done = if arguments.dry_run { "would delete" } else { "deleted" };
    console.note(&format!("{done} {}\n", shown::counted(found, "access token")))?;
    interrupted.map_or(Ok(()), Err)
}

impl CleanArguments {
    fn selection(&self, now: Timestamp) -> op::Selection {
        let default = if self.expired { Origin::All } else { Origin::Manual };
        op::Selection {
            username: self.user.clone(),
            everybody: self.all_users.then_some(true),
            // Whenever they were last used, if only their end counts.
            used_before: Some(self.used_before.as_ref().map_or(Timestamp::LAST, |moment| moment.back(now))),
            generated_by: Some(self.generated_by.unwrap_or(default).making()),
            state: self.expired.then_some(TokenState::Expired),
            ..op::Selection::default()
        }
    }
}

/// Deletes what is selected: of all users, those of some with each request, until none is left. Answers what was deleted,
/// and what came between.
async fn delete(which: &op::Selection, api: &mut Api) -> Result<(List<ApiToken>, Option<CliError>), CliError> {
    let mut all = List::whole(api.call(op::CleanUpAccessTokens, [], which).await?)?;
    let mut has_more = which.everybody == Some(true) && all.len() > 0;
    while has_more {
        let before = all.len();
        match api.call(op::CleanUpAccessTokens, [], which).await.and_then(List::whole) {
            Ok(next) => all.join(next),
            Err(error) => return Ok((all, Some(error))),
        }
        has_more = all.len() > before;
    }
    Ok((all, None))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, console, token};

    fn clean_up(dry_run: bool) -> CleanArguments {
        let used_before = values::moment("2026-01-31").unwrap();
        CleanArguments {
            user: Some("alice".into()),
            all_users: false,
            used_before: Some(used_before),
            expired: false,
            generated_by: None,
            dry_run,
            unasked: Unasked { yes: true },
        }
    }

    #[tokio::test]
    async fn a_clean_up_can_be_tried_first() {
        let list = json!([token(&json!({}))]).to_string();
        let server = Server::with_json(&[(200, &list), (200, &list)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        run(&clean_up(true), &mut api, &mut console).await.unwrap();
        run(&clean_up(false), &mut api, &mut console).await.unwrap();
        assert_eq!(written.note(), "would delete 1 access token\ndeleted 1 access token\n");
        let sent = server.requests();
        let query = "/api/v0/api_tokens?username=alice&usedbefore=2026-01-31T00%3A00%3A00Z&generatedby=manual";
        assert!(sent[0].starts_with(&format!("GET {query}&pageSize=500 ")), "{}", sent[0]);
        assert!(sent[1].starts_with(&format!("DELETE {query} ")), "{}", sent[1]);
    }

    #[tokio::test]
    async fn where_there_are_none_it_is_said() {
        let server = Server::with_json(&[(200, "[]")]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        run(&clean_up(true), &mut api, &mut console).await.unwrap();
        assert_eq!(written.note(), "would delete 0 access tokens\n");
        for unasked in [Unasked { yes: true }, Unasked::default()] {
            let server = Server::with_json(&[(200, "[]"), (200, "[]")]);
            let asked = CleanArguments { unasked, ..clean_up(false) };
            let error = run(&asked, &mut server.api(), &mut console).await.unwrap_err();
            let said = "there are no such access tokens; nothing was deleted";
            assert_eq!((error.to_string().as_str(), error.exit_code()), (said, 1));
        }
    }

    #[tokio::test]
    async fn expired_ones_of_all_users_go_until_none_is_left() {
        let some = json!([token(&json!({})), token(&json!({ "username": "bob" }))]).to_string();
        let server = Server::with_json(&[(200, &some), (200, &some), (200, "[]"), (200, "[]")]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let everybody =
            || CleanArguments { user: None, all_users: true, used_before: None, expired: true, ..clean_up(false) };
        run(&everybody(), &mut api, &mut console).await.unwrap();
        assert_eq!(written.note(), "deleted 4 access tokens\n");
        let error = run(&everybody(), &mut api, &mut console).await.unwrap_err();
        assert_eq!((error.exit_code(), error.to_string().contains("nothing was deleted")), (1, true), "{error}");
        let query = "?everybody=true&usedbefore=9999-12-31T23%3A59%3A59.999Z&generatedby=all&state=expired ";
        let sent = server.requests();
        assert!(sent.iter().all(|it| it.starts_with(&format!("DELETE /api/v0/api_tokens{query}"))), "{sent:?}");
    }

    #[tokio::test]
    async fn what_would_go_is_counted_before_it_goes() {
        let list = json!([token(&json!({}))]).to_string();
        let server = Server::with_json(&[(200, &list)]);
        let (mut console, _) = console(b"");
        let asked = CleanArguments { unasked: Unasked::default(), ..clean_up(false) };
        let error = run(&asked, &mut server.api(), &mut console).await.unwrap_err();
        let said = "1 access token is deleted for good, with all that it made. Standard input is not a terminal";
        assert!(error.to_string().starts_with(said) && error.exit_code() == 2, "{error}");
        assert!(server.requests()[0].starts_with("GET "));
    }
}
