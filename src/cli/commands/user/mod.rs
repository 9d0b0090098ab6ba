//! `dockpass user`: users, and service accounts, which are users without a password.

mod create;
mod deletion;
mod first_passwords;
mod offboard;
mod remains;
mod report;
mod robots;
mod roster;
mod show;
mod state;

use clap::{Args, Subcommand};

use crate::api::operations::answers::ListAccessOfAccount;
use crate::api::operations::{access_tokens, accounts as op};
use crate::api::{ChangePassword, CreateApiToken, Paging};
use crate::cli::commands::account::{self, Removal};
use crate::cli::commands::reach;
use crate::cli::commands::token::secret;
use crate::cli::commands::values::{self, ExpiryArgument};
use crate::cli::screen::{CliError, Console, Report, prompt};
use crate::cli::wire::Api;
use crate::domain::account::AccountFilter;
use crate::domain::secret::Password;
use crate::domain::text::shell_word;

/// What can be done with users.
#[derive(Subcommand)]
pub(in crate::cli) enum UserCommand {
    /// Create users, asking for each password twice, or all users listed in a file
    #[command(
        after_help = "Example:\n  dockpass user create alice --full-name 'Alice Liddell'\n  dockpass user create build deploy \
                      --service\n  dockpass user create --from people.csv --passwords first-passwords\n\nEach line of the \
                      file is NAME or `NAME, FULL NAME`; empty lines and lines that begin with # are ignored. The whole file \
                      is checked before the first user is created. First passwords are generated, and each is written to the \
                      file of --passwords (mode 600) before its user is created; users choose their own at their first \
                      sign-in. If interrupted, run the same command again."
    )]
    Create(create::CreateArguments),
    /// List users
    #[command(after_help = "Example:\n  dockpass user list --contains al")]
    List {
        /// Only those whose name or full name contains this text
        #[arg(short = 'q', long, value_name = "TEXT")]
        contains: Option<String>,
    },
    /// Show a user
    #[command(after_help = "Example:\n  dockpass user show alice")]
    Show(One),
    /// List every repository a user has access to, with the level and the reason
    #[command(after_help = "Example:\n  dockpass user access bob")]
    Access(One),
    /// Change a user
    #[command(after_help = "Example:\n  dockpass user set alice --active false")]
    Set(SetArguments),
    /// Delete users and their access tokens; their repositories remain, without an owner
    #[command(
        after_help = format!("Example:\n  dockpass user delete alice bob\n\n{}", account::WITH_REPOSITORIES)
    )]
    Delete {
        #[command(flatten)]
        users: Many,
        #[command(flatten)]
        removal: Removal,
    },
    /// Offboard a user: deactivate, sign out, and list what is left to do
    #[command(
        after_help = "Example:\n  dockpass user offboard alice --delete-tokens --transfer-repositories bob\n\nThe user is \
                      deactivated first, and can no longer sign in. Access tokens are listed with their last use; \
                      repositories keep their names. Whatever is left, such as grants and organizations, is listed with the \
                      command that removes it. If interrupted, run the same command again."
    )]
    Offboard(offboard::OffboardArguments),
    /// Set a user's password, asking for it twice
    #[command(
        after_help = "Example:\n  dockpass user password alice\n\nLost the administrator's password? On the server's machine, as \
                      its user or root: dockpass user password admin. This works whether or not the server is \
                      running."
    )]
    Password {
        #[command(flatten)]
        user: One,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Deactivate users: they cannot sign in until activated again
    #[command(
        after_help = "Example:\n  dockpass user deactivate alice bob\n\nThey are signed out, and their access tokens are \
                      refused. For somebody who leaves for good: dockpass user offboard alice"
    )]
    Deactivate(Many),
    /// Activate users that were deactivated
    #[command(after_help = "Example:\n  dockpass user activate alice bob")]
    Activate(Many),
    /// Unlock users who are waiting after too many wrong passwords
    #[command(after_help = "Example:\n  dockpass user unlock alice")]
    Unlock(Many),
    /// Create a temporary password for a user who is locked out
    #[command(after_help = "Example:\n  dockpass user temporary-password alice --expires 2h")]
    TemporaryPassword {
        #[command(flatten)]
        user: One,
        /// How long it is valid, or until when; at most 7d [default: 24h]
        #[arg(long, value_name = "WHEN", value_parser = values::expiry)]
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

/// One user or several.
#[derive(Args)]
pub(in crate::cli) struct Many {
    /// Names or ids
    #[arg(value_name = "NAME", required = true, value_parser = values::account)]
    names: Vec<String>,
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
        UserCommand::Create(arguments) => create::run(&arguments, api, console).await,
        UserCommand::List { contains } => {
            let list = account::list(AccountFilter::Users, contains, api).await?;
            console.report(&report::many(list)?)
        }
        UserCommand::Show(user) => show::show(&user.name, api, console).await,
        UserCommand::Access(user) => {
            let list = api.list(ListAccessOfAccount, [&user.name], &Paging::default(), usize::MAX).await?;
            let way = format!("dockpass grant set NAMESPACE/NAME --user {} --access LEVEL", shell_word(&user.name));
            let nothing = format!("This user reaches nothing. Give it access: {way}");
            console.report(&reach::reached(list, nothing)?)
        }
        UserCommand::Set(arguments) => state::set(arguments, api, console).await,
        UserCommand::Delete { users, removal } => deletion::delete(&users.names, removal, api, console).await,
        UserCommand::Offboard(arguments) => offboard::run(arguments, api, console).await,
        UserCommand::Password { user, password_stdin } => password(&user.name, password_stdin, api, console).await,
        UserCommand::Deactivate(users) => state::activate(&users.names, false, api, console).await,
        UserCommand::Activate(users) => state::activate(&users.names, true, api, console).await,
        UserCommand::Unlock(users) => state::unlock(&users.names, api, console).await,
        UserCommand::TemporaryPassword { user, expires } => temporary(&user.name, expires, api, console).await,
    }
}

async fn password(name: &str, from_stdin: bool, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    if !from_stdin && console.in_is_terminal {
        account::user(name, api).await?;
    }
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
    let secret = console.variable("DOCKPASS_TOKEN").map(|secret| Password::new(secret.to_owned()))?;
    let is_own = console.user().is_ok_and(|user| user == Some(name));
    (is_own && !secret.is_access_token()).then_some(secret)
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
    use crate::cli::testing::{Server, console};

    #[tokio::test]
    async fn users_are_listed_by_a_part_of_the_name() {
        let server = Server::with_json(&[(200, r#"{"accounts":[],"nextPageStart":""}"#)]);
        let (mut console, _) = console(b"");
        let list = UserCommand::List { contains: Some("a b".into()) };
        run(list, &mut server.api(), &mut console).await.unwrap();
        let sent = server.requests().remove(0);
        assert!(sent.starts_with("GET /enzi/v0/accounts?filter=users&contains=a%20b&limit=500 "), "{sent}");
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
