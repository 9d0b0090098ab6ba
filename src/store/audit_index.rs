//! Where in the audit log what is sought can be: so that a filter that finds little costs little.
//!
//! In memory only, and made of the records themselves, a block at a time, when they are counted after a start and as they
//! come ([`super::retention`]). Of each block it keeps the span of times, and a Bloom filter of the texts by which its
//! records are found (`AuditRecord::subjects`): ten bits for each different one, some six bytes for a record, and never
//! more than [`MOST_WORDS`] words for a block. It only says which blocks have nothing. So it hides no record: what is not
//! counted yet is looked at, what was removed costs a needless look, and each record that is found is asked itself.
//! The chain does not depend on it.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Range;

use crate::domain::audit::AuditRecord;
use crate::domain::order::Order;
use crate::domain::time::Timestamp;

/// Numbers of one block.
const BLOCK: u64 = 128;
/// Numbers that one look takes, in blocks that follow each other.
const LOOK: u64 = 512;
/// Bits of a filter for each text, and how many of them a text sets: one in a hundred others seems to be there.
const BITS: usize = 10;
const PROBES: u32 = 5;
/// The most that the filter of one block has, in words of 64 bits: two kilobytes.
const MOST_WORDS: usize = 256;

/// What records must have to be found: of each of these sets one text, and a time in this span. Whoever seeks asks each
/// record that is found whether it is one.
#[derive(Clone, Debug, Default)]
pub struct AuditSought {
    texts: Vec<Vec<u64>>,
    since: Option<i64>,
    until: Option<i64>,
}

impl AuditSought {
    /// The same, of records that have one of these texts as well.
    #[must_use]
    pub fn with_any<'t>(mut self, texts: impl IntoIterator<Item = &'t str>) -> Self {
        self.texts.push(texts.into_iter().map(hash).collect());
        self
    }

    /// The same, of records of this span; `until` is outside.
    #[must_use]
    pub fn within(self, since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self { since: since.map(Timestamp::millis), until: until.map(Timestamp::millis), ..self }
    }
}

fn hash(text: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(text)
}

/// What is known of a whole block that has records.
struct Block {
    filter: Box<[u64]>,
    first: i64,
    last: i64,
}

impl Block {
    fn may_have(&self, sought: &AuditSought) -> bool {
        sought.since.is_none_or(|since| self.last >= since)
            && sought.until.is_none_or(|until| self.first < until)
            && sought.texts.iter().all(|texts| texts.iter().any(|text| self.has(*text)))
    }

    fn has(&self, text: u64) -> bool {
        let is_set = |(word, bit): (usize, u64)| self.filter.get(word).is_some_and(|word| word & bit != 0);
        probes(text, self.filter.len()).all(is_set)
    }
}

/// The bits of a text in a filter: the word, and the bit in it.
fn probes(text: u64, words: usize) -> impl Iterator<Item = (usize, u64)> {
    let (start, step) = (text, text.rotate_left(32) | 1);
    (0..PROBES).map(move |probe| {
        let place = start.wrapping_add(step.wrapping_mul(u64::from(probe)));
        // The upper half chooses the word, without a division.
        let word = (usize::try_from(place >> 32).unwrap_or(0) * words) >> 32;
        (word, 1 << (place & 63))
    })
}

/// The block that is being counted.
#[derive(Default)]
struct Gathered {
    number: u64,
    texts: HashSet<u64>,
    span: Option<(i64, i64)>,
}

impl Gathered {
    fn add(&mut self, record: &AuditRecord) {
        record.subjects(|text| _ = self.texts.insert(hash(text)));
        let time = record.time.millis();
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
    }

    /// The block; none if it has no records.
    fn whole(self) -> Option<(u64, Block)> {
        let (first, last) = self.span?;
        let words = (self.texts.len() * BITS).div_ceil(64).clamp(1, MOST_WORDS);
        let mut filter = vec![0_u64; words].into_boxed_slice();
        for (word, bit) in self.texts.into_iter().flat_map(|text| probes(text, words)) {
            filter.get_mut(word).into_iter().for_each(|word| *word |= bit);
        }
        Some((self.number, Block { filter, first, last }))
    }
}

/// What is known of the log.
#[derive(Default)]
pub(super) struct AuditIndex {
    /// The whole blocks that have records.
    blocks: BTreeMap<u64, Block>,
    /// The first block that is not known whole.
    open: u64,
    gathered: Gathered,
}

impl AuditIndex {
    /// Takes in the next record of the log. They come in the order of their numbers.
    pub(super) fn add(&mut self, record: &AuditRecord) {
        self.reach(record.seq);
        self.gathered.add(record);
    }

    /// Says that all records below this number were taken in.
    pub(super) fn reach(&mut self, next: u64) {
        let number = next / BLOCK;
        if number > self.gathered.number {
            let gathered = std::mem::replace(&mut self.gathered, Gathered { number, ..Gathered::default() });
            self.blocks.extend(gathered.whole());
        }
        self.open = number;
    }

    /// Forgets the blocks in this range of numbers, whose ends are those of blocks, of which no record is left.
    pub(super) fn forget(&mut self, numbers: Range<u64>, left: impl Iterator<Item = u64>) {
        let left: HashSet<u64> = left.map(|number| number / BLOCK).collect();
        let within: Vec<u64> =
            self.blocks.range(numbers.start / BLOCK..numbers.end / BLOCK).map(|(number, _)| *number).collect();
        within.iter().filter(|number| !left.contains(number)).for_each(|number| _ = self.blocks.remove(number));
    }

    /// The next numbers to look at, in this order, from this one on; none if nothing is left. The log has numbers from 1
    /// to `head`.
    pub(super) fn next(&self, order: Order, from: u64, head: u64, sought: &AuditSought) -> Option<Range<u64>> {
        if !(1..=head).contains(&from) {
            return None;
        }
        let first = self.candidate(order, from / BLOCK, sought).filter(|block| *block <= head / BLOCK)?;
        let (mut low, mut high) = (first, first);
        while (high - low + 1) * BLOCK < LOOK {
            let neighbour = match order {
                Order::Ascending => high.checked_add(1).filter(|block| *block <= head / BLOCK),
                Order::Descending => low.checked_sub(1),
            };
            let Some(neighbour) = neighbour.filter(|block| self.may_have(*block, sought)) else { break };
            (low, high) = (low.min(neighbour), high.max(neighbour));
        }
        let (start, end) = ((low * BLOCK).max(1), ((high + 1) * BLOCK).min(head.saturating_add(1)));
        Some(match order {
            Order::Ascending => start.max(from)..end,
            Order::Descending => start..end.min(from.saturating_add(1)),
        })
    }

    fn may_have(&self, block: u64, sought: &AuditSought) -> bool {
        block >= self.open || self.blocks.get(&block).is_some_and(|known| known.may_have(sought))
    }

    /// The first block to look at, from this one on.
    fn candidate(&self, order: Order, block: u64, sought: &AuditSought) -> Option<u64> {
        if block >= self.open {
            return Some(block);
        }
        let find = |(number, known): (&u64, &Block)| known.may_have(sought).then_some(*number);
        match order {
            Order::Ascending => self.blocks.range(block..).find_map(find).or(Some(self.open)),
            Order::Descending => self.blocks.range(..=block).rev().find_map(find),
        }
    }

    /// Bytes that it takes, without those of its map.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.blocks.values().map(|block| size_of::<Block>() + block.filter.len() * size_of::<u64>()).sum()
    }
}
