//! Accounts on the command line. Users and organizations share one set of names and one path of the API. Each kind
//! has its own commands, which refuse the other kind before they change anything.

use std::fmt;

use clap::Args;

use crate::api::operations::{accounts as op, repositories};
use crate::api::{Account, Code, CreateAccount, NamePaging, Ordering};
use crate::cli::commands::{several, stakes};
use crate::cli::screen::{CliError, Console, Final, Report, Unasked, prompt};
use crate::cli::wire::{Api, ApiAnswer, List};
use crate::domain::account::AccountFilter;
use crate::domain::text::shell_word;

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
        CliError::Refused { status, code, message, retry_after } if code == "NAMESPACE_IN_USE" => {
            CliError::Refused { status, code, message: as_option(&message), retry_after }
        }
        other => other,
    })
}

/// What the server says of a name under which repositories exist, as this command line says it.
pub(in crate::cli) fn name_in_use() -> String {
    as_option(op::NAMESPACE_IN_USE)
}

fn as_option(message: &str) -> String {
    message.replace("adoptRepositories", "--adopt-repositories")
}

/// An account that was looked up and is to be deleted, with what goes along.
#[derive(PartialEq)]
pub(in crate::cli) struct Doomed {
    /// `user` or `organization`.
    what: &'static str,
    name: String,
    /// What always goes with it, counted.
    along: Vec<String>,
    /// How many repositories it owns, if the server tells.
    repositories: Option<u64>,
    /// How many robots have a secret that it knows, as far as the server tells.
    robots: u64,
}

impl Doomed {
    /// A user, with its access tokens.
    pub(in crate::cli) async fn user(name: &str, api: &mut Api) -> Result<Self, CliError> {
        let account = user(name, api).await?.read()?;
        let along = stakes::many(stakes::tokens(&account.name, api).await?, "access token", "access tokens");
        let repositories = stakes::repositories(&account.name, api).await?;
        let robots = stakes::robots_known_to(&account.name, api).await?.unwrap_or(0);
        Ok(Self { what: "user", name: account.name, along: along.into_iter().collect(), repositories, robots })
    }

    /// An organization, with its teams and robots.
    pub(in crate::cli) async fn organization(name: &str, api: &mut Api) -> Result<Self, CliError> {
        let account = organization(name, api).await?.read()?;
        let count = |count: Option<usize>| count.and_then(|count| u64::try_from(count).ok());
        let members = stakes::many(count(account.members_count), "membership", "memberships");
        let teams = stakes::many(count(account.teams_count), "team", "teams");
        let robots = stakes::many(stakes::robots(&account.name, api).await?, "robot", "robots");
        let repositories = stakes::repositories(&account.name, api).await?;
        Ok(Self {
            what: "organization",
            name: account.name,
            along: teams.into_iter().chain(members).chain(robots).collect(),
            repositories,
            robots: 0,
        })
    }

    fn stay(&self) -> &'static str {
        if self.repositories == Some(1) { "stays" } else { "stay" }
    }

    fn its_repositories(&self) -> Option<String> {
        stakes::many(self.repositories, "repository", "repositories")
    }

    /// What is lost with it; `content` is what becomes of what the repositories hold.
    fn stakes(&self, with_repositories: bool, content: &str) -> String {
        let (mut parts, repositories) = (self.along.clone(), self.its_repositories());
        let mut rest = String::new();
        match repositories {
            Some(repositories) if with_repositories => parts.push(format!("{repositories}{content}")),
            Some(repositories) => rest = format!("; its {repositories} {}, without an owner", self.stay()),
            None => {}
        }
        let with = if parts.is_empty() { String::new() } else { format!(", with {}", stakes::listed(&parts)) };
        let robots = stakes::many(Some(self.robots), "robot", "robots").map(|robots| {
            let name = shell_word(&self.name);
            format!(
                "\n{name} asked for the secrets of {robots}. Those made with an access token of {name} stop, the others go on: \
                 dockpass user offboard {name} --rotate-robots FILE"
            )
        });
        let robots = robots.unwrap_or_default();
        format!("The {} {} is deleted for good{with}{rest}.{robots}", self.what, self.name)
    }

    /// What was done. The server warns if the registry keeps the content.
    fn done(&self, with_repositories: bool, is_warned: bool) -> String {
        let fate = match (self.its_repositories(), with_repositories, is_warned) {
            (None, _, _) => String::new(),
            (Some(repositories), false, _) => format!("; its {repositories} {}, without an owner", self.stay()),
            (Some(repositories), true, false) => format!(" with its {repositories}"),
            (Some(repositories), true, true) => format!(" with the records of its {repositories}"),
        };
        format!("deleted the {} {}{fate}", self.what, self.name)
    }
}

impl fmt::Display for Doomed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Asks for confirmation, then deletes accounts that were looked up, one after the other.
pub(in crate::cli) async fn delete(
    doomed: &[Doomed],
    Removal { with_repositories, unasked }: Removal,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let goes = with_repositories && doomed.iter().any(|it| it.repositories != Some(0));
    let content = if goes { stakes::content(api).await? } else { "" };
    let stakes: Vec<_> = doomed.iter().map(|it| it.stakes(with_repositories, content)).collect();
    prompt::confirm(Final::Delete, &stakes.join("\n"), unasked, console)?;
    several::each(doomed, api, console, async |it, api, console| {
        let name = [it.name.as_str()];
        let answer = if with_repositories {
            api.call(op::DeleteAccountAndRepositories, name, &()).await
        } else {
            api.call(op::DeleteAccount, name, &()).await
        }?;
        console.warn(&answer.warnings)?;
        let line = it.done(with_repositories, !answer.warnings.is_empty());
        Ok(Report::done(answer.value, line))
    })
    .await
}

