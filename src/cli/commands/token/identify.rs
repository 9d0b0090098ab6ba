//! `dockpass token identify`: which access token a secret is, and ending it. The secret is read from the terminal or
//! standard input, and hashed here: it is not sent.
//!
//! Who finds a secret wants an end of that one. So one that a rotation has replaced ends alone, whether the access token was to
//! be deactivated or deleted: it goes on with its present secret, which nobody has found.

use clap::Args;

use super::{deactivate, delete, reference, report};
use crate::api::ApiToken;
use crate::api::operations::access_tokens as op;
use crate::cli::screen::{CliError, Console, Report, Unasked, prompt};
use crate::cli::wire::Api;
use crate::domain::secret::TokenHash;
use crate::domain::text::shell_word;

/// What is to become of the access token.
#[derive(Args)]
pub(in crate::cli) struct IdentifyArguments {
    /// Stop it until it is activated again; a secret that a rotation replaced ends alone
    #[arg(long, conflicts_with = "delete")]
    deactivate: bool,
    /// Delete it, and those that it made, for good; a secret that a rotation replaced ends alone
    #[arg(long)]
    delete: bool,
    #[command(flatten)]
    unasked: Unasked,
    /// Nothing: taken so that a secret that stands here is refused without being repeated
    #[arg(hide = true, value_name = "NOTHING")]
    typed: Vec<String>,
}

/// Says which access token it is, or ends it.
pub(in crate::cli) async fn run(
    IdentifyArguments { deactivate: deactivates, delete: deletes, unasked, typed }: IdentifyArguments,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    typed.iter().try_for_each(|text| reference::no_secret(text))?;
    if !typed.is_empty() {
        let why =
            "`token identify` takes no argument: write the secret to standard input, or type it when it is asked for";
        return Err(CliError::Usage(why.to_owned()));
    }
    let hash = prompt::access_token(console)?;
    if !deactivates && !deletes {
        return show(&hash, api, console).await;
    }
    let (token, hash) = (living(&hash, api).await?, hash.to_string());
    if token.hashed_token != hash {
        return end_replaced(&token, api, console).await;
    }
    if deletes {
        return delete(&[hash], unasked, api, console).await;
    }
    let report = deactivate(&hash, api).await?;
    console.report(&report)
}

/// Shows the access token that the secret of this hash belongs to.
pub(super) async fn show(hash: &TokenHash, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let answer = api.call(op::ViewAccessToken, [&hash.to_string()], &()).await?;
    console.report(&report::of_secret(answer, hash, console.clock.now())?)
}

/// The access token of a secret that works. One that has ended is refused: who finds an old one must not stop what goes on
/// with another.
async fn living(hash: &TokenHash, api: &mut Api) -> Result<ApiToken, CliError> {
    let hash = hash.to_string();
    let token = api.call(op::ViewAccessToken, [&hash], &()).await?.read()?;
    if [Some(&token.hashed_token), token.previous_hashed_token.as_ref()].contains(&Some(&hash)) {
        return Ok(token);
    }
    let named = report::named_with_id(&token);
    Err(CliError::Finding(format!("this secret of {named} has ended already; nothing was changed")))
}

