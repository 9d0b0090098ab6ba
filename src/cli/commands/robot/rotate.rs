//! `dockpass robot rotate`: a new secret for a robot.

use clap::Args;

use super::One;
use crate::api::NewApiToken;
use crate::api::operations::robots as op;
use crate::cli::commands::token::places_for_frame;
use crate::cli::commands::token::rotate::wanted;
use crate::cli::commands::token::secret;
use crate::cli::commands::values::{self, OverlapArgument};
use crate::cli::screen::{CliError, Console, Unasked};
use crate::cli::wire::Api;

/// How the secret changes.
#[derive(Args)]
pub(in crate::cli) struct RotateArguments {
    #[command(flatten)]
    robot: One,
    /// How long the old secret works on, at most 7d; `until-used`, for one consumer alone: until the new one signs in, 7d
    /// at most [default: not at all]
    #[arg(long, value_name = "TIME|until-used", value_parser = values::overlap)]
    overlap: Option<OverlapArgument>,
    /// Let the robot live as long again as it was made to, from now on: at most the site's longest life, and not beyond the
    /// end of the access token that you sign in with
    #[arg(long)]
    renew: bool,
    #[command(flatten)]
    unasked: Unasked,
}

/// Rotates the robot's secret.
pub(super) async fn run(arguments: RotateArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let RotateArguments { robot: One { robot }, overlap, renew, unasked } = arguments;
    let (body, purpose) = wanted(overlap, renew, &format!("the robot {robot}"), unasked, console)?;
    let places = places_for_frame(api, console).await;
    let answer = api.send(op::RotateRobot, robot.parts(), &(), &body).await?;
    secret::show(&answer.of::<NewApiToken>(), purpose, &places, console)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, ci, console};

    #[tokio::test]
    async fn what_is_asked_for_is_sent_and_what_was_done_is_said() {
        let rotated = ci(&json!({ "token": "dkp_secret", "previousUntil": "2026-11-21T21:42:00Z" })).to_string();
        let server = Server::with_json(&[(200, &rotated)]);
        let (mut console, written) = console(b"");
        let rotate = |overlap, yes| {
            let (robot, unasked) = (One { robot: values::robot("acme/ci").unwrap() }, Unasked { yes });
            RotateArguments { robot, overlap, renew: true, unasked }
        };
        let mut api = server.api();
        let error = run(rotate(None, false), &mut api, &mut console).await.unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("add --yes"), "{error}");
        run(rotate(Some(OverlapArgument::Seconds(3_600)), false), &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "dkp_secret\n");
        let said = "gave the robot acme/ci (id 01A) a new secret; the old one works until 2026-11-21 21:42 UTC; it never ends, \
                    with or without renewal\n";
        assert_eq!(written.note(), said);
        let sent = server.requests().remove(0);
        assert!(
            sent.starts_with("POST /api/v0/accounts/acme/robots/ci/rotate ")
                && sent.ends_with(r#"{"overlap":3600,"renew":true}"#)
        );
    }
}
