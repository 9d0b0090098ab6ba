//! `dockpass token`: access tokens.

mod clean;
mod reference;
pub(in crate::cli) mod report;
pub(in crate::cli) mod secret;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hyper::header::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

use crate::api::operations::access_tokens as op;
use crate::api::{Code, Counting, CreateApiToken, Paging, RotateApiToken, UpdateApiToken};
use crate::cli::commands::token::secret::{Places, Purpose};
use crate::cli::commands::values::{self, ExpiryArgument};
use crate::cli::screen::{CliError, Console, Format, Report};
use crate::cli::wire::Api;
use crate::domain::access::AccessLevel;

/// What can be done with access tokens.
#[derive(Subcommand)]
pub(in crate::cli) enum TokenCommand {
    /// Make an access token; the secret is shown once, alone in a pipe
    #[command(after_help = "Example:\n  dockpass token create --user alice --label laptop --expires 90d\n  \
        dockpass token create --user ci --label build --access read-only --repository alice/* > token.txt")]
    Create(CreateArguments),
    /// List access tokens, newest first
    #[command(after_help = "Example:\n  dockpass token list --user alice")]
    List {
        /// Only those of this user
        #[arg(long, value_name = "NAME", value_parser = values::account)]
        user: Option<String>,
    },
    /// Show an access token
    #[command(after_help = "Example:\n  dockpass token show 5f3c9a1be077")]
    Show(One),
    /// Give an access token another label
    #[command(after_help = "Example:\n  dockpass token rename 5f3c9a1be077 'old laptop'")]
    Rename {
        #[command(flatten)]
        token: One,
        /// The new label
        #[arg(value_name = "LABEL")]
        label: String,
    },
    /// Stop an access token until it is activated again
    #[command(after_help = "Example:\n  dockpass token deactivate 5f3c9a1be077")]
    Deactivate(One),
    /// Let a deactivated access token work again
    #[command(after_help = "Example:\n  dockpass token activate 5f3c9a1be077")]
    Activate(One),
    /// Delete access tokens, and those that they made, for good
    #[command(after_help = "Example:\n  dockpass token delete 5f3c9a1be077 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    Delete {
        /// Hash, the first 8 or more digits of it, or id
        #[arg(value_name = "TOKEN", required = true)]
        tokens: Vec<String>,
    },
    /// Delete the access tokens that were not used for long
    #[command(after_help = "Example:\n  dockpass token clean --user alice --used-before 2026-01-31 --dry-run")]
    Clean(clean::CleanArguments),
    /// Give an access token a new secret
    #[command(after_help = "Example:\n  dockpass token rotate 5f3c9a1be077 --overlap 1h")]
    Rotate {
        #[command(flatten)]
        token: One,
        /// How long the old secret works on, at most 7d [default: not at all]
        #[arg(long, value_name = "TIME", value_parser = values::seconds)]
        overlap: Option<u32>,
        /// A file with a key of this rotation, such as `uuidgen` prints: if the answer is lost, the same command repeats the
        /// rotation with the old secret; name the token by its whole hash
        #[arg(long, value_name = "FILE")]
        idempotency_key_file: Option<PathBuf>,
    },
}

/// One access token.
#[derive(Args)]
pub(in crate::cli) struct One {
    /// Hash, the first 8 or more digits of it, or id
    #[arg(value_name = "TOKEN")]
    token: String,
}

/// What a new access token is.
#[derive(Args)]
pub(in crate::cli) struct CreateArguments {
    /// The user it belongs to; with --server, yourself if omitted
    #[arg(long, value_name = "NAME", value_parser = values::account)]
    user: Option<String>,
    /// What people call it
    #[arg(long)]
    label: Option<String>,
    /// When it ends: a length of time (30d), a date (its beginning in UTC), a time, or never [default: the site's]
    #[arg(long, value_name = "WHEN", value_parser = values::expiry)]
    expires: Option<ExpiryArgument>,
    /// The highest level that it reaches [default: admin, all that its user may]
    #[arg(long, value_name = "LEVEL", value_parser = values::word::<AccessLevel>())]
    access: Option<AccessLevel>,
    /// A repository that it reaches, NAMESPACE/NAME or NAMESPACE/*; may be repeated [default: all]
    #[arg(long, value_name = "PATTERN", value_parser = values::pattern)]
    repository: Vec<String>,
}

pub(in crate::cli) async fn run(command: TokenCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        TokenCommand::Create(arguments) => create(arguments, api, console).await,
        TokenCommand::List { user } => {
            let which = op::Selection { username: user, ..op::Selection::default() };
            let query = (which, Paging::default(), Counting::default());
            let list = api.list(op::ListAccessTokens, [], &query, usize::MAX).await?;
            let nothing = "There are no access tokens. Make one: dockpass token create --user NAME --label LABEL";
            console.report(&report::many(list, console.clock.now(), nothing)?)
        }
        TokenCommand::Show(One { token }) => {
            let hash = reference::hash(api, &token).await?;
            let answer = api.call(op::ViewAccessToken, [&hash], &()).await?;
            console.report(&report::one(answer, console.clock.now())?)
        }
        TokenCommand::Rename { token, label } => {
            let change = UpdateApiToken { token_label: Some(label), is_active: None };
            update(&token.token, &change, "renamed", api, console).await
        }
        TokenCommand::Deactivate(One { token }) => {
            let change = UpdateApiToken { token_label: None, is_active: Some(false) };
            update(&token, &change, "deactivated", api, console).await
        }
        TokenCommand::Activate(One { token }) => {
            let change = UpdateApiToken { token_label: None, is_active: Some(true) };
            update(&token, &change, "activated", api, console).await
        }
        TokenCommand::Delete { tokens } => delete(&tokens, api, console).await,
        TokenCommand::Clean(arguments) => clean::run(&arguments, api, console).await,
        TokenCommand::Rotate { token, overlap, idempotency_key_file } => {
            let key = idempotency_key_file.as_deref().map(rotation_key).transpose()?;
            rotate(&token.token, overlap, key, api, console).await
        }
    }
}

/// On the socket a user must be named, because the local administrator owns no access tokens.
pub(in crate::cli) fn must_name_user(user: Option<&str>, api: &Api) -> Result<(), CliError> {
    if user.is_some() || !api.is_local() {
        return Ok(());
    }
    Err(CliError::Usage("say whose access tokens are meant, with --user NAME".to_owned()))
}

async fn create(arguments: CreateArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    must_name_user(arguments.user.as_deref(), api)?;
    let body = CreateApiToken {
        token_label: arguments.label,
        expires_at: arguments.expires.map(|expires| expires.moment(console.clock.now())),
        access_level: arguments.access,
        repositories: (!arguments.repository.is_empty()).then_some(arguments.repository),
        temporary_password: None,
    };
    let places = places_for_frame(api, console).await;
    let user = op::OfUser { username: arguments.user };
    let answer = api.send(op::CreateAccessToken, [], &user, &body).await?;
    secret::show(&answer, Purpose::New, &places, console)
}

/// The header with the key of a rotation, from its file. It is a secret as long as the rotation can be repeated: no error tells it.
fn rotation_key(path: &Path) -> Result<(HeaderName, HeaderValue), CliError> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|cause| CliError::File { action: "read", path: path.to_owned(), cause })?;
    let key = HeaderValue::from_str(text.trim()).ok().filter(|key| !key.is_empty());
    let name = HeaderName::from_bytes(op::IDEMPOTENCY_KEY.as_bytes()).ok();
    let (name, mut key) = name.zip(key).ok_or_else(|| {
        CliError::Usage(format!("{} must hold one line with the key of the rotation", path.display()))
    })?;
    key.set_sensitive(true);
    Ok((name, key))
}

async fn rotate(
    token: &str,
    overlap: Option<u32>,
    key: Option<(HeaderName, HeaderValue)>,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let hash = reference::hash(api, token).await?;
    let places = places_for_frame(api, console).await;
    let answer = api.send_with(op::RotateAccessToken, [&hash], key, &RotateApiToken { overlap }).await?;
    let overlaps = overlap.is_some_and(|seconds| seconds > 0);
    secret::show(&answer, Purpose::Rotated { overlaps }, &places, console)
}

/// The places for the frame on a terminal; nothing if nothing will show them.
async fn places_for_frame(api: &mut Api, console: &Console) -> Places {
    let has_frame = console.out_is_terminal && console.format == Format::Table;
    if has_frame { Places::ask(api).await } else { Places::default() }
}

async fn update(
    token: &str,
    change: &UpdateApiToken,
    done: &str,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let hash = reference::hash(api, token).await?;
    let answer = api.send(op::UpdateAccessToken, [&hash], &(), change).await?;
    let line = format!("{done} {}", report::named(&answer.read()?));
    console.report(&Report::done(answer.value, line))
}

/// One that is missing after another was deleted may have gone along with that.
async fn delete(tokens: &[String], api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    for (place, hash) in reference::hashes(api, tokens).await?.into_iter().enumerate() {
        let short: String = hash.chars().take(12).collect();
        let answer = match api.call(op::DeleteAccessToken, [&hash], &()).await {
            Err(CliError::Refused { code, .. }) if place > 0 && code == Code::NoSuchApiToken.name() => {
                console.note(&format!("there is no access token {short} any more\n"))?;
                continue;
            }
            answer => answer?,
        };
        console.report(&Report::done(answer.value, format!("deleted the access token {short}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, console, token};

    fn wanted(user: Option<&str>) -> CreateArguments {
        CreateArguments {
            user: user.map(str::to_owned),
            label: Some("laptop".into()),
            expires: Some(ExpiryArgument::After(3_600)),
            access: Some(AccessLevel::ReadOnly),
            repository: vec!["alice/*".into()],
        }
    }

    #[tokio::test]
    async fn a_new_access_token_is_what_was_asked_for() {
        let made = token(&json!({ "token": "dkp_secret" })).to_string();
        let server = Server::with_json(&[(200, &made)]);
        let (mut console, written) = console(b"");
        create(wanted(Some("alice")), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "dkp_secret\n");
        let sent = server.requests().remove(0);
        assert!(sent.starts_with("POST /api/v0/api_tokens?username=alice HTTP/1.1"), "{sent}");
        let body = r#"{"tokenLabel":"laptop","expiresAt":"2026-11-21T21:42:00Z","accessLevel":"read-only","repositories":["alice/*"]}"#;
        assert!(sent.ends_with(body), "{sent}");
    }

    #[tokio::test]
    async fn never_is_said_and_silence_is_the_sites_default() {
        let body = |expires: Option<ExpiryArgument>| {
            let (console, _) = console(b"");
            let moment = expires.map(|expires| expires.moment(console.clock.now()));
            serde_json::to_string(&CreateApiToken { expires_at: moment, ..CreateApiToken::default() }).unwrap()
        };
        assert_eq!(body(Some(ExpiryArgument::Never)), r#"{"expiresAt":null}"#);
        assert_eq!(body(None), "{}");
    }

    #[tokio::test]
    async fn the_local_administrator_must_say_whose() {
        let mut nowhere = Api::in_directory("/nonexistent".as_ref());
        let (mut console, _) = console(b"");
        let error = create(wanted(None), &mut nowhere, &mut console).await.unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }

    #[tokio::test]
    async fn one_that_went_along_with_its_maker_stands_in_no_ones_way() {
        let missing = r#"{"errors":[{"code":"NO_SUCH_API_TOKEN","message":"there is none"}]}"#;
        let hashes = ["ab", "cd", "ef"].map(|digits| digits.repeat(32));
        let server = Server::with_json(&[(200, ""), (404, missing), (200, ""), (404, missing)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        delete(&hashes, &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "deleted the access token abababababab\ndeleted the access token efefefefefef\n");
        assert_eq!(written.note(), "there is no access token cdcdcdcdcdcd any more\n");
        assert!(delete(&hashes, &mut api, &mut console).await.is_err(), "a first one that is missing is misspelt");
    }

    #[tokio::test]
    async fn changes_say_what_was_done() {
        let hash = "ab".repeat(32);
        let server = Server::with_json(&[(200, &token(&json!({})).to_string()), (200, "")]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        run(TokenCommand::Deactivate(One { token: hash.clone() }), &mut api, &mut console).await.unwrap();
        delete(std::slice::from_ref(&hash), &mut api, &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "deactivated the access token `laptop` of alice\ndeleted the access token abababababab\n"
        );
        let sent = server.requests();
        assert!(
            sent[0].starts_with(&format!("PATCH /api/v0/api_tokens/{hash} "))
                && sent[0].ends_with(r#"{"isActive":false}"#)
        );
        assert!(sent[1].starts_with(&format!("DELETE /api/v0/api_tokens/{hash} ")));
    }
}
