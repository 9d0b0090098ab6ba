//! Which repositories a caller sees, ordered by name, at a cost that grows with the page and not with the store.
//!
//! An account sees the union of a few ordered sources: what it owns, namespaces and repositories granted to it, and
//! public repositories. What was transferred out of a namespace is passed over there. Each is a range of names that can be walked from either end, so a page is a merge that
//! seeks to its start. Access-token patterns narrow the sources to intervals of names, walked the same way.

use std::cmp::Ordering;
use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Bound;
use std::sync::Arc;

use super::authority::Authority;
use crate::domain::access::{AccessLevel, GrantLevel};
use crate::domain::account::Account;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::order::Order;
use crate::domain::repository::Repository;
use crate::domain::token::Pattern;
use crate::store::{Names, Sought, State};

/// Names of repositories in ascending order, which can be walked from the end as well.
type RepositoryNames<'s> = Box<dyn DoubleEndedIterator<Item = &'s RepositoryName> + 's>;

/// Which names are asked for: those between two bounds, both exclusive, and of these perhaps only some.
#[derive(Clone)]
struct Wanted {
    first: RepositoryName,
    last: RepositoryName,
    /// Only names that contain this.
    sought: Option<Arc<Sought>>,
    /// Only names of one component.
    without_namespace: bool,
}

impl Wanted {
    /// What a list in this order has left after a name; everything, if there is none.
    fn after(order: Order, after: Option<&RepositoryName>) -> Self {
        let (mut first, mut last) = (RepositoryName::first(), RepositoryName::last());
        match order {
            Order::Ascending => first = after.cloned().unwrap_or(first),
            Order::Descending => last = after.cloned().unwrap_or(last),
        }
        Self { first, last, sought: None, without_namespace: false }
    }

    /// The part of it in a namespace.
    fn of(self, namespace: &Namespace) -> Self {
        match namespace {
            Namespace::Empty => Self { without_namespace: true, ..self },
            Namespace::Of(name) => self.below(name.as_str()),
        }
    }

    /// The part of it that begins with `prefix/`.
    fn below(&self, prefix: &str) -> Self {
        let first = RepositoryName::first_within(prefix).max(self.first.clone());
        Self { first, last: RepositoryName::last_within(prefix).min(self.last.clone()), ..self.clone() }
    }

    fn has(&self, name: &RepositoryName) -> bool {
        self.first < *name
            && *name < self.last
            && self.sought.as_ref().is_none_or(|sought| sought.is_in(name.as_str()))
            && !(self.without_namespace && name.as_str().contains('/'))
    }

    fn bounds(&self) -> (Bound<RepositoryName>, Bound<RepositoryName>) {
        (Bound::Excluded(self.first.clone()), Bound::Excluded(self.last.clone()))
    }

    /// Those of an index.
    fn among<'s>(&self, names: &'s Names<RepositoryName>) -> RepositoryNames<'s> {
        match &self.sought {
            Some(sought) => Box::new(names.containing(sought, self.bounds())),
            None => Box::new(names.within(self.bounds())),
        }
    }

    fn among_public<'s>(&self, state: &'s State) -> RepositoryNames<'s> {
        self.among(if self.without_namespace { state.public_without_namespace() } else { state.public() })
    }

    fn among_all<'s>(&self, state: &'s State) -> RepositoryNames<'s> {
        self.among(if self.without_namespace { state.without_namespace() } else { state.repository_index() })
    }

    /// Those of a namespace.
    fn among_those_of<'s>(&self, state: &'s State, namespace: &Namespace) -> RepositoryNames<'s> {
        if self.without_namespace && *namespace != Namespace::Empty {
            return Box::new(std::iter::empty());
        }
        self.clone().of(namespace).among_all(state)
    }

    /// Those of a namespace that whoever has it, or was granted all of it, reaches by that.
    fn among_those_kept_by<'s>(&self, state: &'s State, namespace: &Namespace) -> RepositoryNames<'s> {
        let Some(kept) = state.kept(namespace) else { return self.among_those_of(state, namespace) };
        if self.without_namespace && *namespace != Namespace::Empty {
            return Box::new(std::iter::empty());
        }
        self.clone().of(namespace).among(kept)
    }

    /// Those that were transferred to an account.
    fn among_those_transferred_to<'s>(&self, state: &'s State, owner: &Account) -> RepositoryNames<'s> {
        let wanted = self.clone();
        Box::new(state.transferred_to(owner.id, self.bounds()).filter(move |name| wanted.has(name)))
    }

    /// Those that an account owns.
    fn among_those_owned_by<'s>(&self, state: &'s State, owner: &Account) -> [RepositoryNames<'s>; 2] {
        let namespace = Namespace::Of(owner.name.clone());
        [self.among_those_kept_by(state, &namespace), self.among_those_transferred_to(state, owner)]
    }
}

/// The repositories that an account owns, whoever may see them, after `after` (from the beginning, if none).
pub(in crate::service) fn owned<'s>(
    state: &'s State,
    owner: &Account,
    order: Order,
    after: Option<&RepositoryName>,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    let sources = Wanted::after(order, after).among_those_owned_by(state, owner);
    Merge::new(order, sources.into()).filter_map(|name| state.repository(name))
}

/// The repositories that a caller sees, after `after` (from the beginning, if none).
pub(in crate::service) fn all<'s>(
    authority: &Authority<'s>,
    order: Order,
    after: Option<&RepositoryName>,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    seen(authority, order, &Wanted::after(order, after))
}

/// The repositories of a namespace that a caller sees, after `after` (from the beginning, if none).
pub(in crate::service) fn of_namespace<'s>(
    authority: &Authority<'s>,
    namespace: &Namespace,
    order: Order,
    after: Option<&RepositoryName>,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    seen(authority, order, &Wanted::after(order, after).of(namespace))
}

