//! How sources of access, and what stands against it, are told.

use std::sync::Arc;

use crate::domain::access::{AccessLevel, Cut, Reason};
use crate::domain::name::{Name, RepositoryName};
use crate::domain::repository::Repository;
use crate::service::access::{Authority, Refusal, Source};

/// One way in which somebody has access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceView {
    /// The level that it gives.
    pub level: AccessLevel,
    /// Why.
    pub reason: Reason,
    /// The team that it comes from; none, too, where the caller may not see the team.
    pub team: Option<Name>,
    /// The organization of that team, or the one that is administered.
    pub organization: Option<Name>,
}

/// Something that stands against access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutView {
    /// In one word.
    pub cut: Cut,
    /// In a sentence.
    pub text: String,
}

/// A repository that somebody reaches, and why.
#[derive(Clone, Debug)]
pub struct ReachedView {
    /// The repository.
    pub repository: Arc<Repository>,
    /// The level.
    pub level: AccessLevel,
    /// Each thing that gives access.
    pub sources: Vec<SourceView>,
}

/// The sources of a repository of this name as the caller may see them: a narrowed access token, what lies within its limits.
pub(super) fn shown(authority: &Authority<'_>, name: &RepositoryName, sources: &[Source]) -> Vec<SourceView> {
    sources.iter().filter_map(|source| shown_source(authority, name, source)).collect()
}

fn shown_source(authority: &Authority<'_>, name: &RepositoryName, source: &Source) -> Option<SourceView> {
    let Source { level, reason, .. } = *source;
    let level = if reason == Reason::Public { level } else { authority.limited(Some(level), name)? };
    let state = authority.state();
    let team = source.team.and_then(|id| state.team(id)).filter(|team| authority.see_team(team).is_ok());
    let organization = team.map(|team| team.organization).or(source.organization).and_then(|id| state.account(id));
    let (team, organization) = (team.map(|team| team.name.clone()), organization.map(|it| it.name.clone()));
    Some(SourceView { level, reason, team, organization })
}

impl From<&Refusal> for CutView {
    fn from(refusal: &Refusal) -> Self {
        Self { cut: refusal.cut(), text: refusal.to_string() }
    }
}
