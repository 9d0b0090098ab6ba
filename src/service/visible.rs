//! Which repositories a caller sees, in order of name, at the cost of the page and not of the store.
//!
//! What an account sees is the union of a few ordered sources: its namespace, namespaces and repositories granted to it,
//! public ones. Each can start at any name, so a page is a merge that seeks; access-token patterns narrow the sources to
//! intervals of names, each walked the same way.

use std::cmp::{Ordering, Reverse};
use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Bound;
use std::sync::Arc;

use super::authority::Authority;
use crate::domain::access::AccessLevel;
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
    let mut sources: Vec<Names<'s>> =
        authority.own_namespaces().into_iter().map(|name| below(state, name.as_str(), start.clone())).collect();
    let mut namespaces = BTreeSet::new();
    for grantee in authority.grantees() {
        namespaces.extend(granted_namespaces(state, grantee));
        sources.push(granted_names(state, grantee, start.clone()));
    }
    sources.extend(namespaces.into_iter().map(|namespace| names_within(state, namespace, start.clone())));
    sources
}

/// Namespaces granted as a whole; they stand before the repositories.
fn granted_namespaces(state: &State, grantee: Grantee) -> impl Iterator<Item = &Namespace> {
    state.grants_of(grantee, Bound::Unbounded).map_while(|(target, _)| match target {
        GrantTarget::Namespace(namespace) => Some(namespace),
        GrantTarget::Repository(_) => None,
    })
}

/// The repositories granted one by one, with the level, after `after` (from the beginning, if none).
pub(super) fn granted<'s>(
    state: &'s State,
    grantee: Grantee,
    after: Option<&RepositoryName>,
) -> impl Iterator<Item = (Arc<Repository>, AccessLevel)> + use<'s> {
    let start = after.cloned().map_or(Bound::Unbounded, Bound::Excluded);
    let levels = granted_levels(state, grantee, start);
    levels.filter_map(|(name, level)| state.repository(name).map(|repository| (Arc::clone(repository), level)))
}

/// Names granted one by one, from `start` on.
fn granted_names(state: &State, grantee: Grantee, start: Bound<RepositoryName>) -> Names<'_> {
    Box::new(granted_levels(state, grantee, start).map(|(name, _)| name))
}

fn granted_levels(
    state: &State,
    grantee: Grantee,
    start: Bound<RepositoryName>,
) -> impl Iterator<Item = (&RepositoryName, AccessLevel)> {
    let start = match start {
        Bound::Included(name) => Bound::Included(GrantTarget::Repository(name)),
        Bound::Excluded(name) => Bound::Excluded(GrantTarget::Repository(name)),
        // The bound is no name, and below every name.
        Bound::Unbounded => Bound::Included(GrantTarget::Repository(RepositoryName::first_within(""))),
    };
    state.grants_of(grantee, start).filter_map(|(target, level)| match target {
        GrantTarget::Repository(name) => Some((name, level)),
        GrantTarget::Namespace(_) => None,
    })
}

fn is_from(start: &Bound<RepositoryName>, name: &RepositoryName) -> bool {
    match start {
        Bound::Included(first) => name >= first,
        Bound::Excluded(last) => name > last,
        Bound::Unbounded => true,
    }
}

/// Ordered sources as one, each name once. A heap of their next names, so that many teams cost little.
struct Merge<'s> {
    sources: BinaryHeap<Reverse<Source<'s>>>,
}

struct Source<'s> {
    next: &'s RepositoryName,
    rest: Names<'s>,
}

impl<'s> Merge<'s> {
    fn new(sources: Vec<Names<'s>>) -> Self {
        let begun = |mut rest: Names<'s>| rest.next().map(|next| Reverse(Source { next, rest }));
        Self { sources: sources.into_iter().filter_map(begun).collect() }
    }
}

impl<'s> Iterator for Merge<'s> {
    type Item = &'s RepositoryName;

    fn next(&mut self) -> Option<Self::Item> {
        let least = self.sources.peek()?.0.next;
        while let Some(mut source) = self.sources.peek_mut().filter(|source| source.0.next == least) {
            match source.0.rest.next() {
                Some(next) => source.0.next = next,
                None => drop(PeekMut::pop(source)),
            }
        }
        Some(least)
    }
}

impl Ord for Source<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.next.cmp(other.next)
    }
}

impl PartialOrd for Source<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Source<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Source<'_> {}
