//! Names in order, and an index of what is in them.
//!
//! The names stand in blocks of at most 64, in order, each with a summary of the parts of its names ([`Grams`]). A
//! search walks the blocks that may have the text, and looks at their names. So it finds what a walk over all names
//! finds, in the same order, from either end and between any bounds, and stops with its page. What it costs: a text
//! that is common fills its page from the first blocks; one that is rare or in no name costs a few comparisons for each
//! block, that is for each 45 names or so. A change copies one block, and shares the others with the states before.

use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use imbl::OrdMap;

use super::grams::{Grams, Sought};
use super::packed::part;
use crate::domain::name::{Name, RepositoryName};

/// Most names of a block.
const MOST: usize = 64;
/// Names of a block that is made of many at once: it has room for more.
const USUAL: usize = 48;
/// A block with fewer names joins the one before it, if both have room in one.
const FEW: usize = 16;

/// What is indexed.
pub trait Indexed: Clone + Ord {
    /// The text to search in.
    fn text(&self) -> &str;
}

impl Indexed for Name {
    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Indexed for RepositoryName {
    fn text(&self) -> &str {
        self.as_str()
    }
}

/// A set of names.
#[derive(Clone)]
pub struct Names<K> {
    /// Each at a key that is above all names of the block before it, and at or below its own.
    blocks: OrdMap<K, Arc<Block<K>>>,
}

#[derive(Clone)]
struct Block<K> {
    names: Vec<K>,
    /// Of these names, and of some that were removed.
    grams: Grams,
    removed: usize,
}

impl<K: Indexed> Block<K> {
    fn of(names: Vec<K>) -> Self {
        let mut grams = Grams::new();
        names.iter().for_each(|name| grams.add(name.text()));
        Self { names, grams, removed: 0 }
    }

    fn insert(&mut self, name: K) {
        if let Err(place) = self.names.binary_search(&name) {
            self.grams.add(name.text());
            self.names.insert(place, name);
        }
    }

    /// The summary is made anew now and then only: to summarize takes long beside a removal.
    fn remove(&mut self, name: &K) {
        let Ok(place) = self.names.binary_search(name) else { return };
        self.names.remove(place);
        self.removed += 1;
        if self.removed > MOST / 4 {
            *self = Self::of(std::mem::take(&mut self.names));
        }
    }

    /// Takes the upper half out.
    fn split(&mut self) -> Self {
        let upper = self.names.split_off(self.names.len() / 2);
        *self = Self::of(std::mem::take(&mut self.names));
        Self::of(upper)
    }

    fn within(&self, start: &Bound<K>, end: &Bound<K>) -> &[K] {
        part(&self.names, start, end, K::cmp)
    }
}

/// Reading.
impl<K: Indexed> Names<K> {
    /// The names within a range.
    pub fn within<R: RangeBounds<K>>(&self, range: R) -> impl DoubleEndedIterator<Item = &K> + use<'_, K, R> {
        let (start, end) = (range.start_bound().cloned(), range.end_bound().cloned());
        self.blocks_within(&start, &end).flat_map(move |block| block.within(&start, &end))
    }

    /// The names within a range that contain a text.
    pub fn containing<R: RangeBounds<K>>(
        &self,
        sought: &Arc<Sought>,
        range: R,
    ) -> impl DoubleEndedIterator<Item = &K> + use<'_, K, R> {
        let (start, end) = (range.start_bound().cloned(), range.end_bound().cloned());
        let (in_block, in_name) = (Arc::clone(sought), Arc::clone(sought));
        let blocks = self.blocks_within(&start, &end).filter(move |block| in_block.may_be_in(&block.grams));
        blocks.flat_map(move |block| block.within(&start, &end)).filter(move |name| in_name.is_in(name.text()))
    }

    fn blocks_within(
        &self,
        start: &Bound<K>,
        end: &Bound<K>,
    ) -> impl DoubleEndedIterator<Item = &Block<K>> + use<'_, K> {
        let from = match start {
            Bound::Included(start) | Bound::Excluded(start) => self.block_of(start).map(Bound::Included),
            Bound::Unbounded => None,
        };
        self.blocks.range((from.unwrap_or(Bound::Unbounded), end.clone())).map(|(_, block)| block.as_ref())
    }

    /// The key of the block that a name belongs to.
    fn block_of(&self, name: &K) -> Option<K> {
        self.blocks.get_prev(name).map(|(key, _)| key.clone())
    }
}

