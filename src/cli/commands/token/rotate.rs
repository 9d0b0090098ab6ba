//! `dockpass token rotate`: a new secret for an access token, and the end of the old one.

use std::path::{Path, PathBuf};

use clap::Args;
use hyper::header::{HeaderName, HeaderValue};

use crate::api::RotateApiToken;
use crate::api::operations::access_tokens as op;
use crate::cli::commands::token::secret::{self, Purpose};
use crate::cli::commands::token::{One, places_for_frame, reference, report};
use crate::cli::commands::values::{self, OverlapArgument};
use crate::cli::screen::{CliError, Console, Final, Report, Unasked, prompt, shown};
use crate::cli::wire::Api;
use crate::domain::entered;

/// How the secret changes.
#[derive(Args)]
pub(in crate::cli) struct RotateArguments {
    #[command(flatten)]
    token: One,
    /// How long the old secret works on, or until when, at most 7d; `until-used`, for one consumer alone: until the new one signs in, 7d
    /// at most [default: not at all]
    #[arg(long, value_name = "WHEN|until-used", value_parser = values::overlap)]
    overlap: Option<OverlapArgument>,
    /// Start the token's lifetime again from now: at most the longest the site allows, and not past the expiry of the access
    /// token that you sign in with
    #[arg(long)]
    renew: bool,
    /// End the old secret that works on since a rotation, at once; there is no new one
    #[arg(long, conflicts_with_all = ["overlap", "renew", "idempotency_key_file"])]
    end_overlap: bool,
    /// A file with a key of this rotation, such as `uuidgen` prints: if the answer is lost, the same command repeats the
    /// rotation with the old secret; name the token by its whole hash
    #[arg(long, value_name = "FILE")]
    idempotency_key_file: Option<PathBuf>,
    #[command(flatten)]
    unasked: Unasked,
}

/// Rotates the access token, or ends its old secret.
pub(in crate::cli) async fn run(
    arguments: RotateArguments,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    if arguments.end_overlap {
        let hash = reference::hash(api, &arguments.token.token).await?;
        end_overlap(&hash, api, console).await
    } else {
        rotate(arguments, api, console).await
    }
}

/// The header with the key of a rotation, from its file. It is a secret as long as the rotation can be repeated: no error tells it.
fn rotation_key(path: &Path) -> Result<(HeaderName, HeaderValue), CliError> {
    let text = prompt::secret_of_file(path)?;
    let key = HeaderValue::from_str(entered::without_blanks(&text)).ok().filter(|key| !key.is_empty());
    let name = HeaderName::from_bytes(op::IDEMPOTENCY_KEY.as_bytes()).ok();
    let (name, mut key) = name.zip(key).ok_or_else(|| {
        CliError::Usage(format!("{} must hold one line with the key of the rotation", path.display()))
    })?;
    key.set_sensitive(true);
    Ok((name, key))
}

async fn rotate(arguments: RotateArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let key = arguments.idempotency_key_file.as_deref().map(rotation_key).transpose()?;
    let named = format!("the access token {}", shown::plain(&arguments.token.token));
    let (body, purpose) = wanted(arguments.overlap, arguments.renew, &named, arguments.unasked, console)?;
    let hash = reference::hash(api, &arguments.token.token).await?;
    let places = places_for_frame(api, console).await;
    let answer = api.send_with(op::RotateAccessToken, [&hash], key, &body).await?;
    secret::show(&answer, purpose, &places, console)
}

/// What is asked for, and what is said of it. Whoever would lose the old secret at once is asked first.
pub(in crate::cli) fn wanted(
    overlap: Option<OverlapArgument>,
    renew: bool,
    named: &str,
    unasked: Unasked,
    console: &mut Console,
) -> Result<(RotateApiToken, Purpose), CliError> {
    let until_used = overlap == Some(OverlapArgument::UntilUsed);
    let overlap = overlap.and_then(|overlap| overlap.seconds(console.clock.now()));
    let overlaps = until_used || overlap.is_some_and(|seconds| seconds > 0);
    if !overlaps {
        let stakes = format!("Whatever uses the secret of {named} is refused at once.");
        prompt::confirm(Final::Rotate, &stakes, unasked, console)?;
    }
    let flag = |is_set: bool| is_set.then_some(true);
    let body = RotateApiToken { overlap, until_used: flag(until_used), renew: flag(renew) };
    Ok((body, Purpose::Rotated { overlaps, renewed: renew }))
}

/// The API ends what is not there in silence; here it is said.
pub(in crate::cli) async fn end_overlap(hash: &str, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let before = api.call(op::ViewAccessToken, [hash], &()).await?.read()?;
    let named = report::named(&before);
    if before.previous_until.is_none() {
        return Err(CliError::Finding(format!("{named} has no old secret that works; nothing was changed")));
    }
    let answer = api.call(op::EndTokenOverlap, [hash], &()).await?;
    console.report(&Report::done(answer.value, format!("ended the old secret of {named}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, console, token};

    fn wanted(overlap: Option<OverlapArgument>) -> RotateArguments {
        let token = One { token: "ab".repeat(32) };
        RotateArguments {
            token,
            overlap,
            renew: false,
            end_overlap: false,
            idempotency_key_file: None,
            unasked: Unasked { yes: true },
        }
    }

    #[tokio::test]
    async fn what_is_asked_for_is_sent_and_what_was_done_is_said() {
        let rotated = token(&json!({
            "token": "dkp_secret", "previousHashedToken": "cd", "previousUntil": "2026-11-28T20:42:00Z",
            "previousUntilUsed": true, "expiresAt": "2027-02-19T20:42:00Z",
        }));
        let plain = token(&json!({ "token": "dkp_secret" })).to_string();
        let server = Server::with_json(&[(200, &rotated.to_string()), (200, &plain)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let renew = RotateArguments { renew: true, ..wanted(Some(OverlapArgument::UntilUsed)) };
        run(renew, &mut api, &mut console).await.unwrap();
        run(wanted(Some(OverlapArgument::Seconds(0))), &mut api, &mut console).await.unwrap();
        let sent = server.requests();
        assert!(sent[0].ends_with(r#"{"untilUsed":true,"renew":true}"#), "{}", sent[0]);
        assert!(sent[1].ends_with(r#"{"overlap":0}"#), "{}", sent[1]);
        assert_eq!(
            written.note(),
            "gave the access token `laptop` of alice (id 01A) a new secret; the old one works until the new one is used, at \
             the latest until 2026-11-28 20:42 UTC; it ends on 2027-02-19 20:42 UTC\n\
             gave the access token `laptop` of alice (id 01A) a new secret; the old one works no longer\n"
        );
    }

    #[tokio::test]
    async fn an_old_secret_is_ended_and_one_that_is_not_there_is_said() {
        let overlapping = token(&json!({ "previousUntil": "2026-11-28T20:42:00Z" })).to_string();
        let alone = token(&json!({})).to_string();
        let server = Server::with_json(&[(200, &overlapping), (200, &alone), (200, &alone)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let end = || RotateArguments { end_overlap: true, ..wanted(None) };
        run(end(), &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "ended the old secret of the access token `laptop` of alice\n");
        let error = run(end(), &mut api, &mut console).await.unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().ends_with("has no old secret that works; nothing was changed"), "{error}");
        let path = format!("/api/v0/api_tokens/{}", "ab".repeat(32));
        let sent = server.requests();
        assert!(sent[1].starts_with(&format!("DELETE {path}/overlap ")), "{}", sent[1]);
    }
}
