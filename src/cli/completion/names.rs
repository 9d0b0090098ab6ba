//! Names that the server knows, of which a few hundred are enough: nobody looks through more.

use super::Candidate;
use crate::api::operations::{access_tokens, accounts, organizations, repositories};
use crate::api::{ApiToken, NamePaging, Ordering};
use crate::cli::commands::target::{self, Signing, Target};
use crate::cli::global::Global;
use crate::cli::screen::{CliError, Console};
use crate::cli::wire::{Api, is_served};
use crate::domain::account::AccountFilter;

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
}

/// The names of a kind that begin as was typed, by the server that the command would speak to. Where none listens there
/// are none: the store is never opened.
pub(super) async fn find(
    kind: Kind,
    typed: &str,
    global: Global,
    console: &Console,
) -> Result<Vec<Candidate>, CliError> {
    let mut api = match target::find(Signing::Needed, global, console)? {
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
    let Some((organization, _)) = typed.split_once('/') else {
        let found = accounts_of(AccountFilter::Organizations, typed, api).await?;
        return Ok(found.into_iter().map(|it| Candidate::new(format!("{}/", it.value), it.text)).collect());
    };
    let query = (Ordering::default(), NamePaging::default());
    let found = api.list(organizations::ListTeams, [organization], &query, MOST).await?.read()?;
    Ok(found.into_iter().map(|it| Candidate::new(format!("{organization}/{}", it.name), it.description)).collect())
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
