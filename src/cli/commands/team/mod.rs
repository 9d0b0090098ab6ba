//! `dockpass team`: teams of organizations, who is in them, and what they were given.

mod report;

use clap::{Args, Subcommand};

use crate::api::operations::grants::ListRepositoriesOfTeam;
use crate::api::operations::organizations as op;
use crate::api::{CreateTeam, Paging, PutMember, UpdateTeam};
use crate::cli::commands::org::report as org_report;
use crate::cli::commands::values::{self, TeamReference};
use crate::cli::screen::{CliError, Console, Report};
use crate::cli::wire::Api;
use crate::domain::text::shell_word;

/// What can be done with teams.
#[derive(Subcommand)]
pub(in crate::cli) enum TeamCommand {
    /// Make a team
    #[command(after_help = "Example:\n  dockpass team create acme/dev --description 'Who builds it'")]
    Create {
        /// The organization, and the new team's name
        #[arg(value_name = "ORG/TEAM", value_parser = values::new_team)]
        team: TeamReference,
        /// What it is for
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
    /// Change a team
    #[command(after_help = "Example:\n  dockpass team set acme/dev --description 'Who builds it'")]
    Set {
        #[command(flatten)]
        one: One,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: String,
    },
    /// Delete a team with the access that it was given
    #[command(after_help = "Example:\n  dockpass team delete acme/dev")]
    Delete(One),
    /// List the members of a team
    #[command(after_help = "Example:\n  dockpass team members acme/dev")]
    Members(One),
    /// Add a user to a team, and so to the organization
    #[command(after_help = "Example:\n  dockpass team add acme/dev alice")]
    Add(MemberArguments),
    /// Remove a user from a team; in the organization it stays
    #[command(after_help = "Example:\n  dockpass team remove acme/dev alice")]
    Remove(MemberArguments),
    /// List the repositories that a team was given one by one, without those of a grant on the namespace
    #[command(after_help = "Example:\n  dockpass team repositories acme/dev")]
    Repositories(One),
}

/// One team.
#[derive(Args)]
pub(in crate::cli) struct One {
    /// The organization and the team, by name or id
    #[arg(value_name = "ORG/TEAM", value_parser = values::team)]
    team: TeamReference,
}

/// Who belongs to which team.
#[derive(Args)]
pub(in crate::cli) struct MemberArguments {
    #[command(flatten)]
    one: One,
    /// The user, by name or id
    #[arg(value_name = "USER", value_parser = values::account)]
    user: String,
}

pub(in crate::cli) async fn run(command: TeamCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        TeamCommand::Create { team, description } => {
            let body = CreateTeam { name: team.team.clone(), description };
            let answer = api.send(op::CreateTeam, [&team.organization], &(), &body).await?;
            let next = vec![format!("Next: dockpass team add {} USER", shell_word(&team.to_string()))];
            console.report(&Report::done_then(answer.value, format!("created the team {team}"), next))
        }
        TeamCommand::List { organization } => {
            let list = api.list(op::ListTeams, [&organization], &Default::default(), usize::MAX).await?;
            console.report(&report::many(list, &organization)?)
        }
        TeamCommand::Show(One { team }) => {
            let answer = api.call(op::ViewTeam, parts(&team), &()).await?;
            console.report(&report::one(answer, &team)?)
        }
        TeamCommand::Set { one: One { team }, description } => {
            let body = UpdateTeam { description: Some(description), ..UpdateTeam::default() };
            let answer = api.send(op::UpdateTeam, parts(&team), &(), &body).await?;
            console.report(&Report::done(answer.value, format!("changed the team {team}")))
        }
        TeamCommand::Delete(One { team }) => {
            let answer = api.call(op::DeleteTeam, parts(&team), &()).await?;
            console.report(&Report::done(answer.value, format!("deleted the team {team} with its access")))
        }
        TeamCommand::Members(One { team }) => {
            let list = api.list(op::ListTeamMembers, parts(&team), &Default::default(), usize::MAX).await?;
            let nothing = "This team has no members. Add one: dockpass team add ORG/TEAM USER";
            console.report(&org_report::members(list, nothing)?)
        }
        TeamCommand::Add(MemberArguments { one: One { team }, user }) => {
            let answer = api
                .send(op::PutTeamMember, [&team.organization, &team.team, &user], &(), &PutMember::default())
                .await?;
            console.report(&Report::done(answer.value, format!("{user} is now a member of {team}")))
        }
        TeamCommand::Remove(MemberArguments { one: One { team }, user }) => {
            let answer = api.call(op::DeleteTeamMember, [&team.organization, &team.team, &user], &()).await?;
            console.report(&Report::done(answer.value, format!("removed {user} from {team}")))
        }
        TeamCommand::Repositories(One { team }) => {
            let list = api.list(ListRepositoriesOfTeam, parts(&team), &Paging::default(), usize::MAX).await?;
            console.report(&report::repositories(list)?)
        }
    }
}