/// Changing.
impl<K: Indexed> Names<K> {
    /// Of names in ascending order, at a fraction of what it takes to insert each.
    pub(in crate::store) fn of_sorted<'a>(names: impl Iterator<Item = &'a K>) -> Self
    where
        K: 'a,
    {
        let mut names = names.cloned().peekable();
        let mut blocks = OrdMap::new();
        while let Some(first) = names.peek().cloned() {
            blocks.insert(first, Arc::new(Block::of(names.by_ref().take(USUAL).collect())));
        }
        Self { blocks }
    }

    pub(in crate::store) fn insert(&mut self, name: K) {
        let key = self.block_of(&name).unwrap_or_else(|| self.begin_with(&name));
        let Some(block) = self.blocks.get_mut(&key).map(Arc::make_mut) else { return };
        block.insert(name);
        if block.names.len() > MOST {
            let upper = block.split();
            if let Some(first) = upper.names.first().cloned() {
                self.blocks.insert(first, Arc::new(upper));
            }
        }
    }

    /// Lets the first block begin with a name that is below all others.
    fn begin_with(&mut self, name: &K) -> K {
        let first = self.blocks.get_min().map(|(key, _)| key.clone());
        let block = first.and_then(|first| self.blocks.remove(&first));
        self.blocks.insert(name.clone(), block.unwrap_or_else(|| Arc::new(Block::of(Vec::new()))));
        name.clone()
    }

    pub(in crate::store) fn remove(&mut self, name: &K) {
        let Some(key) = self.block_of(name) else { return };
        // A block without the name is not copied.
        if self.blocks.get(&key).is_none_or(|block| block.names.binary_search(name).is_err()) {
            return;
        }
        let Some(block) = self.blocks.get_mut(&key).map(Arc::make_mut) else { return };
        block.remove(name);
        match block.names.len() {
            0 => drop(self.blocks.remove(&key)),
            1..FEW => self.join(&key),
            _ => {}
        }
    }

    /// Joins a block to the one before it, if both have room in one and leave some.
    fn join(&mut self, key: &K) {
        let before = self.blocks.range((Bound::Unbounded, Bound::Excluded(key.clone()))).next_back();
        let Some((before, room)) = before.map(|(before, block)| (before.clone(), MOST - block.names.len())) else {
            return;
        };
        if self.blocks.get(key).is_some_and(|block| block.names.len() + FEW <= room) {
            let joined = self.blocks.remove(key);
            if let (Some(before), Some(joined)) = (self.blocks.get_mut(&before).map(Arc::make_mut), joined) {
                joined.names.iter().for_each(|name| before.grams.add(name.text()));
                before.names.extend(joined.names.iter().cloned());
            }
        }
    }
}

impl<K: Indexed> Default for Names<K> {
    fn default() -> Self {
        Self { blocks: OrdMap::new() }
    }
}

