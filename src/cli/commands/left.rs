//! What is left of somebody's access where some was taken away, why, and how that is taken, too.

use crate::api::operations::grants as op;
use crate::api::operations::repositories::ViewRepository;
use crate::api::{AccountAccess, Paging, Reached};
use crate::cli::commands::stakes;
use crate::cli::screen::{CliError, shown};
use crate::cli::wire::{Api, parts};
use crate::domain::access::{AccessLevel, Reason};
use crate::domain::grant::GrantTarget;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::text::shell_word;

/// Most sentences; the rest is counted.
const MOST: usize = 5;

/// One sentence for each way in which a user still reaches something of `on`, or anything; none where the caller may not
/// know.
pub(in crate::cli) async fn of_user(user: &str, on: Option<&GrantTarget>, api: &mut Api) -> Vec<String> {
    let reach = reach_of(user, on, api).await;
    told(reach.map(|reach| sentences(&reach, on)), || unknown(user))
}

/// The same for all that a user was given, and for its access tokens, if these are asked for. What it owns was not given,
/// and stays its own.
pub(in crate::cli) async fn given_to(user: &str, with_tokens: bool, api: &mut Api) -> Vec<String> {
    let tokens = if with_tokens { tokens_of(user, api).await } else { Ok(None) };
    let tokens = tokens.map(|tokens| tokens.into_iter().collect());
    let mut left = told(tokens, || unknown(user));
    if left.contains(&unknown(user)) {
        return left;
    }
    let given = reach_of(user, None, api).await.map(|mut reach| {
        reach.access.retain(|entry| entry.reason != Reason::Owner);
        sentences(&reach, None)
    });
    left.extend(told(given, || unknown(user)));
    left
}

async fn reach_of(user: &str, on: Option<&GrantTarget>, api: &mut Api) -> Result<AccountAccess, CliError> {
    let which = op::WhichTarget { on: on.map(ToString::to_string) };
    api.call(op::ListAccessOfUser, [user], &which).await?.read()
}

/// What a look-up after a change has found; nothing where the caller may not know. The change is made: a look-up that
/// fails, perhaps because the change ended the caller's own sign-in, is no failure of it.
fn told(found: Result<Vec<String>, CliError>, unknown: impl FnOnce() -> String) -> Vec<String> {
    match found {
        Ok(told) => told,
        Err(error) if may_not_know(&error) => Vec::new(),
        Err(_) => vec![unknown()],
    }
}

fn may_not_know(error: &CliError) -> bool {
    matches!(error, CliError::Refused { status, .. } if *status != 401) && !error.may_pass()
}

/// That nobody could be asked what a user still has, and what shows it.
pub(in crate::cli) fn unknown(user: &str) -> String {
    format!("what is left to {} is not known: dockpass user show {}", shown::plain(user), shell_word(user))
}

/// That what an inactive user has is of no use, and what makes it count again.
pub(in crate::cli) fn of_no_use(user: &str) -> String {
    let (name, word) = (shown::plain(user), shell_word(user));
    format!(
        "{name} is inactive and let in nowhere; what it has counts again after: dockpass user set {word} --active true"
    )
}

/// The access tokens that a user still has, and the command that ends them.
async fn tokens_of(user: &str, api: &mut Api) -> Result<Option<String>, CliError> {
    let count = stakes::many(stakes::tokens(user, api).await?, "access token", "access tokens");
    let (name, word) = (shown::plain(user), shell_word(user));
    Ok(count.map(|count| format!("{name} still has {count}: dockpass token delete --user {word} --all")))
}