/// An answer about a membership; none if there is no such member, or the caller may not know: then the change that
/// follows says what is wrong.
pub(in crate::cli) fn if_told<T>(answer: Result<T, CliError>) -> Result<Option<T>, CliError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(CliError::Refused { code, .. })
            if [Code::NoSuchMember.name(), Code::NotAuthorized.name()].contains(&code.as_str()) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The account of this name, if there is one; none, too, where the caller may not look.
pub(in crate::cli) async fn found(name: &str, api: &mut Api) -> Result<Option<Account>, CliError> {
    match api.call(op::ViewAccount, [name], &()).await {
        Ok(answer) => answer.read().map(Some),
        Err(CliError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether repositories are known in the namespace of this name which nobody owns: an account of the name is made only if it takes
/// them over. Of repositories that were deleted, which count as well, nobody is told.
pub(in crate::cli) async fn is_name_in_use(name: &str, api: &mut Api) -> Result<bool, CliError> {
    let (list, query) = (repositories::ListRepositoriesOfNamespace, repositories::RepositoryList::default());
    match api.list(list, [name], &query, usize::MAX).await {
        Ok(list) => Ok(list.read()?.iter().any(|repository| repository.owner.is_none())),
        Err(CliError::Refused { code, .. }) if code == Code::NoSuchAccount.name() => Ok(false),
        Err(error) => Err(error),
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
    use crate::cli::testing::{Server, console, repository};

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
    async fn a_name_is_in_use_while_nobody_owns_what_is_known_under_it() {
        let rows = |owners: &[Option<&str>]| {
            let rows: Vec<_> = owners.iter().map(|owner| repository("alice", *owner)).collect();
            format!(r#"{{"repositories":[{}]}}"#, rows.join(","))
        };
        let none = r#"{"errors":[{"code":"NO_SUCH_ACCOUNT","message":"no such account"}]}"#;
        let (given, mixed) = (rows(&[Some("bob")]), rows(&[Some("bob"), None]));
        let next =
            format!("HTTP/1.1 200 X\r\nx-next-page-start: app\r\ncontent-length: {}\r\n\r\n{given}", given.len());
        let whole = |status, body: &str| format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let answers = [whole(404, none), whole(200, &given), next.clone(), whole(200, &mixed), next.clone(), next];
        let server = Server::start(&answers.iter().map(String::as_str).collect::<Vec<_>>());
        let mut api = server.api();
        for expected in [false, false, true] {
            assert_eq!(is_name_in_use("alice", &mut api).await.unwrap(), expected);
        }
        assert!(is_name_in_use("alice", &mut api).await.unwrap_err().to_string().contains("in a circle"));
        assert!(server.requests()[3].starts_with("GET /api/v0/repositories/alice?pageSize=500&pageStart=app "));
    }

    #[tokio::test]
    async fn what_goes_with_an_account_is_a_matter_of_the_path() {
        let server = Server::with_json(&[(204, ""), (204, "")]);
        let (mut console, _) = console(b"");
        let mut api = server.api();
        for with_repositories in [false, true] {
            let removal = Removal { with_repositories, unasked: Unasked { yes: true } };
            delete(&[doomed(Some(0))], removal, &mut api, &mut console).await.unwrap();
        }
        let sent = server.requests();
        assert!(sent[0].starts_with("DELETE /enzi/v0/accounts/alice "), "{}", sent[0]);
        assert!(sent[1].starts_with("DELETE /api/v0/accounts/alice "), "{}", sent[1]);
    }

    fn doomed(repositories: Option<u64>) -> Doomed {
        Doomed { what: "user", name: "alice".into(), along: vec!["2 access tokens".into()], repositories, robots: 0 }
    }

    #[test]
    fn what_is_lost_is_said_in_numbers() {
        let content = " and what they hold in the registry";
        let said = |repositories, with_repositories| {
            let doomed = doomed(repositories);
            [doomed.stakes(with_repositories, content), doomed.done(with_repositories, false)]
        };
        assert_eq!(
            said(Some(3_000), true),
            [
                "The user alice is deleted for good, with 2 access tokens and 3,000 repositories and what they hold in \
                 the registry.",
                "deleted the user alice with its 3,000 repositories",
            ]
        );
        assert_eq!(
            said(Some(1), false),
            [
                "The user alice is deleted for good, with 2 access tokens; its 1 repository stays, without an owner.",
                "deleted the user alice; its 1 repository stays, without an owner",
            ]
        );
        assert_eq!(
            said(Some(0), false),
            ["The user alice is deleted for good, with 2 access tokens.", "deleted the user alice"]
        );
        assert_eq!(said(None, true)[1], "deleted the user alice with its repositories");
        assert_eq!(doomed(Some(2)).done(true, true), "deleted the user alice with the records of its 2 repositories");
    }
}
