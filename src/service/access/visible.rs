//! Which repositories a caller sees, ordered by name, at a cost that grows with the page and not with the store.
//!
//! An account sees the union of a few ordered sources: its own namespaces, namespaces and repositories granted to it,
//! and public repositories. Each is a range of names that can be walked from either end, so a page is a merge that
//! seeks to its start. Access-token patterns narrow the sources to intervals of names, walked the same way.

use std::cmp::Ordering;
use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Bound;
use std::sync::Arc;

use super::authority::Authority;
use crate::domain::access::AccessLevel;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::order::Order;
use crate::domain::repository::Repository;
use crate::domain::token::Pattern;
use crate::store::State;

/// Names of repositories in ascending order, which can be walked from the end as well.
type RepositoryNames<'s> = Box<dyn DoubleEndedIterator<Item = &'s RepositoryName> + 's>;

/// The names between two bounds, both exclusive.
#[derive(Clone)]
struct Interval {
    first: RepositoryName,
    last: RepositoryName,
}

impl Interval {
    /// What a list in this order has left after a name; everything, if there is none.
    fn after(order: Order, after: Option<&RepositoryName>) -> Self {
        let (mut first, mut last) = (RepositoryName::first(), RepositoryName::last());
        match order {
            Order::Ascending => first = after.cloned().unwrap_or(first),
            Order::Descending => last = after.cloned().unwrap_or(last),
        }
        Self { first, last }
    }

    /// The part of it that begins with `prefix/`.
    fn below(&self, prefix: &str) -> Self {
        let first = RepositoryName::first_within(prefix).max(self.first.clone());
        Self { first, last: RepositoryName::last_within(prefix).min(self.last.clone()) }
    }

    fn contains(&self, name: &RepositoryName) -> bool {
        self.first < *name && *name < self.last
    }

    fn bounds(&self) -> (Bound<RepositoryName>, Bound<RepositoryName>) {
        (Bound::Excluded(self.first.clone()), Bound::Excluded(self.last.clone()))
    }
}

/// The repositories of a namespace, whoever may see them.
pub(in crate::service) fn namespace<'s>(
    state: &'s State,
    namespace: &Namespace,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    let all = Interval::after(Order::Ascending, None);
    names_within(state, namespace, &all).filter_map(|name| state.repository(name))
}

fn names_within<'s>(state: &'s State, namespace: &Namespace, interval: &Interval) -> RepositoryNames<'s> {
    match namespace {
        Namespace::Empty => Box::new(state.without_namespace_within(interval.bounds())),
        Namespace::Of(name) => below(state, name.as_str(), interval),
    }
}

/// The names in the interval that begin with `prefix/`.
fn below<'s>(state: &'s State, prefix: &str, interval: &Interval) -> RepositoryNames<'s> {
    Box::new(state.repositories_within(interval.below(prefix).bounds()))
}

/// The repositories that a caller sees, after `after` (from the beginning, if none).
pub(in crate::service) fn all<'s>(
    authority: &Authority<'s>,
    order: Order,
    after: Option<&RepositoryName>,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    seen(authority, order, &Interval::after(order, after))
}

/// The repositories of a namespace that a caller sees, after `after` (from the beginning, if none).
pub(in crate::service) fn of_namespace<'s>(
    authority: &Authority<'s>,
    namespace: &Namespace,
    order: Order,
    after: Option<&RepositoryName>,
) -> Box<dyn Iterator<Item = &'s Arc<Repository>> + 's> {
    let interval = Interval::after(order, after);
    let Some(name) = namespace.name() else {
        let state = authority.state();
        let names = order.walk(state.without_namespace_within(interval.bounds()));
        let seen: Vec<_> = names.filter(|name| authority.level(name).is_some()).collect();
        return Box::new(seen.into_iter().filter_map(|name| state.repository(name)));
    };
    Box::new(seen(authority, order, &interval.below(name.as_str())))
}

/// The repositories that a caller sees and whose names contain a text, of one namespace or, if none, of all. Records
/// are looked up for matches only, since most of very many names are passed over.
pub(in crate::service) fn containing<'s>(
    authority: &Authority<'s>,
    namespace: Option<&Namespace>,
    order: Order,
    after: Option<&RepositoryName>,
    text: String,
) -> Box<dyn Iterator<Item = &'s Arc<Repository>> + 's> {
    let (state, all) = (authority.state(), Interval::after(order, after));
    let interval = match namespace {
        None => all,
        Some(Namespace::Of(name)) => all.below(name.as_str()),
        Some(empty @ Namespace::Empty) => {
            let of_it = of_namespace(authority, empty, order, after);
            return Box::new(of_it.filter(move |repository| repository.name.as_str().contains(&text)));
        }
    };
    let names = seen_names(authority, order, &interval).filter(move |name| name.as_str().contains(&text));
    Box::new(names.filter_map(|name| state.repository(name)))
}

fn seen<'s>(
    authority: &Authority<'s>,
    order: Order,
    interval: &Interval,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    let state = authority.state();
    seen_names(authority, order, interval).filter_map(|name| state.repository(name))
}