/// Organization and team, as they stand in paths.
fn parts(team: &TeamReference) -> [&str; 2] {
    [&team.organization, &team.team]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    const DEV: &str = r#"{"id":"01C","orgID":"01B","name":"dev","description":"Builds","membersCount":2}"#;

    fn dev() -> One {
        One { team: values::team("acme/dev").unwrap() }
    }

    fn alice() -> MemberArguments {
        MemberArguments { one: dev(), user: "alice".into() }
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
        let create = TeamCommand::Create { team: values::new_team("acme/dev").unwrap(), description: None };
        let set = TeamCommand::Set { one: dev(), description: "Builds".into() };
        let commands = vec![create, set, TeamCommand::Delete(dev())];
        let (sent, printed) = done(commands, &[(201, DEV), (200, DEV), (204, "")]).await;
        assert_eq!(
            printed,
            "created the team acme/dev\n  Next: dockpass team add acme/dev USER\n\
             changed the team acme/dev\ndeleted the team acme/dev with its access\n"
        );
        assert!(sent[0].starts_with("POST /enzi/v0/accounts/acme/teams ") && sent[0].ends_with(r#"{"name":"dev"}"#));
        assert!(sent[1].starts_with("PATCH /enzi/v0/accounts/acme/teams/dev "), "{}", sent[1]);
        assert!(sent[1].ends_with(r#"{"description":"Builds"}"#), "{}", sent[1]);
        assert!(sent[2].starts_with("DELETE /enzi/v0/accounts/acme/teams/dev "), "{}", sent[2]);
    }

    #[tokio::test]
    async fn members_come_and_go() {
        let commands = vec![TeamCommand::Add(alice()), TeamCommand::Remove(alice()), TeamCommand::Members(dev())];
        let (sent, printed) = done(commands, &[(200, "{}"), (204, ""), (200, r#"{"members":[]}"#)]).await;
        assert_eq!(
            printed,
            "alice is now a member of acme/dev\nremoved alice from acme/dev\n\
             This team has no members. Add one: dockpass team add ORG/TEAM USER\n"
        );
        assert!(sent[0].starts_with("PUT /enzi/v0/accounts/acme/teams/dev/members/alice "), "{}", sent[0]);
        assert!(sent[1].starts_with("DELETE /enzi/v0/accounts/acme/teams/dev/members/alice "), "{}", sent[1]);
        assert!(sent[2].starts_with("GET /enzi/v0/accounts/acme/teams/dev/members?limit=500 "), "{}", sent[2]);
    }

    #[tokio::test]
    async fn teams_read_as_they_are_typed() {
        let all = format!(r#"{{"teams":[{DEV}],"nextPageStart":"","resourceCount":1}}"#);
        let commands = vec![TeamCommand::List { organization: "acme".into() }, TeamCommand::Show(dev())];
        let (sent, printed) = done(commands, &[(200, &all), (200, DEV)]).await;
        assert_eq!(
            printed,
            "NAME      MEMBERS  DESCRIPTION\nacme/dev  2        Builds\n\
             \x20 Name         acme/dev\n  ID           01C\n  Members      2\n  Description  Builds\n"
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