/// Ends the replaced secret alone.
async fn end_replaced(token: &ApiToken, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let answer = api.call(op::EndTokenOverlap, [&token.hashed_token], &()).await?;
    let (named, word) = (report::named_with_id(token), shell_word(&token.id));
    let line = format!(
        "ended this secret of {named}, which a rotation had replaced; the access token goes on with its new one"
    );
    console.report(&Report::done_then(
        answer.value,
        line,
        vec![format!("To stop that, too: dockpass token deactivate {word}")],
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, console, token};
    use crate::domain::secret::TokenText;

    fn arguments(deactivate: bool, delete: bool, typed: &[&str]) -> IdentifyArguments {
        let typed = typed.iter().map(|text| (*text).to_owned()).collect();
        IdentifyArguments { deactivate, delete, unasked: Unasked { yes: true }, typed }
    }

    #[tokio::test]
    async fn the_hash_is_sent_and_never_the_secret() {
        let text = TokenText::from_random([7; 32]);
        let hash = text.hash().to_string();
        let there = token(&json!({ "hashedToken": hash, "lastUsedIp": "192.0.2.7" })).to_string();
        let methods = ["GET", "GET", "GET", "PATCH", "GET", "GET", "DELETE"];
        let answers = methods.map(|method| (200, if method == "DELETE" { "" } else { &there }));
        let server = Server::with_json(&answers);
        let mut api = server.api();
        let input = format!("{}\n", text.reveal());
        let mut said = Vec::new();
        for wanted in [arguments(false, false, &[]), arguments(true, false, &[]), arguments(false, true, &[])] {
            let (mut console, written) = console(input.as_bytes());
            run(wanted, &mut api, &mut console).await.unwrap();
            said.push(written.out());
        }
        assert!(said[0].contains("laptop") && said[0].contains("the present one"), "{}", said[0]);
        assert_eq!(said[1], "deactivated the access token `laptop` of alice\n");
        assert_eq!(said[2], "deleted the access token `laptop` of alice (id 01A)\n");
        let sent = server.requests();
        let path = format!("/api/v0/api_tokens/{hash}");
        for (request, method) in sent.iter().zip(methods) {
            assert!(request.starts_with(&format!("{method} {path} ")), "{request}");
            assert!(!request.contains("dkp_"), "{request}");
        }
    }

    #[tokio::test]
    async fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
        let mut nowhere = Api::in_directory("/nonexistent".as_ref());
        let text = TokenText::from_random([7; 32]);
        for typed in [&[text.reveal()][..], &["x", text.reveal()], &["alice"]] {
            let (mut console, _) = console(b"");
            let error = run(arguments(false, false, typed), &mut nowhere, &mut console).await.unwrap_err();
            let said = error.to_string();
            assert!(error.exit_code() == 2 && !said.contains("dkp_"), "{said}");
            assert_eq!(said.contains("shell's history"), typed != ["alice"], "{said}");
        }
    }

    #[tokio::test]
    async fn what_goes_for_good_must_be_meant() {
        let text = TokenText::from_random([7; 32]);
        let there = token(&json!({ "hashedToken": text.hash().to_string() })).to_string();
        let server = Server::with_json(&[(200, &there), (200, &there)]);
        let (mut console, _) = console(text.reveal().as_bytes());
        let asked = IdentifyArguments { unasked: Unasked::default(), ..arguments(false, true, &[]) };
        let said = run(asked, &mut server.api(), &mut console).await.unwrap_err().to_string();
        assert!(said.starts_with("the access token `laptop` of alice (id 01A) is deleted for good"), "{said}");
        assert!(said.contains("add --yes"), "{said}");
        assert_eq!(server.requests().len(), 2);
    }

    #[tokio::test]
    async fn one_that_has_ended_stops_nothing_and_one_that_was_replaced_ends_alone() {
        let text = TokenText::from_random([7; 32]);
        let over = "this secret of the access token `laptop` of alice (id 01A) has ended already; nothing was changed";
        for (deactivates, change, is_over) in [
            (true, json!({ "hashedToken": "ab" }), true),
            (false, json!({ "hashedToken": "ab", "previousHashedToken": "cd" }), true),
            (true, json!({ "hashedToken": "ab", "previousHashedToken": text.hash().to_string() }), false),
            (false, json!({ "hashedToken": "ab", "previousHashedToken": text.hash().to_string() }), false),
        ] {
            let there = token(&change).to_string();
            let answers = [(200, there.as_str()), (200, &there)];
            let server = Server::with_json(&answers[..if is_over { 1 } else { 2 }]);
            let (mut console, written) = console(text.reveal().as_bytes());
            let asked = IdentifyArguments { unasked: Unasked::default(), ..arguments(deactivates, !deactivates, &[]) };
            let done = run(asked, &mut server.api(), &mut console).await;
            let sent = server.requests();
            if is_over {
                assert_eq!(done.unwrap_err().to_string(), over);
                continue;
            }
            done.unwrap();
            let said = written.out();
            assert!(
                said.starts_with("ended this secret of the access token `laptop` of alice (id 01A), which a"),
                "{said}"
            );
            assert!(
                sent[1].starts_with("DELETE /api/v0/api_tokens/ab/"),
                "the access token itself goes on: {}",
                sent[1]
            );
        }
    }
}
