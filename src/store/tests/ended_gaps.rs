//! `ended.log` where lines are missing: what the disk refused, what was cut off, and what no file tells is never taken for nothing.

use std::fs::{self, File};
use std::path::Path;

use super::super::record::LastEnding;
use super::super::{BackupHeader, Doubt, Ended, EndedSince, read_ended};
use super::ended::{checked_line, file, life_of, log_in, note, since};
use super::samples;
use super::support::*;
use crate::able;
use crate::domain::id::Id;

fn removed(store: &super::super::Store, number: u64) {
    write(store, move |txn| Ok(txn.remove_account(id(number))?)).unwrap();
}

fn cut(path: &Path, length: usize) {
    File::options().write(true).open(path).unwrap().set_len(length as u64).unwrap();
}

/// The store has the change, and the file has not its line, when the power fails.
#[test]
fn what_waited_for_the_file_when_the_server_was_killed_is_a_gap() {
    let home = Home::started();
    let store = home.open();
    for number in 10..13 {
        add_account(&store, number).unwrap();
    }
    removed(&store, 10);
    let (path, kept) = (home.path().join("ended.log"), home.path().with_file_name("kept"));
    let before = store.check().unwrap().batch;
    fs::rename(&path, &kept).unwrap();
    fs::create_dir(&path).unwrap();
    removed(&store, 11);
    assert!(store.is_ended_log_failing());
    drop(store);
    fs::remove_dir(&path).unwrap();
    fs::rename(&kept, &path).unwrap();
    let life = life_of(&fs::read(&path).unwrap());
    assert_eq!(since(&fs::read(&path).unwrap(), before).doubts, [], "the file alone does not tell");
    let store = home.open();
    let bytes = fs::read(&path).unwrap();
    let found = since(&bytes, before);
    assert!(matches!(found.doubts[..], [Doubt::Begins { from, .. }] if from > before), "{found:?}");
    assert_eq!(life_of(&bytes), life);
    // It is told once, and what comes after it is whole.
    let after = store.check().unwrap().batch;
    removed(&store, 12);
    drop(store);
    drop(home.open());
    let found = since(&fs::read(&path).unwrap(), after);
    assert_eq!((found.ended, found.doubts), (vec![Ended::AccountRemoved(id(12))], vec![]));
}

#[test]
fn a_file_that_was_cut_at_the_end_of_a_line_is_told_at_the_start_and_while_it_is_written() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("ended.log");
    let both = [Ended::TokenRemoved(id(5)), Ended::TokenRemoved(id(6))];
    let mut log = log_in(&home);
    let ending = log.note(Some(id(1)), 7, &both, now());
    assert_eq!(ending, Some(LastEnding { batch: 7, lines: 2 }));
    let whole = file(&home, "ended.log");
    let line = whole.len() - whole.iter().rev().skip(1).position(|byte| *byte == b'\n').unwrap() - 1;
    // Untouched; without the last line; without the end of it alone.
    for (length, doubts) in [(whole.len(), 0), (line, 1), (whole.len() - 1, 1)] {
        fs::write(&path, &whole[..length]).unwrap();
        log_in(&home).begin(Some(id(1)), 7, ending, now());
        assert_eq!(since(&file(&home, "ended.log"), 6).doubts.len(), doubts, "{length}");
    }
    fs::write(&path, &whole).unwrap();
    let mut log = log_in(&home);
    log.begin(Some(id(1)), 7, ending, now());
    cut(&path, line);
    note(&mut log, 8, &[Ended::TokenRemoved(id(7))]);
    let found = since(&file(&home, "ended.log"), 6);
    assert_eq!(found.doubts, [Doubt::Begins { from: 7, backup: 6 }]);
    assert_eq!(found.ended, [Ended::TokenRemoved(id(5)), Ended::TokenRemoved(id(7))]);
    // With nothing left, nobody knows what it had: it is another life.
    cut(&path, 0);
    note(&mut log, 9, &[Ended::TokenRemoved(id(8))]);
    let emptied = file(&home, "ended.log");
    assert!(life_of(&emptied).is_some_and(|life| Some(life) != life_of(&whole)));
    assert_eq!(since(&emptied, 8).ended, [Ended::TokenRemoved(id(8))]);
}

