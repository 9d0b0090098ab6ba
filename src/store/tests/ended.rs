//! `ended.log`: every ending has its line before it is answered, a backup's life is told from others, torn lines are noticed, what
//! is damaged is kept, and the file is bounded.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::ended::{EndedLog, Keeping};
use super::super::{BackupHeader, Doubt, Ended, EndedError, EndedSince, Namespaces, Store, Txn, read_ended};
use super::samples;
use super::support::*;
use crate::domain::access::GrantLevel;
use crate::domain::account::{Account, AccountKind};
use crate::domain::content::{Deletion, Remains};
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::organization::{Membership, TeamMembership};
use crate::domain::repository::Repository;

/// What a file says was ended after a batch of a backup of its own life.
pub(super) fn since(bytes: &[u8], after: u64) -> EndedSince {
    let file = read_ended(bytes).unwrap();
    let backup =
        BackupHeader { batch: after, life: life_of(bytes), created_at: now(), ..samples::backup_headers().remove(0) };
    EndedSince::of(&[file], &backup)
}

/// The life that stands on the first line.
pub(super) fn life_of(bytes: &[u8]) -> Option<Id> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().next()?.split(' ').nth(4)?.parse().ok()
}

fn read(home: &Home, after: u64) -> Vec<Ended> {
    since(&fs::read(home.path().join("ended.log")).unwrap(), after).ended
}

/// Whether the file in a data directory lacks one of the accounts that were removed, and whether it tells that it is not whole.
pub(super) fn lacks_and_tells(data: &Path, removed: &BTreeSet<u64>) -> (bool, bool) {
    let found = since(&fs::read(data.join("ended.log")).unwrap(), 0);
    let lacks = removed.iter().any(|number| !found.ended.contains(&Ended::AccountRemoved(id(*number))));
    (lacks, found.doubts.iter().any(|doubt| !matches!(doubt, Doubt::Begins { from: 0..4, .. })))
}

/// What the file in a data directory lacks of accounts that were removed; none if it has all, without a gap.
pub(super) fn lacks(data: &Path, removed: &BTreeSet<u64>) -> Option<String> {
    let bytes = match fs::read(data.join("ended.log")) {
        Ok(bytes) => bytes,
        Err(error) => return (!removed.is_empty()).then(|| format!("ended.log: {error}")),
    };
    let found = since(&bytes, 0);
    let lost = removed.iter().find(|number| !found.ended.contains(&Ended::AccountRemoved(id(**number))));
    let has_gap = found.doubts.iter().any(|doubt| !matches!(doubt, Doubt::Begins { from: 0..4, .. }));
    let lost = lost.map(|number| format!("ended.log has not that account {number} was removed"));
    lost.or_else(|| has_gap.then(|| format!("ended.log is not whole: {:?}", found.doubts)))
}

