//! Accounts on the command line. Users and organizations share one set of names and one path of the API. Each kind
//! has its own commands, which refuse the other kind before they change anything.

use clap::Args;

use crate::api::operations::accounts as op;
use crate::api::{Account, CreateAccount, NamePaging, Ordering};
use crate::cli::screen::{CliError, Console, Report, Unasked, prompt};
use crate::cli::wire::{Api, ApiAnswer, List};
use crate::domain::account::AccountFilter;

/// How an account is deleted.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(in crate::cli) struct Removal {
    /// Delete the repositories, too
    #[arg(long)]
    pub(in crate::cli) with_repositories: bool,
    #[command(flatten)]
    pub(in crate::cli) unasked: Unasked,
}

/// The accounts that a filter selects, and whose name or full name contains a text, if one is given.
pub(in crate::cli) async fn list(
    filter: AccountFilter,
    contains: Option<String>,
    api: &mut Api,
) -> Result<List<Account>, CliError> {
    let which = op::WhichAccounts { filter: Some(filter), contains };
    api.list(op::ListAccounts, [], &(which, Ordering::default(), NamePaging::default()), usize::MAX).await
}

/// Makes an account. If repositories exist under its name already, the error names the option that takes them over.
pub(in crate::cli) async fn create(body: &CreateAccount, api: &mut Api) -> Result<ApiAnswer<Account>, CliError> {
    let made = api.send(op::CreateAccount, [], &(), body).await;
    made.map_err(|error| match error {
        CliError::Refused { status, code, message } if code == "NAMESPACE_IN_USE" => {
            let message = message.replace("adoptRepositories", "--adopt-repositories");
            CliError::Refused { status, code, message }
        }
        other => other,
    })
}

/// Asks for confirmation, then deletes an account that was looked up: `what` is its kind, `along` what is always
/// deleted with it, `done` the line that reports it.
pub(in crate::cli) async fn delete(
    [what, name, along]: [&str; 3],
    done: &str,
    Removal { with_repositories, unasked }: Removal,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let repositories =
        if with_repositories { "all repositories go too" } else { "its repositories stay, without an owner" };
    let stakes = format!("The {what} {name} is deleted for good, with {along}; {repositories}.");
    prompt::confirm(&stakes, unasked, console)?;
    let answer = if with_repositories {
        api.call(op::DeleteAccountAndRepositories, [name], &()).await?
    } else {
        api.call(op::DeleteAccount, [name], &()).await?
    };
    console.warn(&answer.warnings)?;
    let rest = fate(with_repositories, !answer.warnings.is_empty());
    console.report(&Report::done(answer.value, format!("{done}{rest}")))
}

/// What became of a deleted account's repositories. The server warns if the registry keeps their content.
fn fate(with_repositories: bool, is_warned: bool) -> &'static str {
    match (with_repositories, is_warned) {
        (false, _) => "; its repositories stay, without an owner",
        (true, false) => " with all repositories",
        (true, true) => " with the records of its repositories",
    }
}

/// Help on deleting an account with its repositories.
pub(in crate::cli) const WITH_REPOSITORIES: &str = "\
With --with-repositories and registry.url in the configuration of the server, everything that their tags point to is \
deleted in the registry, too, for good; without registry.url only the records go, and the registry keeps the content.";

/// Looks up a user; an organization is refused.
pub(in crate::cli) async fn user(name: &str, api: &mut Api) -> Result<ApiAnswer<Account>, CliError> {
    let answer = api.call(op::ViewAccount, [name], &()).await?;
    if answer.read()?.is_org {
        let why = format!("{name} is an organization and no user; its commands are those of `dockpass org`");
        return Err(CliError::Usage(why));
    }
    Ok(answer)
}

/// Looks up an organization; a user is refused.
pub(in crate::cli) async fn organization(name: &str, api: &mut Api) -> Result<ApiAnswer<Account>, CliError> {
    let answer = api.call(op::ViewAccount, [name], &()).await?;
    if answer.read()?.is_org {
        return Ok(answer);
    }
    Err(CliError::Usage(format!("{name} is a user and no organization; its commands are those of `dockpass user`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    const ALICE: &str = r#"{"name":"alice","id":"01A","fullName":"","isOrg":false}"#;
    const ACME: &str = r#"{"name":"acme","id":"01B","fullName":"","isOrg":true}"#;

    #[tokio::test]
    async fn users_and_organizations_are_not_mistaken_for_each_other() {
        let server = Server::with_json(&[(200, ALICE), (200, ACME), (200, ALICE), (200, ACME)]);
        let mut api = server.api();
        assert!(user("alice", &mut api).await.is_ok());
        let error = user("acme", &mut api).await.err().unwrap();
        assert_eq!((error.exit_code(), error.to_string().contains("`dockpass org`")), (2, true));
        let error = organization("alice", &mut api).await.err().unwrap();
        assert_eq!((error.exit_code(), error.to_string().contains("`dockpass user`")), (2, true));
        assert!(organization("acme", &mut api).await.is_ok());
    }

    #[tokio::test]
    async fn what_goes_with_an_account_is_a_matter_of_the_path() {
        let server = Server::with_json(&[(204, ""), (204, "")]);
        let (mut console, _) = console(b"");
        let mut api = server.api();
        for with_repositories in [false, true] {
            let removal = Removal { with_repositories, unasked: Unasked { yes: true } };
            delete(["user", "alice", ""], "", removal, &mut api, &mut console).await.unwrap();
        }
        let sent = server.requests();
        assert!(sent[0].starts_with("DELETE /enzi/v0/accounts/alice "), "{}", sent[0]);
        assert!(sent[1].starts_with("DELETE /api/v0/accounts/alice "), "{}", sent[1]);
    }
}
