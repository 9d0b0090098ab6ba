//! `dockpass user show`: a user, with its teams, what it was given and how many access tokens it has, as far as who asks may
//! know.

use super::report;
use crate::api::AccountAccess;
use crate::api::operations::grants::{ListAccessOfUser, WhichTarget};
use crate::api::operations::organizations as op;
use crate::cli::commands::{account, stakes};
use crate::cli::screen::{CliError, Console, shown};
use crate::cli::wire::Api;
use crate::domain::access::Reason;
use crate::domain::text::shell_word;

/// Most things of a kind that a line names; the rest is counted.
const MOST: usize = 10;

pub(super) async fn show(name: &str, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let answer = account::user(name, api).await?;
    let user = answer.read()?;
    let mut more = Vec::new();
    // Who does not see the inner part of an account is told nothing of all this.
    if user.inner.is_some() {
        let reach = account::if_told(api.call(ListAccessOfUser, [&user.name], &WhichTarget::default()).await)?;
        more.extend(teams(&user.name, api).await?.map(|teams| ("Teams", teams)));
        more.extend(reach.map(|reach| reach.read()).transpose()?.map(|reach| ("Grants", grants(&reach))));
        let tokens = account::if_told(stakes::tokens(&user.name, api).await)?.flatten();
        more.extend(tokens.map(|tokens| ("Access tokens", tokens.to_string())));
    }
    console.report(&report::one(answer, more)?)
}

/// The teams of a user; none where the caller may not know.
async fn teams(user: &str, api: &mut Api) -> Result<Option<String>, CliError> {
    let organizations = api.list(op::ListOrganizationsOfUser, [user], &Default::default(), MOST + 1).await;
    let Some(organizations) = account::if_told(organizations)? else { return Ok(None) };
    let (mut teams, organizations) = (Vec::new(), organizations.read()?);
    for organization in organizations.iter().take(MOST) {
        let organization = &organization.org.name;
        let found = account::if_told(api.call(op::ListTeamsOfMember, [organization, user], &()).await)?;
        let found = found.map(|found| found.read()).transpose()?.map(|found| found.member_teams).unwrap_or_default();
        teams.extend(found.iter().map(|entry| format!("{organization}/{}", entry.team.name)));
    }
    let more = if organizations.len() > MOST {
        format!(": dockpass org list --user {}", shell_word(user))
    } else {
        String::new()
    };
    Ok(Some(named(&teams, organizations.len() > MOST, &more)))
}

/// What was granted to the user itself.
fn grants(reach: &AccountAccess) -> String {
    let is_grant = |reason| matches!(reason, Reason::RepositoryGrant | Reason::NamespaceGrant);
    let own = reach.access.iter().filter(|entry| entry.team.is_none() && is_grant(entry.reason));
    let own: Vec<String> = own.map(|entry| format!("{} {}", entry.on, entry.access_level)).collect();
    named(&own, false, &format!(": dockpass grant list --user {}", shell_word(&reach.user.name)))
}

/// Some of these by name, and how many more there are; `way` shows them all.
fn named(all: &[String], is_open: bool, way: &str) -> String {
    let mut parts: Vec<String> = all.iter().take(MOST).map(|one| shown::plain(one)).collect();
    let more = all.len().saturating_sub(MOST);
    if more > 0 {
        parts.push(format!("and {more} more{way}"));
    } else if is_open {
        parts.push(format!("and perhaps more{way}"));
    }
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    #[tokio::test]
    async fn a_user_has_its_teams_grants_and_the_number_of_its_access_tokens() {
        let bob = r#"{"name":"bob","id":"01B","fullName":"","isOrg":false,"isActive":true,"isAdmin":false,
            "isImported":false,"hasPassword":false,"passwordSetByAdmin":false,"lockedUntil":null,
            "createdAt":"2026-11-21T20:42:00Z"}"#;
        let reach = r#"{"user":{"name":"bob","id":"01B","isActive":true},"isAdministrator":false,"access":[
            {"on":"acme/*","accessLevel":"read-write","reason":"teamNamespaceGrant","team":"dev"},
            {"on":"alice/app","accessLevel":"read-only","reason":"repositoryGrant","team":null},
            {"on":"bob/*","accessLevel":"admin","reason":"owner","team":null}]}"#;
        let acme = r#"{"name":"acme","id":"01A","fullName":"","isOrg":true}"#;
        let organizations =
            format!(r#"{{"memberOrgs":[{{"org":{acme},"isAdmin":false}}],"nextPageStart":"","resourceCount":1}}"#);
        let teams = r#"{"memberTeams":[{"team":{"id":"01C","orgID":"01A","name":"dev","description":"","membersCount":1}}],
            "nextPageStart":""}"#;
        let count = "HTTP/1.1 200 X\r\nx-resource-count: 3\r\ncontent-length: 2\r\n\r\n[]";
        let whole = |body: &str| format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let answers = [whole(bob), whole(reach), whole(&organizations), whole(teams), count.to_owned()];
        let server = Server::start(&answers.each_ref().map(String::as_str));
        let (mut console, written) = console(b"");
        show("bob", &mut server.api(), &mut console).await.unwrap();
        let said = written.out();
        for line in ["Teams          acme/dev\n", "Grants         alice/app read-only\n", "Access tokens  3\n"] {
            assert!(said.contains(line), "{said}");
        }
    }

    #[test]
    fn of_very_many_some_are_named_and_the_others_counted() {
        let all: Vec<String> = (0..12).map(|number| format!("a/{number}")).collect();
        assert!(named(&all, false, ": x").ends_with("a/9, and 2 more: x"));
        assert_eq!((named(&[], false, ""), named(&all[..2], false, "")), ("-".to_owned(), "a/0, a/1".to_owned()));
    }
}
