//! Power cuts under a store that many threads write to, and under its migration: disks are made as they could be after a cut
//! at any moment, and each must open with everything that had been answered before.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::child::{self, Answered, NUMBERS};
use super::compaction::compact;
use super::earlier::{self, Size};
use super::ended;
use super::lossy::{Dice, Loss, LossyDisk, Recording};
use super::migration;
use super::support::{Home, account, is_long, open_at, repository, start, write};
use crate::domain::random;

const THREADS: u64 = 4;
/// So many changes each of them makes.
const CHANGES: u64 = 30;

/// What was done, and what was said of it, each with its moment.
struct Scene {
    recording: Recording,
    said: Vec<(usize, String)>,
    /// When the first start was done.
    started: usize,
    /// Shortly after each time that the store was written anew.
    anew: Vec<usize>,
}

/// Many threads write while the store is written anew so often.
fn record(anew: usize) -> Scene {
    let home = Home::new();
    let (disk, said) = (Arc::new(LossyDisk::at(&home.path())), Arc::new(Mutex::new(Vec::new())));
    start(&home.open());
    let (started, store) = (disk.moment(), Arc::new(home.open()));
    let threads = (0..THREADS).map(|thread| {
        let (disk, said, store) = (Arc::clone(&disk), Arc::clone(&said), Arc::clone(&store));
        let say = move |kind: &str, number: u64| {
            let line = (disk.moment(), format!("answer {kind} {number}"));
            said.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        };
        let first = 1_000 + thread * NUMBERS;
        thread::spawn(move || {
            for number in first..first + CHANGES {
                child::add(&store, number).unwrap();
                say("added", number);
                if number % 3 == 2 && number > first {
                    say("removing", number - 1);
                    child::remove(&store, number - 1).unwrap();
                    say("removed", number - 1);
                }
            }
        })
    });
    let threads: Vec<_> = threads.collect();
    let compact = |_| {
        compact(&store);
        disk.moment()
    };
    let anew = (0..anew).map(compact).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    drop(store);
    let said = std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner));
    Scene { recording: disk.recording(), said, started, anew }
}

impl Scene {
    /// What is wrong with a disk after a cut; none if nothing is.
    fn fault(&self, cut: usize, loss: Loss, dice: &mut Dice) -> Option<String> {
        let image = Home::new();
        self.recording.write_image(cut, loss, dice, &image.path());
        let mut answered = Answered::default();
        self.said.iter().filter(|(at, _)| *at <= cut).for_each(|(_, line)| _ = answered.take(line));
        match open_at(&image.path()) {
            Ok((store, _)) => answered.fault(&store).or_else(|| ended::lacks(&image.path(), &answered.removed)),
            Err(error) => Some(format!("it does not open: {error}: {error:?}")),
        }
    }
}

fn seed() -> u64 {
    u64::from_le_bytes(random::bytes().unwrap())
}

#[test]
fn nothing_answered_is_lost_when_the_power_is_cut() {
    let images = if is_long() { 1_000 } else { 60 };
    let (scene, seed) = (record(0), seed());
    let (length, mut dice) = (scene.recording.length(), Dice::new(seed));
    for image in 0..images {
        let (loss, cut) = (Loss::ALL[image % Loss::ALL.len()], dice.below(length + 1));
        let fault = scene.fault(cut, loss, &mut dice);
        assert_eq!(fault, None, "image {image} of seed {seed}: cut before act {cut} of {length}, {loss:?}");
    }
    eprintln!("{images} cuts in {length} acts, {} lines of answers: none lost", scene.said.len());
}

/// With long texts, sled keeps pages as files of their own, which it does not sync.
#[test]
fn nothing_answered_is_lost_of_rows_with_long_texts() {
    let images = if is_long() { 400 } else { 32 };
    let home = Home::new();
    let disk = LossyDisk::at(&home.path());
    start(&home.open());
    let (started, store) = (disk.moment(), home.open());
    write(&store, |txn| Ok(txn.put_account(account(1))?)).unwrap();
    let (mut said, mut has_blobs) = (Vec::new(), false);
    for number in 0..40 {
        let mut repository = repository(&format!("user-1/app-{number}"), 100 + number);
        repository.long_description = "words ".repeat(4_500);
        let name = repository.name.clone();
        write(&store, move |txn| Ok(txn.put_repository(repository.clone())?)).unwrap();
        said.push((disk.moment(), name));
        has_blobs |= fs::read_dir(home.path().join("store/blobs")).is_ok_and(|found| found.count() > 0);
    }
    assert!(has_blobs, "no page was that large");
    drop(store);
    let (recording, seed) = (disk.recording(), seed());
    let (length, mut dice) = (recording.length(), Dice::new(seed));
    for image in 0..images {
        let (loss, cut) = (Loss::ALL[image % Loss::ALL.len()], started + dice.below(length - started + 1));
        let home = Home::new();
        recording.write_image(cut, loss, &mut dice, &home.path());
        let at = format!("image {image} of seed {seed}: cut before act {cut} of {length}, {loss:?}");
        let (store, _) = open_at(&home.path()).unwrap_or_else(|error| panic!("{at}: {error}"));
        let state = store.state();
        let lost = said.iter().find(|(moment, name)| *moment <= cut && state.repository(name).is_none());
        assert!(lost.is_none(), "{at}: {lost:?} is lost");
    }
}

