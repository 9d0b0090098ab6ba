//! Ordered sets of small things, of which there are millions: each takes little more room than itself.
//!
//! The entries stand in blocks, each an array of exactly as many as it has, and only the blocks stand in a map. So no
//! node is half empty, as those of a balanced tree are, and what a tree needs for itself is shared by some sixty entries.
//! A change copies one block, and shares the others with the states before. A block never has entries of two groups: what
//! they have in common, such as the account that owns them, stands at the block and not in each of them.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;

/// What stands in such a set.
pub(super) trait Entry: Clone + PartialEq + Sized {
    /// What it is found by, and ordered by; no other of its group has the same.
    type Key: Ord + Clone;
    /// The least key.
    const FIRST: Self::Key;
    /// The greatest key.
    const LAST: Self::Key;
    /// Most of a block, all of which a change copies.
    const MOST: usize = 1_520 / size_of::<Self>();

    /// Its key.
    fn key(&self) -> Self::Key;

    /// How its key stands to another.
    fn compare(&self, key: &Self::Key) -> Ordering {
        self.key().cmp(key)
    }
}

/// Such a set. The first block of a group stands at the least key, each other one at a key that is above all entries of
/// the block before it, and at or below its own.
#[derive(Clone)]
pub(super) struct Packed<G, E: Entry> {
    blocks: OrdMap<(G, E::Key), Arc<[E]>>,
    len: usize,
}

/// A block, and the key at which it stands.
type Found<'s, G, E> = (&'s (G, <E as Entry>::Key), &'s Arc<[E]>);

impl<G: Ord + Clone, E: Entry> Default for Packed<G, E> {
    fn default() -> Self {
        Self { blocks: OrdMap::new(), len: 0 }
    }
}

/// Equal are sets of the same entries, whatever blocks they came to stand in.
impl<G: Ord + Clone, E: Entry> PartialEq for Packed<G, E> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.all().eq(other.all())
    }
}

/// Reading.
impl<G: Ord + Clone, E: Entry> Packed<G, E> {
    /// A block with fewer entries joins the one before it, if both leave room in one.
    const FEW: usize = E::MOST / 4;

    /// How many there are, in all groups.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All entries, each with its group.
    fn all(&self) -> impl Iterator<Item = (&G, &E)> {
        self.blocks.iter().flat_map(|((group, _), block)| block.iter().map(move |entry| (group, entry)))
    }

    /// The key of the block that an entry of this key belongs to, and the block; none if the group is empty.
    fn block_of(&self, group: &G, key: &E::Key) -> Option<Found<'_, G, E>> {
        self.blocks.get_prev(&(group.clone(), key.clone())).filter(|((of, _), _)| of == group)
    }

    /// The entry of this key in a group.
    pub(super) fn get(&self, group: &G, key: &E::Key) -> Option<&E> {
        let (_, block) = self.block_of(group, key)?;
        block.get(place(block, key).ok()?)
    }

    /// The first entry of a group that is not below this key.
    pub(super) fn first_from(&self, group: &G, key: &E::Key) -> Option<&E> {
        let (_, block) = self.block_of(group, key)?;
        let place = place(block, key).unwrap_or_else(|place| place);
        block.get(place).or_else(|| self.within(group, (Bound::Excluded(key.clone()), Bound::Unbounded)).next())
    }

    /// The entries of a group within a range, in order.
    pub(super) fn within(
        &self,
        group: &G,
        (start, end): (Bound<E::Key>, Bound<E::Key>),
    ) -> impl DoubleEndedIterator<Item = &E> + use<'_, G, E> {
        let start = if let Bound::Unbounded = start { Bound::Included(E::FIRST) } else { start };
        let end = if let Bound::Unbounded = end { Bound::Included(E::LAST) } else { end };
        let first = match &start {
            Bound::Included(key) | Bound::Excluded(key) => self.block_of(group, key),
            Bound::Unbounded => None,
        };
        let first = first.map_or_else(|| (group.clone(), E::FIRST), |(key, _)| key.clone());
        let last = end.clone().map(|key| (group.clone(), key));
        // Ends that are the wrong way round have nothing between them.
        let blocks = self.blocks.range((Bound::Included(first), last));
        blocks.flat_map(move |(_, block)| part(block, &start, &end, E::compare))
    }
}

/// Changing.
impl<G: Ord + Clone, E: Entry> Packed<G, E> {
    /// Of entries in ascending order of their groups and keys, at a fraction of what it takes to insert each.
    pub(super) fn of_sorted(entries: impl IntoIterator<Item = (G, E)>) -> Self {
        let mut packed = Self::default();
        let mut entries = entries.into_iter().peekable();
        let mut before: Option<G> = None;
        while let Some((group, first)) = entries.next() {
            let mut block = Vec::with_capacity(E::MOST);
            let key = if before.as_ref() == Some(&group) { first.key() } else { E::FIRST };
            block.push(first);
            while block.len() < E::MOST
                && let Some((_, entry)) = entries.next_if(|(of, _)| *of == group)
            {
                block.push(entry);
            }
            packed.len += block.len();
            packed.blocks.insert((group.clone(), key), block.into());
            before = Some(group);
        }
        packed
    }

