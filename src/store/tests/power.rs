//! Power cuts under a store that many threads write to, and under its migration: disks are made as they could be after a cut
//! at any moment, and each must open with everything that had been answered before.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::child::{self, Answered, NUMBERS};
use super::compaction::compact;
use super::earlier::{self, Size};
use super::ended;
use super::lossy::{Dice, Loss, LossyDisk, Recording};
use super::migration;
use super::support::{Home, is_long, open_at, start};
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
