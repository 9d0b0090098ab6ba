//! Power cuts: the writes and syncs of a child are recorded, and disks are made as they could be after a cut.
//!
//! What was written before a sync that had ended is on the disk; of the rest, what the loss model says. Every disk must
//! open with everything that had been answered before the cut.

mod disk;
mod trace;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::child::{self, Answered};
use super::earlier::{self, Size};
use super::migration;
use super::support::{Home, copy_directory, is_long, open_at};
use crate::domain::random;
use disk::{Dice, Loss};
use trace::Trace;

/// So many changes each thread of the child makes.
const CHANGES: u64 = 30;

/// A data directory as it was, and what a child then did to it. None, with the reason printed, without a recorder.
fn record() -> Option<(Home, Trace)> {
    let (home, base) = (Home::started(), Home::new());
    copy_directory(&home.path(), &base.path());
    let log = home.path().with_file_name("trace");
    let arguments = arguments(&log);
    let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
    let answered = child::finish(child::traced(&arguments, &home.path(), 1_000, CHANGES))?;
    let trace = Trace::read(&log, &home.path(), &base.path());
    assert_eq!(
        trace.answers(usize::MAX).len(),
        answered.added.len() + answered.removed.len() + answered.removing.len()
    );
    Some((base, trace))
}

#[test]
fn a_migration_outlives_power_cuts() {
    let images = if is_long() { 400 } else { 24 };
    let size = Size { audit: 9_000, ..Size::SMALL };
    let (home, base) = (Home::new(), Home::new());
    earlier::make(&home.path(), size);
    copy_directory(&home.path(), &base.path());
    let log = home.path().with_file_name("trace");
    if !migration::traced(&arguments(&log), &home.path()) {
        return;
    }
    let trace = Trace::read(&log, &home.path(), &base.path());
    let seed = u64::from_le_bytes(random::bytes().unwrap());
    let mut dice = Dice::new(seed);
    for image in 0..images {
        let loss = Loss::ALL[image % Loss::ALL.len()];
        let (cut, disk) = (dice.below(trace.length() + 1), Home::new());
        disk::write_image(&trace, cut, loss, &mut dice, &disk.path());
        earlier::private(&disk.path());
        let at = || format!("image {image} of seed {seed}: cut before call {cut} of {}, {loss:?}", trace.length());
        match open_at(&disk.path()) {
            Ok((store, _)) => migration::check(&store, size),
            Err(error) => panic!("{}: {error}: {error:?}", at()),
        }
    }
}

/// What strace records.
fn arguments(log: &Path) -> Vec<OsString> {
    let calls = "trace=openat,write,pwrite64,fsync,fdatasync,ftruncate,rename,unlink";
    let arguments = ["-f", "-y", "-xx", "-s", "4000000", "-e", calls, "-o"].map(OsString::from);
    arguments.into_iter().chain([log.as_os_str().to_owned()]).collect()
}

/// What is wrong with a disk after a cut; none if nothing is.
fn fault(trace: &Trace, cut: usize, loss: Loss, dice: &mut Dice) -> Option<String> {
    let image = Home::new();
    disk::write_image(trace, cut, loss, dice, &image.path());
    let mut answered = Answered::default();
    trace.answers(cut).into_iter().for_each(|line| {
        answered.take(line);
    });
    fault_of(&image.path(), &answered)
}

fn fault_of(path: &Path, answered: &Answered) -> Option<String> {
    match open_at(path) {
        Ok((store, _)) => answered.fault(&store),
        Err(error) => Some(format!("it does not open: {error}: {error:?}")),
    }
}

#[test]
fn nothing_answered_is_lost_when_the_power_is_cut() {
    let images = if is_long() { 1_000 } else { 30 };
    let Some((_base, trace)) = record() else { return };
    let seed = u64::from_le_bytes(random::bytes().unwrap());
    let mut dice = Dice::new(seed);
    for image in 0..images {
        let loss = Loss::ALL[image % Loss::ALL.len()];
        let cut = dice.below(trace.length() + 1);
        let fault = fault(&trace, cut, loss, &mut dice);
        assert_eq!(fault, None, "image {image} of seed {seed}: cut before call {cut}, {loss:?}");
    }
    eprintln!("{images} cuts in {} calls, {} answers: none lost", trace.length(), trace.answers(usize::MAX).len());
}

/// The recorder and the disks are worth something: without the fdatasync, answers are lost.
#[test]
fn without_the_sync_answers_would_be_lost() {
    let Some((_base, mut trace)) = record() else { return };
    trace.forget_syncs();
    let mut dice = Dice::new(7);
    let faulty = (0..8).filter(|_| {
        let cut = trace.length() - dice.below(trace.length() / 4);
        fault(&trace, cut, Loss::Everything, &mut dice).is_some()
    });
    assert_eq!(faulty.count(), 8);
}