    /// Puts an entry in the place of the one with its key, if there is one.
    pub(super) fn insert(&mut self, group: &G, entry: E) {
        let key = entry.key();
        let Some((at, block)) = self.block_of(group, &key).map(|(at, block)| (at.clone(), block)) else {
            self.blocks.insert((group.clone(), E::FIRST), Arc::new([entry]));
            self.len += 1;
            return;
        };
        let place = match place(block, &key) {
            Ok(place) => {
                let block = self.blocks.get_mut(&at).map(Arc::make_mut);
                block.and_then(|block| block.get_mut(place)).into_iter().for_each(|room| *room = entry.clone());
                return;
            }
            Err(place) => place,
        };
        let (lower, upper) = block.split_at(place.min(block.len()));
        let all = lower.iter().chain([&entry]).chain(upper);
        if block.len() < E::MOST {
            let block = all.cloned().collect();
            self.blocks.insert(at, block);
            self.len += 1;
            return;
        }
        // Most are added at the end: then the full block stays full.
        let kept = if upper.is_empty() { block.len() } else { block.len() / 2 };
        let (lower, upper): (Arc<[E]>, Arc<[E]>) =
            (all.clone().take(kept).cloned().collect(), all.skip(kept).cloned().collect());
        let next = upper.first().map(E::key);
        self.blocks.insert(at, lower);
        next.into_iter().for_each(|next| _ = self.blocks.insert((group.clone(), next), Arc::clone(&upper)));
        self.len += 1;
    }

    /// Takes the entry of this key out, if there is one.
    pub(super) fn remove(&mut self, group: &G, key: &E::Key) {
        let Some((at, block)) = self.block_of(group, key).map(|(at, block)| (at.clone(), block)) else { return };
        let Ok(place) = place(block, key) else { return };
        let left: Arc<[E]> =
            block.iter().enumerate().filter(|(of, _)| *of != place).map(|(_, entry)| entry.clone()).collect();
        self.len -= 1;
        let count = left.len();
        self.blocks.insert(at.clone(), left);
        if count == 0 {
            self.blocks.remove(&at);
            if at.1 == E::FIRST {
                self.begin(group);
            }
        } else if count < Self::FEW {
            self.join(group, &at);
        }
    }

    /// Lets the first block of a group begin with the least key, once the one before it is gone.
    fn begin(&mut self, group: &G) {
        let next = self.blocks.range((group.clone(), E::FIRST)..).next().map(|(at, _)| at.clone());
        let next = next.filter(|(of, _)| of == group).and_then(|at| self.blocks.remove(&at));
        next.into_iter().for_each(|block| _ = self.blocks.insert((group.clone(), E::FIRST), block));
    }

    /// Joins a block to the one before it, if that is of its group, and one of both has room for more.
    fn join(&mut self, group: &G, at: &(G, E::Key)) {
        let before = self.blocks.range((Bound::Unbounded, Bound::Excluded(at.clone()))).next_back();
        let Some((before, lower)) = before.filter(|((of, _), _)| of == group) else { return };
        let Some(upper) = self.blocks.get(at).filter(|upper| lower.len() + upper.len() + Self::FEW <= E::MOST) else {
            return;
        };
        let (before, joined) = (before.clone(), lower.iter().chain(&**upper).cloned().collect());
        self.blocks.remove(at);
        self.blocks.insert(before, joined);
    }
}

fn place<E: Entry>(block: &[E], key: &E::Key) -> Result<usize, usize> {
    block.binary_search_by(|entry| entry.compare(key))
}

