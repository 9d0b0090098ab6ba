//! `dockpass grant`: access of users and teams to repositories and namespaces, beyond what ownership gives.

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::api::SetAccess;
use crate::api::operations::grants as op;
use crate::cli::commands::repo::report as repo_report;
use crate::cli::commands::values;
use crate::cli::screen::{CliError, Console, Fit, Report, Table, View};
use crate::cli::wire::{Api, ApiAnswer, parts};
use crate::domain::access::AccessLevel;
use crate::domain::grant::GrantTarget;

/// What can be done with grants.
#[derive(Subcommand)]
pub(in crate::cli) enum GrantCommand {
    /// Give a user or a team access, or change it
    #[command(after_help = "Example:\n  dockpass grant set acme/app --team dev --access read-write")]
    Set(SetArguments),
    /// List who was given access
    #[command(after_help = "Example:\n  dockpass grant list 'alice/*'")]
    List(On),
    /// Take the access of a user or a team away
    #[command(after_help = "Example:\n  dockpass grant delete alice/app --user bob")]
    Delete(DeleteArguments),
}

/// What a grant is on.
#[derive(Args)]
pub(in crate::cli) struct On {
    /// A repository, NAMESPACE/NAME, or every one of a namespace, NAMESPACE/*
    #[arg(value_name = "NAMESPACE/NAME", value_parser = values::target)]
    target: GrantTarget,
}

/// Whose it is: one of these.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The user
    #[arg(long, value_name = "NAME", value_parser = values::account)]
    user: Option<String>,
    /// The team, one of the organization that has the namespace
    #[arg(long, value_name = "NAME", value_parser = values::team_alone)]
    team: Option<String>,
}

/// What is given to whom.
#[derive(Args)]
#[group(skip)]
pub(in crate::cli) struct SetArguments {
    #[command(flatten)]
    on: On,
    #[command(flatten)]
    whose: Whose,
    /// What the user or the members of the team may do
    #[arg(long, value_name = "LEVEL", value_parser = values::word::<AccessLevel>())]
    access: AccessLevel,
}

/// What is taken from whom.
#[derive(Args)]
#[group(skip)]
pub(in crate::cli) struct DeleteArguments {
    #[command(flatten)]
    on: On,
    #[command(flatten)]
    whose: Whose,
}

const COLUMNS: &[(&str, Fit)] = &[("WHO", Fit::Shrinks(12)), ("ACCESS", Fit::Whole)];

pub(in crate::cli) async fn run(command: GrantCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        GrantCommand::Set(SetArguments { on, whose, access }) => {
            let answer = whose.set(&on.target, access, api).await?;
            let line = format!("gave {} {access} access to {}", whose.shown(), shown(&on.target));
            console.report(&Report::done(answer, line))
        }
        GrantCommand::List(On { target }) => console.report(&list(&target, api).await?),
        GrantCommand::Delete(DeleteArguments { on, whose }) => {
            whose.delete(&on.target, api).await?;
            let line = format!("took the granted access of {} to {} away", whose.shown(), shown(&on.target));
            console.report(&Report::done(Value::Null, line))
        }
    }
}

/// One list of the grants to users and of those to teams, which the API lists separately.
async fn list(target: &GrantTarget, api: &mut Api) -> Result<Report, CliError> {
    let (to_users, to_teams) = match target {
        GrantTarget::Repository(name) => {
            let parts = parts(name);
            (api.call(op::ListUserAccess, parts, &()).await?, api.call(op::ListTeamAccess, parts, &()).await?)
        }
        GrantTarget::Namespace(namespace) => {
            let parts = [namespace.as_str()];
            let to_users = api.call(op::ListNamespaceUserAccess, parts, &()).await?;
            (to_users, api.call(op::ListNamespaceTeamAccess, parts, &()).await?)
        }
    };
    let (users, teams) = (to_users.read()?, to_teams.read()?);
    let row = |who, level: AccessLevel| vec![who, level.to_string()];
    let users = users.user_access_list.iter().map(|grant| row(repo_report::user(&grant.user.name), grant.access_level));
    let teams = teams.team_access_list.iter().map(|grant| row(repo_report::team(&grant.team.name), grant.access_level));
    let table = Table { columns: COLUMNS, rows: users.chain(teams).collect() };
    let nothing = "Nobody was given access here. Give it: dockpass grant set NAMESPACE/NAME --user NAME --access LEVEL";
    Ok(Report { answer: joined(to_users.value, to_teams.value), view: View::Many(table, nothing) })
}

/// One object with the fields of both answers.
fn joined(mut one: Value, other: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (one.as_object_mut(), other) {
        fields.extend(more);
    }
    one
}

impl Whose {
    /// Gives the access. The grammar makes sure that a user or a team is named.
    async fn set(&self, target: &GrantTarget, access: AccessLevel, api: &mut Api) -> Result<Value, CliError> {
        let body = SetAccess { access_level: access.to_string() };
        let user = self.user.as_deref().unwrap_or_default();
        Ok(match (target, self.team.as_deref()) {
            (GrantTarget::Repository(on), Some(team)) => {
                api.send(op::SetTeamAccess, [on.namespace_str(), on.rest(), team], &(), &body).await?.value
            }
            (GrantTarget::Repository(on), None) => {
                api.send(op::SetUserAccess, [on.namespace_str(), on.rest(), user], &(), &body).await?.value
            }
            (GrantTarget::Namespace(on), Some(team)) => {
                api.send(op::SetNamespaceTeamAccess, [on.as_str(), team], &(), &body).await?.value
            }
            (GrantTarget::Namespace(on), None) => {
                api.send(op::SetNamespaceUserAccess, [on.as_str(), user], &(), &body).await?.value
            }
        })
    }

