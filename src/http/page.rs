//! Pages of lists, as the answers show them.

use crate::api::{NamePaging, Ordering, Paged};
use crate::domain::name::Name;
use crate::service::{Page, PageQuery};

/// Largest page, in entries, that is read on a thread that serves requests.
const QUICK_SIZE: usize = 1_000;

/// Whether a page of this size may take long.
pub(super) fn is_long(size: usize) -> bool {
    size > QUICK_SIZE
}

/// The query for a page of a list that is ordered by the names of accounts or teams.
pub(super) fn by_name(order: &Ordering, NamePaging(page): NamePaging) -> PageQuery<Name> {
    PageQuery { order: order.order.unwrap_or_default(), after: page.start, limit: page.size }
}

/// The answer for a page. `body` gets the start of the next page and the length of the whole list, for bodies that
/// repeat what the headers say.
pub(super) fn paged<E, K: ToString, T>(list: &Page<E, K>, body: impl FnOnce(String, usize) -> T) -> Paged<T> {
    let next = list.next.as_ref().map(ToString::to_string);
    Paged { page: body(next.clone().unwrap_or_default(), list.count.unwrap_or_default()), next, count: list.count }
}
