//! What the audit log has, block by block: so that old records are found without reading the others.
//!
//! In memory only, some 100 bytes for each thousand records; counted in steps after a start.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::rank::Rank;
use super::{BLOCKS, Counted, Going, PIECE, Reason, Removal, step};
use crate::domain::time::Timestamp;
use crate::store::engine::Engine;
use crate::store::error::Error;

/// Numbers of one block.
const BLOCK: u64 = 1_024;
/// Records that one read takes.
const STEP: usize = 1_024;
/// Records that one call counts at the most: less than a second's work.
const COUNTED_AT_ONCE: u64 = 200_000;

/// The records of one block.
#[derive(Clone, Default)]
struct Block {
    sums: Tally,
    denials: Tally,
    sign_ins: Tally,
    changes: Tally,
    kept: Tally,
}

/// The records of one rank.
#[derive(Clone, Default)]
struct Tally {
    count: u32,
    bytes: u64,
    /// The time of the oldest, in milliseconds since 1970.
    oldest: i64,
}

/// What the log has.
#[derive(Default)]
pub(super) struct Census {
    /// The last number that was counted.
    counted: u64,
    blocks: BTreeMap<u64, Block>,
    bytes: u64,
}

impl Census {
    /// Counts the records that are new since the last time, up to number `head`, and passes them on in the order of their
    /// numbers. False if there are more than one call counts.
    pub(super) fn count(
        &mut self,
        engine: &Engine,
        head: u64,
        mut each: impl FnMut(&[Counted]),
    ) -> Result<bool, Error> {
        let begin = self.counted;
        while self.counted < head {
            if self.counted - begin >= COUNTED_AT_ONCE {
                return Ok(false);
            }
            let mut found = step(engine, self.counted + 1, STEP)?;
            let is_last = found.len() < STEP;
            found.retain(|counted| counted.going.seq <= head);
            each(&found);
            for counted in &found {
                self.counted = counted.going.seq;
                self.add(counted);
            }
            if is_last {
                self.counted = head;
            }
        }
        Ok(true)
    }

    /// The first number that is not counted.
    pub(super) fn next(&self) -> u64 {
        self.counted.saturating_add(1)
    }

    /// How many bytes of records there are.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether there are records that may go and are older than this moment.
    pub(super) fn reaches_before(&self, cutoff: Timestamp) -> bool {
        self.blocks.values().any(|block| block.has(Reason::Age(cutoff)))
    }

    /// At most one piece of records that go for this reason.
    pub(super) fn gather(&self, engine: &Engine, reason: Reason) -> Result<Removal, Error> {
        let mut removal = Removal::default();
        let mut bytes = 0;
        for number in self.blocks.iter().filter(|(_, block)| block.has(reason)).map(|(number, _)| *number).take(BLOCKS)
        {
            for Counted { going, .. } in self.read(engine, number)?.into_iter().filter(|it| it.goes_for(reason)) {
                if removal.records.len() == PIECE || bytes >= reason.bytes() {
                    return Ok(removal);
                }
                bytes += going.bytes;
                removal.records.push(going);
            }
        }
        Ok(removal)
    }

    /// Counts the blocks anew that records were removed from, and passes on their numbers with the records that are left.
    pub(super) fn recount(
        &mut self,
        engine: &Engine,
        removed: impl Iterator<Item = u64>,
        mut each: impl FnMut(Range<u64>, &[Counted]),
    ) -> Result<(), Error> {
        let touched: BTreeSet<u64> = removed.map(|seq| seq / BLOCK).collect();
        for number in touched {
            let found = self.read(engine, number)?;
            let before = self.blocks.remove(&number).map_or(0, |block| block.bytes());
            self.bytes = self.bytes.saturating_sub(before);
            each(number * BLOCK..(number + 1) * BLOCK, &found);
            found.iter().for_each(|counted| self.add(counted));
        }
        Ok(())
    }

    /// The counted records of a block.
    fn read(&self, engine: &Engine, number: u64) -> Result<Vec<Counted>, Error> {
        let end = ((number + 1) * BLOCK).min(self.counted.saturating_add(1));
        let mut found = step(engine, number * BLOCK, STEP)?;
        found.retain(|counted| counted.going.seq < end);
        Ok(found)
    }

    fn add(&mut self, Counted { going, record }: &Counted) {
        self.bytes += going.bytes;
        self.blocks.entry(going.seq / BLOCK).or_default().add(going, record.time.millis());
    }
}

impl Block {
    fn add(&mut self, record: &Going, time: i64) {
        let tally = self.of_mut(record.rank);
        tally.oldest = if tally.count == 0 { time } else { tally.oldest.min(time) };
        tally.count += 1;
        tally.bytes += record.bytes;
    }

    fn of_mut(&mut self, rank: Rank) -> &mut Tally {
        match rank {
            Rank::StrangersSum => &mut self.sums,
            Rank::Denial => &mut self.denials,
            Rank::SignIn => &mut self.sign_ins,
            Rank::Change => &mut self.changes,
            Rank::Kept => &mut self.kept,
        }
    }

    fn tallies(&self) -> [(Rank, &Tally); 5] {
        [
            (Rank::StrangersSum, &self.sums),
            (Rank::Denial, &self.denials),
            (Rank::SignIn, &self.sign_ins),
            (Rank::Change, &self.changes),
            (Rank::Kept, &self.kept),
        ]
    }

    /// Whether some of its records may go for this reason.
    fn has(&self, reason: Reason) -> bool {
        let takes =
            |(rank, tally): (Rank, &Tally)| tally.count > 0 && reason.takes(rank, Timestamp::from_millis(tally.oldest));
        self.tallies().into_iter().any(takes)
    }

    fn bytes(&self) -> u64 {
        self.tallies().into_iter().map(|(_, tally)| tally.bytes).sum()
    }
}