/// The same for a team: its grant on the namespace, or those on single repositories.
pub(in crate::cli) async fn of_team(team: &str, on: &GrantTarget, api: &mut Api) -> Vec<String> {
    let found = match on {
        GrantTarget::Repository(name) => by_namespace(team, name, api).await,
        GrantTarget::Namespace(namespace) => {
            let parts = [namespace.as_str(), team];
            let list = api.list(op::ListRepositoriesOfTeam, parts, &Paging::default(), usize::MAX).await;
            let place =
                |repository: &crate::api::GrantRepository| format!("{}/{}", repository.namespace, repository.name);
            let rows = list.and_then(|list| list.read());
            rows.map(|rows| rows.iter().map(|row| (place(&row.repository), row.access_level)).collect())
        }
    };
    let team = format!("{}/{team}", on.namespace());
    let each = |(by, level): &(String, AccessLevel)| team_sentence(&team, on, by, *level);
    let found = found.map(|found| bounded(found.iter().map(each).collect(), None));
    told(found, || format!("what is left to the team {team} is not known: dockpass team access {}", shell_word(&team)))
}

/// What a team's grant on the namespace gives on a repository: nothing on one that was given away.
async fn by_namespace(
    team: &str,
    name: &RepositoryName,
    api: &mut Api,
) -> Result<Vec<(String, AccessLevel)>, CliError> {
    let [namespace, _] = parts(name);
    if api.call(ViewRepository, parts(name), &()).await?.read()?.owner.as_deref() != Some(namespace) {
        return Ok(Vec::new());
    }
    let level = api.call(op::ViewNamespaceTeamAccess, [namespace, team], &()).await?.read()?.access_level;
    Ok(vec![(format!("{namespace}/*"), level)])
}

fn sentences(reach: &AccountAccess, on: Option<&GrantTarget>) -> Vec<String> {
    let user = shown::marked(&shown::plain(&reach.user.name), reach.user.is_active != Some(false));
    let word = shell_word(&reach.user.name);
    let everything = reach.is_administrator == Some(true);
    let everything = everything.then(|| {
        format!(
            "{user} still has admin on everything as a system administrator: dockpass user set {word} --admin false"
        )
    });
    let each = reach.access.iter().map(|entry| sentence(&user, &word, on, entry));
    bounded(everything.into_iter().chain(each).collect(), Some(&word))
}

fn sentence(user: &str, word: &str, on: Option<&GrantTarget>, entry: &Reached) -> String {
    let by = shown::plain(&entry.on);
    let (level, place) = (entry.access_level, reached(on, &by));
    // An earlier server does not name it: then nothing was ever transferred, and it has the namespace.
    let first = by.split_once('/').map_or(by.as_str(), |(organization, _)| organization);
    let organization = shown::plain(entry.organization.as_deref().unwrap_or(first));
    let team = format!("{organization}/{}", shown::plain(entry.team.as_deref().unwrap_or_default()));
    let still = format!("{user} still has {level} on {place}");
    match entry.reason {
        Reason::Owner if by.ends_with("/*") => format!("{still} as the owner of the namespace"),
        Reason::Owner => format!("{still} as its owner: dockpass repo transfer {} --to NAME", shell_word(&by)),
        Reason::OrganizationAdmin => {
            let way = format!("dockpass org add {} {word} --admin false", shell_word(&organization));
            format!("{still} as an administrator of {organization}: {way}")
        }
        Reason::TeamRepositoryGrant | Reason::TeamNamespaceGrant => {
            format!("{still} as a member of {team}: dockpass team remove {} {word}", shell_word(&team))
        }
        Reason::RepositoryGrant | Reason::NamespaceGrant => {
            format!("{still} {}: dockpass grant delete --user {word} {}", by_what(&by), shell_word(&by))
        }
        Reason::SystemAdministrator => {
            format!("{still} as a system administrator: dockpass user set {word} --admin false")
        }
        Reason::Public => {
            format!("everybody may still pull {place}, which is public: dockpass repo set {place} --public false")
        }
    }
}

fn team_sentence(team: &str, on: &GrantTarget, by: &str, level: AccessLevel) -> String {
    let (by, word) = (shown::plain(by), shell_word(team));
    let still = format!("the team {team} still has {level} on {}", reached(Some(on), &by));
    format!("{still} {}: dockpass grant delete --team {word} {}", by_what(&by), shell_word(&by))
}

