//! How access tokens are shown.

use crate::api::ApiToken;
use crate::cli::screen::{CliError, Fit, Report, Table, View, shown, table as screen};
use crate::cli::wire::{ApiAnswer, List};
use crate::domain::secret::TokenHash;
use crate::domain::time::Timestamp;
use crate::domain::token::{GeneratedBy, TokenState};

/// Digits of an id that a terminal shows: enough to name one access token of those that people make by hand.
const ID_SHOWN: usize = 12;

/// Columns of a list of everybody's: a narrow terminal shows whose each is rather than what it may do.
const COLUMNS: &[(&str, Fit)] = &[
    ("LABEL", Fit::Shrinks(12)),
    ("OWNER", Fit::Shrinks(6)),
    ("STATE", Fit::Whole),
    ("ACCESS", Fit::Optional(10)),
    ("LAST USED (UTC)", Fit::Whole),
    ("ID", Fit::First(ID_SHOWN)),
];
/// Columns of a list of one user's, whose name is known.
const COLUMNS_OF_ONE: &[(&str, Fit)] = &[
    ("LABEL", Fit::Shrinks(13)),
    ("STATE", Fit::Whole),
    ("ACCESS", Fit::Shrinks(10)),
    ("LAST USED (UTC)", Fit::Whole),
    ("ID", Fit::First(ID_SHOWN)),
];

/// How a list is shown.
pub(in crate::cli) struct Shown {
    /// Whether each says whose it is.
    pub(in crate::cli) owners: bool,
    /// The sentence for an empty one; may be empty.
    pub(in crate::cli) nothing: &'static str,
}

/// A list of access tokens.
pub(in crate::cli) fn many(list: List<ApiToken>, now: Timestamp, how: &Shown) -> Result<Report, CliError> {
    let tokens = list.read()?;
    let table = table(&tokens, now, how);
    let told: Vec<String> = tokens.iter().flat_map(|token| [in_overlap(token), revoked(token)]).flatten().collect();
    let view = if told.is_empty() { View::Many(table, how.nothing) } else { View::ManyWith(table, told) };
    Ok(Report { answer: list.answer, view })
}

/// The table of access tokens.
pub(in crate::cli) fn table(tokens: &[ApiToken], now: Timestamp, how: &Shown) -> Table {
    let rows = tokens.iter().map(|token| row(token, now, how.owners)).collect();
    Table { columns: if how.owners { COLUMNS } else { COLUMNS_OF_ONE }, rows }
}

fn row(token: &ApiToken, now: Timestamp, with_owner: bool) -> Vec<String> {
    let owner = with_owner.then(|| owner(token));
    let rest = [state(token, now), access(token), shown::time(&token.last_used), token.id.clone()];
    std::iter::once(token.token_label.clone()).chain(owner).chain(rest).collect()
}

/// The access token that was found by this hash, which another secret of it may have.
pub(in crate::cli) fn one(answer: ApiAnswer<ApiToken>, hash: &str, now: Timestamp) -> Result<Report, CliError> {
    let token = answer.read()?;
    let mut pairs = facts(&token, now);
    if token.hashed_token != hash {
        pairs.push(("This hash", format!("of {}", secret_of(&token, hash))));
    }
    Ok(Report { answer: answer.value, view: View::One(pairs) })
}

/// The access token that the secret of this hash belongs to.
pub(in crate::cli) fn of_secret(
    answer: ApiAnswer<ApiToken>,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Report, CliError> {
    let token = answer.read()?;
    let mut pairs = facts(&token, now);
    pairs.push(("This secret", secret_of(&token, &hash.to_string()).to_owned()));
    Ok(Report { answer: answer.value, view: View::One(pairs) })
}

/// Which of its secrets has this hash.
fn secret_of(token: &ApiToken, hash: &str) -> &'static str {
    if token.hashed_token == hash {
        "the present one"
    } else if token.previous_hashed_token.as_deref() == Some(hash) {
        "the old one, which a rotation replaced"
    } else {
        "an old one, which has ended and signs in no longer"
    }
}

