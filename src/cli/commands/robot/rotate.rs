//! `dockpass robot rotate`: a new secret for a robot, and the end of the old one.

use clap::Args;

use super::One;
use crate::api::NewApiToken;
use crate::api::operations::robots as op;
use crate::cli::commands::token::places_for_frame;
use crate::cli::commands::token::rotate::{self, wanted};
use crate::cli::commands::token::secret;
use crate::cli::commands::values::{self, OverlapArgument};
use crate::cli::screen::{CliError, Console, Unasked};
use crate::cli::wire::Api;

/// How the secret changes.
#[derive(Args)]
pub(in crate::cli) struct RotateArguments {
    #[command(flatten)]
    robot: One,
    /// How long the old secret works on, or until when, at most 7d; `until-used`, for one consumer alone: until the new one signs in, 7d
    /// at most [default: not at all]
    #[arg(long, value_name = "WHEN|until-used", value_parser = values::overlap)]
    overlap: Option<OverlapArgument>,
    /// Start the robot's lifetime again from now: at most the longest the site allows, and not past the expiry of the access
    /// token that you sign in with
    #[arg(long)]
    renew: bool,
    /// End the old secret that works on since a rotation, at once; there is no new one
    #[arg(long, conflicts_with_all = ["overlap", "renew"])]
    end_overlap: bool,
    #[command(flatten)]
    unasked: Unasked,
}

/// Rotates the robot's secret, or ends the old one.
pub(super) async fn run(arguments: RotateArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let RotateArguments { robot: One { robot }, overlap, renew, end_overlap, unasked } = arguments;
    if end_overlap {
        let hash = super::view(&robot, api).await?.record.hashed_token;
        return rotate::end_overlap(&hash, api, console).await;
    }
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
            RotateArguments { robot, overlap, renew: true, end_overlap: false, unasked }
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

    #[tokio::test]
    async fn an_old_secret_is_ended_by_the_robots_hash() {
        let overlapping = ci(&json!({ "previousUntil": "2026-11-21T21:42:00Z" })).to_string();
        let alone = ci(&json!({})).to_string();
        let server =
            Server::with_json(&[(200, &overlapping), (200, &overlapping), (200, &alone), (200, &alone), (200, &alone)]);
        let (mut console, written) = console(b"");
        let end = || RotateArguments {
            robot: One { robot: values::robot("acme/ci").unwrap() },
            overlap: None,
            renew: false,
            end_overlap: true,
            unasked: Unasked { yes: false },
        };
        let mut api = server.api();
        run(end(), &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "ended the old secret of the robot acme/ci\n");
        let error = run(end(), &mut api, &mut console).await.unwrap_err();
        assert_eq!(error.exit_code(), 1);
        let sent = server.requests();
        assert!(sent[0].starts_with("GET /api/v0/accounts/acme/robots/ci "), "{}", sent[0]);
        assert!(sent[2].starts_with("DELETE /api/v0/api_tokens/0123456789abcdef/overlap "), "{}", sent[2]);
    }
}
