//! The disk of the data directory.

use std::path::Path;

use super::row::{self, size};
use crate::api::ExaminedCheck;
use crate::domain::checkup::Check;

/// Below that, changes soon cannot be written, in bytes.
const LEAST: u64 = 256 << 20;
/// A store is written anew, checked without a server and migrated beside itself: so many times its bytes should be free.
const STORES: u64 = 2;
/// What should be free however small the store is, in bytes.
const USUAL: u64 = 1 << 30;

/// Whether there is room: `store` is how many bytes the store has, if that is known.
#[must_use]
pub fn disk(directory: &Path, free: Option<u64>, store: Option<u64>) -> ExaminedCheck {
    let place = directory.display();
    let Some(free) = free else {
        return row::warning(
            Check::Disk,
            format!("the system does not tell how much room is left at {place}"),
            "see that the data directory is there, and may be entered",
        );
    };
    let wanted = store.unwrap_or(0).saturating_mul(STORES).max(USUAL);
    let has = store.map(|store| format!("; the store has {}", size(store))).unwrap_or_default();
    let seen = format!("{} free at {place}{has}", size(free));
    let remedy = format!("make room on the file system of {place}: {} should be free", size(wanted));
    if free < LEAST {
        row::failed(Check::Disk, seen, remedy)
    } else if free < wanted {
        row::warning(Check::Disk, seen, remedy)
    } else {
        row::ok(Check::Disk, seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::checkup::CheckState::{Failed, Ok, Warning};

    #[test]
    fn there_should_be_room_for_the_store_twice() {
        let state = |free, store| disk(Path::new("/d"), free, store).state;
        assert_eq!(
            [Some(USUAL), Some(USUAL - 1), Some(LEAST), Some(LEAST - 1)].map(|it| state(it, Some(1))),
            [Ok, Warning, Warning, Failed]
        );
        assert_eq!([2 * USUAL, 2 * USUAL - 1].map(|free| state(Some(free), Some(USUAL))), [Ok, Warning]);
        assert_eq!((state(None, Some(1)), state(Some(USUAL), None)), (Warning, Ok));
        let told = disk(Path::new("/d"), Some(3_000_000_000), Some(7_000));
        assert_eq!(told.seen, "3.0 GB free at /d; the store has 7 kB");
    }
}
