//! Which repositories a caller sees, in order of name, at the cost of the page and not of the store.
//!
//! What an account sees is the union of a few ordered sources: its namespace, namespaces and repositories granted to it,
//! public ones. Each is a range of names and can be walked from either end, so a page is a merge that seeks;
//! access-token patterns narrow the sources to intervals of names, each walked the same way.

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

/// Names of repositories, ascending; their other end is at hand, too.
type Names<'s> = Box<dyn DoubleEndedIterator<Item = &'s RepositoryName> + 's>;

/// The names between two bounds, neither of which is among them.
#[derive(Clone)]
struct Interval {
    first: RepositoryName,
    last: RepositoryName,
}

impl Interval {
    /// What a list has left after a name; all, if none.
    fn after(order: Order, after: Option<&RepositoryName>) -> Self {
        let (mut first, mut last) = (RepositoryName::first(), RepositoryName::last());
        match order {
            Order::Ascending => first = after.cloned().unwrap_or(first),
            Order::Descending => last = after.cloned().unwrap_or(last),
        }
        Self { first, last }
    }

    /// What of it begins with `prefix/`.
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

fn names_within<'s>(state: &'s State, namespace: &Namespace, interval: &Interval) -> Names<'s> {
    match namespace {
        Namespace::Empty => Box::new(state.without_namespace_within(interval.bounds())),
        Namespace::Of(name) => below(state, name.as_str(), interval),
    }
}

/// Names below `prefix/`.
fn below<'s>(state: &'s State, prefix: &str, interval: &Interval) -> Names<'s> {
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

/// What of a namespace a caller sees, after `after` (from the beginning, if none).
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

/// What of a namespace, or of all if none, a caller sees whose name contains a text. Records are looked up for those
/// alone: of very many names most are passed over.
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
    let mut sources: Vec<Names<'s>> = vec![Box::new(state.public_within(interval.bounds()))];
    let patterns = authority.patterns();
    if patterns.is_empty() {
        sources.extend(account_sources(authority, interval));
    } else {
        sources.extend(patterns.iter().flat_map(|pattern| pattern_sources(authority, interval, pattern)));
    }
    Merge::new(order, sources)
}

/// What the account itself reaches, within a pattern.
fn pattern_sources<'s>(authority: &Authority<'s>, interval: &Interval, pattern: &Pattern) -> Vec<Names<'s>> {
    match pattern {
        Pattern::Exact(name) => {
            let known = authority.state().repository(name).map(|repository| &repository.name);
            let reached = known.filter(|name| interval.contains(name) && authority.level(name).is_some());
            vec![Box::new(reached.into_iter())]
        }
        Pattern::Below(prefix) => account_sources(authority, &interval.below(prefix.as_str())),
    }
}

/// What the account itself reaches, whatever its access token's patterns.
fn account_sources<'s>(authority: &Authority<'s>, interval: &Interval) -> Vec<Names<'s>> {
    let state = authority.state();
    if authority.reaches_everything() {
        return vec![Box::new(state.repositories_within(interval.bounds()))];
    }
    let mut sources: Vec<Names<'s>> =
        authority.own_namespaces().into_iter().map(|name| below(state, name.as_str(), interval)).collect();
    let mut namespaces = BTreeSet::new();
    for grantee in authority.grantees() {
        namespaces.extend(granted_namespaces(state, grantee));
        sources.push(Box::new(granted_levels(state, grantee, interval).map(|(name, _)| name)));
    }
    sources.extend(namespaces.into_iter().map(|namespace| names_within(state, namespace, interval)));
    sources
}

/// Namespaces granted as a whole; they stand before the repositories.
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

/// Ordered sources as one, each name once. A heap of their next names, so that many teams cost little.
struct Merge<'s> {
    sources: BinaryHeap<Source<'s>>,
}

/// A source with something left. The one whose name comes first in the merge's order is the greatest, as a heap has it.
struct Source<'s> {
    order: Order,
    next: &'s RepositoryName,
    rest: Names<'s>,
}

impl<'s> Merge<'s> {
    fn new(order: Order, sources: Vec<Names<'s>>) -> Self {
        let begun = |mut rest: Names<'s>| advance(order, &mut rest).map(|next| Source { order, next, rest });
        Self { sources: sources.into_iter().filter_map(begun).collect() }
    }
}

fn advance<'s>(order: Order, names: &mut Names<'s>) -> Option<&'s RepositoryName> {
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

impl Ord for Source<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.order {
            Order::Ascending => other.next.cmp(self.next),
            Order::Descending => self.next.cmp(other.next),
        }
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