#[test]
fn a_full_file_tells_its_gap_before_it_goes_on_in_another() {
    let home = tempfile::tempdir().unwrap();
    let (path, kept) = (home.path().join("ended.log"), home.path().join("kept"));
    let many: Vec<Ended> = (0..30_000).map(|number| Ended::TokenRemoved(id(number))).collect();
    let mut log = log_in(&home);
    log.begin(Some(id(1)), 2, None, now());
    note(&mut log, 3, &many);
    note(&mut log, 4, &many);
    fs::rename(&path, &kept).unwrap();
    fs::create_dir(&path).unwrap();
    note(&mut log, 5, &many);
    assert!(log.keeping().is_failing());
    fs::remove_dir(&path).unwrap();
    fs::rename(&kept, &path).unwrap();
    note(&mut log, 6, &[Ended::TokenRemoved(id(1))]);
    let backup = BackupHeader { life: log.keeping().life(), batch: 2, ..samples::backup_headers().remove(0) };
    let files = ["ended.log.1", "ended.log"].map(|name| read_ended(file(&home, name).as_slice()).unwrap());
    assert_eq!(EndedSince::of(&files, &backup).doubts, [Doubt::Begins { from: 5, backup: 2 }]);
}

/// What was put aside may be all that is left of what it tells.
#[test]
fn further_damage_is_put_aside_beside_the_first_up_to_eight_times() {
    let home = tempfile::tempdir().unwrap();
    let names = |count: usize| {
        (0..count).map(|number| match number {
            0 => "ended.log.aside".to_owned(),
            number => format!("ended.log.aside.{number}"),
        })
    };
    let mut damages = Vec::new();
    for number in 0..9_u64 {
        let mut log = log_in(&home);
        note(&mut log, 7 + number, &[Ended::TokenRemoved(id(50 + number)), Ended::TokenRemoved(id(70 + number))]);
        let mut damaged = file(&home, "ended.log");
        let at = damaged.len() - 200;
        damaged[at] ^= 1;
        fs::write(home.path().join("ended.log"), &damaged).unwrap();
        damages.push(damaged);
        // What is there already is not kept again.
        (0..2).for_each(|_| log_in(&home).begin(Some(id(1)), 7 + number, None, now()));
        let kept: Vec<Vec<u8>> = names(damages.len().min(8)).map(|name| file(&home, &name)).collect();
        if number < 8 {
            assert_eq!(kept, damages);
        } else {
            // The last one makes way.
            assert_eq!((&kept[..7], &kept[7]), (&damages[..7], &damages[8]));
        }
        assert!(names(10).nth(damages.len().min(8)).is_some_and(|next| !home.path().join(next).exists()));
    }
}

/// Both have the name and the history of one store, and neither hears what the other ends.
#[test]
fn a_copy_of_a_data_directory_begins_a_life_of_its_own_and_a_restore_asks() {
    let home = Home::started();
    let store = home.open();
    (10..16).for_each(|number| add_account(&store, number).unwrap());
    removed(&store, 10);
    let life = store.ended_life();
    drop(store);
    if fs::metadata(home.path().join("end")).unwrap().created().is_err() {
        able::leave_out("this file system does not say when a file was made");
        return;
    }
    let copied = Home::new();
    copy_directory(&home.path(), &copied.path());
    // The same directory goes on as before, under another name as well.
    let moved = home.path().with_file_name("moved");
    fs::rename(home.path(), &moved).unwrap();
    let (original, _) = open_at(&moved).unwrap();
    assert_eq!(original.ended_life(), life);
    let copy = copied.open();
    let own = copy.ended_life();
    assert!(own.is_some() && own != life);
    drop(copy);
    let copy = copied.open();
    assert_eq!(copy.ended_life(), own, "it is begun once");
    removed(&original, 11);
    let batch = original.check().unwrap().batch;
    removed(&original, 12);
    let before = copy.check().unwrap().batch;
    removed(&copy, 13);
    let read = |data: &Path, names: &[&str]| -> Vec<_> {
        names.iter().map(|name| read_ended(fs::read(data.join(name)).unwrap().as_slice()).unwrap()).collect()
    };
    let backup = |life, batch| BackupHeader { life, batch, ..samples::backup_headers().remove(0) };
    let of_original = read(&moved, &["ended.log"]);
    let found = EndedSince::of(&of_original, &backup(life, batch));
    assert_eq!((found.ended, found.doubts), (vec![Ended::AccountRemoved(id(12))], vec![]));
    // What the copy tells is not all that was ended since a backup of the original, and neither the other way round.
    for names in [&["ended.log"][..], &["ended.log.1"], &["ended.log.1", "ended.log"]] {
        let found = EndedSince::of(&read(&copied.path(), names), &backup(life, batch));
        assert!(!found.doubts.is_empty(), "{names:?}");
    }
    assert_eq!(EndedSince::of(&of_original, &backup(own, batch)).doubts, [Doubt::OtherLife]);
    let found = EndedSince::of(&read(&copied.path(), &["ended.log"]), &backup(own, before));
    assert_eq!((found.ended, found.doubts), (vec![Ended::AccountRemoved(id(13))], vec![]));
}