/// A change of a test.
type Work = Box<dyn FnOnce(&mut Txn<'_>) -> Result<(), Failure> + Send>;

#[test]
#[expect(clippy::too_many_lines, reason = "a list of all that ends something")]
fn each_ending_has_a_line_when_it_is_answered_and_nothing_else_has() {
    let home = Home::started();
    let store = home.open();
    for number in 10..16 {
        add_account(&store, number).unwrap();
    }
    let namespace = GrantTarget::Namespace(Namespace::parse("user-11").unwrap());
    let target = namespace.clone();
    write(&store, move |txn| {
        txn.put_account(Account { kind: AccountKind::Organization, password: None, ..account(20) })?;
        txn.put_member(Membership { organization: id(20), user: id(11), is_admin: false })?;
        txn.put_team(team(30, 20, "dev"))?;
        txn.put_team_member(TeamMembership { team: id(30), user: id(11) })?;
        txn.put_grant(&target, Grantee::User(id(12)), GrantLevel::Admin)?;
        txn.put_repository(repository("user-10/app", 500))?;
        grant_to(txn, "user-10/app", 12, GrantLevel::Admin)?;
        for number in 100..105 {
            txn.put_token(token(number, 10))?;
        }
        Ok(txn.put_token(token(105, 15))?)
    })
    .unwrap();
    assert_eq!(read(&home, 0), [], "nothing was ended");
    let mut expected = Vec::new();
    let mut ends = |ended: &[Ended], work: Work| {
        write(&store, work).unwrap();
        expected.extend_from_slice(ended);
        assert_eq!(read(&home, 0), expected);
    };
    ends(
        &[Ended::TokenInactive(id(100))],
        Box::new(|txn| Ok(txn.put_token(token(100, 10).with(|it| it.is_active = false)).map(drop)?)),
    );
    ends(
        &[Ended::TokenSecret(id(101))],
        Box::new(|txn| {
            Ok(txn.put_token(token(101, 10).with(|it| (it.generation, it.hash) = (1, hash(999)))).map(drop)?)
        }),
    );
    ends(
        &[Ended::TokenRemoved(id(102))],
        Box::new(|txn| {
            txn.remove_token(id(102));
            Ok(())
        }),
    );
    ends(
        &[Ended::AccountPassword(id(13))],
        Box::new(|txn| {
            Ok(txn.put_account(account(13).with_password("$argon2id$other".to_owned(), false)).map(drop)?)
        }),
    );
    ends(
        &[Ended::AccountInactive(id(14))],
        Box::new(|txn| Ok(txn.put_account(Account { is_active: false, ..account(14) }).map(drop)?)),
    );
    ends(&[], Box::new(|txn| Ok(txn.put_account(Account { is_admin: true, ..account(12) }).map(drop)?)));
    ends(&[Ended::AccountDemoted(id(12))], Box::new(|txn| Ok(txn.put_account(account(12)).map(drop)?)));
    ends(
        &[Ended::TeamMemberRemoved(id(30), id(11))],
        Box::new(|txn| {
            txn.remove_team_member(TeamMembership { team: id(30), user: id(11) });
            Ok(())
        }),
    );
    ends(
        &[Ended::MemberRemoved(id(20), id(11))],
        Box::new(|txn| {
            txn.remove_member(id(20), id(11));
            Ok(())
        }),
    );
    ends(&[Ended::TeamRemoved(id(30))], Box::new(|txn| Ok(txn.remove_team(id(30))?)));
    ends(
        &[Ended::TokenRemoved(id(105)), Ended::AccountRemoved(id(15))],
        Box::new(|txn| Ok(txn.remove_account(id(15))?)),
    );
    purged(&store);
    assert_eq!(read(&home, 0), expected, "what goes from the disk later was ended before");
    let found = read(&home, 0);
    // Only what is later than a batch counts.
    let text = fs::read_to_string(home.path().join("ended.log")).unwrap();
    let batches: Vec<u64> = text.lines().skip(1).map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(read(&home, batches[0]).len(), found.len() - 1);
    assert_eq!(read(&home, u64::MAX), []);
    assert!(!text.contains("user-"), "identifiers only: {text}");
}

/// Whoever had a part of something is told apart from whoever had all of it, or none.
#[test]
fn what_is_lowered_or_closed_has_a_line_and_what_is_raised_or_opened_has_none() {
    let home = Home::started();
    let store = home.open();
    for number in 10..13 {
        add_account(&store, number).unwrap();
    }
    let [namespace, app] = ["user-11/*", "user-10/app"].map(|text| text.parse::<GrantTarget>().unwrap());
    let grantees = [Grantee::User(id(12)), Grantee::Team(id(30))];
    let member = |is_admin| Membership { organization: id(20), user: id(11), is_admin };
    let app_of = |is_public, owner| Repository { is_public, owner, ..repository("user-10/app", 500) };
    write(&store, move |txn| {
        txn.put_account(Account { kind: AccountKind::Organization, password: None, ..account(20) })?;
        txn.put_member(member(false))?;
        txn.put_team(team(30, 20, "dev"))?;
        txn.put_repository(app_of(false, None))?;
        txn.put_repository(repository("user-10/other", 501))?;
        Ok(())
    })
    .unwrap();
    let levels = [GrantLevel::ReadOnly, GrantLevel::Admin, GrantLevel::ReadWrite, GrantLevel::ReadWrite];
    for target in [&namespace, &app] {
        for grantee in grantees {
            for level in levels {
                let target = target.clone();
                write(&store, move |txn| Ok(txn.put_grant(&target, grantee, level).map(drop)?)).unwrap();
            }
        }
    }
    let lowered = read(&home, 0);
    assert_eq!(lowered.len(), 4, "{lowered:?}");
    let (state, namespaces) = (store.state(), store.namespaces());
    let places = lowered.iter().map(|ended| match ended {
        Ended::GrantLowered(grant, GrantLevel::ReadWrite) => grant.find(&state, &namespaces).unwrap(),
        other => panic!("{other:?}"),
    });
    let targets = [&namespace, &namespace, &app, &app].into_iter().cloned();
    assert_eq!(places.collect::<Vec<_>>(), targets.zip(grantees.into_iter().chain(grantees)).collect::<Vec<_>>());
    // Only who has the key of the store can tell what it was on.
    let Ended::GrantLowered(grant, _) = &lowered[0] else { panic!("{lowered:?}") };
    assert_eq!(grant.find(&state, &Namespaces::new([7; 32])), None);
    let mut expected = lowered.len();
    let mut ends = |ended: &[Ended], work: Work| {
        write(&store, work).unwrap();
        assert_eq!(read(&home, 0)[expected..], *ended);
        expected += ended.len();
    };
    ends(&[], Box::new(move |txn| Ok(txn.put_member(member(true)).map(drop)?)));
    ends(&[Ended::MemberDemoted(id(20), id(11))], Box::new(move |txn| Ok(txn.put_member(member(false)).map(drop)?)));
    ends(&[], Box::new(move |txn| Ok(txn.put_repository(app_of(true, None)).map(drop)?)));
    ends(
        &[Ended::RepositoryPrivate(id(500))],
        Box::new(move |txn| Ok(txn.put_repository(app_of(false, None)).map(drop)?)),
    );
    for owner in [Some(id(12)), None] {
        let work: Work = Box::new(move |txn| Ok(txn.put_repository(app_of(false, owner)).map(drop)?));
        ends(&[Ended::RepositoryTransferred(id(500), owner)], work);
    }
    let deleted = Deletion { at: now(), content: Remains::Stays };
    let other = RepositoryName::parse("user-10/other").unwrap();
    ends(
        &[Ended::RepositoryRemoved(id(501))],
        Box::new(move |txn| Ok(txn.remove_repository(&other, deleted.clone())?)),
    );
    purged(&store);
    for (target, grantee) in [(namespace, grantees[0]), (app, grantees[1])] {
        let removed = target.clone();
        write(&store, move |txn| {
            txn.remove_grant(&removed, grantee);
            Ok(())
        })
        .unwrap();
        let found = read(&home, 0);
        let Some(Ended::GrantRemoved(grant)) = found.last() else { panic!("{found:?}") };
        assert_eq!(grant.find(&store.state(), &namespaces), None, "it is gone");
        assert_eq!(grant.find(&state, &namespaces), Some((target, grantee)));
    }
    let text = fs::read_to_string(home.path().join("ended.log")).unwrap();
    assert!(!text.contains("user-") && !text.contains("app"), "identifiers only: {text}");
}

pub(super) fn log_in(home: &tempfile::TempDir) -> EndedLog {
    EndedLog::of(home.path(), Namespaces::new([1; 32]))
}

pub(super) fn note(log: &mut EndedLog, batch: u64, ended: &[Ended]) {
    _ = log.note(Some(id(1)), batch, ended, now());
}

pub(super) fn file(home: &tempfile::TempDir, name: &str) -> Vec<u8> {
    fs::read(home.path().join(name)).unwrap()
}

#[test]
fn a_line_that_was_cut_off_is_left_out_and_damaged_ones_are_told() {
    let home = tempfile::tempdir().unwrap();
    let mut log = log_in(&home);
    note(&mut log, 7, &[Ended::TokenRemoved(id(5)), Ended::MemberRemoved(id(2), id(3))]);
    _ = log.note(None, 8, &[Ended::TokenRemoved(id(6))], now());
    note(&mut log, 8, &[]);
    let whole = file(&home, "ended.log");
    assert_eq!(
        since(&whole, 6),
        EndedSince {
            ended: vec![Ended::TokenRemoved(id(5)), Ended::MemberRemoved(id(2), id(3))],
            doubts: Vec::new(),
            until: Some(now()),
        }
    );
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let last = whole.len() - whole.iter().rev().skip(1).position(|byte| *byte == b'\n').unwrap() - 1;
    for end in last + 1..whole.len() - 1 {
        let found = since(&whole[..end], 6);
        assert_eq!((found.ended, found.doubts), (vec![Ended::TokenRemoved(id(5))], vec![Doubt::Cut]), "cut at {end}");
    }
    for at in 0..whole.len() - 1 {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        if at < first {
            assert!(matches!(read_ended(damaged.as_slice()), Err(EndedError::Foreign)), "byte {at}");
        } else {
            let found = since(&damaged, 6);
            assert!(found.ended.len() < 2 && matches!(found.doubts[..], [Doubt::Damaged(1)]), "byte {at}: {found:?}");
        }
    }
    let file = read_ended(whole.as_slice()).unwrap();
    assert!(matches!(file.refuse_other(Some(id(9))), Err(EndedError::OfAnother)));
    assert!(matches!(file.refuse_other(None), Err(EndedError::OfAnother)) && file.refuse_other(Some(id(1))).is_ok());
    for other in [&b""[..], b"x", b"alice\nbob\n", &whole[..first - 1]] {
        assert!(matches!(read_ended(other), Err(EndedError::Foreign)));
    }
    let newer = checked_line("dockpass ended 3 x y z");
    assert!(matches!(read_ended(newer.as_bytes()), Err(EndedError::Newer(3))));
}

/// A line as the file has it.
pub(super) fn checked_line(line: &str) -> String {
    let check: String = blake3::hash(line.as_bytes()).to_hex().chars().take(16).collect();
    format!("{line} {check}\n")
}

/// The last write, which nobody was answered for, may be there in any of its pages.
#[test]
fn what_a_power_cut_tore_is_cut_off_at_the_start_and_what_is_damaged_is_kept_aside() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("ended.log");
    let mut log = log_in(&home);
    note(&mut log, 7, &[Ended::TokenRemoved(id(5)), Ended::TokenRemoved(id(6))]);
    let answered = file(&home, "ended.log");
    let many: Vec<Ended> = (100..400).map(|number| Ended::TokenRemoved(id(number))).collect();
    note(&mut log, 8, &many);
    drop(log);
    let whole = file(&home, "ended.log");
    let opened = |bytes: &[u8], last: u64| {
        fs::write(&path, bytes).unwrap();
        let mut log = log_in(&home);
        log.begin(Some(id(1)), last, None, now());
        assert!(!log.keeping().is_failing());
        note(&mut log, last + 1, &[Ended::TokenInactive(id(9))]);
        let found = since(&file(&home, "ended.log"), 6);
        assert_eq!(found.ended.last(), Some(&Ended::TokenInactive(id(9))));
        assert_eq!(life_of(&file(&home, "ended.log")), life_of(bytes), "it is the same life");
        let aside = home.path().join("ended.log.aside");
        let is_aside = aside.exists();
        _ = fs::remove_file(aside);
        (found, is_aside)
    };
    for page in 0..=whole.len() / 4_096 {
        // A page of the last write is missing, or all from there on.
        let start = (page * 4_096).max(answered.len());
        let mut torn = whole.clone();
        torn[start..(page * 4_096 + 4_096).min(whole.len())].fill(0);
        for torn in [torn, whole[..start].to_vec(), whole[..(start + 30).min(whole.len())].to_vec()] {
            let (found, is_aside) = opened(&torn, 7);
            assert!(
                found.doubts.is_empty() && !is_aside && found.ended.len() <= 303,
                "page {page}: {:?}",
                found.doubts
            );
            assert_eq!(found.ended[..2], [Ended::TokenRemoved(id(5)), Ended::TokenRemoved(id(6))]);
        }
    }
    // What was answered is no rest of a cut: neither in the middle, nor at the end.
    for at in [answered.len() - 30, answered.len() + 30, whole.len() - 30] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        let (found, is_aside) = opened(&damaged, 8);
        assert!(is_aside && found.ended.len() == 302, "{at}: {}", found.ended.len());
        assert_eq!(found.doubts, [Doubt::Begins { from: 8, backup: 6 }], "lines are missing, which is told");
    }
    // One of another store is not gone on with, nor is what is something else.
    let another = checked_line(&format!("dockpass ended 2 {} {} 0 2026-11-30T07:46:12Z", id(77), id(78)));
    for (other, aside) in [(another.as_str(), "ended.log.aside"), ("x\n", "ended.log.aside.1")] {
        fs::write(&path, other).unwrap();
        log_in(&home).begin(Some(id(1)), 9, None, now());
        assert_eq!(file(&home, aside), other.as_bytes());
        assert!(read_ended(file(&home, "ended.log").as_slice()).unwrap().refuse_other(Some(id(1))).is_ok());
    }
}

