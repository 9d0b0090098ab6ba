//! `dockpass token create`: a new access token, and a question where a pattern may not mean what was meant.

use clap::Args;

use crate::api::operations::access_tokens as op;
use crate::api::operations::accounts::ViewAccount;
use crate::api::{Code, CreateApiToken};
use crate::cli::commands::token::secret::{self, Purpose};
use crate::cli::commands::token::{must_name_user, places_for_frame};
use crate::cli::commands::values::{self, ExpiryArgument};
use crate::cli::screen::{CliError, Console, prompt};
use crate::cli::wire::Api;
use crate::domain::access::AccessLevel;
use crate::domain::name::Name;

/// What a new access token is.
#[derive(Args)]
pub(in crate::cli) struct CreateArguments {
    /// The user it belongs to; with --server, yourself if omitted
    #[arg(long, value_name = "NAME", value_parser = values::account)]
    user: Option<String>,
    /// What people call it; the pages say description, too [default: access token, numbered]
    #[arg(long, visible_alias = "description", value_name = "LABEL")]
    label: Option<String>,
    /// When it ends: a length of time (30d), a date (its beginning in UTC), a time, or never [default: the site's]
    #[arg(long, value_name = "WHEN", value_parser = values::expiry)]
    expires: Option<ExpiryArgument>,
    /// The highest level that it reaches; push pulls and pushes, and deletes nothing [default: admin, all that its user may]
    #[arg(long, value_name = "LEVEL", value_parser = values::word::<AccessLevel>())]
    access: Option<AccessLevel>,
    /// A repository that it reaches, NAMESPACE/NAME, or 'NAMESPACE/*', quoted against the shell; may be repeated [default: all]
    #[arg(long, value_name = "PATTERN", value_parser = values::pattern)]
    repository: Vec<String>,
}

/// Makes the access token.
pub(in crate::cli) async fn run(
    arguments: CreateArguments,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    must_name_user(arguments.user.as_deref(), api)?;
    let mut repositories = Vec::new();
    for pattern in arguments.repository {
        repositories.push(meant(pattern, api, console).await?);
    }
    let body = CreateApiToken {
        token_label: arguments.label,
        expires_at: arguments.expires.map(|expires| expires.moment(console.clock.now())),
        access_level: arguments.access,
        repositories: (!repositories.is_empty()).then_some(repositories),
        temporary_password: None,
    };
    let places = places_for_frame(api, console).await;
    let user = op::OfUser { username: arguments.user };
    let answer = api.send(op::CreateAccessToken, [], &user, &body).await?;
    secret::show(&answer, Purpose::New, &places, console)?;
    console.warn(&answer.warnings)
}

/// The pattern that is meant. A name alone is a repository without a namespace; where a namespace has that name, its
/// repositories were meant more likely.
async fn meant(pattern: String, api: &mut Api, console: &mut Console) -> Result<String, CliError> {
    if pattern.contains('/') || !is_namespace(&pattern, api).await? {
        return Ok(pattern);
    }
    let said = format!(
        "`{pattern}` alone is one repository without a namespace, _/{pattern}; everything in the namespace {pattern} is \
         '{pattern}/*'"
    );
    if !console.in_is_terminal {
        return Err(CliError::Usage(format!("{said}: write one of these")));
    }
    match prompt::yes_or_no(&format!("{said}.\nDo you mean '{pattern}/*'?"), console)? {
        Some(true) => Ok(format!("{pattern}/*")),
        Some(false) => Ok(format!("_/{pattern}")),
        None => Err(CliError::Finding("nothing was made".to_owned())),
    }
}

/// Whether an account has this name, as far as the caller may know.
async fn is_namespace(name: &str, api: &mut Api) -> Result<bool, CliError> {
    if Name::parse(name).is_err() {
        return Ok(false);
    }
    let unknown = [Code::NoSuchAccount.name(), Code::NotAuthorized.name()];
    match api.call(ViewAccount, [name], &()).await {
        Ok(_) => Ok(true),
        Err(CliError::Refused { code, .. }) if unknown.contains(&code.as_str()) => Ok(false),
        Err(error) => Err(error),
    }
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
        run(wanted(Some("alice")), &mut server.api(), &mut console).await.unwrap();
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
        let error = run(wanted(None), &mut nowhere, &mut console).await.unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }

    const ALICE: &str = r#"{"name":"alice","id":"01A","fullName":"","isOrg":false}"#;
    const NOBODY: &str = r#"{"errors":[{"code":"NO_SUCH_ACCOUNT","message":"no such account: app"}]}"#;

    fn on(pattern: &str) -> CreateArguments {
        CreateArguments { repository: vec![pattern.to_owned()], ..wanted(Some("alice")) }
    }

    #[tokio::test]
    async fn a_namespace_in_the_place_of_a_repository_is_asked_back() {
        let made = token(&json!({ "token": "dkp_secret" })).to_string();
        let cases = [("y\n", r#"["alice/*"]"#), ("no\n", r#"["_/alice"]"#)];
        for (typed, sent) in cases {
            let server = Server::with_json(&[(200, ALICE), (200, &made)]);
            let (mut console, written) = console(typed.as_bytes());
            console.in_is_terminal = true;
            run(on("alice"), &mut server.api(), &mut console).await.unwrap();
            assert!(written.note().contains("Do you mean 'alice/*'? [y/n] "), "{}", written.note());
            assert!(server.requests()[1].contains(&format!(r#""repositories":{sent}"#)), "{typed}");
        }
        let server = Server::with_json(&[(200, ALICE)]);
        let (mut console, _) = console(b"\n");
        console.in_is_terminal = true;
        let error = run(on("alice"), &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("nothing was made", 1));
    }

    #[tokio::test]
    async fn without_a_terminal_a_namespace_alone_is_refused_with_the_hint() {
        let server = Server::with_json(&[(200, ALICE)]);
        let (mut console, _) = console(b"");
        let error = run(on("alice"), &mut server.api(), &mut console).await.unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("'alice/*': write one of these"), "{error}");
        assert_eq!(server.requests().len(), 1, "nothing was made");
    }

    #[tokio::test]
    async fn what_the_server_doubts_is_said_after_the_secret() {
        let made = token(&json!({ "token": "dkp_secret" })).to_string();
        let nobody = format!("HTTP/1.1 404 X\r\ncontent-length: {}\r\n\r\n{NOBODY}", NOBODY.len());
        let warned = format!(
            "HTTP/1.1 200 X\r\nwarning: 299 - \"app is read as _/app\"\r\ncontent-length: {}\r\n\r\n{made}",
            made.len()
        );
        let server = Server::start(&[&nobody, &warned]);
        let (mut console, written) = console(b"");
        run(on("app"), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "dkp_secret\n");
        assert!(written.note().ends_with("(id 01A)\napp is read as _/app\n"), "{}", written.note());
        assert!(server.requests()[1].contains(r#""repositories":["app"]"#));
    }
}
