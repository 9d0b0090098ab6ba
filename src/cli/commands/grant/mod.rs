//! `dockpass grant`: access of users and teams to repositories and namespaces, beyond what ownership gives.

mod whose;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::api::Reached;
use crate::api::operations::grants as op;
use crate::cli::commands::why::{self, Way};
use crate::cli::commands::{left, several, values};
use crate::cli::screen::{CliError, Console, Fit, Report, Table, View};
use crate::cli::wire::Api;
use crate::domain::access::{AccessLevel, GrantLevel};
use crate::domain::grant::GrantTarget;
use whose::{Whose, WhoseArguments, teams_on, users_on};

/// What can be done with grants.
#[derive(Subcommand)]
pub(in crate::cli) enum GrantCommand {
    /// Grant access to users or teams, or change it
    #[command(
        after_help = "Example:\n  dockpass grant set acme/app --team acme/dev --access read-write\n  dockpass grant set \
                      acme/app --user alice --user bob --access read-only"
    )]
    Set(SetArguments),
    /// List who was granted access, or what a user has access to
    #[command(after_help = "Example:\n  dockpass grant list 'alice/*'\n  dockpass grant list --user bob")]
    List(ListArguments),
    /// Revoke grants of users or teams, and list the access they keep
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

/// Which grants are listed: at least one of these.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub(in crate::cli) struct ListArguments {
    /// A repository, NAMESPACE/NAME, or every one of a namespace, NAMESPACE/*
    #[arg(value_name = "NAMESPACE/NAME", value_parser = values::target)]
    target: Option<GrantTarget>,
    /// What this user has access to, and why: ownership, grants, teams
    #[arg(long, value_name = "NAME", value_parser = values::account)]
    user: Option<String>,
}

/// What is given to whom.
#[derive(Args)]
#[group(skip)]
pub(in crate::cli) struct SetArguments {
    #[command(flatten)]
    on: On,
    #[command(flatten)]
    whose: WhoseArguments,
    /// What the user or the members of the team may do
    #[arg(long, value_name = "LEVEL", value_parser = values::word::<GrantLevel>())]
    access: GrantLevel,
}

/// What is taken from whom.
#[derive(Args)]
#[group(skip)]
pub(in crate::cli) struct DeleteArguments {
    #[command(flatten)]
    on: On,
    #[command(flatten)]
    whose: WhoseArguments,
}

const COLUMNS: &[(&str, Fit)] = &[("WHO", Fit::Shrinks(12)), ("ACCESS", Fit::Whole)];

const REACH_COLUMNS: &[(&str, Fit)] = &[("ON", Fit::Shrinks(20)), ("ACCESS", Fit::Whole), ("WHY", Fit::Shrinks(12))];

pub(in crate::cli) async fn run(command: GrantCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        GrantCommand::Set(SetArguments { on, whose, access }) => {
            let work = async |whose: &Whose, api: &mut Api, _: &mut Console| set(whose, &on.target, access, api).await;
            several::each(&whose.each(), api, console, work).await
        }
        GrantCommand::List(ListArguments { target, user: Some(user) }) => {
            console.report(&reach(&user, target.as_ref(), api).await?)
        }
        GrantCommand::List(ListArguments { target, user: None }) => match target {
            Some(target) => console.report(&list(&target, api).await?),
            // The grammar makes sure that one is named.
            None => Err(CliError::Usage("name a repository or a namespace, or --user".to_owned())),
        },
        GrantCommand::Delete(DeleteArguments { on, whose }) => {
            let work = async |whose: &Whose, api: &mut Api, _: &mut Console| delete(whose, &on.target, api).await;
            several::each(&whose.each(), api, console, work).await
        }
    }
}

/// Gives a level; that it was given already is said.
async fn set(whose: &Whose, target: &GrantTarget, access: GrantLevel, api: &mut Api) -> Result<Report, CliError> {
    whose.must_be_of(target, api).await?;
    let before = whose.level(target, api).await?;
    let answer = whose.set(target, access, api).await?;
    let who = whose.shown(target, answer.pointer("/team/organization").and_then(Value::as_str));
    let line = if before.is_some_and(|before| before.level == access.into()) {
        format!("{who} has {access} access to {target} already; nothing was changed")
    } else {
        format!("gave {who} {access} access to {target}")
    };
    Ok(Report::done(answer, line))
}

