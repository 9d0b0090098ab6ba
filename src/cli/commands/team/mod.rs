//! `dockpass team`: teams of organizations, who is in them, and what they were given.

mod report;

use clap::{Args, Subcommand};

use crate::api::operations::answers::ListAccessOfTeam;
use crate::api::operations::grants::{ListRepositoriesOfTeam, ViewNamespaceTeamAccess};
use crate::api::operations::organizations as op;
use crate::api::{CreateTeam, Paging, PutMember, UpdateTeam};
use crate::cli::commands::org::report as org_report;
use crate::cli::commands::values::{self, InOrganization};
use crate::cli::commands::{account, left, reach, several, stakes};
use crate::cli::screen::{CliError, Console, Final, Report, Unasked, prompt};
use crate::cli::wire::Api;
use crate::domain::text::shell_word;

/// What can be done with teams.
#[derive(Subcommand)]
pub(in crate::cli) enum TeamCommand {
    /// Create teams
    #[command(
        after_help = "Example:\n  dockpass team create acme/dev --description 'Who builds it'\n  dockpass team create \
                      acme/dev acme/ops"
    )]
    Create {
        /// The organization, and the new team's name
        #[arg(value_name = "ORG/TEAM", required = true, value_parser = values::new_team)]
        teams: Vec<InOrganization>,
        /// What the team is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// List the teams of an organization
    #[command(after_help = "Example:\n  dockpass team list acme")]
    List {
        /// The organization, by name or id
        #[arg(value_name = "ORG", value_parser = values::account)]
        organization: String,
    },
    /// Show a team
    #[command(after_help = "Example:\n  dockpass team show acme/dev")]
    Show(One),
    /// List every repository a team has access to, with the level and the reason
    #[command(after_help = "Example:\n  dockpass team access acme/dev")]
    Access(One),
    /// Change a team
    #[command(after_help = "Example:\n  dockpass team set acme/dev --description 'Who builds it'")]
    Set {
        #[command(flatten)]
        one: One,
        /// What the team is for
        #[arg(long, value_name = "TEXT")]
        description: String,
    },
    /// Delete teams and their access
    #[command(after_help = "Example:\n  dockpass team delete acme/dev acme/ops")]
    Delete {
        /// The organization and the team, by name or id
        #[arg(value_name = "ORG/TEAM", required = true, value_parser = values::team)]
        teams: Vec<InOrganization>,
        #[command(flatten)]
        unasked: Unasked,
    },
    /// List the members of a team
    #[command(after_help = "Example:\n  dockpass team members acme/dev")]
    Members(One),
    /// Add users to a team, and thereby to the organization
    #[command(after_help = "Example:\n  dockpass team add acme/dev alice bob")]
    Add(MemberArguments),
    /// Remove users from a team, and list the access they keep; they remain in the organization
    #[command(after_help = "Example:\n  dockpass team remove acme/dev alice")]
    Remove(MemberArguments),
    /// List the repositories granted to a team one by one, not through the namespace
    #[command(after_help = "Example:\n  dockpass team repositories acme/dev")]
    Repositories(One),
}

/// One team.
#[derive(Args)]
pub(in crate::cli) struct One {
    /// The organization and the team, by name or id
    #[arg(value_name = "ORG/TEAM", value_parser = values::team)]
    team: InOrganization,
}

/// Who belongs to which team.
#[derive(Args)]
pub(in crate::cli) struct MemberArguments {
    #[command(flatten)]
    one: One,
    /// Users, by name or id
    #[arg(value_name = "USER", required = true, value_parser = values::account)]
    users: Vec<String>,
}

