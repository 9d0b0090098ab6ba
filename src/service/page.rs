//! Pages of lists that are ordered by the name of an account or a team.

use crate::domain::name::Name;
use crate::domain::order::Order;

/// Which page of such a list.
#[derive(Clone, Debug)]
pub struct NamedQuery {
    /// Which way the list goes.
    pub order: Order,
    /// After this name, which need not be there; from the beginning, if none.
    pub after: Option<Name>,
    /// At most so many entries.
    pub limit: usize,
}

/// A page of such a list.
#[derive(Debug)]
pub struct NamedPage<T> {
    /// The entries of the page.
    pub entries: Vec<T>,
    /// The name to go on after; none on the last page.
    pub next: Option<Name>,
    /// How many the whole list has.
    pub count: usize,
}

impl<T> NamedPage<T> {
    /// The first `limit` of what is left of a list that has `count` entries.
    pub(super) fn of(mut rest: impl Iterator<Item = T>, name: fn(&T) -> &Name, limit: usize, count: usize) -> Self {
        let entries: Vec<T> = rest.by_ref().take(limit).collect();
        let next = entries.last().map(|last| name(last).clone()).filter(|_| rest.next().is_some());
        Self { entries, next, count }
    }
}
