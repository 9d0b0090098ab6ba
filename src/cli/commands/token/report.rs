//! How access tokens are shown.

use crate::api::ApiToken;
use crate::cli::screen::{CliError, Fit, Report, Table, View, shown, table};
use crate::cli::wire::{ApiAnswer, List};
use crate::domain::time::Timestamp;
use crate::domain::token::{GeneratedBy, TokenState};

/// Digits of a hash that a terminal shows: enough to name one access token of a million.
const HASH_SHOWN: usize = 12;

const COLUMNS: &[(&str, Fit)] = &[
    ("LABEL", Fit::Shrinks(8)),
    ("OWNER", Fit::Shrinks(6)),
    ("STATE", Fit::Whole),
    ("ACCESS", Fit::Shrinks(10)),
    ("LAST USED (UTC)", Fit::Whole),
    ("TOKEN", Fit::First(HASH_SHOWN)),
];

/// A list of access tokens.
pub(in crate::cli) fn many(list: List<ApiToken>, now: Timestamp, nothing: &'static str) -> Result<Report, CliError> {
    let tokens = list.read()?;
    let rows = tokens.iter().map(|token| row(token, now)).collect();
    Ok(Report { answer: list.answer, view: View::Many(Table { columns: COLUMNS, rows }, nothing) })
}

fn row(token: &ApiToken, now: Timestamp) -> Vec<String> {
    vec![
        token.token_label.clone(),
        token.username.clone(),
        state(token, now),
        access(token),
        shown::time(&token.last_used),
        token.hashed_token.clone(),
    ]
}

/// One access token.
pub(in crate::cli) fn one(answer: ApiAnswer<ApiToken>, now: Timestamp) -> Result<Report, CliError> {
    let token = answer.read()?;
    let from = token.last_used_ip.as_ref().map(|address| format!(" from {address}")).unwrap_or_default();
    let pairs = vec![
        ("Label", token.token_label.clone()),
        ("Owner", token.username.clone()),
        ("State", format!("{}: {}", state(&token, now), token.state_reason)),
        ("Access", access(&token)),
        ("Expires (UTC)", shown::time_or(token.expires_at.as_deref(), "never")),
        ("Last used (UTC)", format!("{}{from}", shown::time(&token.last_used))),
        ("Created (UTC)", format!("{} by {}", shown::time(&token.created_at), shown::or_dash(&token.creator_ua))),
        ("Made with", token.parent.clone().unwrap_or_else(|| "-".to_owned())),
        ("Kind", kind(&token).to_owned()),
        ("ID", token.id.clone()),
        ("Hash", token.hashed_token.clone()),
    ];
    Ok(Report { answer: answer.value, view: View::One(pairs) })
}

/// The limits of a new access token, for its maker to check: what it may do, and until when.
pub(in crate::cli) fn limits(token: &ApiToken) -> String {
    let expires = token.expires_at.as_deref().map(|end| format!("{} UTC", shown::time(end)));
    let expires = expires.unwrap_or_else(|| "never".to_owned());
    format!("\n{}", table::fields(&[("Access", access(token)), ("Expires", expires), ("ID", token.id.clone())]))
}

/// The label and owner of an access token, for the line that says what was done.
pub(in crate::cli) fn named(token: &ApiToken) -> String {
    format!("the access token `{}` of {}", shown::plain(&token.token_label), shown::plain(&token.username))
}

fn state(token: &ApiToken, now: Timestamp) -> String {
    match (token.state, &token.expires_at) {
        (TokenState::Active, Some(end)) => shown::until(end, now),
        (TokenState::AccountInactive, _) => "account inactive".to_owned(),
        (state, _) => state.to_string(),
    }
}

fn access(token: &ApiToken) -> String {
    let repositories = if token.repositories.is_empty() { "all".to_owned() } else { token.repositories.join(" ") };
    format!("{}, {repositories}", token.access_level)
}

fn kind(token: &ApiToken) -> &'static str {
    match token.generated_by {
        _ if token.temporary_password => "temporary password",
        GeneratedBy::Manual => "made by hand",
        GeneratedBy::Auto => "made automatically",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing;
    use serde_json::json;

    fn token(change: &serde_json::Value) -> ApiToken {
        serde_json::from_value(testing::token(change)).unwrap()
    }

    #[test]
    fn a_row_tells_state_access_and_use() {
        let now = Timestamp::parse("2026-11-21T20:42:00Z").unwrap();
        assert_eq!(
            row(&token(&json!({})), now),
            ["laptop", "alice", "active", "admin, all", "never", "0123456789abcdef"]
        );
        let other = json!({"expiresAt": "2026-11-26T20:42:00Z", "accessLevel": "read-only", "repositories": ["a/b", "a/*"],
            "lastUsed": "2026-11-20T10:00:00Z"});
        assert_eq!(row(&token(&other), now)[2..5], ["expires in 5 days", "read-only, a/b a/*", "2026-11-20 10:00"]);
    }

    #[test]
    fn a_list_fits_eighty_columns() {
        let now = Timestamp::parse("2026-11-21T20:42:00Z").unwrap();
        let long = json!({"tokenLabel": "a long label".repeat(9), "expiresAt": "2027-03-21T20:42:00Z", "username": "long-name",
            "repositories": ["a/b", "c/d"], "lastUsed": "2026-11-20T10:00:00Z"});
        let table = Table { columns: COLUMNS, rows: vec![row(&token(&long), now)] };
        let shown = table.render(Some(80));
        assert!(shown.lines().all(|line| line.chars().count() <= 82), "{shown}");
        assert!(shown.contains("expires in 120 days"), "{shown}");
    }
}
