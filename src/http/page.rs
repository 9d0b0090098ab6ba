//! Pages of lists, as the answers show them.

use crate::api::{NamePaging, Ordering, Paged};
use crate::service::{NamedPage, NamedQuery};

/// Entries of a page that is made at once.
const QUICK_SIZE: usize = 1_000;

/// Whether a page of this size may take long.
pub(super) fn is_long(size: usize) -> bool {
    size > QUICK_SIZE
}

/// A list that is ordered by the name of an account or a team.
pub(super) fn by_name(order: &Ordering, NamePaging(page): NamePaging) -> NamedQuery {
    NamedQuery { order: order.order.unwrap_or_default(), after: page.start, limit: page.size }
}

/// A page of such a list; its body says where the next one begins, too.
pub(super) fn named<E, T>(list: &NamedPage<E>, body: impl FnOnce(String) -> T) -> Paged<T> {
    let next = list.next.as_ref().map(ToString::to_string);
    Paged { page: body(next.clone().unwrap_or_default()), next, count: Some(list.count) }
}
