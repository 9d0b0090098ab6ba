//! `dockpass grant`: access of users to repositories and namespaces, beyond what ownership gives.

use clap::{Args, Subcommand};
use hyper::Method;

use super::connection::Api;
use super::console::Console;
use super::error::CliError;
use super::path::ApiPath;
use super::repo_report;
use super::report::{Report, View};
use super::table::{Fit, Table};
use super::values::{self, Target};
use crate::api::{SetAccess, UserAccessList};
use crate::domain::access::AccessLevel;

/// What can be done with grants.
#[derive(Subcommand)]
pub(super) enum GrantCommand {
    /// Give a user access, or change it
    #[command(after_help = "Example:\n  dockpass grant set alice/app --user bob --access read-only")]
    Set {
        #[command(flatten)]
        on: On,
        #[command(flatten)]
        user: User,
        /// What the user may do
        #[arg(long, value_name = "LEVEL", value_parser = values::access_level())]
        access: AccessLevel,
    },
    /// List who was given access
    #[command(after_help = "Example:\n  dockpass grant list 'alice/*'")]
    List(On),
    /// Take a user's access away
    #[command(after_help = "Example:\n  dockpass grant delete alice/app --user bob")]
    Delete {
        #[command(flatten)]
        on: On,
        #[command(flatten)]
        user: User,
    },
}

/// What a grant is on.
#[derive(Args)]
pub(super) struct On {
    /// A repository, NAMESPACE/NAME, or every one of a namespace, NAMESPACE/*
    #[arg(value_name = "NAMESPACE/NAME", value_parser = values::target)]
    target: Target,
}

/// Whose it is.
#[derive(Args)]
pub(super) struct User {
    /// The user
    #[arg(long = "user", value_name = "NAME", value_parser = values::account)]
    name: String,
}

const COLUMNS: &[(&str, Fit)] = &[("USER", Fit::Shrinks(12)), ("ACCESS", Fit::Whole)];

/// Does what the command says.
pub(super) async fn run(command: GrantCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        GrantCommand::Set { on, user, access } => {
            let body = SetAccess { access_level: access.to_string() };
            let answer = api.send(Method::PUT, &path(&on.target).segment(&user.name), &body).await?;
            let line = format!("gave {} {access} access to {}", user.name, shown(&on.target));
            console.report(&Report::done(answer.value, line))
        }
        GrantCommand::List(on) => {
            let answer = api.get(&path(&on.target)).await?;
            let found: UserAccessList = answer.read()?;
            let rows =
                found.user_access_list.into_iter().map(|grant| vec![grant.user.name, grant.access_level.to_string()]);
            let table = Table { columns: COLUMNS, rows: rows.collect() };
            let nothing =
                "Nobody was given access here. Give it: dockpass grant set NAMESPACE/NAME --user NAME --access LEVEL";
            console.report(&Report { answer: answer.value, view: View::Many(table, nothing) })
        }
        GrantCommand::Delete { on, user } => {
            let answer = api.delete(&path(&on.target).segment(&user.name)).await?;
            let line = format!("took the granted access of {} to {} away", user.name, shown(&on.target));
            console.report(&Report::done(answer.value, line))
        }
    }
}

fn path(target: &Target) -> ApiPath {
    let path = match target {
        Target::Repository(name) => ApiPath::repository(name),
        Target::Namespace(namespace) => ApiPath::new("/api/v0/repositoryNamespaces").segment(namespace.as_str()),
    };
    path.segment("userAccess")
}

fn shown(target: &Target) -> String {
    match target {
        Target::Repository(name) => repo_report::shown(name),
        Target::Namespace(namespace) => format!("{namespace}/*"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, console};
    use super::*;

    fn on(text: &str) -> On {
        On { target: values::target(text).unwrap() }
    }

    fn bob() -> User {
        User { name: "bob".into() }
    }

    #[tokio::test]
    async fn grants_are_on_repositories_or_namespaces() {
        let server = Server::with_json(&[(200, "{}"), (204, "")]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let give = GrantCommand::Set { on: on("team/a/b"), user: bob(), access: AccessLevel::ReadWrite };
        run(give, &mut api, &mut console).await.unwrap();
        run(GrantCommand::Delete { on: on("team/*"), user: bob() }, &mut api, &mut console).await.unwrap();
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
    async fn a_list_names_users_and_levels() {
        let body =
            r#"{"namespace":"team","userAccessList":[{"accessLevel":"admin","user":{"name":"bob","id":"01A"}}]}"#;
        let server = Server::with_json(&[(200, body)]);
        let (mut console, written) = console(b"");
        run(GrantCommand::List(on("team/*")), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "USER  ACCESS\nbob   admin\n");
    }
}
