//! Names that the server knows, of which a few hundred are enough: nobody looks through more.

use super::Candidate;
use crate::api::operations::{access_tokens, accounts, organizations, repositories, robots};
use crate::api::{ApiToken, NamePaging, Ordering, Robot};
use crate::cli::commands::target::{self, Signing, Target};
use crate::cli::global::Global;
use crate::cli::screen::{CliError, Console};
use crate::cli::wire::{Api, is_served, parts};
use crate::domain::account::AccountFilter;
use crate::domain::name::RepositoryName;

/// Most that are proposed.
const MOST: usize = 200;

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A user.
    User,
    /// An organization.
    Organization,
    /// Either.
    Account,
    /// A team, with its organization.
    Team,
    /// A repository.
    Repository,
    /// A repository, or all of a namespace.
    Pattern,
    /// An access token, by its id.
    Token,
    /// A robot, with its organization.
    Robot,
    /// A tag of the repository that stands before it.
    Tag,
}

/// The names of a kind that begin as was typed, by the server that the command would speak to. Where none listens there
/// are none: the store is never opened. `within` says what it is in, such as
/// the repository of a tag.
pub(super) async fn find(
    kind: Kind,
    [within, typed]: [&str; 2],
    global: Global,
    console: &Console,
) -> Result<Vec<Candidate>, CliError> {
    let mut api = match target::find(Signing::Needed, global, console).await? {
        Target::Here(config) if is_served(&config.server.data_dir) => Api::in_directory(&config.server.data_dir),
        Target::Here(_) => return Ok(Vec::new()),
        Target::Elsewhere(found) => found.api()?,
    };
    match kind {
        Kind::User => accounts_of(AccountFilter::Users, typed, &mut api).await,
        Kind::Organization => accounts_of(AccountFilter::Organizations, typed, &mut api).await,
        Kind::Account => accounts_of(AccountFilter::All, typed, &mut api).await,
        Kind::Team => teams(typed, &mut api).await,
        Kind::Repository => repositories_of(typed, &mut api).await,
        Kind::Pattern => patterns(typed, &mut api).await,
        Kind::Token => tokens(&mut api).await,
        Kind::Robot => robots(typed, &mut api).await,
        Kind::Tag => tags(within, typed, &mut api).await,
    }
}

async fn accounts_of(filter: AccountFilter, typed: &str, api: &mut Api) -> Result<Vec<Candidate>, CliError> {
    let contains = Some(typed.to_owned()).filter(|text| !text.is_empty());
    let which = accounts::WhichAccounts { filter: Some(filter), contains };
    let query = (which, Ordering::default(), NamePaging::default());
    let found = api.list(accounts::ListAccounts, [], &query, MOST).await?.read()?;
    Ok(found.into_iter().map(|account| Candidate::new(account.name, account.full_name)).collect())
}

/// The teams of the organization that is typed already, or the organizations.
async fn teams(typed: &str, api: &mut Api) -> Result<Vec<Candidate>, CliError> {
    let Some((organization, _)) = typed.split_once('/') else { return organizations_before(typed, api).await };
    let query = (Ordering::default(), NamePaging::default());
    let found = api.list(organizations::ListTeams, [organization], &query, MOST).await?.read()?;
    Ok(found.into_iter().map(|it| Candidate::new(format!("{organization}/{}", it.name), it.description)).collect())
}

/// The organizations in which something is named, each with the slash behind it.
async fn organizations_before(typed: &str, api: &mut Api) -> Result<Vec<Candidate>, CliError> {
    let found = accounts_of(AccountFilter::Organizations, typed, api).await?;
    Ok(found.into_iter().map(|it| Candidate::new(format!("{}/", it.value), it.text)).collect())
}

/// The robots of the organization that is typed already, or the organizations.
async fn robots(typed: &str, api: &mut Api) -> Result<Vec<Candidate>, CliError> {
    let Some((organization, _)) = typed.split_once('/') else { return organizations_before(typed, api).await };
    let found: Vec<Robot> = api.list(robots::ListRobots, [organization], &Default::default(), MOST).await?.read()?;
    let text = |robot: &Robot| format!("{}, {}", robot.record.access_level, robot.record.state);
    Ok(found.iter().map(|it| Candidate::new(format!("{organization}/{}", it.name), text(it))).collect())
}

/// The tags of a repository that begin as was typed.
async fn tags(repository: &str, typed: &str, api: &mut Api) -> Result<Vec<Candidate>, CliError> {
    let Ok(repository) = RepositoryName::parse_shown(repository) else { return Ok(Vec::new()) };
    let found = api.list(repositories::ListTags, parts(&repository), &Default::default(), usize::MAX).await?.read()?;
    let begun = found.into_iter().filter(|tag| tag.name.starts_with(typed)).take(MOST);
    Ok(begun.map(|tag| Candidate::new(tag.name, tag.digest)).collect())
}

async fn repositories_of(typed: &str, api: &mut Api) -> Result<Vec<Candidate>, CliError> {
    let part = typed.strip_prefix("_/").unwrap_or(typed);
    let contains = Some(part.to_owned()).filter(|text| !text.is_empty());
    let mut query = <(_, repositories::Containing, _, _, _)>::default();
    query.1 = repositories::Containing { contains };
    let found = api.list(repositories::ListRepositories, [], &query, MOST).await?.read()?;
    Ok(found
        .into_iter()
        .map(|it| Candidate::new(format!("{}/{}", it.namespace, it.name), it.short_description))
        .collect())
}

/// Repositories, and each of their namespaces as a whole.
async fn patterns(typed: &str, api: &mut Api) -> Result<Vec<Candidate>, CliError> {
    let mut found = repositories_of(typed, api).await?;
    let spaces = found.iter().filter_map(|it| it.value.split_once('/')).map(|(namespace, _)| format!("{namespace}/*"));
    let spaces: std::collections::BTreeSet<String> = spaces.collect();
    found.extend(spaces.into_iter().map(|pattern| Candidate::new(pattern, "the whole namespace")));
    Ok(found)
}

async fn tokens(api: &mut Api) -> Result<Vec<Candidate>, CliError> {
    let found: Vec<ApiToken> =
        api.list(access_tokens::ListAccessTokens, [], &Default::default(), MOST).await?.read()?;
    let text = |token: &ApiToken| format!("{} of {}, {}", token.token_label, token.username, token.state);
    Ok(found.iter().map(|token| Candidate::new(token.id.clone(), text(token))).collect())
}