pub(in crate::cli) async fn run(command: TeamCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        TeamCommand::Create { teams, description } => create(&teams, description.as_deref(), api, console).await,
        TeamCommand::List { organization } => {
            let list = api.list(op::ListTeams, [&organization], &Default::default(), usize::MAX).await?;
            console.report(&report::many(list, &organization)?)
        }
        TeamCommand::Show(One { team }) => {
            let answer = api.call(op::ViewTeam, team.parts(), &()).await?;
            let members =
                api.list(op::ListTeamMembers, team.parts(), &Default::default(), report::MOST_MEMBERS).await?;
            console.report(&report::one(answer, &team, &members.read()?)?)
        }
        TeamCommand::Access(One { team }) => {
            let list = api.list(ListAccessOfTeam, team.parts(), &Paging::default(), usize::MAX).await?;
            let way =
                format!("dockpass grant set NAMESPACE/NAME --team {} --access LEVEL", shell_word(&team.to_string()));
            let nothing = format!("This team was given nothing. Give it access: {way}");
            console.report(&reach::reached(list, nothing)?)
        }
        TeamCommand::Set { one: One { team }, description } => {
            let before = api.call(op::ViewTeam, team.parts(), &()).await?.read()?;
            let line = if before.description == description {
                format!("{team} is described so already; nothing was changed")
            } else {
                format!("changed the team {team}")
            };
            let body = UpdateTeam { description: Some(description), ..UpdateTeam::default() };
            let answer = api.send(op::UpdateTeam, team.parts(), &(), &body).await?;
            console.report(&Report::done(answer.value, line))
        }
        TeamCommand::Delete { teams, unasked } => delete(&teams, unasked, api, console).await,
        TeamCommand::Members(One { team }) => {
            let list = api.list(op::ListTeamMembers, team.parts(), &Default::default(), usize::MAX).await?;
            let nothing = "This team has no members. Add one: dockpass team add ORG/TEAM USER";
            console.report(&org_report::members(list, nothing)?)
        }
        TeamCommand::Add(MemberArguments { one: One { team }, users }) => add(&team, &users, api, console).await,
        TeamCommand::Remove(MemberArguments { one: One { team }, users }) => remove(&team, &users, api, console).await,
        TeamCommand::Repositories(One { team }) => {
            let list = api.list(ListRepositoriesOfTeam, team.parts(), &Paging::default(), usize::MAX).await?;
            console.report(&report::repositories(list)?)
        }
    }
}

async fn create(
    teams: &[InOrganization],
    description: Option<&str>,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    several::each(teams, api, console, async |team, api, _| {
        let body = CreateTeam { name: team.name.clone(), description: description.map(str::to_owned) };
        let answer = api.send(op::CreateTeam, [&team.organization], &(), &body).await?;
        let next = vec![format!("Next: dockpass team add {} USER", shell_word(&team.to_string()))];
        Ok(Report::done_then(answer.value, format!("created the team {team}"), next))
    })
    .await
}

/// Looks the teams up first: the API's deletion is idempotent, but a missing name on the command line is misspelt.
async fn delete(
    teams: &[InOrganization],
    unasked: Unasked,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let mut stakes = Vec::new();
    for team in several::each_once(teams) {
        stakes.push(lost_with(team, api).await?);
    }
    prompt::confirm(Final::Delete, &stakes.join("\n"), unasked, console)?;
    several::each(teams, api, console, async |team, api, _| {
        let answer = api.call(op::DeleteTeam, team.parts(), &()).await?;
        Ok(Report::done(answer.value, format!("deleted the team {team} with its access")))
    })
    .await
}

/// What is lost with a team.
async fn lost_with(team: &InOrganization, api: &mut Api) -> Result<String, CliError> {
    let found = api.call(op::ViewTeam, team.parts(), &()).await?.read()?;
    let members = stakes::many(u64::try_from(found.members_count).ok(), "membership", "memberships");
    let grants = stakes::many(u64::try_from(grants(team, api).await?).ok(), "grant", "grants");
    let along: Vec<_> = members.into_iter().chain(grants).collect();
    let with = if along.is_empty() { String::new() } else { format!(", with {}", stakes::listed(&along)) };
    Ok(format!("The team {team} is deleted for good{with}."))
}

/// How many grants a team has: on single repositories, and on the namespace of its organization.
async fn grants(team: &InOrganization, api: &mut Api) -> Result<usize, CliError> {
    let single = api.list(ListRepositoriesOfTeam, team.parts(), &Paging::default(), usize::MAX).await?.len();
    match api.call(ViewNamespaceTeamAccess, team.parts(), &()).await {
        Ok(_) => Ok(single + 1),
        Err(CliError::Refused { .. }) => Ok(single),
        Err(error) => Err(error),
    }
}

async fn add(team: &InOrganization, users: &[String], api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    several::each(users, api, console, async |user, api, _| {
        let was_there = is_member(team, user, api).await?;
        let place = [&team.organization, &team.name, user].map(String::as_str);
        let answer = api.send(op::PutTeamMember, place, &(), &PutMember::default()).await?;
        let now = if was_there { "already is" } else { "is now" };
        Ok(Report::done(answer.value, format!("{user} {now} a member of {team}")))
    })
    .await
}