    /// Takes the access away.
    async fn delete(&self, target: &GrantTarget, api: &mut Api) -> Result<ApiAnswer<()>, CliError> {
        let user = self.user.as_deref().unwrap_or_default();
        match (target, self.team.as_deref()) {
            (GrantTarget::Repository(on), Some(team)) => {
                api.call(op::DeleteTeamAccess, [on.namespace_str(), on.rest(), team], &()).await
            }
            (GrantTarget::Repository(on), None) => {
                api.call(op::DeleteUserAccess, [on.namespace_str(), on.rest(), user], &()).await
            }
            (GrantTarget::Namespace(on), Some(team)) => {
                api.call(op::DeleteNamespaceTeamAccess, [on.as_str(), team], &()).await
            }
            (GrantTarget::Namespace(on), None) => {
                api.call(op::DeleteNamespaceUserAccess, [on.as_str(), user], &()).await
            }
        }
    }

    fn shown(&self) -> String {
        let team = self.team.as_ref().map(|name| format!("the team {name}"));
        team.or_else(|| self.user.clone()).unwrap_or_default()
    }
}

fn shown(target: &GrantTarget) -> String {
    match target {
        GrantTarget::Repository(name) => repo_report::shown(name),
        GrantTarget::Namespace(namespace) => format!("{namespace}/*"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    fn on(text: &str) -> On {
        On { target: values::target(text).unwrap() }
    }

    fn bob() -> Whose {
        Whose { user: Some("bob".into()), team: None }
    }

    fn dev() -> Whose {
        Whose { user: None, team: Some("dev".into()) }
    }

    #[tokio::test]
    async fn grants_are_on_repositories_or_namespaces() {
        let server = Server::with_json(&[(200, "{}"), (204, "")]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let give = SetArguments { on: on("team/a/b"), whose: bob(), access: AccessLevel::ReadWrite };
        run(GrantCommand::Set(give), &mut api, &mut console).await.unwrap();
        let take = DeleteArguments { on: on("team/*"), whose: bob() };
        run(GrantCommand::Delete(take), &mut api, &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "gave bob read-write access to team/a/b\ntook the granted access of bob to team/* away\n"
        );
        let sent = server.requests();
        assert!(sent[0].starts_with("PUT /api/v0/repositories/team/a%2Fb/userAccess/bob "), "{}", sent[0]);
        assert!(sent[0].ends_with(r#"{"accessLevel":"read-write"}"#));
        assert!(sent[1].starts_with("DELETE /api/v0/repositoryNamespaces/team/userAccess/bob "), "{}", sent[1]);
    }

    #[tokio::test]
    async fn a_team_is_given_access_as_a_user_is() {
        let server = Server::with_json(&[(200, "{}"), (204, "")]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let give = SetArguments { on: on("acme/*"), whose: dev(), access: AccessLevel::ReadOnly };
        run(GrantCommand::Set(give), &mut api, &mut console).await.unwrap();
        let take = DeleteArguments { on: on("acme/app"), whose: dev() };
        run(GrantCommand::Delete(take), &mut api, &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "gave the team dev read-only access to acme/*\ntook the granted access of the team dev to acme/app away\n"
        );
        let sent = server.requests();
        assert!(sent[0].starts_with("PUT /api/v0/repositoryNamespaces/acme/teamAccess/dev "), "{}", sent[0]);
        assert!(sent[1].starts_with("DELETE /api/v0/repositories/acme/app/teamAccess/dev "), "{}", sent[1]);
    }

    const USERS: &str =
        r#"{"namespace":"acme","userAccessList":[{"accessLevel":"admin","user":{"name":"bob","id":"01A"}}]}"#;
    const TEAMS: &str = r#"{"namespace":"acme","teamAccessList":[{"accessLevel":"read-only",
        "team":{"name":"dev","id":"01C","clientUserIsMember":false}}]}"#;

    #[tokio::test]
    async fn a_list_names_users_and_teams_with_their_levels() {
        let server = Server::with_json(&[(200, USERS), (200, TEAMS)]);
        let (mut console, written) = console(b"");
        run(GrantCommand::List(on("acme/*")), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "WHO       ACCESS\nuser bob  admin\nteam dev  read-only\n");
        let sent = server.requests();
        assert!(sent[0].starts_with("GET /api/v0/repositoryNamespaces/acme/userAccess "), "{}", sent[0]);
        assert!(sent[1].starts_with("GET /api/v0/repositoryNamespaces/acme/teamAccess "), "{}", sent[1]);
    }

    #[tokio::test]
    async fn as_json_a_list_has_what_both_answers_have() {
        let server = Server::with_json(&[(200, USERS), (200, TEAMS)]);
        let report = list(&on("acme/*").target, &mut server.api()).await.unwrap();
        let keys: Vec<_> = report.answer.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["namespace", "teamAccessList", "userAccessList"]);
    }
}
