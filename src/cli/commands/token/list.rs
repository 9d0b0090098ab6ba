//! `dockpass token list`: which access tokens there are, and which want a hand.

use clap::Args;

use crate::api::operations::access_tokens as op;
use crate::api::{Counting, Paging};
use crate::cli::commands::token::report::{self, Shown};
use crate::cli::commands::values::{self, MomentArgument};
use crate::cli::screen::{CliError, Console};
use crate::cli::wire::Api;
use crate::domain::token::TokenState;
use crate::domain::token_order::TokenOrder;

/// Which access tokens.
#[derive(Args, Default)]
pub(in crate::cli) struct ListArguments {
    /// Only those of this user
    #[arg(long, value_name = "NAME", value_parser = values::account)]
    user: Option<String>,
    /// Those of all users, for administrators
    #[arg(long, conflicts_with = "user")]
    all_users: bool,
    /// Only those that are accepted and end within this time (14d), or before this date or time
    #[arg(long, value_name = "WHEN", value_parser = values::moment, conflicts_with = "expired")]
    expiring: Option<MomentArgument>,
    /// Only those that were not used for this time (90d), or since this date or time; never used ones count by when they were
    /// made
    #[arg(long, value_name = "WHEN", value_parser = values::moment)]
    unused: Option<MomentArgument>,
    /// Only those that have expired
    #[arg(long)]
    expired: bool,
}

/// Lists access tokens.
pub(in crate::cli) async fn run(
    arguments: ListArguments,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let now = console.clock.now();
    let is_whole = arguments.expiring.is_none() && arguments.unused.is_none() && !arguments.expired;
    let is_of_one = arguments.user.is_some();
    let which = op::Selection {
        username: arguments.user,
        everybody: arguments.all_users.then_some(true),
        state: arguments.expired.then_some(TokenState::Expired),
        expires_before: arguments.expiring.map(|moment| moment.ahead(now)),
        unused_since: arguments.unused.map(|moment| moment.back(now)),
        ..op::Selection::default()
    };
    // What wants a hand first comes first.
    let ranking = op::Ranking { sort: (!is_whole).then_some(TokenOrder::End), ..op::Ranking::default() };
    let query = (which, ranking, Paging::default(), Counting::default());
    let list = api.list(op::ListAccessTokens, [], &query, usize::MAX).await?;
    // Who signs in elsewhere has a list of its own access tokens, unless it is an administrator.
    let own = api.user();
    let owners = !is_of_one && !list.read()?.iter().all(|token| Some(token.username.as_str()) == own);
    let nothing = if is_whole {
        "There are no access tokens. Create one: dockpass token create --user NAME --label LABEL"
    } else {
        "There are no such access tokens."
    };
    console.report(&report::many(list, now, &Shown { owners, nothing })?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, console, token};

    #[tokio::test]
    async fn what_wants_a_hand_is_asked_for() {
        let none = "[]";
        let one = json!([token(&json!({ "previousUntil": "2026-11-28T20:42:00Z",
            "previousLastUsed": "0001-01-01T00:00:00Z" }))])
        .to_string();
        let server = Server::with_json(&[(200, none), (200, &one)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let (expiring, unused) = (values::moment("14d").ok(), values::moment("90d").ok());
        let filtered = ListArguments { expiring, unused, ..ListArguments::default() };
        run(filtered, &mut api, &mut console).await.unwrap();
        let expired = ListArguments { user: Some("alice".into()), expired: true, ..ListArguments::default() };
        run(expired, &mut api, &mut console).await.unwrap();
        let sent = server.requests();
        let query =
            "?expiresbefore=2026-12-05T20%3A42%3A00Z&unusedsince=2026-08-23T20%3A42%3A00Z&sort=end&pageSize=500 ";
        assert!(sent[0].starts_with(&format!("GET /api/v0/api_tokens{query}")), "{}", sent[0]);
        assert!(
            sent[1].starts_with("GET /api/v0/api_tokens?username=alice&state=expired&sort=end&pageSize=500 "),
            "{}",
            sent[1]
        );
        let expected =
            "LABEL   STATE   ACCESS      LAST USED (UTC)  ID\nlaptop  active  admin, all  never            01A\n";
        assert_eq!(written.out(), expected);
        let note = "There are no such access tokens.\n\
                    laptop: the old secret works until 2026-11-28 20:42 UTC; last used never\n";
        assert_eq!(written.note(), note);
    }
}
