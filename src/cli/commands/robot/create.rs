//! `dockpass robot create`: a new robot.

use clap::Args;

use crate::api::operations::robots as op;
use crate::api::{CreateRobot, NewApiToken};
use crate::cli::commands::token::places_for_frame;
use crate::cli::commands::token::secret::{self, Purpose};
use crate::cli::commands::values::{self, ExpiryArgument, InOrganization};
use crate::cli::screen::{CliError, Console};
use crate::cli::wire::Api;
use crate::domain::access::AccessLevel;

/// What a new robot is.
#[derive(Args)]
pub(in crate::cli) struct CreateArguments {
    /// The organization, a slash, the name: lower-case letters and digits, joined by `.`, `_` or `-`
    #[arg(value_name = "ORG/NAME", value_parser = values::robot)]
    robot: InOrganization,
    /// The highest level that it reaches; a robot administers nothing
    #[arg(long, value_name = "LEVEL", value_parser = values::robot_level())]
    access: AccessLevel,
    /// A repository that it reaches, ORG/NAME, or 'ORG/*', quoted against the shell; may be repeated [default: all of the organization]
    #[arg(long, value_name = "PATTERN", value_parser = values::pattern)]
    repository: Vec<String>,
    /// When it ends: a length of time (30d), a date (its beginning in UTC), a time, or never [default: the site's]
    #[arg(long, value_name = "WHEN", value_parser = values::expiry)]
    expires: Option<ExpiryArgument>,
    /// What people call it [default: ORG/NAME]
    #[arg(long)]
    label: Option<String>,
}

/// Makes the robot.
pub(super) async fn run(arguments: CreateArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let CreateArguments { robot, access, repository, expires, label } = arguments;
    let body = CreateRobot {
        name: robot.name,
        token_label: label,
        expires_at: expires.map(|expires| expires.moment(console.clock.now())),
        access_level: access,
        repositories: (!repository.is_empty()).then_some(repository),
    };
    let places = places_for_frame(api, console).await;
    let answer = api.send(op::CreateRobot, [&robot.organization], &(), &body).await?;
    secret::show(&answer.of::<NewApiToken>(), Purpose::New, &places, console)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, ci, console};

    fn wanted() -> CreateArguments {
        let (repository, expires) = (vec!["acme/*".to_owned()], Some(ExpiryArgument::After(3_600)));
        let robot = values::robot("acme/ci").unwrap();
        CreateArguments { robot, access: AccessLevel::Push, repository, expires, label: None }
    }

    #[tokio::test]
    async fn a_new_robot_is_what_was_asked_for() {
        let made = ci(&json!({ "token": "dkp_secret" })).to_string();
        let server = Server::with_json(&[(201, &made)]);
        let (mut console, written) = console(b"");
        run(wanted(), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(
            (written.out().as_str(), written.note().as_str()),
            ("dkp_secret\n", "made the robot acme/ci (id 01A)\n")
        );
        let sent = server.requests().remove(0);
        assert!(sent.starts_with("POST /api/v0/accounts/acme/robots HTTP/1.1"), "{sent}");
        let body = r#"{"name":"ci","expiresAt":"2026-11-21T21:42:00Z","accessLevel":"push","repositories":["acme/*"]}"#;
        assert!(sent.ends_with(body), "{sent}");
    }

    #[tokio::test]
    async fn a_terminal_is_told_how_it_signs_in() {
        let made = ci(&json!({ "token": "dkp_secret" })).to_string();
        let server = Server::with_json(&[(200, r#"{"publicHost":"hub.example.com"}"#), (404, ""), (201, &made)]);
        let (mut console, written) = console(b"");
        console.out_is_terminal = true;
        run(wanted(), &mut server.api(), &mut console).await.unwrap();
        let shown = written.out();
        assert!(shown.contains("    docker login hub.example.com --username acme/ci\n"), "{shown}");
        assert!(shown.contains("Use it wherever the password of acme/ci is asked:"), "{shown}");
    }
}
