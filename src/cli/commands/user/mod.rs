//! `dockpass user`: users, and service accounts, which are users without a password.

mod report;

use clap::{Args, Subcommand};

use crate::api::operations::{access_tokens, accounts as op};
use crate::api::{ChangePassword, CreateAccount, CreateApiToken, UpdateAccount};
use crate::cli::commands::account::{self, Removal};
use crate::cli::commands::token::secret;
use crate::cli::commands::values::{self, ExpiryArgument};
use crate::cli::screen::{CliError, Console, Report, prompt};
use crate::cli::wire::Api;
use crate::domain::account::AccountFilter;
use crate::domain::secret::{PREFIX, Password};

/// What can be done with users.
#[derive(Subcommand)]
pub(in crate::cli) enum UserCommand {
    /// Make a user; asks for the password twice
    #[command(after_help = "Example:\n  dockpass user create alice --full-name 'Alice Liddell'")]
    Create(CreateArguments),
    /// List the users
    #[command(after_help = "Example:\n  dockpass user list --contains al")]
    List {
        /// Only those whose name or full name contains this text
        #[arg(long, value_name = "TEXT")]
        contains: Option<String>,
    },
    /// Show a user
    #[command(after_help = "Example:\n  dockpass user show alice")]
    Show(One),
    /// Change a user
    #[command(after_help = "Example:\n  dockpass user set alice --active false")]
    Set(SetArguments),
    /// Delete a user with its access tokens; its repositories stay, without an owner
    #[command(after_help = format!("Example:\n  dockpass user delete alice\n\n{}", account::WITH_REPOSITORIES))]
    Delete {
        #[command(flatten)]
        user: One,
        #[command(flatten)]
        removal: Removal,
    },
    /// Set a user's password; asks for it twice
    #[command(after_help = "Example:\n  dockpass user password alice")]
    Password {
        #[command(flatten)]
        user: One,
        /// Read the password from standard input, up to the first line end
        #[arg(long)]
        password_stdin: bool,
    },
    /// Let a user sign in again after too many wrong passwords
    #[command(after_help = "Example:\n  dockpass user unlock alice")]
    Unlock(One),
    /// Make a temporary password for a user who is locked out
    #[command(after_help = "Example:\n  dockpass user temporary-password alice --expires 2h")]
    TemporaryPassword {
        #[command(flatten)]
        user: One,
        /// How long it works, at most 7d [default: 24h]
        #[arg(long, value_name = "TIME", value_parser = values::expiry)]
        expires: Option<ExpiryArgument>,
    },
}

/// One user.
#[derive(Args)]
pub(in crate::cli) struct One {
    /// Name or id
    #[arg(value_name = "NAME", value_parser = values::account)]
    name: String,
}

/// What a new user is.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(in crate::cli) struct CreateArguments {
    /// Name: lower-case letters and digits, joined by `.`, `_` or `-`
    #[arg(value_name = "NAME", value_parser = values::new_name)]
    name: String,
    /// Name in full
    #[arg(long, value_name = "TEXT")]
    full_name: Option<String>,
    /// Make a system administrator
    #[arg(long)]
    admin: bool,
    /// Make a service account: no password, access tokens only
    #[arg(long, conflicts_with = "password_stdin")]
    service: bool,
    /// Make it inactive
    #[arg(long)]
    inactive: bool,
    /// Read the password from standard input, up to the first line end
    #[arg(long)]
    password_stdin: bool,
    /// Take over the repositories that already are under this name
    #[arg(long)]
    adopt_repositories: bool,
}

/// What changes of a user.
#[derive(Args)]
#[group(skip)]
pub(in crate::cli) struct SetArguments {
    #[command(flatten)]
    user: One,
    #[command(flatten)]
    change: UserChange,
    /// With --admin true: let the access tokens that others made for the user go on, with an administrator's rights
    #[arg(long, requires = "admin")]
    keep_tokens: bool,
}

/// At least one of these.
#[derive(Args)]
#[group(required = true, multiple = true)]
struct UserChange {
    /// Name in full
    #[arg(long, value_name = "TEXT")]
    full_name: Option<String>,
    /// Whether it is a system administrator
    #[arg(long, value_name = "true|false")]
    admin: Option<bool>,
    /// Whether it may sign in
    #[arg(long, value_name = "true|false")]
    active: Option<bool>,
}

