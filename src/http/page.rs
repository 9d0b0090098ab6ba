//! Pages of lists, as the answers show them.

use crate::api::{NamePaging, Ordering, Paged};
use crate::domain::name::Name;
use crate::service::{Page, PageQuery};

/// Entries of a page that is made at once.
const QUICK_SIZE: usize = 1_000;

/// Whether a page of this size may take long.
pub(super) fn is_long(size: usize) -> bool {
    size > QUICK_SIZE
}

/// A list that is ordered by the name of an account or a team.
pub(super) fn by_name(order: &Ordering, NamePaging(page): NamePaging) -> PageQuery<Name> {
    PageQuery { order: order.order.unwrap_or_default(), after: page.start, limit: page.size }
}

/// A page as it is answered. Its body can say where the next one begins, too, and how many the whole list has.
pub(super) fn paged<E, K: ToString, T>(list: &Page<E, K>, body: impl FnOnce(String, usize) -> T) -> Paged<T> {
    let next = list.next.as_ref().map(ToString::to_string);
    Paged { page: body(next.clone().unwrap_or_default(), list.count.unwrap_or_default()), next, count: list.count }
}