fn doubts(names: &[(&tempfile::TempDir, &str)], backup: &BackupHeader) -> Vec<Doubt> {
    let files: Vec<_> = names.iter().map(|(home, name)| read_ended(file(home, name).as_slice()).unwrap()).collect();
    EndedSince::of(&files, backup).doubts
}

#[test]
fn a_full_file_becomes_the_one_before_and_both_together_have_no_gap() {
    let home = tempfile::tempdir().unwrap();
    let mut log = log_in(&home);
    log.begin(Some(id(1)), 2, None, now());
    let life = log.keeping().life();
    let many: Vec<Ended> = (0..30_000).map(|number| Ended::TokenRemoved(id(number))).collect();
    let of_batch = |batch| BackupHeader { life, batch, ..samples::backup_headers().remove(0) };
    for batch in 3..6 {
        note(&mut log, batch, &many);
    }
    let (now_there, before) = ((&home, "ended.log"), (&home, "ended.log.1"));
    let both = [now_there, before];
    assert_eq!((doubts(&both, &of_batch(2)), log.keeping().life()), (Vec::new(), life));
    assert!(matches!(doubts(&[now_there], &of_batch(2))[..], [Doubt::Begins { backup: 2, .. }]));
    assert_eq!(doubts(&[before], &of_batch(2)), [Doubt::GoesOn]);
    assert!(matches!(doubts(&both, &of_batch(1))[..], [Doubt::Begins { from: 2, backup: 1 }]));
    assert_eq!(doubts(&[now_there], &of_batch(5)), []);
    // An end between two steps of that: the old file is still there under its name, or under the other alone.
    let next = file(&home, "ended.log");
    let full = file(&home, "ended.log.1");
    for (name, gone) in [("ended.log", "ended.log.1"), ("ended.log.1", "ended.log")] {
        fs::write(home.path().join(name), &full).unwrap();
        _ = fs::remove_file(home.path().join(gone));
        let continued = since(&next, 0).doubts;
        let Some(Doubt::Begins { from, .. }) = continued.first() else { panic!("{continued:?}") };
        log_in(&home).begin(Some(id(1)), *from, None, now());
        assert_eq!((life_of(&file(&home, "ended.log")), doubts(&both, &of_batch(2))), (life, Vec::new()), "{name}");
    }
    for batch in 6..10 {
        note(&mut log, batch, &many);
    }
    assert!(matches!(doubts(&both, &of_batch(2))[..], [Doubt::Begins { .. }]), "the oldest has gone");
    let [now_there, before] = ["ended.log", "ended.log.1"].map(|name| file(&home, name));
    assert!(now_there.len() + before.len() < 16 << 20 && fs::read_dir(home.path()).unwrap().count() == 2);
}