/// The repositories that a caller sees and whose names contain a text, of one namespace or, if none, of all.
pub(in crate::service) fn containing<'s>(
    authority: &Authority<'s>,
    namespace: Option<&Namespace>,
    order: Order,
    after: Option<&RepositoryName>,
    sought: &Arc<Sought>,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    let wanted = Wanted { sought: Some(Arc::clone(sought)), ..Wanted::after(order, after) };
    let wanted = namespace.map_or(wanted.clone(), |namespace| wanted.of(namespace));
    seen(authority, order, &wanted)
}

/// The repositories that an account has access to otherwise than by their being public, with its level, within patterns;
/// all of them, if there are none. The caller must not have an access token.
pub(in crate::service) fn own<'s>(
    authority: &Authority<'s>,
    patterns: &[Pattern],
) -> impl Iterator<Item = (&'s Arc<Repository>, AccessLevel)> {
    let wanted = Wanted::after(Order::Ascending, None);
    let sources = if patterns.is_empty() {
        account_sources(authority, &wanted)
    } else {
        patterns.iter().flat_map(|pattern| pattern_sources(authority, &wanted, pattern)).collect()
    };
    let repositories = Merge::new(Order::Ascending, sources).filter_map(move |name| authority.state().repository(name));
    repositories.filter_map(move |repository| Some((repository, authority.account_level(&repository.name)?)))
}

/// Whether a caller sees any repository below this name.
pub(in crate::service) fn has_below(authority: &Authority<'_>, prefix: &RepositoryName) -> bool {
    let wanted = Wanted::after(Order::Ascending, None).below(prefix.as_str());
    seen(authority, Order::Ascending, &wanted).next().is_some()
}

/// The names are merged before any record is looked up, since most of very many names may be passed over.
fn seen<'s>(
    authority: &Authority<'s>,
    order: Order,
    wanted: &Wanted,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    let (state, patterns) = (authority.state(), authority.patterns());
    let mut sources: Vec<RepositoryNames<'s>> = if patterns.is_empty() {
        account_sources(authority, wanted)
    } else {
        patterns.iter().flat_map(|pattern| pattern_sources(authority, wanted, pattern)).collect()
    };
    if !(patterns.is_empty() && authority.reaches_everything()) {
        sources.push(wanted.among_public(state));
    }
    Merge::new(order, sources).filter_map(|name| state.repository(name))
}

/// The names that the account itself reaches, within a pattern.
fn pattern_sources<'s>(authority: &Authority<'s>, wanted: &Wanted, pattern: &Pattern) -> Vec<RepositoryNames<'s>> {
    match pattern {
        Pattern::Exact(name) => {
            let known = authority.state().repository(name).map(|repository| &repository.name);
            let reached = known.filter(|name| wanted.has(name) && authority.level(name).is_some());
            vec![Box::new(reached.into_iter())]
        }
        Pattern::Below(prefix) => account_sources(authority, &wanted.below(prefix.as_str())),
    }
}

/// The names that the account itself reaches, whatever its access token's patterns.
fn account_sources<'s>(authority: &Authority<'s>, wanted: &Wanted) -> Vec<RepositoryNames<'s>> {
    let state = authority.state();
    if authority.reaches_everything() {
        return vec![wanted.among_all(state)];
    }
    let owners = authority.owners();
    let namespaces = owners.iter().map(|owner| Namespace::Of(owner.name.clone())).collect();
    let given = owners.into_iter().map(|owner| wanted.among_those_transferred_to(state, owner));
    let mut sources = granted_sources(state, authority.grantees().into_iter(), namespaces, wanted);
    sources.extend(given);
    sources
}

/// The names in these namespaces, and those that were granted to any of these.
fn granted_sources<'s>(
    state: &'s State,
    grantees: impl Iterator<Item = Grantee>,
    mut namespaces: BTreeSet<Namespace>,
    wanted: &Wanted,
) -> Vec<RepositoryNames<'s>> {
    let mut sources: Vec<RepositoryNames<'s>> = Vec::new();
    for grantee in grantees {
        namespaces.extend(granted_namespaces(state, grantee).cloned());
        let (wanted, granted) = (wanted.clone(), granted_levels(state, grantee, wanted));
        sources.push(Box::new(granted.map(|(name, _)| name).filter(move |name| wanted.has(name))));
    }
    sources.extend(namespaces.iter().map(|namespace| wanted.among_those_kept_by(state, namespace)));
    sources
}

/// The repositories that were granted to a user or a team, one by one or with their namespace, after `after` (from the
/// beginning, if none).
pub(in crate::service) fn of_grantee<'s>(
    state: &'s State,
    grantee: Grantee,
    after: Option<&RepositoryName>,
) -> impl Iterator<Item = &'s Arc<Repository>> + use<'s> {
    let wanted = Wanted::after(Order::Ascending, after);
    let sources = granted_sources(state, std::iter::once(grantee), BTreeSet::new(), &wanted);
    Merge::new(Order::Ascending, sources).filter_map(|name| state.repository(name))
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
) -> impl Iterator<Item = (Arc<Repository>, GrantLevel)> + use<'s> {
    let levels = granted_levels(state, grantee, &Wanted::after(Order::Ascending, after));
    levels.filter_map(|(name, level)| state.repository(name).map(|repository| (Arc::clone(repository), level)))
}

/// Names granted one by one, between the bounds of what is wanted.
fn granted_levels<'s>(
    state: &'s State,
    grantee: Grantee,
    wanted: &Wanted,
) -> impl DoubleEndedIterator<Item = (&'s RepositoryName, GrantLevel)> + use<'s> {
    let (first, last) = wanted.bounds();
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