/// Takes a grant away, and says what is left by other ways. The API's deletion is idempotent, but where there was no
/// grant nothing was taken away.
async fn delete(whose: &Whose, target: &GrantTarget, api: &mut Api) -> Result<Report, CliError> {
    whose.must_be_of(target, api).await?;
    let before = whose.level(target, api).await?;
    whose.delete(target, api).await?;
    let left = match &whose.team {
        Some(team) => left::of_team(&team.team, target, api).await,
        None => left::of_user(whose.user.as_deref().unwrap_or_default(), Some(target), api).await,
    };
    let who = whose.shown(target, before.as_ref().and_then(|before| before.organization.as_deref()));
    if before.is_some() {
        let line = format!("took the granted access of {who} to {target} away");
        return Ok(Report::done_then(Value::Null, line, left));
    }
    Err(CliError::NothingTaken { said: format!("{who} has no grant on {target}"), left })
}

/// What a user reaches, and why.
async fn reach(user: &str, on: Option<&GrantTarget>, api: &mut Api) -> Result<Report, CliError> {
    let which = op::WhichTarget { on: on.map(ToString::to_string) };
    let answer = api.call(op::ListAccessOfUser, [user], &which).await?;
    let found = answer.read()?;
    let everything = ["everything", "admin", "system administrator"].map(str::to_owned).to_vec();
    let everything = Some(everything).filter(|_| found.is_administrator == Some(true));
    let rows = everything.into_iter().chain(found.access.iter().map(reached)).collect();
    let nothing =
        "This user reaches nothing there. Give it access: dockpass grant set NAMESPACE/NAME --user NAME --access LEVEL";
    let table = Table { columns: REACH_COLUMNS, rows };
    let view = if found.user.is_active != Some(false) || table.rows.is_empty() {
        View::Many(table, nothing)
    } else {
        View::ManyWith(table, vec![left::of_no_use(&found.user.name)])
    };
    Ok(Report { answer: answer.value, view })
}

fn reached(entry: &Reached) -> Vec<String> {
    vec![entry.on.clone(), entry.access_level.to_string(), Way::reached(entry).source()]
}