/// The part of what is in order that is within bounds.
pub(super) fn part<'b, E, K>(
    sorted: &'b [E],
    start: &Bound<K>,
    end: &Bound<K>,
    compare: impl Fn(&E, &K) -> Ordering,
) -> &'b [E] {
    let from = sorted.partition_point(|entry| match start {
        Bound::Included(start) => compare(entry, start).is_lt(),
        Bound::Excluded(start) => compare(entry, start).is_le(),
        Bound::Unbounded => false,
    });
    let until = sorted.partition_point(|entry| match end {
        Bound::Included(end) => compare(entry, end).is_le(),
        Bound::Excluded(end) => compare(entry, end).is_lt(),
        Bound::Unbounded => true,
    });
    sorted.get(from..until).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Large, so that a block has few.
    #[derive(Clone, Debug, PartialEq)]
    struct Numbered(u16, [u64; 20]);

    impl Entry for Numbered {
        type Key = u16;
        const FIRST: u16 = 0;
        const LAST: u16 = u16::MAX;

        fn key(&self) -> u16 {
            self.0
        }
    }

    type Set = Packed<u8, Numbered>;

    fn entry(number: u16) -> Numbered {
        Numbered(number, [number.into(); 20])
    }

    /// Checks what must hold of the blocks.
    fn check(set: &Set) {
        let blocks: Vec<_> = set.blocks.iter().collect();
        for (place, ((group, key), block)) in blocks.iter().enumerate() {
            assert!((1..=Numbered::MOST).contains(&block.len()) && block.is_sorted_by_key(Entry::key));
            assert!(block.iter().all(|entry| entry.key() >= *key));
            let is_first = place == 0 || blocks[place - 1].0.0 != *group;
            assert!(!is_first || *key == Numbered::FIRST, "the first of a group is found by every key");
            let next = blocks.get(place + 1).filter(|((of, _), _)| of == group);
            assert!(next.is_none_or(|((_, next), _)| block.iter().all(|entry| entry.key() < *next)));
        }
        assert_eq!(set.len(), blocks.iter().map(|(_, block)| block.len()).sum::<usize>());
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, u16, u16),
        Remove(u8, u16, u16),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..3_u8, 0..400_u16, 1..60_u16).prop_map(|(group, from, count)| Step::Insert(group, from, count)),
            (0..3_u8, 0..400_u16, 1..60_u16).prop_map(|(group, from, count)| Step::Remove(group, from, count)),
        ];
        proptest::collection::vec(step, 1..40)
    }

    fn bounds(one: u16, other: u16) -> [(Bound<u16>, Bound<u16>); 5] {
        let (start, end) = (one.min(other), one.max(other));
        [
            (Bound::Unbounded, Bound::Unbounded),
            (Bound::Included(start), Bound::Included(end)),
            (Bound::Excluded(start), Bound::Unbounded),
            (Bound::Unbounded, Bound::Excluded(end)),
            (Bound::Included(start), Bound::Excluded(end)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn it_has_what_a_plain_set_has(steps in steps(), one in 0..460_u16, other in 0..460_u16) {
            let (mut set, mut plain) = (Set::default(), BTreeSet::new());
            for step in steps {
                let before = (set.clone(), plain.clone());
                match step {
                    Step::Insert(group, from, count) => (from..from + count).rev().for_each(|number| {
                        set.insert(&group, entry(number));
                        plain.insert((group, number));
                    }),
                    Step::Remove(group, from, count) => (from..from + count).for_each(|number| {
                        set.remove(&group, &number);
                        plain.remove(&(group, number));
                    }),
                }
                check(&set);
                let kept = before.0.all().map(|(group, entry)| (*group, entry.key()));
                prop_assert!(kept.eq(before.1.iter().copied()), "readers keep what they have");
                for group in 0..3 {
                    let of = |range: (Bound<u16>, Bound<u16>)| {
                        let of_group = plain.iter().filter(|(of, _)| *of == group).map(|(_, number)| *number);
                        of_group.filter(|number| std::ops::RangeBounds::contains(&range, number)).collect::<Vec<_>>()
                    };
                    for range in bounds(one, other) {
                        prop_assert!(set.within(&group, range).map(Entry::key).eq(of(range)));
                        prop_assert!(set.within(&group, range).rev().map(Entry::key).eq(of(range).into_iter().rev()));
                    }
                    prop_assert_eq!(set.get(&group, &one).is_some(), plain.contains(&(group, one)));
                    let first = of((Bound::Included(one), Bound::Unbounded)).first().copied();
                    prop_assert_eq!(set.first_from(&group, &one).map(Entry::key), first);
                }
                let sorted = Set::of_sorted(plain.iter().map(|(group, number)| (*group, entry(*number))));
                check(&sorted);
                prop_assert!(sorted == set);
            }
        }
    }

    #[test]
    fn blocks_are_full_where_all_are_added_at_the_end_and_few_after_a_removal_of_most() {
        let mut set = Set::default();
        (0..4_000).for_each(|number| set.insert(&0, entry(number)));
        assert_eq!(set.blocks.len(), 4_000_usize.div_ceil(Numbered::MOST));
        (0..4_000).filter(|number| number % 8 != 0).for_each(|number| set.remove(&0, &number));
        check(&set);
        assert!(set.blocks.len() <= 500 / (Set::FEW / 2), "{} blocks", set.blocks.len());
        let before = set.clone();
        set.insert(&0, Numbered(8, [7; 20]));
        assert!(
            set != before && set.len() == before.len(),
            "another entry stands in the place of the one with its key"
        );
    }
}