fn facts(token: &ApiToken, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut pairs = vec![
        ("Label", token.token_label.clone()),
        ("Owner", owner(token)),
        ("State", format!("{}: {}", state(token, now), token.state_reason)),
        ("Access", access(token)),
        ("Expires (UTC)", shown::time_or(token.expires_at.as_deref(), "never")),
        ("Last used (UTC)", used(&token.last_used, token.last_used_ip.as_deref())),
        ("Created (UTC)", format!("{} by {}", shown::time(&token.created_at), shown::or_dash(&token.creator_ua))),
        ("Secret by", token.secret_by.clone().unwrap_or_else(|| "-".to_owned())),
        ("Made with", token.parent.clone().unwrap_or_else(|| "-".to_owned())),
        ("Kind", kind(token).to_owned()),
        ("ID", token.id.clone()),
        ("Hash", token.hashed_token.clone()),
    ];
    if let Some(old) = old_secret(token) {
        pairs.push(("New secret", format!("last used {}", shown::time(&token.current_last_used))));
        pairs.push(("Old secret", old));
        pairs.push(("Old hash", token.previous_hashed_token.clone().unwrap_or_default()));
    }
    pairs
}

fn used(at: &str, address: Option<&str>) -> String {
    let from = address.map(|address| format!(" from {address}")).unwrap_or_default();
    format!("{}{from}", shown::time(at))
}

/// Until when the replaced secret of an access token works, and when it was last used; none if it has none.
fn old_secret(token: &ApiToken) -> Option<String> {
    let until = shown::time(token.previous_until.as_deref()?);
    let until = if token.previous_until_used {
        format!("until the new one is used, at the latest until {until} UTC")
    } else {
        format!("until {until} UTC")
    };
    let last = token.previous_last_used.as_deref().unwrap_or_default();
    Some(format!("works {until}; last used {}", used(last, token.previous_last_used_ip.as_deref())))
}

/// A line on an access token with two secrets.
fn in_overlap(token: &ApiToken) -> Option<String> {
    old_secret(token).map(|old| format!("{}: the old secret {old}", shown::plain(&token.token_label)))
}

/// A line on an access token that whoever held it has ended: its owner is to know that somebody had it.
fn revoked(token: &ApiToken) -> Option<String> {
    let label = shown::plain(&token.token_label);
    let ended = used(token.revoked_at.as_deref()?, token.revoked_from.as_deref());
    Some(format!("{label}: whoever held it ended it for good on {ended}; delete it once you have dealt with that"))
}

/// The limits of a new access token, for its maker to check: what it may do, and until when.
pub(in crate::cli) fn limits(token: &ApiToken) -> String {
    let expires = token.expires_at.as_deref().map(|end| format!("{} UTC", shown::time(end)));
    let expires = expires.unwrap_or_else(|| "never".to_owned());
    format!("\n{}", screen::fields(&[("Access", access(token)), ("Expires", expires), ("ID", token.id.clone())]))
}

/// The name that signs in with it: of its owner, or of the robot that it is.
pub(in crate::cli) fn owner(token: &ApiToken) -> String {
    match &token.robot {
        Some(robot) => format!("{}/{robot}", token.username),
        None => token.username.clone(),
    }
}

/// The label and owner of an access token, or the name of a robot, for the line that says what was done.
pub(in crate::cli) fn named(token: &ApiToken) -> String {
    if token.robot.is_some() {
        return format!("the robot {}", shown::plain(&owner(token)));
    }
    format!("the access token `{}` of {}", shown::plain(&token.token_label), shown::plain(&token.username))
}

/// The same with the id, for one that is gone: nobody can look it up any more.
pub(in crate::cli) fn named_with_id(token: &ApiToken) -> String {
    format!("{} (id {})", named(token), shown::plain(&token.id))
}

fn state(token: &ApiToken, now: Timestamp) -> String {
    match (token.state, &token.expires_at) {
        (TokenState::Active, Some(end)) => shown::until(end, now),
        (TokenState::AccountInactive, _) => "account inactive".to_owned(),
        (state, _) => state.to_string(),
    }
}

/// What an access token may do at most, and where.
pub(in crate::cli) fn access(token: &ApiToken) -> String {
    let repositories = if token.repositories.is_empty() { "all".to_owned() } else { token.repositories.join(" ") };
    format!("{}, {repositories}", token.access_level)
}

