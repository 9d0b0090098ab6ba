//! `dockpass access`: why somebody may, or may not, do something with a repository.

mod report;

use clap::{Args, Subcommand};

use crate::api::operations::answers as op;
use crate::cli::commands::token::reference;
use crate::cli::commands::values::{self, InOrganization};
use crate::cli::screen::{CliError, Console};
use crate::cli::wire::Api;
use crate::domain::access::Action;
use crate::domain::name::RepositoryName;

/// What can be asked about access.
#[derive(Subcommand)]
pub(in crate::cli) enum AccessCommand {
    /// Check whether a user, robot or access token may do something, and why; exit code 0 is yes, 1 is no
    #[command(
        after_help = "Example:\n  dockpass access check --user alice push carol/tool\n  dockpass access check --robot \
                      acme/ci push acme/app\n  dockpass access check --token 01ARZ3NDEKTS pull carol/tool"
    )]
    Check(CheckArguments),
}

/// What is asked of whom.
#[derive(Args)]
pub(in crate::cli) struct CheckArguments {
    /// The user, by name or id, or a robot, ORG/NAME; with --server, you by default
    #[arg(long, value_name = "NAME", value_parser = values::account_or_robot)]
    user: Option<String>,
    /// The robot
    #[arg(long, value_name = "ORG/NAME", value_parser = values::robot, conflicts_with_all = ["user", "token"])]
    robot: Option<InOrganization>,
    /// The access token: its id or hash, or at least the first 8 digits of either
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// The action
    #[arg(value_name = "ACTION", value_parser = values::word::<Action>())]
    action: Action,
    /// The repository; _/NAME without a namespace
    #[arg(value_name = "NAMESPACE/NAME", value_parser = values::repository)]
    repository: RepositoryName,
}

pub(in crate::cli) async fn run(command: AccessCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        AccessCommand::Check(arguments) => check(arguments, api, console).await,
    }
}

/// A no is an answer as good as a yes, and stands on standard output like that; scripts tell them apart by the exit code.
async fn check(arguments: CheckArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let CheckArguments { user, robot, token, action, repository } = arguments;
    let user = robot.map(|robot| robot.to_string()).or(user);
    if user.is_none() && token.is_none() && api.is_local() {
        return Err(CliError::Usage(
            "say who is meant, with --user NAME, --robot ORG/NAME or --token TOKEN".to_owned(),
        ));
    }
    let token = match token {
        Some(token) => Some(reference::hash(api, &token).await?),
        None => None,
    };
    let asked = op::AskedAccess { user, token, action: Some(action), repository: Some(repository.shown()) };
    let answer = api.call(op::CheckAccess, [], &asked).await?;
    let found = answer.read()?;
    console.report(&report::checked(answer.value, &found))?;
    if found.allowed { Ok(()) } else { Err(CliError::Finding(report::refused(&found))) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, console};

    fn asked() -> CheckArguments {
        let repository = RepositoryName::parse("carol/tool").unwrap();
        CheckArguments { user: Some("alice".into()), robot: None, token: None, action: Action::Push, repository }
    }

    #[tokio::test]
    async fn a_yes_is_exit_code_0_and_a_no_is_1_with_a_line_for_each_reason() {
        let mut answer = json!({
            "allowed": true, "user": "alice", "token": null, "action": "push", "repository": "carol/tool",
            "accessLevel": "read-write", "makesRepository": false, "cuts": [],
            "sources": [{ "accessLevel": "read-write", "reason": "teamNamespaceGrant", "team": "dev" },
                { "accessLevel": "read-only", "reason": "public", "team": null }],
        });
        let yes = answer.to_string();
        answer["allowed"] = false.into();
        answer["accessLevel"] = "read-only".into();
        answer["cuts"] = json!([{ "cut": "cap", "text": "the access token reaches read-only only" }]);
        let no = answer.to_string();
        let server = Server::with_json(&[(200, &yes), (200, &no)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        check(asked(), &mut api, &mut console).await.unwrap();
        let error = check(asked(), &mut api, &mut console).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("alice may not push carol/tool", 1));
        assert_eq!(
            written.out(),
            "yes, with read-write\n  read-write: team carol/dev: team grant on the namespace\n  read-only: the repository is \
             public\nno, with no more than read-only\n  read-write: team carol/dev: team grant on the namespace\n  read-only: the repository \
             is public\n  but the access token reaches read-only only\n"
        );
        let sent = server.requests().remove(0);
        let path = "/api/v0/access/check?user=alice&action=push&repository=carol%2Ftool ";
        assert!(sent.starts_with(&format!("GET {path}")), "{sent}");
    }

    #[tokio::test]
    async fn on_the_socket_somebody_must_be_named() {
        let mut nowhere = Api::in_directory("/nonexistent".as_ref());
        let (mut console, _) = console(b"");
        let error = check(CheckArguments { user: None, ..asked() }, &mut nowhere, &mut console).await.unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
