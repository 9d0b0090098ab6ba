//! How organizations and their members are shown.

use crate::api::{Account, Member, MemberOrg};
use crate::cli::screen::{CliError, Fit, Report, Table, View, shown};
use crate::cli::wire::{ApiAnswer, List};

const COLUMNS: &[(&str, Fit)] = &[
    ("NAME", Fit::Shrinks(12)),
    ("FULL NAME", Fit::Shrinks(9)),
    ("MEMBERS", Fit::Whole),
    ("TEAMS", Fit::Whole),
    ("CREATED (UTC)", Fit::Whole),
];

const MEMBER_COLUMNS: &[(&str, Fit)] =
    &[("NAME", Fit::Shrinks(12)), ("FULL NAME", Fit::Shrinks(9)), ("ROLE", Fit::Whole)];

/// A list of organizations.
pub(in crate::cli) fn many(list: List<Account>) -> Result<Report, CliError> {
    let accounts = list.read()?;
    let rows = accounts.iter().map(row).collect();
    let nothing = "There are no organizations. Create one: dockpass org create NAME";
    Ok(Report { answer: list.answer, view: View::Many(Table { columns: COLUMNS, rows }, nothing) })
}

fn row(account: &Account) -> Vec<String> {
    vec![
        account.name.clone(),
        shown::or_dash(&account.full_name),
        count(account.members_count),
        count(account.teams_count),
        created(account),
    ]
}

/// One organization, with the number of its robots, where that is told.
pub(in crate::cli) fn one(answer: ApiAnswer<Account>, robots: Option<u64>) -> Result<Report, CliError> {
    let account = answer.read()?;
    let mut pairs = vec![
        ("Name", account.name.clone()),
        ("Full name", shown::or_dash(&account.full_name)),
        ("ID", account.id.clone()),
        ("Members", count(account.members_count)),
        ("Teams", count(account.teams_count)),
    ];
    pairs.extend(robots.map(|robots| ("Robots", robots.to_string())));
    pairs.push(("Created (UTC)", created(&account)));
    Ok(Report { answer: answer.value, view: View::One(pairs) })
}

/// The members of an organization or of one of its teams; `nothing` is the sentence if there are none.
pub(in crate::cli) fn members(list: List<Member>, nothing: &'static str) -> Result<Report, CliError> {
    let members = list.read()?;
    let rows = members.iter().map(|entry| with_role(&entry.member, entry.is_active, entry.is_admin)).collect();
    Ok(Report { answer: list.answer, view: View::Many(Table { columns: MEMBER_COLUMNS, rows }, nothing) })
}

/// The organizations that a user belongs to.
pub(in crate::cli) fn of_user(list: List<MemberOrg>) -> Result<Report, CliError> {
    let memberships = list.read()?;
    let rows = memberships.iter().map(|entry| with_role(&entry.org, None, entry.is_admin)).collect();
    let nothing = "This user belongs to no organization. Add it to one: dockpass org add NAME USER";
    Ok(Report { answer: list.answer, view: View::Many(Table { columns: MEMBER_COLUMNS, rows }, nothing) })
}

fn with_role(account: &Account, is_active: Option<bool>, is_admin: bool) -> Vec<String> {
    let role = if is_admin { "organization administrator" } else { "member" };
    let name = shown::marked(&account.name, is_active.unwrap_or(true));
    vec![name, shown::or_dash(&account.full_name), role.to_owned()]
}

/// A number, or a dash for callers who may not see it.
fn count(count: Option<usize>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| count.to_string())
}

fn created(account: &Account) -> String {
    account.inner.as_ref().map_or_else(|| "-".to_owned(), |inner| shown::time(&inner.created_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_does_not_see_is_a_dash() {
        let plain = r#"{"name":"acme","id":"01B","fullName":"","isOrg":true}"#;
        assert_eq!(row(&serde_json::from_str(plain).unwrap()), ["acme", "-", "-", "-", "-"]);
        let counted = r#"{"name":"acme","id":"01B","fullName":"Acme","isOrg":true,"membersCount":3,"teamsCount":0}"#;
        assert_eq!(row(&serde_json::from_str(counted).unwrap()), ["acme", "Acme", "3", "0", "-"]);
    }
}
