//! Disks that fail in the middle: calls of a child on one file return an error instead of being done.

use std::ffi::OsStr;

use super::child::{self, Answered};
use super::support::Home;

/// So many changes each thread of the child makes.
const CHANGES: u64 = 60;

/// Lets calls on a file of the data directory fail, and checks that the store has every answered change, whole. Each
/// thread counts which of them fail. None if it cannot be done here.
fn failing(file: &str, calls: &str) -> Option<Answered> {
    let home = Home::started();
    let (file, log) = (home.path().join(file), home.path().with_file_name("trace"));
    let inject = format!("inject={calls}");
    let arguments = [OsStr::new("-f"), OsStr::new("-P"), file.as_os_str(), OsStr::new("-e"), OsStr::new(&inject)];
    let arguments: Vec<&OsStr> = arguments.into_iter().chain([OsStr::new("-o"), log.as_os_str()]).collect();
    let answered = child::finish(child::traced(&arguments, &home.path(), 1_000, CHANGES))?;
    answered.check(&home.open());
    Some(answered)
}

/// After a failure those under way may have been made, and no later one is. The batch that fails is one of the purge now and
/// then, for which nobody waits: so another call fails in each round, until somebody was told that it is not known.
fn is_broken_for_good(calls: impl Fn(u32) -> String) {
    let mut told = 0;
    for round in 0..8 {
        let Some(answered) = failing("store/db", &calls(round)) else { return };
        let (unknown, others): (Vec<&String>, _) = answered.refused.iter().partition(|how| *how == "unknown");
        assert!(answered.added_since == 0 && unknown.len() <= 4, "{:?}", answered.refused);
        assert!(!others.is_empty() && others.iter().all(|how| *how == "broken"), "{:?}", answered.refused);
        told += unknown.len();
        if told > 0 {
            return;
        }
    }
    panic!("nobody was told that a change may have been made");
}

#[test]
fn after_a_failed_sync_no_change_is_accepted() {
    is_broken_for_good(|round| format!("fdatasync:error=EIO:when={}", 20 + round));
}

#[test]
fn after_a_failed_write_no_change_is_accepted() {
    is_broken_for_good(|round| format!("pwrite64:error=EIO:when={}..{}", 8 + round, 12 + round));
}

#[test]
fn after_a_lack_of_room_changes_are_accepted_again() {
    let Some(answered) = failing("store/db", "pwrite64:error=ENOSPC:when=8..12") else { return };
    assert!(answered.refused.iter().all(|how| how == "full"), "{:?}", answered.refused);
    assert!(!answered.refused.is_empty() && answered.added_since > 0, "{:?}", answered.refused);
}

#[test]
fn a_note_of_the_end_that_cannot_be_written_costs_no_change() {
    let Some(answered) = failing("end", "pwrite64:error=EIO:when=5+") else { return };
    assert!(answered.refused.is_empty(), "{:?}", answered.refused);
}

/// The refused changes are on the disk whole then, and are taken back.
#[test]
fn a_change_that_was_written_but_refused_is_taken_back() {
    let Some(answered) = failing("store/db", "sync_file_range:error=ENOSPC:when=8..12") else { return };
    assert!(answered.refused.iter().all(|how| how == "full"), "{:?}", answered.refused);
    assert!(!answered.refused.is_empty() && answered.added_since > 0, "{:?}", answered.refused);
}
