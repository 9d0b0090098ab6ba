//! The order of a list, and the range of an ordered map that holds its next page.

use std::ops::Bound;

use super::words::words;

words! {
    /// Which way a list goes.
    #[derive(Default)]
    pub enum Order {
        /// From the least to the greatest.
        #[default]
        Ascending = "asc",
        /// From the greatest to the least.
        Descending = "desc",
    }
}

impl Order {
    /// The keys from `first` to `last` that a list has left after `after`, which is one of them; all of them without
    /// it.
    pub fn rest<K>(self, after: Option<K>, first: Bound<K>, last: Bound<K>) -> (Bound<K>, Bound<K>) {
        match (self, after) {
            (Self::Ascending | Self::Descending, None) => (first, last),
            (Self::Ascending, Some(after)) => (Bound::Excluded(after), last),
            (Self::Descending, Some(after)) => (first, Bound::Excluded(after)),
        }
    }

    /// Whether `first` comes before `second` in this order.
    pub fn puts<K: Ord>(self, first: &K, second: &K) -> bool {
        match self {
            Self::Ascending => first < second,
            Self::Descending => second < first,
        }
    }

    /// Puts ascending entries into this order.
    pub fn walk<I: DoubleEndedIterator>(self, entries: I) -> Walk<I> {
        Walk { entries, order: self }
    }
}

/// Entries in some order, see [`Order::walk`].
#[derive(Clone, Debug)]
pub struct Walk<I> {
    entries: I,
    order: Order,
}

impl<I: DoubleEndedIterator> Iterator for Walk<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        match self.order {
            Order::Ascending => self.entries.next(),
            Order::Descending => self.entries.next_back(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn pages_in_either_order_have_every_entry_once() {
        let all: BTreeSet<u8> = (0..10).collect();
        for (order, expected) in
            [(Order::Ascending, (2..8).collect::<Vec<u8>>()), (Order::Descending, (2..8).rev().collect())]
        {
            for size in 1..8 {
                let mut walked: Vec<u8> = Vec::new();
                loop {
                    let rest = order.rest(walked.last().copied(), Bound::Included(2), Bound::Excluded(8));
                    let page: Vec<u8> = order.walk(all.range(rest)).take(size).copied().collect();
                    walked.extend(&page);
                    if page.len() < size {
                        break;
                    }
                }
                assert_eq!(walked, expected, "{order:?} in pages of {size}");
            }
        }
    }
}