fn seen_names<'s>(authority: &Authority<'s>, order: Order, interval: &Interval) -> Merge<'s> {
    let state = authority.state();
    let mut sources: Vec<RepositoryNames<'s>> = vec![Box::new(state.public_within(interval.bounds()))];
    let patterns = authority.patterns();
    if patterns.is_empty() {
        sources.extend(account_sources(authority, interval));
    } else {
        sources.extend(patterns.iter().flat_map(|pattern| pattern_sources(authority, interval, pattern)));
    }
    Merge::new(order, sources)
}

/// The names that the account itself reaches, within a pattern.
fn pattern_sources<'s>(authority: &Authority<'s>, interval: &Interval, pattern: &Pattern) -> Vec<RepositoryNames<'s>> {
    match pattern {
        Pattern::Exact(name) => {
            let known = authority.state().repository(name).map(|repository| &repository.name);
            let reached = known.filter(|name| interval.contains(name) && authority.level(name).is_some());
            vec![Box::new(reached.into_iter())]
        }
        Pattern::Below(prefix) => account_sources(authority, &interval.below(prefix.as_str())),
    }
}

/// The names that the account itself reaches, whatever its access token's patterns.
fn account_sources<'s>(authority: &Authority<'s>, interval: &Interval) -> Vec<RepositoryNames<'s>> {
    let state = authority.state();
    if authority.reaches_everything() {
        return vec![Box::new(state.repositories_within(interval.bounds()))];
    }
    let mut sources: Vec<RepositoryNames<'s>> =
        authority.own_namespaces().into_iter().map(|name| below(state, name.as_str(), interval)).collect();
    let mut namespaces = BTreeSet::new();
    for grantee in authority.grantees() {
        namespaces.extend(granted_namespaces(state, grantee));
        sources.push(Box::new(granted_levels(state, grantee, interval).map(|(name, _)| name)));
    }
    sources.extend(namespaces.into_iter().map(|namespace| names_within(state, namespace, interval)));
    sources
}

/// Namespaces granted as a whole, which sort before the repositories.
fn granted_namespaces(state: &State, grantee: Grantee) -> impl Iterator<Item = &Namespace> {
    state.grants_of(grantee).map_while(|(target, _)| match target {
        GrantTarget::Namespace(namespace) => Some(namespace),
        GrantTarget::Repository(_) => None,
    })
}

/// The repositories granted one by one, with the level, after `after` (from the beginning, if none).
pub(in crate::service) fn granted<'s>(
    state: &'s State,
    grantee: Grantee,
    after: Option<&RepositoryName>,
) -> impl Iterator<Item = (Arc<Repository>, AccessLevel)> + use<'s> {
    let levels = granted_levels(state, grantee, &Interval::after(Order::Ascending, after));
    levels.filter_map(|(name, level)| state.repository(name).map(|repository| (Arc::clone(repository), level)))
}

/// Names granted one by one.
fn granted_levels<'s>(
    state: &'s State,
    grantee: Grantee,
    interval: &Interval,
) -> impl DoubleEndedIterator<Item = (&'s RepositoryName, AccessLevel)> + use<'s> {
    let (first, last) = interval.bounds();
    let grants = state.grants_within(grantee, first.map(GrantTarget::Repository), last.map(GrantTarget::Repository));
    grants.filter_map(|(target, level)| match target {
        GrantTarget::Repository(name) => Some((name, level)),
        GrantTarget::Namespace(_) => None,
    })
}

/// A k-way merge of ordered sources, each name once. The heap of next names keeps it cheap with many teams.
struct Merge<'s> {
    sources: BinaryHeap<MergeSource<'s>>,
}

/// A source that is not exhausted. The one whose name comes first in the merge's order compares greatest, since a
/// `BinaryHeap` pops its greatest.
struct MergeSource<'s> {
    order: Order,
    next: &'s RepositoryName,
    rest: RepositoryNames<'s>,
}

impl<'s> Merge<'s> {
    fn new(order: Order, sources: Vec<RepositoryNames<'s>>) -> Self {
        let begun =
            |mut rest: RepositoryNames<'s>| advance(order, &mut rest).map(|next| MergeSource { order, next, rest });
        Self { sources: sources.into_iter().filter_map(begun).collect() }
    }
}

fn advance<'s>(order: Order, names: &mut RepositoryNames<'s>) -> Option<&'s RepositoryName> {
    order.walk(names).next()
}

impl<'s> Iterator for Merge<'s> {
    type Item = &'s RepositoryName;

    fn next(&mut self) -> Option<Self::Item> {
        let foremost = self.sources.peek()?.next;
        while let Some(mut source) = self.sources.peek_mut().filter(|source| source.next == foremost) {
            match advance(source.order, &mut source.rest) {
                Some(next) => source.next = next,
                None => drop(PeekMut::pop(source)),
            }
        }
        Some(foremost)
    }
}

impl Ord for MergeSource<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.order {
            Order::Ascending => other.next.cmp(self.next),
            Order::Descending => self.next.cmp(other.next),
        }
    }
}

impl PartialOrd for MergeSource<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for MergeSource<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MergeSource<'_> {}
