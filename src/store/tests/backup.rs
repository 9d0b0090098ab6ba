//! Backups: one moment of a busy store, every kind of damage, and the way back.

use std::io::{self, Cursor, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::super::backup::BackupError;
use super::super::{BackupHeader, BackupTrouble, Restore, RestoreError, SnapshotError, Store, verify_backup};
use super::support::*;
use crate::data_files::{FORMAT, RESTORING, STORE};
use crate::domain::account::Account;
use crate::domain::audit::Occurrence;
use crate::domain::content::{Deletion, Remains};
use crate::domain::name::RepositoryName;

fn deleted() -> Deletion {
    Deletion { at: now(), content: Remains::Stays }
}

fn backed_up(store: &Store) -> (Vec<u8>, BackupHeader) {
    let mut bytes = Vec::new();
    let header = store.back_up(&mut bytes, &clock()).unwrap();
    (bytes, header)
}

/// A store with something of each kind.
fn filled(home: &Home) -> Store {
    let store = home.open();
    for number in 10..40 {
        add_account(&store, number).unwrap();
    }
    write(&store, |txn| {
        for number in 100..130 {
            txn.put_token(token(number, 10 + number % 20))?;
            txn.put_usage(id(number), &usage(7))?;
        }
        txn.put_repository(repository("user-10/app", 500))?;
        grant_to(txn, "user-10/app", 11, crate::domain::access::GrantLevel::ReadWrite)?;
        Ok(())
    })
    .unwrap();
    write(&store, |txn| Ok(txn.remove_account(id(39))?)).unwrap();
    store
}

fn restored(bytes: &[u8]) -> (Home, Store) {
    let home = Home::new();
    let (restore, verified) = Restore::of(Cursor::new(bytes), &home.path()).unwrap();
    assert_eq!(verified, verify_backup(Cursor::new(bytes)).unwrap());
    restore.finish().unwrap();
    let store = home.open();
    (home, store)
}

#[test]
fn what_was_backed_up_comes_back_as_it_was() {
    let home = Home::started();
    let store = filled(&home);
    let (bytes, header) = backed_up(&store);
    let (restored_home, again) = restored(&bytes);
    assert!(*again.state() == *store.state(), "the state is another");
    assert_eq!(again.verify_audit(Some(store.state().audit())).unwrap().problem, None);
    assert_eq!((header.users, header.tokens, header.audit), (29, 30, store.state().audit()));
    assert_eq!(again.usage().of(id(100)).map(|usage| usage.at), Some(usage(7).at));
    assert_eq!(again.key_for("x"), store.key_for("x"));
    assert!(!restored_home.path().join(RESTORING).exists());
    add_account(&again, 900).unwrap();
    drop(again);
    let reopened = restored_home.open();
    assert!(reopened.state().account(id(900)).is_some());
    // The same moment is the same bytes, in the copy as well, but for when it was made.
    let (second, _) = backed_up(&store);
    assert_eq!(second, bytes);
}

#[test]
fn a_snapshot_of_a_store_that_is_closed_meanwhile_is_not_read_as_an_empty_one() {
    let home = Home::started();
    let store = filled(&home);
    let snapshot = store.snapshot().unwrap();
    let [first, rest @ ..] = &snapshot.tables().unwrap()[..] else { panic!("no tables") };
    assert!(snapshot.table(*first).all(|step| step.is_ok()));
    store.shared.engine.close().unwrap();
    for table in rest {
        assert!(snapshot.table(*table).any(|step| step.is_err()), "{table}");
    }
    assert!(snapshot.log().next_row().is_err() && snapshot.tables().is_err());
}

/// Takes the bytes, and lets the test go on in the middle of it.
struct Paused<F> {
    bytes: Vec<u8>,
    at: usize,
    act: Option<F>,
}

impl<F: FnOnce()> Write for Paused<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= self.at
            && let Some(act) = self.act.take()
        {
            act();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_changes_while_it_is_written_is_not_in_it_wherever_that_is() {
    let home = Home::started();
    let store = filled(&home);
    let (plain, header) = backed_up(&store);
    let mut number = 1_000;
    for part in 0..24_u32 {
        let (before, header_before) = backed_up(&store);
        let state = store.state();
        let act = || {
            // New, changed, and gone; and the purge of it.
            for _ in 0..3 {
                number += 1;
                add_account(&store, number).unwrap();
            }
            write(&store, move |txn| {
                let changed = crate::domain::account::Account { full_name: format!("at {part}"), ..account(12) };
                assert!(txn.put_account(changed)?);
                txn.put_usage(id(101), &usage(i64::from(part)))?;
                txn.remove_token(id(102 + u64::from(part % 20)));
                Ok(txn.remove_account(id(number - 1))?)
            })
            .unwrap();
            purged(&store);
        };
        let mut out =
            Paused { bytes: Vec::new(), at: before.len() * usize::try_from(part).unwrap() / 24, act: Some(act) };
        let made = store.back_up(&mut out, &clock()).unwrap();
        assert!(out.act.is_none() && *store.state() != *state, "it has changed in the middle");
        assert!(out.bytes == before && made == header_before, "part {part}");
        verify_backup(out.bytes.as_slice()).unwrap();
    }
    assert!(plain.len() > 1_000 && header.tokens == 30);
}

/// Many writers, each of whose changes moves two accounts together: a torn backup would show one without the other.
#[test]
#[expect(clippy::too_many_lines, reason = "writers, a reader and what each may see of the other")]
fn a_backup_of_a_busy_store_is_exactly_one_batch() {
    const WRITERS: u64 = 4;
    let rounds = if is_long() { 200 } else { 12 };
    let home = Home::started();
    let store = Arc::new(home.open());
    for writer in 0..WRITERS {
        for number in [10 + 2 * writer, 11 + 2 * writer] {
            add_account(&store, number).unwrap();
            // Alike before the writer has begun, too.
            let named = Account { full_name: "none".to_owned(), ..account(number) };
            write(&store, move |txn| {
                assert!(txn.put_account(named.clone())?);
                Ok(())
            })
            .unwrap();
        }
    }
    let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, stop, made) = (Arc::clone(&store), Arc::clone(&stop), Arc::clone(&made));
            std::thread::spawn(move || {
                for round in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let done = write(&store, move |txn| {
                        for number in [10 + 2 * writer, 11 + 2 * writer] {
                            let full_name = round.to_string();
                            assert!(txn.put_account(Account { full_name, ..account(number) })?);
                        }
                        let fresh = 1_000 + writer * 1_000_000 + round;
                        txn.put_token(token(fresh, 10 + 2 * writer))?;
                        if round >= 20 {
                            txn.remove_token(id(fresh - 20));
                        }
                        let name = format!("user-{}/r{round}", 10 + 2 * writer);
                        txn.put_repository(repository(&name, fresh + 500_000))?;
                        if round >= 20 {
                            let old =
                                RepositoryName::parse(&format!("user-{}/r{}", 10 + 2 * writer, round - 20)).unwrap();
                            txn.remove_repository(&old, deleted())?;
                        }
                        Ok(txn.audit(&entry(&format!("round-{writer}-{round}")), Occurrence::once(now()))?)
                    });
                    match done {
                        Ok(()) => _ = made.fetch_add(1, Ordering::SeqCst),
                        Err(Failure::Write(super::super::WriteError::Busy)) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    let mut last = 0;
    for _ in 0..rounds {
        let before = made.load(Ordering::SeqCst);
        let (bytes, header) = backed_up(&store);
        assert!(header.batch >= last);
        last = header.batch;
        let (_home, again) = restored(&bytes);
        let state = again.state();
        for writer in 0..WRITERS {
            let [one, other] =
                [10 + 2 * writer, 11 + 2 * writer].map(|number| state.account(id(number)).unwrap().full_name.clone());
            assert_eq!(one, other, "half of a change");
            let newest = state.tokens_of(id(10 + 2 * writer), None).next().map(|token| token.id);
            let round = one.parse::<u64>().ok();
            assert_eq!(newest, round.map(|round| id(1_000 + writer * 1_000_000 + round)));
        }
        assert_eq!((state.audit(), state.tokens_count() as u64), (header.audit, header.tokens));
        let verified = again.verify_audit(Some(header.audit)).unwrap();
        assert_eq!(verified.problem, None);
        while made.load(Ordering::SeqCst) < before + 20 {
            std::thread::yield_now();
        }
    }
    stop.store(true, Ordering::SeqCst);
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert!(made.load(Ordering::SeqCst) > 20 * rounds);
}

#[test]
fn every_flipped_byte_and_every_cut_is_found_and_nothing_is_written() {
    let home = Home::started();
    let store = home.open();
    for number in 10..13 {
        add_account(&store, number).unwrap();
    }
    let (bytes, _) = backed_up(&store);
    let step = if is_long() { 1 } else { 13 };
    for at in (0..bytes.len()).step_by(step).chain(0..64).chain(bytes.len() - 64..bytes.len()) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        verify_backup(damaged.as_slice()).unwrap_err();
        let cut = verify_backup(&bytes[..at]).unwrap_err();
        assert!(matches!(cut, BackupTrouble::Truncated | BackupTrouble::Foreign), "{at}: {cut}");
    }
    let target = Home::new();
    let behind = [bytes.as_slice(), b"x"].concat();
    let mut wrong = bytes.clone();
    let middle = wrong.len() - 100;
    wrong[middle] ^= 4;
    for damaged in [behind, wrong, bytes[..bytes.len() - 1].to_vec()] {
        assert!(verify_backup(damaged.as_slice()).is_err());
        assert!(matches!(Restore::of(damaged.as_slice(), &target.path()), Err(RestoreError::Backup(_))));
        assert!(!target.path().exists(), "it leaves nothing");
    }
}

#[test]
fn what_is_something_else_or_newer_is_said() {
    let home = Home::started();
    let (bytes, _) = backed_up(&home.open());
    let said = |bytes: &[u8]| verify_backup(bytes).unwrap_err().to_string();
    for other in [&b""[..], b"dockpass", b"SQLite format 3\0 and so on", &[0; 400]] {
        assert_eq!(said(other), "it is no backup of dockpass");
    }
    assert!(said(b"age-encryption.org/v1\n-> X25519 a").contains("encrypted with age"));
    let mut newer = bytes.clone();
    newer[16] = 2;
    assert_eq!(said(&newer), "a later dockpass made it (version 2, this one knows 1)");
    newer[16] = 0;
    assert!(said(&newer).contains("no version"));
    // A length that nothing has.
    let mut long = bytes;
    long[19..23].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(said(&long).contains("too long"));
}

/// Counts what passes, and holds nothing.
#[derive(Default)]
struct Counting {
    bytes: u64,
    largest: usize,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        self.largest = self.largest.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads by small pieces, and counts the largest that is asked for.
struct Asked<'a> {
    from: &'a [u8],
    largest: usize,
}

impl Read for Asked<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.largest = self.largest.max(room.len());
        let most = room.len().min(7);
        self.from.read(&mut room[..most])
    }
}

#[test]
fn no_more_than_one_part_is_held_at_a_time() {
    let home = Home::started();
    let store = filled(&home);
    let mut counting = Counting::default();
    store.back_up(&mut counting, &clock()).unwrap();
    let (bytes, _) = backed_up(&store);
    assert_eq!(counting.bytes, bytes.len() as u64);
    assert!(counting.largest < 96 * 1024, "{}", counting.largest);
    let mut asked = Asked { from: &bytes, largest: 0 };
    verify_backup(&mut asked).unwrap();
    assert!(asked.largest < 96 * 1024, "{}", asked.largest);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story of a reader and the writer")]
fn a_reader_who_is_too_slow_is_sent_away_and_holds_nothing_up() {
    let home = Home::started();
    let store = filled(&home);
    let long = "x".repeat(30_000);
    write(&store, {
        let long = long.clone();
        move |txn| {
            for number in 0..40 {
                let plain = repository(&format!("user-10/long-{number}"), 5_000 + number);
                txn.put_repository(crate::domain::repository::Repository { long_description: long.clone(), ..plain })?;
            }
            Ok(())
        }
    })
    .unwrap();
    let fill = || {
        // Every row once more: what was there is kept, once each.
        for round in 0..70 {
            let long = long.clone();
            write(&store, move |txn| {
                for number in 0..40 {
                    let plain = repository(&format!("user-10/long-{round}-{number}"), 10_000 + round * 100 + number);
                    txn.put_repository(crate::domain::repository::Repository {
                        long_description: long.clone(),
                        ..plain
                    })?;
                }
                Ok(())
            })
            .unwrap();
        }
        for round in 0..70 {
            write(&store, move |txn| {
                for number in 0..40 {
                    let name = RepositoryName::parse(&format!("user-10/long-{round}-{number}")).unwrap();
                    txn.remove_repository(&name, deleted())?;
                }
                Ok(())
            })
            .unwrap();
        }
        purged(&store);
    };
    // New rows cost their keys alone.
    let mut out = Paused { bytes: Vec::new(), at: 1, act: Some(fill) };
    store.back_up(&mut out, &clock()).unwrap();
    let kept: Vec<_> = (0..70).flat_map(|round| (0..40).map(move |number| (round, number))).collect();
    for piece in kept.chunks(40) {
        let (piece, long) = (piece.to_vec(), long.clone());
        write(&store, move |txn| {
            for (round, number) in piece {
                let plain = repository(&format!("user-10/kept-{round}-{number}"), 30_000 + round * 100 + number);
                txn.put_repository(crate::domain::repository::Repository { long_description: long.clone(), ..plain })?;
            }
            Ok(())
        })
        .unwrap();
    }
    let change = || {
        for piece in kept.chunks(40) {
            let piece = piece.to_vec();
            write(&store, move |txn| {
                for (round, number) in piece {
                    txn.put_repository(repository(
                        &format!("user-10/kept-{round}-{number}"),
                        30_000 + round * 100 + number,
                    ))?;
                }
                Ok(())
            })
            .unwrap();
        }
    };
    let mut out = Paused { bytes: Vec::new(), at: 1, act: Some(change) };
    let error = store.back_up(&mut out, &clock()).unwrap_err();
    assert!(matches!(error, BackupError::Snapshot(SnapshotError::Overrun)), "{error}");
    assert!(verify_backup(out.bytes.as_slice()).is_err());
    backed_up(&store);
}

#[test]
fn only_an_empty_directory_is_restored_into_and_an_interrupted_restore_is_begun_anew() {
    let home = Home::started();
    let (bytes, _) = backed_up(&filled(&home));
    let target = Home::new();
    let path = target.path();
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("mine"), "x").unwrap();
    let refused = Restore::of(bytes.as_slice(), &path).err().unwrap();
    assert!(refused.to_string().contains("is not empty: it holds `mine`"), "{refused}");
    assert_eq!(std::fs::read(path.join("mine")).unwrap(), b"x");
    std::fs::remove_file(path.join("mine")).unwrap();
    // Wherever it is interrupted, no server starts, and another restore does.
    for moved in 0..4 {
        let (restore, _) = Restore::of(bytes.as_slice(), &path).unwrap();
        let names: Vec<_> = ["keys", STORE, "end", "journal"].into_iter().take(moved).collect();
        for name in names {
            std::fs::rename(path.join(RESTORING).join(name), path.join(name)).unwrap();
        }
        restore.abandon();
        assert!(open_at(&path).is_err(), "{moved}");
        assert!(!path.join(FORMAT).exists());
    }
    // What stands in the way is told as that, and not as if nothing had been moved.
    let (restore, _) = Restore::of(bytes.as_slice(), &path).unwrap();
    std::fs::create_dir_all(path.join("keys/mine")).unwrap();
    let told = restore.finish().unwrap_err();
    assert!(matches!(told, RestoreError::Interrupted { .. }) && told.to_string().contains("again"), "{told}");
    std::fs::remove_dir(path.join("keys/mine")).unwrap();
    let (restore, _) = Restore::of(bytes.as_slice(), &path).unwrap();
    assert!(matches!(Restore::of(bytes.as_slice(), &path), Err(RestoreError::Busy(_))));
    restore.finish().unwrap();
    assert!(open_at(&path).is_ok());
    assert!(matches!(Restore::of(bytes.as_slice(), &path), Err(RestoreError::NotEmpty { .. })));
}
