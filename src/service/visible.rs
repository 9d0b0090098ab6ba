//! Which repositories a caller sees, in order of name, at the cost of the page and not of the store.
//!
//! What an account sees is the union of a few ordered sources: its namespace, namespaces and repositories granted to it,
//! public ones. Each can start at any name, so a page is a merge that seeks; access-token patterns narrow the sources to
//! intervals of names, each walked the same way.

use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use super::authority::Authority;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::repository::Repository;
use crate::domain::token::Pattern;
use crate::store::State;

/// Repositories in order of name.
type Names<'s> = Box<dyn Iterator<Item = &'s RepositoryName> + 's>;

/// The repositories of a namespace.
pub(super) fn namespace<'s>(
    state: &'s State,
    namespace: &Namespace,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    names_within(state, namespace, Bound::Unbounded).filter_map(|name| state.repository(name))
}

fn names_within<'s>(state: &'s State, namespace: &Namespace, start: Bound<RepositoryName>) -> Names<'s> {
    match namespace {
        Namespace::Empty => Box::new(state.without_namespace_from(start)),
        Namespace::Of(name) => below(state, name.as_str(), start),
    }
}

/// Names below `prefix/`, from `start` on.
fn below<'s>(state: &'s State, prefix: &str, start: Bound<RepositoryName>) -> Names<'s> {
    let first = RepositoryName::first_within(prefix);
    let prefix = first.as_str().to_owned();
    let start = later(start, first);
    let within = state.repositories_from(start).map(|repository| &repository.name);
    Box::new(within.take_while(move |name| name.as_str().starts_with(&prefix)))
}

/// The later of a start and a first key.
fn later(start: Bound<RepositoryName>, first: RepositoryName) -> Bound<RepositoryName> {
    match start {
        Bound::Included(name) if name > first => Bound::Included(name),
        Bound::Excluded(name) if name >= first => Bound::Excluded(name),
        Bound::Included(_) | Bound::Excluded(_) | Bound::Unbounded => Bound::Included(first),
    }
}

/// The repositories that a caller sees, after `after` (from the beginning, if none).
pub(super) fn all<'s>(
    authority: &Authority<'s>,
    after: Option<&RepositoryName>,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    from(authority, &after.cloned().map_or(Bound::Unbounded, Bound::Excluded))
}

/// What of a namespace a caller sees, after `after` (from the beginning, if none).
pub(super) fn of_namespace<'s>(
    authority: &Authority<'s>,
    namespace: &Namespace,
    after: Option<&RepositoryName>,
) -> Box<dyn Iterator<Item = &'s Arc<Repository>> + 's> {
    let start = after.cloned().map_or(Bound::Unbounded, Bound::Excluded);
    let Some(name) = namespace.name() else {
        let state = authority.state();
        let seen: Vec<_> = state.without_namespace_from(start).filter(|name| authority.level(name).is_some()).collect();
        return Box::new(seen.into_iter().filter_map(|name| state.repository(name)));
    };
    let first = RepositoryName::first_within(name.as_str());
    let prefix = first.as_str().to_owned();
    let seen = from(authority, &later(start, first));
    Box::new(seen.take_while(move |repository| repository.name.as_str().starts_with(&prefix)))
}

fn from<'s>(
    authority: &Authority<'s>,
    start: &Bound<RepositoryName>,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    let state = authority.state();
    let mut sources: Vec<Names<'s>> = vec![Box::new(state.public_from(start.clone()))];
    let patterns = authority.patterns();
    if patterns.is_empty() {
        sources.extend(account_sources(authority, start, None));
    } else {
        sources.extend(patterns.iter().flat_map(|pattern| account_sources(authority, start, Some(pattern))));
    }
    Merge::new(sources).filter_map(|name| state.repository(name))
}

/// What the account itself reaches, within a pattern.
fn account_sources<'s>(
    authority: &Authority<'s>,
    start: &Bound<RepositoryName>,
    pattern: Option<&Pattern>,
) -> Vec<Names<'s>> {
    let state = authority.state();
    match pattern {
        Some(Pattern::Exact(name)) => {
            let known = state.repository(name).map(|repository| &repository.name);
            let reached = known.filter(|name| is_from(start, name) && authority.level(name).is_some());
            vec![Box::new(reached.into_iter())]
        }
        Some(Pattern::Below(prefix)) => {
            let start = later(start.clone(), RepositoryName::first_within(prefix.as_str()));
            let end = format!("{prefix}/");
            let within = move |names: Names<'s>| -> Names<'s> {
                let end = end.clone();
                Box::new(names.take_while(move |name| name.as_str().starts_with(&end)))
            };
            unlimited_sources(authority, &start).into_iter().map(within).collect()
        }
        None => unlimited_sources(authority, start),
    }
}

/// What the account itself reaches from `start` on, whatever its access token's patterns.
fn unlimited_sources<'s>(authority: &Authority<'s>, start: &Bound<RepositoryName>) -> Vec<Names<'s>> {
    let state = authority.state();
    if authority.reaches_everything() {
        return vec![Box::new(state.repositories_from(start.clone()).map(|repository| &repository.name))];
    }
    let Some(account) = authority.account() else { return Vec::new() };
    let grantee = Grantee::User(account.id);
    let mut sources = vec![below(state, account.name.as_str(), start.clone())];
    let namespaces = state.grants_of(grantee, Bound::Unbounded).map_while(|(target, _)| match target {
        GrantTarget::Namespace(namespace) => Some(namespace),
        GrantTarget::Repository(_) => None,
    });
    sources.extend(namespaces.map(|namespace| names_within(state, namespace, start.clone())));
    sources.push(granted_names(state, grantee, start.clone()));
    sources
}

/// Names granted one by one, from `start` on.
fn granted_names(state: &State, grantee: Grantee, start: Bound<RepositoryName>) -> Names<'_> {
    let start = match start {
        Bound::Included(name) => Bound::Included(GrantTarget::Repository(name)),
        Bound::Excluded(name) => Bound::Excluded(GrantTarget::Repository(name)),
        // The bound is no name, and below every name.
        Bound::Unbounded => Bound::Included(GrantTarget::Repository(RepositoryName::first_within(""))),
    };
    Box::new(state.grants_of(grantee, start).filter_map(|(target, _)| match target {
        GrantTarget::Repository(name) => Some(name),
        GrantTarget::Namespace(_) => None,
    }))
}

fn is_from(start: &Bound<RepositoryName>, name: &RepositoryName) -> bool {
    match start {
        Bound::Included(first) => name >= first,
        Bound::Excluded(last) => name > last,
        Bound::Unbounded => true,
    }
}

/// Ordered sources as one, each name once.
struct Merge<'s> {
    sources: Vec<Peekable<Names<'s>>>,
}

impl<'s> Merge<'s> {
    fn new(sources: Vec<Names<'s>>) -> Self {
        Self { sources: sources.into_iter().map(Iterator::peekable).collect() }
    }
}

impl<'s> Iterator for Merge<'s> {
    type Item = &'s RepositoryName;

    fn next(&mut self) -> Option<Self::Item> {
        let least = self.sources.iter_mut().filter_map(|source| source.peek().copied()).min()?;
        for source in &mut self.sources {
            source.next_if(|name| *name == least);
        }
        Some(least)
    }
}
