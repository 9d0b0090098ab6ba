//! Pages of lists, which are in the order of a key that each entry has.

use crate::domain::order::Order;

/// Which page of a list.
#[derive(Clone, Debug)]
pub struct PageQuery<K> {
    /// Which way the list goes.
    pub order: Order,
    /// The key after which the page begins, which need not exist; none begins with the first entry.
    pub after: Option<K>,
    /// At most this many entries.
    pub limit: usize,
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<T, K> {
    /// The entries of the page.
    pub entries: Vec<T>,
    /// The key to go on after; none on the last page.
    pub next: Option<K>,
    /// How many the whole list has; none where counting takes long and was not asked for.
    pub count: Option<usize>,
}

impl<T, K: Clone + Ord> Page<T, K> {
    /// The first `limit` entries of `rest`, the remainder of a list that has `count` entries.
    pub(super) fn of(mut rest: impl Iterator<Item = T>, key: fn(&T) -> &K, limit: usize, count: Option<usize>) -> Self {
        let entries: Vec<T> = rest.by_ref().take(limit).collect();
        let next = entries.last().map(|last| key(last).clone()).filter(|_| rest.next().is_some());
        Self { entries, next, count }
    }

    /// A page of a list of unknown length, which is read to its end once and counted.
    pub(super) fn counted(all: impl Iterator<Item = T>, key: fn(&T) -> &K, query: &PageQuery<K>) -> Self {
        let (mut entries, mut count, mut has_more) = (Vec::new(), 0, false);
        for entry in all {
            count += 1;
            let is_left = query.after.as_ref().is_none_or(|after| query.order.puts(after, key(&entry)));
            if is_left && entries.len() < query.limit {
                entries.push(entry);
            } else {
                has_more |= is_left;
            }
        }
        let next = entries.last().map(|last| key(last).clone()).filter(|_| has_more);
        Self { entries, next, count: Some(count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::Name;

    #[test]
    fn a_page_of_a_list_that_has_to_be_counted_is_that_of_one_whose_length_is_known() {
        let names: Vec<Name> = ["a", "b", "c", "d"].map(|name| Name::parse(name).unwrap()).into();
        for order in [Order::Ascending, Order::Descending] {
            for after in
                [None, Some("a"), Some("bb"), Some("d")].map(|name| name.map(|name| Name::parse(name).unwrap()))
            {
                for limit in [1, 2, 10] {
                    let query = PageQuery { order, after: after.clone(), limit };
                    let mut looked_at = 0;
                    let all = order.walk(names.iter()).inspect(|_| looked_at += 1);
                    let counted = Page::counted(all, |name| name, &query);
                    let is_left = |name: &&Name| after.as_ref().is_none_or(|after| order.puts(after, name));
                    let page: Page<&Name, Name> =
                        Page::of(order.walk(names.iter()).filter(is_left), |name| name, limit, Some(4));
                    assert_eq!((counted.entries, counted.next, counted.count), (page.entries, page.next, page.count));
                    assert_eq!(looked_at, 4, "once");
                }
            }
        }
    }
}
