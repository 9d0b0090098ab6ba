//! What a user who left still has, and the command that ends each.

use serde_json::{Value, json};

use crate::api::operations::{grants, organizations};
use crate::api::{ApiToken, NamePaging, Ordering, Reached};
use crate::cli::commands::{account, stakes};
use crate::cli::screen::{CliError, shown};
use crate::cli::wire::{Api, List};
use crate::domain::access::Reason;
use crate::domain::organization::MemberFilter;
use crate::domain::text::shell_word;
use crate::domain::token::TokenState;

/// Most lines of each sort; the rest is counted.
const MOST: usize = 5;

/// What is left.
pub(super) struct Remains {
    /// One line for each thing.
    pub(super) lines: Vec<String>,
    /// The same for programs.
    pub(super) json: Value,
    /// What could not be read, and why.
    pub(super) unread: Vec<String>,
}

/// An organization that the user belongs to.
struct Office {
    organization: String,
    is_admin: bool,
    /// Whether nobody else administers it.
    is_alone: bool,
}

impl Remains {
    /// Of a user, who may have made access tokens for others. What cannot be read stands in nobody's way.
    pub(super) async fn of(user: &str, made_for_others: &List<ApiToken>, api: &mut Api) -> Self {
        let mut unread = Vec::new();
        let account = account::user(user, api).await.and_then(|answer| answer.read());
        let is_admin = kept(account, "whether it is a system administrator", &mut unread)
            .and_then(|account| account.inner)
            .is_some_and(|inner| inner.is_admin);
        let tokens = Counted::of(stakes::tokens(user, api).await, "access token", "access tokens", &mut unread);
        let repositories =
            Counted::of(stakes::repositories(user, api).await, "repository", "repositories", &mut unread);
        let reached = api.call(grants::ListAccessOfUser, [user], &grants::WhichTarget::default()).await;
        let reached = kept(reached.and_then(|answer| answer.read()), "its grants and teams", &mut unread);
        let reached = reached.map(|reached| reached.access).unwrap_or_default();
        let offices = kept(offices(user, api).await, "its organizations", &mut unread).unwrap_or_default();
        let made = kept(made_for_others.read(), "what it made for others", &mut unread).unwrap_or_default();
        let made: Vec<ApiToken> = made.into_iter().filter(|token| token.state == TokenState::Active).collect();
        let found = Found { is_admin, tokens, repositories, reached, offices, made };
        Self { lines: found.lines(user), json: found.json(), unread }
    }
}

/// What was read; of what could not be, it is noted why.
fn kept<T>(read: Result<T, CliError>, what: &str, unread: &mut Vec<String>) -> Option<T> {
    read.map_err(|error| unread.push(format!("{what}: {error}"))).ok()
}

/// What was found.
struct Found {
    is_admin: bool,
    tokens: Counted,
    repositories: Counted,
    reached: Vec<Reached>,
    offices: Vec<Office>,
    /// Access tokens of others that still work.
    made: Vec<ApiToken>,
}

/// How many of something are left.
#[derive(Default)]
struct Counted {
    /// None where it could not be read, and where the server does not tell how many.
    number: Option<u64>,
    /// The same for people; nothing for none, and for what could not be read.
    words: Option<String>,
}

impl Counted {
    fn of(read: Result<Option<u64>, CliError>, one: &str, all: &str, unread: &mut Vec<String>) -> Self {
        match read {
            Ok(number) => Self { number, words: stakes::many(number, one, all) },
            Err(error) => {
                unread.push(format!("its {all}: {error}"));
                Self::default()
            }
        }
    }
}

