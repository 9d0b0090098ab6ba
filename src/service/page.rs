//! Pages of lists, which are in the order of a key that each entry has.

use crate::domain::order::Order;

/// How many entries one page of a filtered list looks at: so it costs no more than this, however few the filter selects.
pub(super) const LOOKED_AT: usize = 16 * 1_024;

/// For so many entries room is made at once: a page of the usual size has no more.
const USUAL: usize = 10;

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
        let mut entries = Vec::with_capacity(limit.min(USUAL));
        entries.extend(rest.by_ref().take(limit));
        let next = entries.last().map(|last| key(last).clone()).filter(|_| rest.next().is_some());
        Self { entries, next, count }
    }

    /// The first `limit` of `rest` that are selected. After very many others it ends with fewer, perhaps none, and says where
    /// to go on: the last page alone has no next one.
    pub(super) fn selected(
        rest: impl Iterator<Item = T>,
        is_selected: impl Fn(&T) -> bool,
        key: fn(&T) -> &K,
        limit: usize,
        count: Option<usize>,
    ) -> Self {
        let (mut entries, mut reached, mut left) = (Vec::new(), None, LOOKED_AT.max(limit));
        for entry in rest {
            let is_meant = is_selected(&entry);
            if left == 0 || is_meant && entries.len() >= limit {
                return Self { entries, next: reached, count };
            }
            left -= 1;
            reached = Some(key(&entry).clone());
            if is_meant {
                entries.push(entry);
            }
        }
        Self { entries, next: None, count }
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
    fn a_page_looks_at_a_bounded_number_and_the_pages_together_have_all() {
        let very_many = 10 * LOOKED_AT;
        let rare = |number: &&usize| **number % (3 * LOOKED_AT) == 7;
        let numbers: Vec<usize> = (0..very_many).collect();
        let (mut after, mut found, mut pages) = (None, Vec::new(), 0);
        loop {
            let mut looked_at = 0;
            let rest = numbers.iter().skip(after.map_or(0, |after: usize| after + 1)).inspect(|_| looked_at += 1);
            let page: Page<&usize, usize> = Page::selected(rest, rare, |number| number, 2, None);
            assert!(looked_at <= LOOKED_AT + 1, "{looked_at}");
            found.extend(page.entries.into_iter().copied());
            pages += 1;
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(found, (0..4).map(|turn| turn * 3 * LOOKED_AT + 7).collect::<Vec<_>>());
        assert!(pages <= 11, "{pages}");
    }

    #[test]
    fn a_page_of_what_is_selected_is_that_of_a_list_without_the_rest() {
        let numbers = 0..20;
        let is_even = |number: &u32| number.is_multiple_of(2);
        for limit in [1, 3, 9, 10, 11] {
            let page: Page<u32, u32> = Page::selected(numbers.clone(), is_even, |number| number, limit, None);
            let same: Page<u32, u32> = Page::of(numbers.clone().filter(is_even), |number| number, limit, None);
            assert_eq!((&page.entries, page.next.is_some()), (&same.entries, same.next.is_some()), "{limit}");
        }
    }

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
