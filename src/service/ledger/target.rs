//! What a refusal was about, for the audit log's budgets: an account or a repository that exists, a name that does not,
//! or nothing in particular.

use crate::domain::audit::AuditEntry;
use crate::domain::id::Id;
use crate::domain::name::{Name, RepositoryName};
use crate::domain::secret::TokenHash;
use crate::store::State;

/// What a refusal was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Nothing in particular, such as a list.
    Nothing,
    /// Something that exists: an account, a repository, a team, an access token.
    Existing(Id),
    /// A name that nothing has: whoever asks can think of any number of them.
    Unknown,
}

impl Target {
    /// What an entry is about, whether or not its actor may know that it exists.
    pub(super) fn of(state: &State, entry: &AuditEntry) -> Self {
        let concerned = &entry.concerned;
        let named = [
            concerned.repository.as_ref().and_then(|it| it.id),
            concerned.access_token.as_ref().map(|it| it.id),
            concerned.account.as_ref().and_then(|it| it.id),
        ];
        if let Some(id) = named.into_iter().flatten().next() {
            return Self::Existing(id);
        }
        // The name of a repository that is not there: nothing else is looked up for it than for one that is.
        if concerned.repository.is_some() {
            return Self::Unknown;
        }
        // An object begins with the name of what it is about; more words say more about that.
        match entry.object.split(' ').next() {
            None | Some("") => Self::Nothing,
            Some(first) => existing(state, first).map_or(Self::Unknown, Self::Existing),
        }
    }
}

fn existing(state: &State, text: &str) -> Option<Id> {
    let account = |name: &str| state.account_named(name).map(|account| account.id);
    if let Some(id) = account(text) {
        return Some(id);
    }
    if let Ok(id) = text.parse::<Id>() {
        let is_there = state.account(id).is_some() || state.token(id).is_some() || state.team(id).is_some();
        return Some(id).filter(|_| is_there);
    }
    if let Some(hash) = TokenHash::parse(text) {
        return state.token_hashed(&hash).map(|token| token.id);
    }
    let repository = RepositoryName::parse(text).ok().and_then(|name| state.repository(&name)).map(|it| it.id);
    let in_account = || {
        let (namespace, rest) = text.split_once('/')?;
        let owner = account(namespace)?;
        let team = || Name::parse(rest).ok().and_then(|name| state.team_named(owner, &name)).map(|team| team.id);
        if rest == "*" { Some(owner) } else { team() }
    };
    // Looked up either way: the time tells whoever is refused nothing.
    let in_account = in_account();
    repository.or(in_account)
}