/// Equal are sets of the same names, whatever blocks they came to stand in.
impl<K: Indexed> PartialEq for Names<K> {
    fn eq(&self, other: &Self) -> bool {
        self.within(..).eq(other.within(..))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn named(number: u32) -> RepositoryName {
        let (team, app) = (number % 7, number.wrapping_mul(2_654_435_761) % 5_000);
        RepositoryName::parse(&match number % 5 {
            0 => format!("app{app}"),
            1 => format!("team{team}/app-{app}/web"),
            _ => format!("team{team}/app-{app}"),
        })
        .unwrap()
    }

    /// Checks what must hold of the blocks.
    fn check(names: &Names<RepositoryName>) {
        let blocks: Vec<_> = names.blocks.iter().collect();
        for (place, (key, block)) in blocks.iter().enumerate() {
            assert!((1..=MOST).contains(&block.names.len()) && block.names.is_sorted());
            assert!(block.names.iter().all(|name| name >= *key));
            assert!(blocks.get(place + 1).is_none_or(|(next, _)| block.names.iter().all(|name| name < *next)));
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u32, u32),
        Remove(u32, u32),
        Search(&'static str, u32, u32),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let texts =
            ["", "a", "p-", "app", "m3/app", "team1/app-12", "/app-4", "0/web", "zz", "9999", "A", "é", "app-123/we"];
        let step = prop_oneof![
            4 => (0..4_000_u32, 1..300_u32).prop_map(|(from, count)| Step::Insert(from, count)),
            3 => (0..4_000_u32, 1..300_u32).prop_map(|(from, count)| Step::Remove(from, count)),
            3 => (proptest::sample::select(texts.to_vec()), 0..4_000_u32, 0..4_000_u32)
                .prop_map(|(text, start, end)| Step::Search(text, start, end)),
        ];
        proptest::collection::vec(step, 1..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_finds_what_a_walk_over_all_names_finds(steps in steps()) {
            let (mut names, mut walked) = (Names::default(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Insert(from, count) => (from..from + count).for_each(|number| {
                        names.insert(named(number));
                        walked.insert(named(number));
                    }),
                    Step::Remove(from, count) => {
                        let before = (names.clone(), walked.clone());
                        (from..from + count).for_each(|number| {
                            names.remove(&named(number));
                            walked.remove(&named(number));
                        });
                        prop_assert!(before.0.within(..).eq(&before.1), "readers keep what they have");
                    }
                    Step::Search(text, start, end) => {
                        let (start, end) = (named(start).min(named(end)), named(start).max(named(end)));
                        let sought = Arc::new(Sought::new(text.to_owned()));
                        let bounds = [
                            (Bound::Unbounded, Bound::Unbounded),
                            (Bound::Included(start.clone()), Bound::Included(end.clone())),
                            (Bound::Excluded(start.clone()), Bound::Unbounded),
                            (Bound::Unbounded, Bound::Excluded(end.clone())),
                        ];
                        for range in bounds {
                            let within: Vec<_> = walked.range(range.clone()).collect();
                            prop_assert!(names.within(range.clone()).eq(within.iter().copied()));
                            let found: Vec<_> = within.into_iter().filter(|name| name.as_str().contains(text)).collect();
                            prop_assert!(names.containing(&sought, range.clone()).eq(found.iter().copied()));
                            prop_assert!(names.containing(&sought, range).rev().eq(found.into_iter().rev()));
                        }
                        prop_assert_eq!(names.within((Bound::Excluded(end), Bound::Excluded(start))).count(), 0);
                    }
                }
                check(&names);
            }
            let mut other = Names::default();
            walked.iter().rev().for_each(|name| other.insert(name.clone()));
            prop_assert!(other == names);
            let mut other = Names::of_sorted(walked.iter());
            check(&other);
            prop_assert!(other == names);
            if let Some(first) = walked.first() {
                other.remove(first);
                prop_assert!(other != names);
            }
        }
    }

    #[test]
    fn few_blocks_are_looked_at_for_a_rare_text_and_few_for_a_page_of_a_common_one() {
        let mut names = Names::default();
        (0..20_000).for_each(|number| names.insert(named(number)));
        let looked_at = |text: &str| {
            let sought = Sought::new(text.to_owned());
            names.blocks.values().filter(|block| sought.may_be_in(&block.grams)).count()
        };
        assert!(names.blocks.len() > 200);
        assert!(looked_at("zzzzzz") == 0 && looked_at("app-zz") == 0 && looked_at("am8/") == 0);
        let found = names.containing(&Arc::new(Sought::new("/app-4321".to_owned())), ..).count();
        assert!(found > 0 && looked_at("/app-4321") <= found + 2);
        // Blocks that lost most of their names were joined, and lose what they said of those.
        (0..20_000).filter(|number| number % 16 != 0).for_each(|number| names.remove(&named(number)));
        check(&names);
        let left = names.within(..).count();
        assert!(names.blocks.len() <= left / (FEW / 2), "{} blocks of {left}", names.blocks.len());
        for name in names.within(..) {
            assert_eq!(names.containing(&Arc::new(Sought::new(name.to_string())), ..=name).next_back(), Some(name));
        }
    }
}
