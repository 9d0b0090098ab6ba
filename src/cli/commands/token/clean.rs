//! `dockpass token clean`: deletes the access tokens that have not been used for long.

use clap::{Args, ValueEnum};

use crate::api::operations::access_tokens as op;
use crate::api::{Counting, Paging};
use crate::cli::commands::token::{must_name_user, report, stakes};
use crate::cli::commands::values::{self, MomentArgument};
use crate::cli::screen::{CliError, Console, Final, Unasked, prompt, shown};
use crate::cli::wire::{Api, List};

/// Which access tokens go.
#[derive(Args)]
pub(in crate::cli) struct CleanArguments {
    /// The user they belong to; with --server, yourself if omitted
    #[arg(long, value_name = "NAME", value_parser = values::account)]
    user: Option<String>,
    /// Those last used before this moment: a length of time ago (90d), a date or a time; never used ones count by when they
    /// were made
    #[arg(long, value_name = "WHEN", value_parser = values::moment)]
    used_before: MomentArgument,
    /// How they came to be
    #[arg(long, value_enum, default_value_t = Origin::Manual)]
    generated_by: Origin,
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
    must_name_user(arguments.user.as_deref(), api)?;
    let which = op::Selection {
        username: arguments.user.clone(),
        used_before: Some(arguments.used_before.back(console.clock.now())),
        generated_by: Some(arguments.generated_by.making()),
        ..op::Selection::default()
    };
    let query = (which.clone(), Paging::default(), Counting::default());
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
        List::whole(api.call(op::CleanUpAccessTokens, [], &which).await?)?
    };
    let found = list.len();
    // All of them belong to one user.
    let report = report::many(list, console.clock.now(), &report::Shown { owners: false, nothing: "" })?;
    console.report(&report)?;
    match (arguments.dry_run, found) {
        (false, 0) => Err(CliError::Finding("there are no such access tokens; nothing was deleted".to_owned())),
        (false, _) => console.note(&format!("deleted {}\n", shown::counted(found, "access token"))),
        (true, _) => console.note(&format!("would delete {}\n", shown::counted(found, "access token"))),
    }
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
            used_before,
            generated_by: Origin::Manual,
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
    async fn what_would_go_is_counted_before_it_goes() {
        let list = json!([token(&json!({}))]).to_string();
        let server = Server::with_json(&[(200, &list)]);
        let (mut console, _) = console(b"");
        let asked = CleanArguments { unasked: Unasked::default(), ..clean_up(false) };
        let error = run(&asked, &mut server.api(), &mut console).await.unwrap_err();
        let said = "1 access token is deleted for good, with all that it made. Standard input is no terminal";
        assert!(error.to_string().starts_with(said) && error.exit_code() == 2, "{error}");
        assert!(server.requests()[0].starts_with("GET "));
    }
}