/// How a grant on this place is told.
fn by_what(by: &str) -> String {
    if by.ends_with("/*") { format!("by {by}") } else { "by a grant on it".to_owned() }
}

/// Of what was asked about, the part that a grant on this place reaches: the narrower of both.
fn reached(on: Option<&GrantTarget>, by: &str) -> String {
    match on {
        Some(GrantTarget::Repository(name)) => name.shown(),
        Some(GrantTarget::Namespace(_)) | None => by.to_owned(),
    }
}

fn bounded(mut told: Vec<String>, user: Option<&str>) -> Vec<String> {
    let more = told.len().saturating_sub(MOST);
    told.truncate(MOST);
    let list = user.map(|user| format!(": dockpass grant list --user {user}")).unwrap_or_default();
    told.extend((more > 0).then(|| format!("and {more} more{list}")));
    told
}

/// All of a namespace as the target of a grant; none if the text is no namespace, such as an identifier.
pub(in crate::cli) fn all_of(namespace: &str) -> Option<GrantTarget> {
    Namespace::parse(namespace).ok().map(GrantTarget::Namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(is_administrator: Option<bool>, entries: &[(&str, &str, &str, Option<&str>)], on: &str) -> Vec<String> {
        let entry = |(on, level, reason, team): &(&str, &str, &str, Option<&str>)| serde_json::json!({ "on": on, "accessLevel": level, "reason": reason, "team": team, "organization": "alice" });
        let access: Vec<_> = entries.iter().map(entry).collect();
        let reach = serde_json::json!({
            "user": { "name": "build", "id": "01A", "isActive": true }, "isAdministrator": is_administrator, "access": access,
        });
        sentences(&serde_json::from_value(reach).unwrap(), Some(&on.parse().unwrap()))
    }

    #[test]
    fn each_way_is_told_with_the_command_that_ends_it() {
        let ways = [
            ("alice/*", "read-write", "namespaceGrant", None),
            ("alice/app", "read-only", "repositoryGrant", None),
            ("alice/*", "admin", "organizationAdmin", None),
            ("alice/*", "read-only", "teamNamespaceGrant", Some("dev")),
            ("alice/app", "read-only", "public", None),
        ];
        assert_eq!(
            told(None, &ways, "alice/app"),
            [
                "build still has read-write on alice/app by alice/*: dockpass grant delete --user build 'alice/*'",
                "build still has read-only on alice/app by a grant on it: dockpass grant delete --user build alice/app",
                "build still has admin on alice/app as an administrator of alice: dockpass org add alice build --admin false",
                "build still has read-only on alice/app as a member of alice/dev: dockpass team remove alice/dev build",
                "everybody may still pull alice/app, which is public: dockpass repo set alice/app --public false",
            ]
        );
        let own = told(Some(true), &[("build/*", "admin", "owner", None)], "build/*");
        let everything =
            "build still has admin on everything as a system administrator: dockpass user set build --admin false";
        assert_eq!(own, [everything, "build still has admin on build/* as the owner of the namespace"]);
        assert_eq!(told(Some(false), &[], "alice/app"), Vec::<String>::new());
    }

    #[test]
    fn of_very_many_some_are_told_and_the_others_counted() {
        let names: Vec<String> = (0..9).map(|number| format!("alice/app{number}")).collect();
        let ways: Vec<_> = names.iter().map(|name| (name.as_str(), "read-only", "repositoryGrant", None)).collect();
        let told = told(None, &ways, "alice/*");
        assert_eq!((told.len(), told[5].as_str()), (6, "and 4 more: dockpass grant list --user build"));
        assert!(told[0].starts_with("build still has read-only on alice/app0 by a grant on it: "), "{}", told[0]);
    }
}