/// Removes users, and says what each still reaches in the organization. The API's removal is idempotent, but who was no
/// member was not removed; the others are, all the same.
async fn remove(team: &InOrganization, users: &[String], api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    several::each(users, api, console, async |user, api, _| {
        let was_there = is_member(team, user, api).await?;
        let place = [&team.organization, &team.name, user].map(String::as_str);
        let answer = api.call(op::DeleteTeamMember, place, &()).await?;
        let left = match left::all_of(&team.organization) {
            Some(all) => left::of_user(user, Some(&all), api).await,
            None => Vec::new(),
        };
        if was_there {
            return Ok(Report::done_then(answer.value, format!("removed {user} from {team}"), left));
        }
        Err(CliError::NothingTaken { said: format!("{user} is no member of {team}; nothing was changed"), left })
    })
    .await
}

/// Whether a user is in a team; no, too, where the caller may not know.
async fn is_member(team: &InOrganization, user: &str, api: &mut Api) -> Result<bool, CliError> {
    let place = [&team.organization, &team.name, user];
    Ok(account::if_told(api.call(op::ViewTeamMember, place, &()).await)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    const PLAIN: &str = r#"{"id":"01C","orgID":"01B","name":"dev","description":"","membersCount":2}"#;
    const NO_GRANT: &str = r#"{"errors":[{"code":"NO_SUCH_TEAM_ACCESS","message":"none"}]}"#;
    const DEV: &str = r#"{"id":"01C","orgID":"01B","name":"dev","description":"Builds","membersCount":2}"#;

    fn dev() -> One {
        One { team: values::team("acme/dev").unwrap() }
    }

    fn alice() -> MemberArguments {
        MemberArguments { one: dev(), users: vec!["alice".into()] }
    }

    /// Runs the commands against these answers; returns the requests, and what was printed.
    async fn done(commands: Vec<TeamCommand>, answers: &[(u16, &str)]) -> (Vec<String>, String) {
        let server = Server::with_json(answers);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        for command in commands {
            run(command, &mut api, &mut console).await.unwrap();
        }
        (server.requests(), written.out() + &written.note())
    }

    #[tokio::test]
    async fn a_team_is_made_changed_and_deleted_in_its_organization() {
        let create = TeamCommand::Create { teams: vec![values::new_team("acme/dev").unwrap()], description: None };
        let set = TeamCommand::Set { one: dev(), description: "Builds".into() };
        let delete = TeamCommand::Delete { teams: vec![dev().team], unasked: Unasked { yes: true } };
        let nothing = r#"{"team":{},"repositoryAccessList":[]}"#;
        let answers = [(201, DEV), (200, PLAIN), (200, DEV), (200, DEV), (200, nothing), (404, NO_GRANT), (204, "")];
        let (sent, printed) = done(vec![create, set, delete], &answers).await;
        assert_eq!(
            printed,
            "created the team acme/dev\n  Next: dockpass team add acme/dev USER\n\
             changed the team acme/dev\ndeleted the team acme/dev with its access\n"
        );
        assert!(sent[0].starts_with("POST /enzi/v0/accounts/acme/teams ") && sent[0].ends_with(r#"{"name":"dev"}"#));
        assert!(sent[2].starts_with("PATCH /enzi/v0/accounts/acme/teams/dev "), "{}", sent[2]);
        assert!(sent[2].ends_with(r#"{"description":"Builds"}"#), "{}", sent[2]);
        assert!(sent[6].starts_with("DELETE /enzi/v0/accounts/acme/teams/dev "), "{}", sent[6]);
    }

    #[tokio::test]
    async fn a_description_that_stands_already_is_not_called_a_change() {
        let set = TeamCommand::Set { one: dev(), description: "Builds".into() };
        let (_, printed) = done(vec![set], &[(200, DEV), (200, DEV)]).await;
        assert_eq!(printed, "acme/dev is described so already; nothing was changed\n");
    }

    #[tokio::test]
    async fn a_team_that_goes_is_asked_about_and_must_be_there() {
        let missing = r#"{"errors":[{"code":"NO_SUCH_TEAM","message":"no such team: dev"}]}"#;
        let entry = r#"{"accessLevel":"read-write","repository":{"namespace":"acme","name":"app","id":"01D"}}"#;
        let one = format!(r#"{{"team":{{}},"repositoryAccessList":[{entry}]}}"#);
        let whole = r#"{"accessLevel":"read-only","team":{"name":"dev","id":"01C","clientUserIsMember":false}}"#;
        let server = Server::with_json(&[(200, DEV), (200, &one), (200, whole), (404, missing)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let mut asked = async || {
            let delete = TeamCommand::Delete { teams: vec![dev().team], unasked: Unasked::default() };
            run(delete, &mut api, &mut console).await.unwrap_err()
        };
        let refused = asked().await;
        let said = "The team acme/dev is deleted for good, with 2 memberships and 2 grants. Standard";
        assert!(refused.to_string().starts_with(said) && refused.exit_code() == 2, "{refused}");
        let refused = asked().await;
        assert_eq!(
            (refused.to_string().as_str(), refused.exit_code(), written.out()),
            ("no such team: dev", 1, String::new())
        );
    }

    const MISSING: &str = r#"{"errors":[{"code":"NO_SUCH_MEMBER","message":"no such member"}]}"#;
    const ALICE: &str = r#"{"member":{"name":"alice","id":"01A","fullName":"","isOrg":false},"isAdmin":false}"#;
    const REACH: &str = r#"{"user":{"name":"alice","id":"01A","isActive":true},"isAdministrator":false,"access":[{"on":"acme/*",
        "accessLevel":"admin","reason":"organizationAdmin","team":null}]}"#;

    #[tokio::test]
    async fn members_come_and_go() {
        let commands = vec![TeamCommand::Add(alice()), TeamCommand::Remove(alice()), TeamCommand::Members(dev())];
        let answers = [(404, MISSING), (200, "{}"), (200, ALICE), (204, ""), (200, REACH), (200, r#"{"members":[]}"#)];
        let (sent, printed) = done(commands, &answers).await;
        assert_eq!(
            printed,
            "alice is now a member of acme/dev\nremoved alice from acme/dev\n  alice still has admin on acme/* as an \
             administrator of acme: dockpass org add acme alice --admin false\n\
             This team has no members. Add one: dockpass team add ORG/TEAM USER\n"
        );
        assert!(sent[1].starts_with("PUT /enzi/v0/accounts/acme/teams/dev/members/alice "), "{}", sent[1]);
        assert!(sent[3].starts_with("DELETE /enzi/v0/accounts/acme/teams/dev/members/alice "), "{}", sent[3]);
        assert!(sent[5].starts_with("GET /enzi/v0/accounts/acme/teams/dev/members?limit=500 "), "{}", sent[5]);
    }

    #[tokio::test]
    async fn of_several_users_those_who_were_there_are_removed() {
        let nothing = r#"{"user":{"name":"bob","id":"01B","isActive":true},"isAdministrator":false,"access":[]}"#;
        let answers = [(404, MISSING), (204, ""), (200, nothing), (200, ALICE), (204, ""), (200, nothing)];
        let server = Server::with_json(&answers);
        let (mut console, written) = console(b"");
        let both = MemberArguments { one: dev(), users: vec!["bob".into(), "alice".into()] };
        let error = run(TeamCommand::Remove(both), &mut server.api(), &mut console).await.unwrap_err();
        let said = "bob is no member of acme/dev; nothing was changed";
        assert_eq!((error.to_string().as_str(), error.exit_code()), (said, 1));
        assert_eq!(written.out(), "removed alice from acme/dev\n");
    }

    #[tokio::test]
    async fn teams_read_as_they_are_typed() {
        let all = format!(r#"{{"teams":[{DEV}],"nextPageStart":"","resourceCount":1}}"#);
        let commands = vec![TeamCommand::List { organization: "acme".into() }, TeamCommand::Show(dev())];
        let members = format!(r#"{{"members":[{ALICE}],"nextPageStart":"","resourceCount":2}}"#);
        let (sent, printed) = done(commands, &[(200, &all), (200, DEV), (200, &members)]).await;
        assert_eq!(
            printed,
            "NAME      MEMBERS  DESCRIPTION\nacme/dev  2        Builds\n\
             \x20 Name         acme/dev\n  ID           01C\n  Members      2: alice, and 1 more: dockpass team members acme/dev\n  Description  Builds\n"
        );
        assert!(sent[0].starts_with("GET /enzi/v0/accounts/acme/teams?limit=500 "), "{}", sent[0]);
    }

    #[tokio::test]
    async fn repositories_are_read_to_the_end() {
        let entry = r#"{"accessLevel":"read-write","repository":{"namespace":"acme","name":"tools/lint","id":"01D"}}"#;
        let page = format!(r#"{{"team":{{}},"repositoryAccessList":[{entry}]}}"#);
        let (sent, printed) = done(vec![TeamCommand::Repositories(dev())], &[(200, &page)]).await;
        assert_eq!(printed, "NAME             ACCESS\nacme/tools/lint  read-write\n");
        let asked = "GET /api/v0/accounts/acme/teams/dev/repositoryAccess?pageSize=500 ";
        assert!(sent[0].starts_with(asked), "{}", sent[0]);
    }
}
