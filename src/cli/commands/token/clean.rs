//! `dockpass token clean`: deletes the access tokens that have not been used for long.

use clap::{Args, ValueEnum};

use crate::api::operations::access_tokens as op;
use crate::api::{Counting, Paging};
use crate::cli::commands::token::{must_name_user, report};
use crate::cli::commands::values::{self, MomentArgument};
use crate::cli::screen::{CliError, Console, shown};
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
    let list = if arguments.dry_run {
        let query = (which, Paging::default(), Counting::default());
        api.list(op::ListAccessTokens, [], &query, usize::MAX).await?
    } else {
        List::whole(api.call(op::CleanUpAccessTokens, [], &which).await?)?
    };
    let count = shown::counted(u32::try_from(list.len()).unwrap_or(u32::MAX), "access token");
    let report = report::many(list, console.clock.now(), &report::Shown { owners: true, nothing: "" })?;
    let done = if arguments.dry_run { "would delete" } else { "deleted" };
    console.report(&report)?;
    console.note(&format!("{done} {count}\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, console, token};

    fn clean_up(dry_run: bool) -> CleanArguments {
        let used_before = values::moment("2026-01-31T00:00:00Z").unwrap();
        CleanArguments { user: Some("alice".into()), used_before, generated_by: Origin::Manual, dry_run }
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
}
