//! How sources of access, and what stands against it, are told.

use std::sync::Arc;

use crate::domain::access::{AccessLevel, Cut, Reason};
use crate::domain::name::Name;
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

/// Sources as the caller may see them.
pub(super) fn shown(authority: &Authority<'_>, sources: &[Source]) -> Vec<SourceView> {
    let team = |source: &Source| {
        let team = source.team.and_then(|id| authority.state().team(id));
        team.filter(|team| authority.see_team(team).is_ok()).map(|team| team.name.clone())
    };
    let view = |source: &Source| SourceView { level: source.level, reason: source.reason, team: team(source) };
    sources.iter().map(view).collect()
}

impl From<&Refusal> for CutView {
    fn from(refusal: &Refusal) -> Self {
        Self { cut: refusal.cut(), text: refusal.to_string() }
    }
}