impl Found {
    /// A line for each thing, with the command that ends it.
    fn lines(&self, user: &str) -> Vec<String> {
        let word = shell_word(user);
        let mut lines = Vec::new();
        lines.extend(self.is_admin.then(|| {
            format!("a system administrator again once it is activated: dockpass user set {word} --admin false")
        }));
        lines.extend(self.tokens.words.as_ref().map(|tokens| {
            format!("{tokens}, refused while it is inactive: dockpass token delete --user {word} --all")
        }));
        lines.extend(
            self.repositories.words.as_ref().map(|repositories| {
                format!("{repositories}: dockpass user offboard {word} --transfer-repositories NAME")
            }),
        );
        lines.extend(bounded(self.offices.iter().map(|office| office.line(&word)).collect()));
        lines.extend(bounded(teams(&self.reached, &word)));
        let granted = self.reached.iter().filter(|it| is_grant(it.reason)).count();
        let granted = stakes::many(u64::try_from(granted).ok(), "grant", "grants");
        lines.extend(granted.map(|granted| format!("{granted}: dockpass grant list --user {word}")));
        lines.extend(bounded(self.made.iter().map(made_line).collect()));
        lines
    }

    fn json(&self) -> Value {
        let alone = self.offices.iter().filter(|office| office.is_alone).map(|office| &office.organization);
        json!({
            "isAdmin": self.is_admin,
            "tokens": self.tokens.number,
            "repositories": self.repositories.number,
            "organizations": self.offices.iter().map(|office| &office.organization).collect::<Vec<_>>(),
            "administersAlone": alone.collect::<Vec<_>>(),
            "access": self.reached.iter().filter(|it| is_granted(it.reason)).collect::<Vec<_>>(),
            "madeForOthers": self.made,
        })
    }
}

impl Office {
    fn line(&self, word: &str) -> String {
        let (name, organization) = (shown::plain(&self.organization), shell_word(&self.organization));
        match (self.is_alone, self.is_admin) {
            (true, _) => format!(
                "the only administrator of {name}: dockpass org add {organization} NAME --admin true, and then: dockpass org \
                 remove {organization} {word}"
            ),
            (false, true) => format!("an administrator of {name}: dockpass org remove {organization} {word}"),
            (false, false) => format!("a member of {name}: dockpass org remove {organization} {word}"),
        }
    }
}

async fn offices(user: &str, api: &mut Api) -> Result<Vec<Office>, CliError> {
    let query = (Ordering::default(), NamePaging::default());
    let list = api.list(organizations::ListOrganizationsOfUser, [user], &query, usize::MAX).await?.read()?;
    let mut offices = Vec::new();
    for member in list {
        let organization = member.org.name;
        let is_alone = member.is_admin && administrators(&organization, api).await? == 1;
        offices.push(Office { organization, is_admin: member.is_admin, is_alone });
    }
    Ok(offices)
}

async fn administrators(organization: &str, api: &mut Api) -> Result<usize, CliError> {
    let which = organizations::WhichMembers { filter: Some(MemberFilter::Admins) };
    let query = (which, Ordering::default(), NamePaging::default());
    Ok(api.list(organizations::ListMembers, [organization], &query, 2).await?.len())
}

/// The teams that give it something, each once.
fn teams(reached: &[Reached], word: &str) -> Vec<String> {
    let team = |it: &Reached| Some(shown::plain(&format!("{}/{}", it.organization.as_ref()?, it.team.as_ref()?)));
    let mut teams: Vec<String> = reached.iter().filter_map(team).collect();
    teams.sort();
    teams.dedup();
    let line = |team: &String| format!("a member of the team {team}: dockpass team remove {} {word}", shell_word(team));
    teams.iter().map(line).collect()
}

fn made_line(token: &ApiToken) -> String {
    let (label, owner) = (shown::plain(&token.token_label), shown::plain(&token.username));
    let id: String = token.id.chars().take(12).collect();
    format!("`{label}` of {owner}, made with an access token of its own, works on: dockpass token deactivate {id}")
}

/// Whether it comes from a grant to the user itself.
fn is_grant(reason: Reason) -> bool {
    match reason {
        Reason::RepositoryGrant | Reason::NamespaceGrant => true,
        Reason::Owner
        | Reason::OrganizationAdmin
        | Reason::TeamRepositoryGrant
        | Reason::TeamNamespaceGrant
        | Reason::Public
        | Reason::SystemAdministrator => false,
    }
}

/// Whether it comes from what somebody gave, and not from what the user owns.
fn is_granted(reason: Reason) -> bool {
    is_grant(reason) || matches!(reason, Reason::TeamRepositoryGrant | Reason::TeamNamespaceGrant)
}

fn bounded(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}