#[test]
fn another_life_of_the_store_is_told_and_its_endings_count_by_their_time() {
    let (old, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut first, mut second) = (log_in(&old), log_in(&restored));
    first.note(Some(id(1)), 101, &[Ended::TokenRemoved(id(1))], now());
    first.note(Some(id(1)), 250, &[Ended::TokenRemoved(id(2))], now().plus_seconds(10));
    // Batch 100 of the first was restored, and goes on with the same numbers.
    second.note(Some(id(1)), 101, &[Ended::TokenRemoved(id(3))], now().plus_seconds(100));
    let backup = |life: &Keeping, batch, after| BackupHeader {
        life: life.life(),
        batch,
        created_at: now().plus_seconds(after),
        ..samples::backup_headers().remove(0)
    };
    let read = [&old, &restored].map(|home| read_ended(file(home, "ended.log").as_slice()).unwrap());
    let found = |files: &[usize], backup: &BackupHeader| {
        let files: Vec<_> = files.iter().map(|place| read[*place].clone()).collect();
        let EndedSince { ended, doubts, .. } = EndedSince::of(&files, backup);
        (ended.len(), doubts)
    };
    let of_first = backup(first.keeping(), 200, 5);
    assert_eq!(found(&[0], &of_first), (1, vec![]));
    assert_eq!(found(&[0, 1], &of_first), (2, vec![Doubt::Lives]), "a lower number, and later all the same");
    assert_eq!(found(&[1], &of_first), (1, vec![Doubt::OtherLife]));
    let of_second = backup(second.keeping(), 110, 200);
    assert_eq!(found(&[1], &of_second), (0, vec![]));
    assert_eq!(found(&[0], &of_second), (0, vec![Doubt::OtherLife]), "a higher number, and earlier all the same");
    // A backup that says nothing of its life: whatever is later by one or the other.
    let unknown = BackupHeader { life: None, ..of_first };
    assert_eq!(found(&[0, 1], &unknown), (2, vec![Doubt::Untold, Doubt::Lives]));
    let early = BackupHeader { batch: 50, ..unknown };
    let begins = Doubt::Begins { from: 100, backup: 50 };
    assert_eq!(found(&[0, 1], &early).1, [begins, Doubt::Untold, Doubt::Lives]);
    // Whoever takes the file away begins another life.
    let life = first.keeping().life();
    fs::rename(old.path().join("ended.log"), old.path().join("kept")).unwrap();
    note(&mut first, 251, &[Ended::TokenRemoved(id(4))]);
    assert_ne!(first.keeping().life(), life);
    assert_eq!(doubts(&[(&old, "kept")], &of_first_again(life)), []);
    assert_eq!(doubts(&[(&old, "ended.log")], &of_first_again(life)), [Doubt::OtherLife]);
}

