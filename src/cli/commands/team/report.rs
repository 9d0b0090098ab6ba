//! How teams and the access granted to them are shown.

use crate::api::{Member, RepositoryLevel, Team};
use crate::cli::commands::values::InOrganization;
use crate::cli::screen::{CliError, Fit, Report, Table, View, shown};
use crate::cli::wire::{ApiAnswer, List};
use crate::domain::text::shell_word;

const COLUMNS: &[(&str, Fit)] =
    &[("NAME", Fit::Shrinks(12)), ("MEMBERS", Fit::Whole), ("DESCRIPTION", Fit::Shrinks(11))];

const REPOSITORY_COLUMNS: &[(&str, Fit)] = &[("NAME", Fit::Shrinks(20)), ("ACCESS", Fit::Whole)];

/// The teams of an organization.
pub(in crate::cli) fn many(list: List<Team>, organization: &str) -> Result<Report, CliError> {
    let teams = list.read()?;
    let row = |team: &Team| {
        let name = format!("{organization}/{}", team.name);
        vec![name, team.members_count.to_string(), shown::or_dash(&team.description)]
    };
    let table = Table { columns: COLUMNS, rows: teams.iter().map(row).collect() };
    let nothing = "This organization has no teams. Create one: dockpass team create ORG/TEAM";
    Ok(Report { answer: list.answer, view: View::Many(table, nothing) })
}

/// Most members that the line of a team names; the rest is counted.
pub(in crate::cli) const MOST_MEMBERS: usize = 20;

/// One team with its first members; its organization is shown as it was typed.
pub(in crate::cli) fn one(
    answer: ApiAnswer<Team>,
    asked: &InOrganization,
    members: &[Member],
) -> Result<Report, CliError> {
    let team = answer.read()?;
    let mut named: Vec<String> = members.iter().map(|entry| entry.member.name.clone()).collect();
    let more = team.members_count.saturating_sub(members.len());
    named.extend(
        (more > 0).then(|| format!("and {more} more: dockpass team members {}", shell_word(&asked.to_string()))),
    );
    let named = if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
    let pairs = vec![
        ("Name", format!("{}/{}", asked.organization, team.name)),
        ("ID", team.id.clone()),
        ("Members", format!("{}{named}", team.members_count)),
        ("Description", shown::or_dash(&team.description)),
    ];
    Ok(Report { answer: answer.value, view: View::One(pairs) })
}

/// The repositories on which a team has a grant.
pub(in crate::cli) fn repositories(list: List<RepositoryLevel>) -> Result<Report, CliError> {
    let found = list.read()?;
    let row = |entry: &RepositoryLevel| {
        let name = format!("{}/{}", entry.repository.namespace, entry.repository.name);
        vec![name, entry.access_level.to_string()]
    };
    let table = Table { columns: REPOSITORY_COLUMNS, rows: found.iter().map(row).collect() };
    let nothing = "This team was given no single repository. What is given on all of them: dockpass grant list 'ORG/*'";
    Ok(Report { answer: list.answer, view: View::Many(table, nothing) })
}
