//! The examination of a whole site: what is seen of each thing, whether that is as it should be, and what to do where it is not.
//!
//! - `row`: how a check comes out, and how moments read in it.
//! - `address`: what clients meet at the public URL. `next_door`: the registry.
//! - `files`: who may read what. `dates`: certificates, backups and secrets by their files. `room`: the disk.
//! - `people`: access tokens and accounts.
//!
//! It only looks: it changes nothing, mends nothing, and decides nothing about permissions. What goes over the network goes to
//! the addresses of the configuration alone, bounded in time and size, shows no secret of a person, and follows no redirect.

pub mod address;
pub mod dates;
pub mod files;
pub mod next_door;
pub mod people;
pub mod room;
pub mod row;

use crate::api::{Examination, ExaminedCheck};
use crate::domain::checkup::{Check, CheckState};
use crate::domain::time::Timestamp;

/// The report of these checks, in their order; what nobody has looked at is said.
#[must_use]
pub fn report(now: Timestamp, rows: Vec<ExaminedCheck>) -> Examination {
    let mut rows = rows;
    for check in Check::ALL {
        if !rows.iter().any(|row| row.check == check) {
            rows.push(row::failed(
                check,
                "this could not be looked at in time",
                "ask once more; see the log of dockpass",
            ));
        }
    }
    rows.sort_by_key(|row| row.check);
    let state = rows.iter().map(|row| row.state).max().unwrap_or(CheckState::NotApplicable);
    Examination { examined_at: now.whole_seconds().to_string(), state, checks: rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_told_once_and_the_worst_counts() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let all = || Check::ALL.into_iter().rev().map(|check| row::ok(check, "well"));
        let told = report(now, all().collect());
        assert_eq!((told.state, told.examined_at.as_str()), (CheckState::Ok, "2027-01-15T08:00:00Z"));
        assert!(told.checks.iter().map(|row| row.check).eq(Check::ALL));
        let warned = report(now, all().skip(1).chain([row::warning(Check::UnusedAccounts, "a", "b")]).collect());
        assert_eq!(warned.state, CheckState::Warning);
        let late = report(now, all().skip(1).collect());
        assert_eq!((late.state, late.checks.len()), (CheckState::Failed, Check::ALL.len()));
    }
}