fn of_first_again(life: Option<Id>) -> BackupHeader {
    BackupHeader { life, batch: 200, ..samples::backup_headers().remove(0) }
}

/// Files of version 1 are read, and written anew by who goes on with one.
#[test]
fn a_file_of_version_1_is_gone_on_with() {
    let home = tempfile::tempdir().unwrap();
    let fixture = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ended/version-1.log")).unwrap();
    fs::write(home.path().join("ended.log"), &fixture).unwrap();
    let old = read_ended(fixture.as_slice()).unwrap();
    let backup = BackupHeader { life: None, batch: 3, created_at: now(), ..samples::backup_headers().remove(0) };
    let told = EndedSince::of(std::slice::from_ref(&old), &backup);
    assert_eq!((told.ended.len(), &told.doubts), (8, &vec![Doubt::Untold]));
    let Ended::GrantRemoved(grant) = &told.ended[6] else { panic!("{told:?}") };
    let (_home, store) = granted();
    let found = grant.find(&store.state(), &store.namespaces()).map(|(target, _)| target.to_string());
    assert_eq!(found.as_deref(), Some("user-10/*"));
    let early = BackupHeader { batch: 2, ..backup.clone() };
    assert_eq!(
        EndedSince::of(std::slice::from_ref(&old), &early).doubts,
        [Doubt::Begins { from: 3, backup: 2 }, Doubt::Untold]
    );
    // A backup that tells its life is younger than the file.
    let later = BackupHeader { life: Some(id(7)), ..backup.clone() };
    assert_eq!(EndedSince::of(&[old], &later).doubts, [Doubt::OtherLife]);
    let mut log = log_in(&home);
    log.begin(Some(id(1)), 12, None, now());
    note(&mut log, 13, &[Ended::TokenInactive(id(9))]);
    let today = file(&home, "ended.log");
    assert!(today.starts_with(b"dockpass ended 2 ") && log.keeping().life() == life_of(&today));
    let again = EndedSince::of(&[read_ended(today.as_slice()).unwrap()], &backup);
    assert_eq!(
        (&again.ended[..8], &again.ended[8], again.doubts),
        (&told.ended[..], &Ended::TokenInactive(id(9)), vec![Doubt::Begins { from: 12, backup: 3 }, Doubt::Untold])
    );
}

