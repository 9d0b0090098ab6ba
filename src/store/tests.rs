//! Tests of the store as a whole, and of what disks and power cuts do to it.

mod audit;
mod audit_index;
mod backup;
mod bounds;
mod check;
mod child;
mod compaction;
mod content;
mod damage;
mod directory;
mod earlier;
mod ended;
mod ended_gaps;
mod endings;
mod faults;
mod full;
mod journal;
mod killed;
#[allow(dead_code, reason = "each of the two test programs uses its part of it")]
#[path = "../../tests/lossy/mod.rs"]
mod lossy;
mod measured;
mod migration;
mod model;
mod power;
mod purging;
mod records;
mod removal;
mod retention;
mod samples;
mod summing;
mod support;
mod upgrade;
mod usage;
mod vanished;
mod writing;