/// Half of the cuts are where the new store takes the place of the old one.
#[test]
fn nothing_answered_is_lost_when_the_power_is_cut_while_the_store_is_written_anew() {
    const AROUND: usize = 120;
    let images = if is_long() { 600 } else { 48 };
    let (scene, seed) = (record(4), seed());
    let (length, mut dice) = (scene.recording.length(), Dice::new(seed));
    for image in 0..images {
        let loss = Loss::ALL[image % Loss::ALL.len()];
        let cut = match scene.anew.get(image / 4 % (2 * scene.anew.len())) {
            Some(anew) => (anew + AROUND / 4).min(length).saturating_sub(dice.below(AROUND)),
            None => scene.started + dice.below(length - scene.started + 1),
        };
        let fault = scene.fault(cut, loss, &mut dice);
        assert_eq!(fault, None, "image {image} of seed {seed}: cut before act {cut} of {length}, {loss:?}");
    }
}

/// The store notes which lines `ended.log` must have: where a disk has lost some of them although it said otherwise, a start
/// tells so. What it tells is what a restore asks about.
#[test]
fn lines_of_endings_that_a_disk_has_lost_are_told_after_a_power_cut() {
    let images = if is_long() { 400 } else { 40 };
    let (mut scene, seed) = (record(0), seed());
    scene.recording.forget_syncs_of("ended.log", scene.started);
    let (length, mut dice, mut lacking) = (scene.recording.length(), Dice::new(seed), 0);
    for image in 0..images {
        let loss = Loss::ALL[image % Loss::ALL.len()];
        let cut = length - dice.below((length - scene.started) / 2);
        let home = Home::new();
        scene.recording.write_image(cut, loss, &mut dice, &home.path());
        let at = format!("image {image} of seed {seed}: cut before act {cut} of {length}, {loss:?}");
        let mut answered = Answered::default();
        scene.said.iter().filter(|(at, _)| *at <= cut).for_each(|(_, line)| _ = answered.take(line));
        let (store, _) = open_at(&home.path()).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(answered.fault(&store), None, "{at}");
        let (lacks, tells) = ended::lacks_and_tells(&home.path(), &answered.removed);
        assert!(!lacks || tells, "{at}: lines are lost, and nothing says so");
        lacking += usize::from(lacks);
    }
    assert!(lacking > images / 4, "{lacking} disks of {images} had lost lines");
}

/// The recorder and the disks are worth something: without the syncs, answers are lost.
#[test]
fn without_the_syncs_answers_would_be_lost() {
    let mut scene = record(0);
    scene.recording.forget_syncs(scene.started);
    let (length, mut dice) = (scene.recording.length(), Dice::new(7));
    let faulty = (0..8).filter(|_| {
        let cut = length - dice.below((length - scene.started) / 4);
        scene.fault(cut, Loss::Everything, &mut dice).is_some()
    });
    assert_eq!(faulty.count(), 8);
}

#[test]
fn a_migration_outlives_power_cuts() {
    let images = if is_long() { 400 } else { 24 };
    let size = Size { audit: 9_000, ..Size::SMALL };
    let home = Home::new();
    let disk = LossyDisk::at(&home.path());
    earlier::make(&home.path(), size);
    disk.settle();
    let begun = disk.moment();
    migration::check(&home.open(), size);
    let (recording, seed) = (disk.recording(), seed());
    let mut dice = Dice::new(seed);
    for image in 0..images {
        let loss = Loss::ALL[image % Loss::ALL.len()];
        let (cut, after) = (begun + dice.below(recording.length() - begun + 1), Home::new());
        recording.write_image(cut, loss, &mut dice, &after.path());
        match open_at(&after.path()) {
            Ok((store, _)) => migration::check(&store, size),
            Err(error) => panic!("image {image} of seed {seed}: cut before act {cut}, {loss:?}: {error}: {error:?}"),
        }
    }
}