/// One list of the grants to users and of those to teams, which the API lists separately.
async fn list(target: &GrantTarget, api: &mut Api) -> Result<Report, CliError> {
    let (to_users, to_teams) = (users_on(target, api).await?, teams_on(target, api).await?);
    let (users, teams) = (to_users.read()?, to_teams.read()?);
    let row = |who, level: AccessLevel| vec![who, level.to_string()];
    let organization = target.namespace().to_string();
    let users = users
        .user_access_list
        .iter()
        .map(|grant| row(why::user(&grant.user.name, grant.user.is_active != Some(false)), grant.access_level));
    let teams = teams.team_access_list.iter().map(|grant| {
        let organization = grant.team.organization.as_deref().unwrap_or(&organization);
        row(why::team(organization, &grant.team.name), grant.access_level)
    });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console, repository};

    fn on(text: &str) -> On {
        On { target: values::target(text).unwrap() }
    }

    fn users(names: &[&str]) -> WhoseArguments {
        WhoseArguments { users: names.iter().map(|name| (*name).to_owned()).collect(), ..WhoseArguments::default() }
    }

    fn bob() -> WhoseArguments {
        users(&["bob"])
    }

    fn team(text: &str) -> WhoseArguments {
        WhoseArguments { teams: vec![values::team_here(text).unwrap()], ..WhoseArguments::default() }
    }

    fn dev() -> WhoseArguments {
        team("dev")
    }

    #[tokio::test]
    async fn several_are_given_access_and_one_who_is_not_there_keeps_no_other_from_it() {
        let nobody = r#"{"errors":[{"code":"NO_SUCH_ACCOUNT","message":"no such account: eve"}]}"#;
        let server = Server::with_json(&[(200, USERS), (404, nobody), (200, USERS), (200, "{}")]);
        let (mut console, written) = console(b"");
        let give = SetArguments { on: on("acme/app"), whose: users(&["eve", "carol"]), access: GrantLevel::ReadOnly };
        let error = run(GrantCommand::Set(give), &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("eve: no such account: eve", 1));
        assert_eq!(written.out(), "gave carol read-only access to acme/app\n");
        assert!(server.requests()[3].starts_with("PUT /api/v0/repositories/acme/app/userAccess/carol "));
    }

    #[tokio::test]
    async fn grants_are_on_repositories_or_namespaces() {
        let server = Server::with_json(&[(200, USERS), (200, "{}"), (200, USERS), (204, ""), (200, NOTHING)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let give = SetArguments { on: on("team/a/b"), whose: bob(), access: GrantLevel::ReadWrite };
        run(GrantCommand::Set(give), &mut api, &mut console).await.unwrap();
        let take = DeleteArguments { on: on("team/*"), whose: bob() };
        run(GrantCommand::Delete(take), &mut api, &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "gave bob read-write access to team/a/b\ntook the granted access of bob to team/* away\n"
        );
        let sent = server.requests();
        assert!(sent[1].starts_with("PUT /api/v0/repositories/team/a%2Fb/userAccess/bob "), "{}", sent[1]);
        assert!(sent[1].ends_with(r#"{"accessLevel":"read-write"}"#));
        assert!(sent[2].starts_with("GET /api/v0/repositoryNamespaces/team/userAccess "), "{}", sent[2]);
        assert!(sent[3].starts_with("DELETE /api/v0/repositoryNamespaces/team/userAccess/bob "), "{}", sent[3]);
        assert!(sent[4].starts_with("GET /api/v0/accounts/bob/repositoryAccess?on=team%2F%2A "), "{}", sent[4]);
    }

    #[tokio::test]
    async fn a_team_is_given_access_as_a_user_is() {
        let left = r#"{"accessLevel":"read-only","team":{"name":"dev","id":"01C","clientUserIsMember":false}}"#;
        let app = repository("acme", Some("acme"));
        let server = Server::with_json(&[(200, TEAMS), (200, "{}"), (200, TEAMS), (204, ""), (200, &app), (200, left)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let give = SetArguments { on: on("acme/*"), whose: dev(), access: GrantLevel::ReadOnly };
        run(GrantCommand::Set(give), &mut api, &mut console).await.unwrap();
        let take = DeleteArguments { on: on("acme/app"), whose: dev() };
        run(GrantCommand::Delete(take), &mut api, &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "the team acme/dev has read-only access to acme/* already; nothing was changed\n\
             took the granted access of the team acme/dev to acme/app away\n  \
             the team acme/dev still has read-only on acme/app by acme/*: dockpass grant delete --team acme/dev 'acme/*'\n"
        );
        let sent = server.requests();
        assert!(sent[1].starts_with("PUT /api/v0/repositoryNamespaces/acme/teamAccess/dev "), "{}", sent[1]);
        assert!(sent[3].starts_with("DELETE /api/v0/repositories/acme/app/teamAccess/dev "), "{}", sent[3]);
    }

    #[tokio::test]
    async fn what_was_given_away_is_not_said_to_be_reached_by_its_namespace() {
        let of_newco = TEAMS.replace(r#""name":"dev""#, r#""name":"dev","organization":"newco""#);
        let app = repository("acme", Some("newco"));
        let server = Server::with_json(&[(200, &of_newco), (204, ""), (200, &app)]);
        let (mut console, written) = console(b"");
        let take = DeleteArguments { on: on("acme/app"), whose: dev() };
        run(GrantCommand::Delete(take), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "took the granted access of the team newco/dev to acme/app away\n");
        assert_eq!(server.requests().len(), 3);
    }

    #[tokio::test]
    async fn where_no_grant_was_nothing_is_said_to_be_taken() {
        let by_all = r#"{"user":{"name":"carol","id":"01D","isActive":true},"isAdministrator":null,"access":[{"on":"acme/*",
            "accessLevel":"read-write","reason":"namespaceGrant","team":null}]}"#;
        let server = Server::with_json(&[(200, USERS), (204, ""), (200, by_all)]);
        let (mut console, written) = console(b"");
        let whose = users(&["carol"]);
        let take = DeleteArguments { on: on("acme/app"), whose };
        let error = run(GrantCommand::Delete(take), &mut server.api(), &mut console).await.unwrap_err();
        let said = "carol has no grant on acme/app; carol still has read-write on acme/app by acme/*: dockpass grant \
                    delete --user carol 'acme/*'";
        assert_eq!((error.to_string().as_str(), error.exit_code(), written.out()), (said, 1, String::new()));
    }

    #[tokio::test]
    async fn a_team_may_be_named_with_its_organization() {
        let [acme, other] = ["acme", "other"].map(|namespace| repository(namespace, Some(namespace)));
        let given = repository("acme", Some("beta"));
        let server = Server::with_json(&[(200, &acme), (200, TEAMS), (200, "{}"), (200, &other), (200, &given)]);
        let (mut console, _) = console(b"");
        let mut api = server.api();
        for (place, is_right) in [("acme/app", true), ("other/app", false), ("acme/app", false)] {
            let whose = team("acme/dev");
            let give = SetArguments { on: on(place), whose, access: GrantLevel::ReadOnly };
            assert_eq!(run(GrantCommand::Set(give), &mut api, &mut console).await.is_ok(), is_right, "{place}");
        }
        assert!(server.requests()[2].starts_with("PUT /api/v0/repositories/acme/app/teamAccess/dev "));
    }

    #[tokio::test]
    async fn what_a_user_reaches_is_listed_with_the_reasons() {
        let all = r#"{"user":{"name":"carol","id":"01D","isActive":true},"isAdministrator":true,"access":[
            {"on":"acme/*","accessLevel":"read-write","reason":"teamNamespaceGrant","team":"dev"},
            {"on":"carol/*","accessLevel":"admin","reason":"owner","team":null}]}"#;
        let server = Server::with_json(&[(200, all)]);
        let (mut console, written) = console(b"");
        let list = ListArguments { target: None, user: Some("carol".into()) };
        run(GrantCommand::List(list), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "ON          ACCESS      WHY\neverything  admin       system administrator\n\
             acme/*      read-write  team acme/dev: team grant on the namespace\n\
             carol/*     admin       owns the namespace\n"
        );
        assert!(server.requests()[0].starts_with("GET /api/v0/accounts/carol/repositoryAccess "));
    }

    const NOTHING: &str = r#"{"user":{"name":"bob","id":"01A","isActive":true},"isAdministrator":null,"access":[]}"#;

    const USERS: &str = r#"{"namespace":"acme","userAccessList":[{"accessLevel":"admin","user":{"name":"bob","id":"01A","isActive":true}}]}"#;
    const TEAMS: &str = r#"{"namespace":"acme","teamAccessList":[{"accessLevel":"read-only",
        "team":{"name":"dev","id":"01C","clientUserIsMember":false}}]}"#;

    #[tokio::test]
    async fn inactive_people_are_marked_wherever_they_stand() {
        let idle = NOTHING
            .replace("\"isActive\":true", "\"isActive\":false")
            .replace("[]", r#"[{"on":"acme/*","accessLevel":"read-only","reason":"namespaceGrant","team":null}]"#);
        let (users, teams) = (USERS.replace("\"isActive\":true", "\"isActive\":false"), r#"{"teamAccessList":[]}"#);
        let server =
            Server::with_json(&[(200, &users), (200, teams), (200, &idle), (200, &users), (204, ""), (200, &idle)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let all = |user: Option<&str>, target: Option<&str>| ListArguments {
            target: target.map(|target| on(target).target),
            user: user.map(str::to_owned),
        };
        run(GrantCommand::List(all(None, Some("acme/*"))), &mut api, &mut console).await.unwrap();
        run(GrantCommand::List(all(Some("bob"), None)), &mut api, &mut console).await.unwrap();
        let take = DeleteArguments { on: on("acme/app"), whose: bob() };
        run(GrantCommand::Delete(take), &mut api, &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "WHO                  ACCESS\nuser bob (inactive)  admin\n\
             ON      ACCESS     WHY\nacme/*  read-only  grant on the namespace\n\
             took the granted access of bob to acme/app away\n  bob (inactive) still has read-only on acme/app by \
             acme/*: dockpass grant delete --user bob 'acme/*'\n"
        );
        assert_eq!(
            written.note(),
            "bob is inactive and let in nowhere; what it has counts again after: dockpass user set bob --active true\n"
        );
    }

    #[tokio::test]
    async fn a_list_names_users_and_teams_with_their_levels() {
        let server = Server::with_json(&[(200, USERS), (200, TEAMS)]);
        let (mut console, written) = console(b"");
        let list = ListArguments { target: Some(on("acme/*").target), user: None };
        run(GrantCommand::List(list), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "WHO            ACCESS\nuser bob       admin\nteam acme/dev  read-only\n");
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
