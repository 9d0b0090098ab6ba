//! How users are shown.

use serde_json::Value;

use crate::api::{Account, AccountInner};
use crate::cli::screen::{CliError, Fit, Report, Table, View, shown};
use crate::cli::wire::{ApiAnswer, List};
use crate::domain::text::shell_word;

const COLUMNS: &[(&str, Fit)] = &[
    ("NAME", Fit::Shrinks(12)),
    ("FULL NAME", Fit::Shrinks(9)),
    ("KIND", Fit::Whole),
    ("STATE", Fit::Whole),
    ("CREATED (UTC)", Fit::Whole),
];

/// A list of users.
pub(in crate::cli) fn many(list: List<Account>) -> Result<Report, CliError> {
    let accounts = list.read()?;
    let rows = accounts.iter().map(row).collect();
    let nothing = "There are no users. Create one: dockpass user create NAME";
    Ok(Report { answer: list.answer, view: View::Many(Table { columns: COLUMNS, rows }, nothing) })
}

fn row(account: &Account) -> Vec<String> {
    let inner = account.inner.as_ref();
    vec![
        account.name.clone(),
        shown::or_dash(&account.full_name),
        kind(account).to_owned(),
        inner.map_or_else(|| "-".to_owned(), state),
        inner.map_or_else(|| "-".to_owned(), |inner| shown::time(&inner.created_at)),
    ]
}

/// One user, and more about it.
pub(in crate::cli) fn one(answer: ApiAnswer<Account>, more: Vec<(&'static str, String)>) -> Result<Report, CliError> {
    let account = answer.read()?;
    let mut pairs = vec![
        ("Name", account.name.clone()),
        ("Full name", shown::or_dash(&account.full_name)),
        ("ID", account.id.clone()),
        ("Kind", kind(&account).to_owned()),
    ];
    if let Some(inner) = &account.inner {
        pairs.extend([
            ("State", state(inner)),
            ("Password", password(inner).to_owned()),
            ("Created (UTC)", shown::time(&inner.created_at)),
        ]);
    }
    pairs.extend(more);
    Ok(Report { answer: answer.value, view: View::One(pairs) })
}

/// A user that was just made.
pub(in crate::cli) fn created(answer: Value, name: &str, is_service: bool) -> Report {
    let what = if is_service { "service account" } else { "user" };
    let next = format!("Next: dockpass token create --user {} --label LABEL", shell_word(name));
    Report::done_then(answer, format!("created the {what} {name}"), vec![next])
}

fn kind(account: &Account) -> &'static str {
    match &account.inner {
        Some(inner) if inner.is_admin && !inner.has_password => "administrator, service account",
        Some(inner) if inner.is_admin => "administrator",
        Some(inner) if !inner.has_password => "service account",
        Some(_) | None => "user",
    }
}

fn state(inner: &AccountInner) -> String {
    match (&inner.locked_until, inner.is_active) {
        (_, false) => "inactive".to_owned(),
        (Some(until), true) => format!("locked until {}", shown::time(until)),
        (None, true) => "active".to_owned(),
    }
}

fn password(inner: &AccountInner) -> &'static str {
    match (inner.has_password, inner.password_set_by_admin) {
        (true, _) if inner.password_is_imported => "imported with bcrypt, not hashed anew yet",
        (false, _) => "none: access tokens only",
        (true, true) => "set, not chosen by its user",
        (true, false) => "set",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(inner: &Value) -> Account {
        let mut whole = serde_json::json!({"name": "a", "id": "01A", "fullName": "", "isOrg": false});
        whole.as_object_mut().unwrap().extend(inner.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    fn inner(is_active: bool, is_admin: bool, has_password: bool, locked_until: Option<&str>) -> Value {
        serde_json::json!({
            "isActive": is_active, "isAdmin": is_admin, "isImported": false, "hasPassword": has_password,
            "passwordSetByAdmin": true, "lockedUntil": locked_until, "createdAt": "2026-11-21T20:42:00Z",
        })
    }

    #[test]
    fn kinds_and_states_are_words() {
        let locked = Some("2026-11-21T20:57:00Z");
        let told = |value| row(&account(&value))[2..].to_vec();
        assert_eq!(told(inner(true, true, true, None)), ["administrator", "active", "2026-11-21 20:42"]);
        assert_eq!(told(inner(true, false, true, locked))[1], "locked until 2026-11-21 20:57");
        assert_eq!(told(inner(false, false, false, locked))[..2], ["service account", "inactive"]);
        assert_eq!(told(inner(true, true, false, None))[..2], ["administrator, service account", "active"]);
        assert_eq!(told(serde_json::json!({})), ["user", "-", "-"]);
    }

    #[test]
    fn a_password_that_nobody_chose_yet_is_not_said_to_be_an_administrators() {
        let said = |has_password, set_by_admin| {
            let mut value = inner(true, true, has_password, None);
            value["passwordSetByAdmin"] = set_by_admin;
            password(&account(&value).inner.unwrap())
        };
        // Not "by an administrator": dockpass itself makes the very first password.
        assert_eq!(said(true, true.into()), "set, not chosen by its user");
        assert_eq!((said(true, false.into()), said(false, true.into())), ("set", "none: access tokens only"));
        let mut value = inner(true, true, true, None);
        value["passwordIsImported"] = true.into();
        assert_eq!(password(&account(&value).inner.unwrap()), "imported with bcrypt, not hashed anew yet");
    }
}
