//! What goes with something that is deleted, in numbers: for the question before it, and the line after it.

use crate::api::operations::{access_tokens, registry, repositories, robots};
use crate::api::{Code, Counting, Ordering, Paging};
use crate::cli::screen::{CliError, shown};
use crate::cli::wire::Api;

const COUNTED: Counting = Counting { count: Some(true) };

/// How many repositories this account owns, in whatever namespace; none if the server does not tell.
pub(in crate::cli) async fn repositories(owner: &str, api: &mut Api) -> Result<Option<u64>, CliError> {
    let whose = repositories::OfOwner { owner: Some(owner.to_owned()) };
    let query = (whose, repositories::Containing::default(), Ordering::default(), Paging::default(), COUNTED);
    api.count(repositories::ListRepositories, [], &query).await
}

/// How many tags of a repository are known; none if the server does not tell.
pub(in crate::cli) async fn tags([namespace, rest]: [&str; 2], api: &mut Api) -> Result<Option<u64>, CliError> {
    let query = (repositories::Unread::default(), Paging::default(), COUNTED);
    api.count(repositories::ListTags, [namespace, rest], &query).await
}

/// How many access tokens a user has; none if the server does not tell.
pub(in crate::cli) async fn tokens(user: &str, api: &mut Api) -> Result<Option<u64>, CliError> {
    let which = access_tokens::Selection { username: Some(user.to_owned()), ..access_tokens::Selection::default() };
    let query = (which, access_tokens::Ranking::default(), Paging::default(), COUNTED);
    api.count(access_tokens::ListAccessTokens, [], &query).await
}

/// How many robots have a secret that a user asked for; none for callers who may not know.
pub(in crate::cli) async fn robots_known_to(user: &str, api: &mut Api) -> Result<Option<u64>, CliError> {
    let ranking = access_tokens::Ranking { secret_by: Some(user.to_owned()), ..access_tokens::Ranking::default() };
    let query = (access_tokens::Selection::default(), ranking, Paging::default(), COUNTED);
    match api.count(access_tokens::ListAccessTokens, [], &query).await {
        Err(CliError::Refused { code, .. }) if code == Code::NotAuthorized.name() => Ok(None),
        count => count,
    }
}

/// How many robots an organization has; none for callers who may not know.
pub(in crate::cli) async fn robots(organization: &str, api: &mut Api) -> Result<Option<u64>, CliError> {
    match api.count(robots::ListRobots, [organization], &Default::default()).await {
        Err(CliError::Refused { code, .. }) if code == Code::NotAuthorized.name() => Ok(None),
        count => count,
    }
}

/// Whether the server was told where the registry is; none for callers who may not know, all but administrators.
pub(in crate::cli) async fn knows_registry(api: &mut Api) -> Result<Option<bool>, CliError> {
    match api.call(registry::ViewRegistry, [], &()).await {
        Ok(answer) => Ok(Some(answer.read()?.url.is_some())),
        Err(CliError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What becomes of the content of deleted repositories, as the end of a sentence that names them.
pub(in crate::cli) async fn content(api: &mut Api) -> Result<&'static str, CliError> {
    Ok(match knows_registry(api).await? {
        Some(true) => " and what they hold in the registry",
        Some(false) => "; the registry keeps what they hold",
        None => " and what they hold in the registry, if the server knows where that is",
    })
}

/// `1 repository`, `3,000 repositories`; nothing for none, and `repositories` for a number that is not known.
pub(in crate::cli) fn many(count: Option<u64>, one: &str, all: &str) -> Option<String> {
    match count {
        Some(0) => None,
        Some(count) => Some(shown::counted_as(count, one, all)),
        None => Some(all.to_owned()),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(in crate::cli) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let repositories = |count| many(count, "repository", "repositories");
        assert_eq!(repositories(Some(0)), None);
        assert_eq!(repositories(Some(1)).as_deref(), Some("1 repository"));
        assert_eq!(repositories(Some(3_000)).as_deref(), Some("3,000 repositories"));
        assert_eq!(repositories(None).as_deref(), Some("repositories"));
        let parts = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([&parts[..0], &parts[..1], &parts[..2], &parts].map(listed), ["", "a", "a and b", "a, b and c"]);
    }
}