fn kind(token: &ApiToken) -> &'static str {
    match token.generated_by {
        _ if token.temporary_password => "temporary password",
        _ if token.robot.is_some() => "robot",
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
        let plain = token(&json!({}));
        assert_eq!(row(&plain, now, true), ["laptop", "alice", "active", "admin, all", "never", "01A"]);
        assert_eq!(row(&plain, now, false), ["laptop", "active", "admin, all", "never", "01A"]);
        let other = json!({"expiresAt": "2026-11-26T20:42:00Z", "accessLevel": "read-only", "repositories": ["a/b", "a/*"],
            "lastUsed": "2026-11-20T10:00:00Z"});
        assert_eq!(
            row(&token(&other), now, true)[2..5],
            ["expires in 5 days", "read-only, a/b a/*", "2026-11-20 10:00"]
        );
    }

    #[test]
    fn a_list_fits_eighty_columns() {
        let now = Timestamp::parse("2026-11-21T20:42:00Z").unwrap();
        let long = json!({"tokenLabel": "a long label".repeat(9), "expiresAt": "2027-03-21T20:42:00Z", "username": "long-name",
            "repositories": ["a/b", "c/d"], "lastUsed": "2026-11-20T10:00:00Z"});
        let table = Table { columns: COLUMNS, rows: vec![row(&token(&long), now, true)] };
        let shown = table.render(Some(80));
        assert!(shown.lines().all(|line| line.chars().count() <= 82), "{shown}");
        assert!(shown.contains("expires in 4 months"), "{shown}");
    }

    #[test]
    fn the_secret_of_a_hash_is_told() {
        let one = token(&json!({ "hashedToken": "ab", "previousHashedToken": "cd" }));
        assert_eq!(
            ["ab", "cd", "ef"].map(|hash| secret_of(&one, hash)),
            [
                "the present one",
                "the old one, which a rotation replaced",
                "an old one, which has ended and signs in no longer",
            ]
        );
    }

    #[test]
    fn two_secrets_are_told_apart() {
        let now = Timestamp::parse("2026-11-21T20:42:00Z").unwrap();
        let overlap = |until_used: bool, last: &str, ip: Option<&str>| {
            token(&json!({"previousHashedToken": "ab", "previousUntil": "2026-11-21T21:42:00Z",
                "previousUntilUsed": until_used, "previousLastUsed": last, "previousLastUsedIp": ip}))
        };
        let used = overlap(false, "2026-11-20T10:00:00Z", Some("192.0.2.7"));
        let said = "laptop: the old secret works until 2026-11-21 21:42 UTC; last used 2026-11-20 10:00 from 192.0.2.7";
        assert_eq!(in_overlap(&used).as_deref(), Some(said));
        let never = overlap(true, "0001-01-01T00:00:00Z", None);
        let said = "laptop: the old secret works until the new one is used, at the latest until 2026-11-21 21:42 UTC; last \
                    used never";
        assert_eq!(in_overlap(&never).as_deref(), Some(said));
        assert_eq!(in_overlap(&token(&json!({}))), None);
        let shown = facts(&used, now).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(shown.ends_with(&["Hash", "New secret", "Old secret", "Old hash"]), "{shown:?}");
    }

    #[test]
    fn one_that_was_revoked_is_told_until_it_is_deleted() {
        let revoked_at = |from: Option<&str>| {
            token(
                &json!({"state": "revoked", "isActive": false, "revokedAt": "2026-11-20T10:00:00Z", "revokedFrom": from}),
            )
        };
        let said = "laptop: whoever held it ended it for good on 2026-11-20 10:00 from 192.0.2.7; delete it once you have dealt \
                    with that";
        assert_eq!(revoked(&revoked_at(Some("192.0.2.7"))).as_deref(), Some(said));
        let local = revoked(&revoked_at(None)).unwrap();
        assert!(local.contains(" on 2026-11-20 10:00; delete"), "{local}");
        assert_eq!(revoked(&token(&json!({}))), None);
        let now = Timestamp::parse("2026-11-21T20:42:00Z").unwrap();
        assert_eq!(row(&revoked_at(None), now, false)[1], "revoked");
    }
}