/// Every line of today's version, which is read for ever.
#[test]
fn a_file_of_version_2_is_read() {
    let fixture = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ended/version-2.log")).unwrap();
    let found = since(&fixture, 3);
    assert_eq!((found.ended.len(), found.doubts), (25, vec![Doubt::GoesOn]));
    let read = read_ended(fixture.as_slice()).unwrap();
    assert!(read.refuse_other(Some(id(1))).is_ok());
    let text = String::from_utf8(fixture).unwrap();
    let kinds: BTreeSet<&str> = text.lines().skip(1).filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(kinds.len(), 22, "{kinds:?}");
}

/// A store with a grant on a namespace.
fn granted() -> (Home, Store) {
    let home = Home::started();
    let store = home.open();
    for number in 10..13 {
        add_account(&store, number).unwrap();
    }
    let target: GrantTarget = "user-10/*".parse().unwrap();
    write(&store, move |txn| Ok(txn.put_grant(&target, Grantee::User(id(12)), GrantLevel::Admin).map(drop)?)).unwrap();
    (home, store)
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_nothing_is_lost_once_it_can() {
    let home = Home::started();
    let store = home.open();
    for number in 10..16 {
        add_account(&store, number).unwrap();
    }
    let path = home.path().join("ended.log");
    let kept = home.path().join("ended.log.new");
    assert!(!store.is_ended_log_failing() && store.ended_life().is_some());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    for number in 10..12 {
        write(&store, move |txn| Ok(txn.remove_account(id(number))?)).unwrap();
        assert!(store.is_ended_log_failing());
    }
    fs::remove_dir(&path).unwrap();
    assert!(!kept.exists());
    // The next change tries again, whatever it is.
    add_account(&store, 20).unwrap();
    assert!(!store.is_ended_log_failing());
    assert_eq!(read(&home, 0), [Ended::AccountRemoved(id(10)), Ended::AccountRemoved(id(11))]);
    // And so does the end.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    write(&store, move |txn| Ok(txn.remove_account(id(12))?)).unwrap();
    fs::remove_dir(&path).unwrap();
    drop(store);
    assert_eq!(read(&home, 0), [Ended::AccountRemoved(id(12))]);
}

#[test]
fn a_file_of_64_mib_is_read_and_a_larger_one_is_none() {
    const MOST: usize = 64 * 1024 * 1024;
    let home = tempfile::tempdir().unwrap();
    let mut log = log_in(&home);
    note(&mut log, 7, &[Ended::TokenRemoved(id(5))]);
    let mut bytes = file(&home, "ended.log");
    bytes.resize(MOST, b'x');
    assert_eq!(since(&bytes, 6).ended, [Ended::TokenRemoved(id(5))]);
    bytes.push(b'x');
    assert!(matches!(read_ended(bytes.as_slice()), Err(EndedError::Foreign)));
}