/// Until the file is written anew, all that can be read of it is there.
#[test]
fn damage_that_is_put_aside_leaves_the_file_until_another_is_whole() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("ended.log");
    let mut log = log_in(&home);
    note(&mut log, 7, &[Ended::TokenRemoved(id(5)), Ended::TokenRemoved(id(6))]);
    let mut damaged = file(&home, "ended.log");
    let last = damaged.len() - 30;
    damaged[last] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let in_the_way = home.path().join("ended.log.new");
    fs::create_dir(&in_the_way).unwrap();
    let mut log = log_in(&home);
    log.begin(Some(id(1)), 7, None, now());
    assert!(log.keeping().is_failing());
    assert_eq!((file(&home, "ended.log"), file(&home, "ended.log.aside")), (damaged.clone(), damaged));
    fs::remove_dir(in_the_way).unwrap();
    log.begin(Some(id(1)), 7, None, now());
    let found = since(&file(&home, "ended.log"), 6);
    assert_eq!(found.ended, [Ended::TokenRemoved(id(5))]);
    assert_eq!(found.doubts, [Doubt::Begins { from: 7, backup: 6 }]);
}

/// A file of a life that is complete from after a batch, with these lines: a batch, and seconds.
fn told(life: Id, from: u64, lines: &[(u64, i64)]) -> super::super::EndedFile {
    let mut text = checked_line(&format!("dockpass ended 2 {} {life} {from} {}", id(1), now()));
    for (batch, seconds) in lines {
        text.push_str(&checked_line(&format!("{} {batch} token.removed {}", now().plus_seconds(*seconds), id(*batch))));
    }
    read_ended(text.as_bytes()).unwrap()
}

#[test]
fn every_hole_between_files_is_a_doubt() {
    let backup =
        |batch| BackupHeader { life: Some(id(50)), batch, created_at: now(), ..samples::backup_headers().remove(0) };
    let (early, late) = (told(id(50), 0, &[(300, 3)]), told(id(50), 900, &[(950, 9)]));
    let begins = Doubt::Begins { from: 900, backup: 300 };
    assert_eq!(EndedSince::of(&[late.clone(), early.clone()], &backup(0)).doubts, [begins]);
    assert_eq!(EndedSince::of(&[early.clone(), late.clone()], &backup(920)).doubts, []);
    // An earlier copy beside a later one of the same file.
    let whole = told(id(50), 0, &[(300, 3), (900, 8)]);
    assert_eq!(EndedSince::of(&[early.clone(), whole, late], &backup(0)).doubts, []);
    let other = told(id(60), 0, &[(1, 20)]);
    assert_eq!(EndedSince::of(&[early, other], &backup(0)).doubts, [Doubt::Lives]);
}

#[test]
fn a_clock_that_was_set_back_does_not_change_the_order_within_a_life() {
    let backup =
        BackupHeader { life: Some(id(50)), batch: 0, created_at: now(), ..samples::backup_headers().remove(0) };
    let files = [told(id(50), 0, &[(5, 60), (6, 10)]), told(id(60), 0, &[(2, 30)])];
    let ended = [5, 6, 2].map(|batch| Ended::TokenRemoved(id(batch)));
    let found = EndedSince::of(&files, &backup);
    assert_eq!(found.until, Some(now().plus_seconds(60)));
    assert_eq!(found.ended, ended);
}