pub(in crate::cli) async fn run(command: UserCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        UserCommand::Create(arguments) => create(arguments, api, console).await,
        UserCommand::List { contains } => {
            let list = account::list(AccountFilter::Users, contains, api).await?;
            console.report(&report::many(list)?)
        }
        UserCommand::Show(user) => console.report(&report::one(account::user(&user.name, api).await?)?),
        UserCommand::Set(arguments) => set(arguments, api, console).await,
        UserCommand::Delete { user, removal } => delete(&user.name, removal, api, console).await,
        UserCommand::Password { user, password_stdin } => password(&user.name, password_stdin, api, console).await,
        UserCommand::Unlock(user) => {
            let answer = api.call(op::UnlockAccount, [&user.name], &()).await?;
            console.report(&Report::done(answer.value, format!("{} may sign in again", user.name)))
        }
        UserCommand::TemporaryPassword { user, expires } => temporary(&user.name, expires, api, console).await,
    }
}

async fn create(arguments: CreateArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let from_stdin = arguments.password_stdin;
    let password = if arguments.service { None } else { Some(prompt::new_password(console, from_stdin)?) };
    let body = CreateAccount {
        name: arguments.name.clone(),
        password: password.as_ref().map(|password| password.reveal().to_owned()),
        full_name: arguments.full_name,
        is_active: Some(!arguments.inactive),
        is_admin: arguments.admin.then_some(true),
        adopt_repositories: arguments.adopt_repositories.then_some(true),
        ..CreateAccount::default()
    };
    let answer = account::create(&body, api).await?;
    console.report(&report::created(answer.value, &arguments.name, arguments.service))
}

async fn set(arguments: SetArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let SetArguments { user, change, keep_tokens } = arguments;
    let body = UpdateAccount {
        full_name: change.full_name,
        is_active: change.active,
        is_admin: change.admin,
        keep_tokens: keep_tokens.then_some(true),
        ..UpdateAccount::default()
    };
    account::user(&user.name, api).await?;
    let answer = api.send(op::UpdateAccount, [&user.name], &(), &body).await?;
    console.warn(&answer.warnings)?;
    console.report(&Report::done(answer.value, format!("changed the user {}", user.name)))
}

async fn delete(name: &str, removal: Removal, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    account::user(name, api).await?;
    let done = format!("deleted the user {name}");
    account::delete(["user", name, "its access tokens"], &done, removal, api, console).await
}

async fn password(name: &str, from_stdin: bool, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let new = prompt::new_password(console, from_stdin)?;
    let old = if api.is_local() { None } else { own_password(name, console) };
    let body =
        ChangePassword { old_password: old.map(|old| old.reveal().to_owned()), new_password: new.reveal().to_owned() };
    let answer = api.send(op::ChangePassword, [name], &(), &body).await?;
    console.report(&Report::done(
        answer.value,
        format!("set the password of {name}; its browser sessions ended, its access tokens stay"),
    ))
}

/// The current password of users who change their own, if they sign in to the server with it, not with an access
/// token.
fn own_password(name: &str, console: &Console) -> Option<Password> {
    let secret = console.variable("DOCKPASS_TOKEN").filter(|secret| !secret.starts_with(PREFIX))?;
    (console.variable("DOCKPASS_USER") == Some(name)).then(|| Password::new(secret.to_owned()))
}

async fn temporary(
    name: &str,
    expires: Option<ExpiryArgument>,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let body = CreateApiToken {
        token_label: Some("temporary password".to_owned()),
        expires_at: expires.map(|expires| expires.moment(console.clock.now())),
        temporary_password: Some(true),
        ..CreateApiToken::default()
    };
    let user = access_tokens::OfUser { username: Some(name.to_owned()) };
    let places = secret::Places::ask(api).await;
    let answer = api.send(access_tokens::CreateAccessToken, [], &user, &body).await?;
    secret::show(&answer, secret::Purpose::TemporaryPassword, &places, console)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::Unasked;
    use crate::cli::testing::{Server, console};

    const WITH_THEM: Removal = Removal { with_repositories: true, unasked: Unasked { yes: false } };

    const ALICE: &str = r#"{"name":"alice","id":"01A","fullName":"","isOrg":false}"#;

    fn named(name: &str) -> One {
        One { name: name.to_owned() }
    }

    #[tokio::test]
    async fn a_new_user_gets_the_password_of_standard_input() {
        let server = Server::with_json(&[(201, ALICE)]);
        let (mut console, written) = console(b"correct horse\n");
        let arguments = CreateArguments {
            name: "alice".into(),
            full_name: Some("Alice".into()),
            admin: false,
            service: false,
            inactive: true,
            password_stdin: true,
            adopt_repositories: false,
        };
        create(arguments, &mut server.api(), &mut console).await.unwrap();
        assert!(written.out().starts_with("created the user alice\n"));
        let sent = server.requests().remove(0);
        assert!(sent.starts_with("POST /enzi/v0/accounts HTTP/1.1"));
        assert!(
            sent.ends_with(r#"{"name":"alice","password":"correct horse","fullName":"Alice","isActive":false}"#),
            "{sent}"
        );
    }

    #[tokio::test]
    async fn a_user_goes_with_or_without_its_repositories() {
        let server = Server::with_json(&[(200, ALICE), (204, ""), (200, ALICE), (204, "")]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        delete("alice", Removal::default(), &mut api, &mut console).await.unwrap();
        delete("alice", WITH_THEM, &mut api, &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "deleted the user alice; its repositories stay, without an owner\ndeleted the user alice with all repositories\n"
        );
        assert_eq!(written.note(), "");
        let sent = server.requests();
        assert!(sent[1].starts_with("DELETE /enzi/v0/accounts/alice "));
        assert!(sent[3].starts_with("DELETE /api/v0/accounts/alice "));
    }

    #[tokio::test]
    async fn content_that_stays_is_not_said_to_be_gone() {
        let found = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n{ALICE}", ALICE.len());
        let warned = "HTTP/1.1 204 X\r\nwarning: 299 - \"the registry keeps the content\"\r\n\r\n";
        let server = Server::start(&[&found, warned]);
        let (mut console, written) = console(b"");
        delete("alice", WITH_THEM, &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "deleted the user alice with the records of its repositories\n");
        assert_eq!(written.note(), "the registry keeps the content\n");
    }

    #[tokio::test]
    async fn users_are_listed_by_a_part_of_the_name() {
        let server = Server::with_json(&[(200, r#"{"accounts":[],"nextPageStart":""}"#)]);
        let (mut console, _) = console(b"");
        let list = UserCommand::List { contains: Some("a b".into()) };
        run(list, &mut server.api(), &mut console).await.unwrap();
        let sent = server.requests().remove(0);
        assert!(sent.starts_with("GET /enzi/v0/accounts?filter=users&contains=a%20b&limit=500 "), "{sent}");
    }

    #[tokio::test]
    async fn unlocking_and_changing_name_their_user() {
        let server = Server::with_json(&[(204, ""), (200, ALICE), (200, ALICE)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        run(UserCommand::Unlock(named("alice")), &mut api, &mut console).await.unwrap();
        let change = UserChange { full_name: None, admin: Some(false), active: None };
        set(SetArguments { user: named("alice"), change, keep_tokens: false }, &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "alice may sign in again\nchanged the user alice\n");
        let sent = server.requests();
        assert!(sent[0].starts_with("DELETE /api/v0/accounts/alice/lock "));
        assert!(sent[2].ends_with(r#"{"isAdmin":false}"#), "{}", sent[2]);
    }

    #[tokio::test]
    async fn an_organization_is_not_deleted_as_a_user() {
        let server = Server::with_json(&[(200, r#"{"name":"acme","id":"01B","fullName":"","isOrg":true}"#)]);
        let (mut console, written) = console(b"");
        let error = delete("acme", WITH_THEM, &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!((error.exit_code(), written.out()), (2, String::new()));
        assert!(server.requests()[0].starts_with("GET /enzi/v0/accounts/acme "));
    }

    #[test]
    fn only_the_own_password_is_sent_as_the_old_one() {
        let (mut console, _) = console(b"");
        console.environment.insert("DOCKPASS_USER".into(), "alice".into());
        console.environment.insert("DOCKPASS_TOKEN".into(), "correct horse".into());
        assert!(own_password("alice", &console).is_some() && own_password("bob", &console).is_none());
        console.environment.insert("DOCKPASS_TOKEN".into(), "dkp_x".into());
        assert!(own_password("alice", &console).is_none());
    }
}
