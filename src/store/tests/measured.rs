//! What deletions and a migration cost, printed: `cargo test --release --lib measured -- --ignored --nocapture`.
//!
//! `DOCKPASS_TEST_KEEP` names a directory in which the store of format 2 is left, for whoever wants to start another
//! executable on it.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use super::super::table::Table;
use super::super::{Keep, Names, Sought, Store, Txn, WriteAccess};
use super::compaction::disk;
use super::earlier::{Size, make};
use super::samples;
use super::support::{
    Failure, Home, account, copy_directory, entry, environment, id, now, open_at, purged, repository, write,
};
use crate::domain::audit::Occurrence;
use crate::domain::content::{Deletion, Remains, Tag, TagName};
use crate::domain::name::RepositoryName;

#[expect(clippy::disallowed_methods, reason = "it measures; nothing is asserted about time")]
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let done = work();
    println!("{what}: {} ms", begin.elapsed().as_millis());
    done
}

/// Resident memory of this process, in MiB: now and at most.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
    };
    (field("VmRSS:"), field("VmHWM:"))
}

fn named(number: u64) -> RepositoryName {
    RepositoryName::parse(&format!("user-1/app-{number}")).unwrap()
}

fn put_repository(txn: &mut Txn<'_>, number: u64, tags: std::ops::Range<u64>) -> Result<(), Failure> {
    if tags.start == 0 {
        txn.put_repository(repository(named(number).as_str(), 1_000_000 + number))?;
    }
    let sample = samples::tags().remove(1).tag;
    for tag in tags {
        let name = TagName::parse(&format!("v{tag}")).unwrap();
        txn.put_tag(&named(number), Tag { name, ..sample.clone() })?;
    }
    Ok(())
}

/// A store with one account that has repositories with tags.
fn filled(repositories: u64, tags: u64) -> (Home, Store) {
    let home = Home::started();
    let store = home.open();
    write(&store, |txn| Ok(txn.put_account(account(1))?)).unwrap();
    let together = (4_000 / (tags + 1)).max(1);
    for from in (0..repositories).step_by(usize::try_from(together).unwrap()) {
        for start in (0..tags).step_by(4_000) {
            let numbers = from..repositories.min(from + together);
            let fill = move |txn: &mut Txn<'_>| {
                numbers.clone().try_for_each(|number| put_repository(txn, number, start..tags.min(start + 4_000)))
            };
            write(&store, fill).unwrap();
        }
    }
    (home, store)
}

fn deletion() -> Deletion {
    Deletion { at: now(), content: Remains::Stays }
}

#[test]
#[ignore = "it measures"]
fn measured_deletions() {
    for (repositories, tags) in [(10_000, 10), (1, 200_000)] {
        let (home, store) = filled(repositories, tags);
        let before = memory();
        println!("{repositories} repositories of {tags} tags; {} MiB on the disk", disk(&home.path()) >> 20);
        timed("until the deletion is answered", || {
            write(&store, move |txn| {
                let names: Vec<RepositoryName> = (0..repositories).map(named).collect();
                txn.remove_repositories(&names, deletion(), None)?;
                txn.remove_account(id(1))?;
                Ok(txn.audit(&entry("user-1"), Occurrence::once(now()))?)
            })
            .unwrap();
        });
        assert_eq!(store.state().repositories_count(), 0);
        timed("until a change meanwhile is answered", || super::support::add_account(&store, 77).unwrap());
        timed("until nothing of it is on the disk", || purged(&store));
        println!("memory: {} MiB before, at most {} MiB", before.0, memory().1);
        drop(store);
        timed("to open it again", || home.open());
    }
}

/// Names as people give them, no two alike: teams of a hundred repositories.
fn real_name(number: u64) -> RepositoryName {
    let words =
        ["api", "auth", "billing", "cache", "data", "edge", "front", "gateway", "image", "job", "mail", "nginx"];
    let word = |salt: u64| words[usize::try_from(number.wrapping_mul(salt) >> 7).unwrap() % words.len()];
    RepositoryName::parse(&format!("team-{:05}/{}-{}-{}", number / 100, word(0x9E37), word(0x85EB_CA6B), number % 100))
        .unwrap()
}

/// Memory and time of the indexes of names, and of searches, beside a walk over all names.
#[test]
#[ignore = "it measures"]
fn measured_names() {
    for count in [120_000_u64, 1_000_000] {
        // As at a start: in the order of identifiers, which is none of the names.
        let names: Vec<RepositoryName> = (0..count).map(|number| real_name(number * 7_919 % count)).collect();
        let before = memory().0;
        let mut index = Names::default();
        timed(&format!("to index {count} names"), || names.iter().for_each(|name| index.insert(name.clone())));
        println!("memory: {} MiB for one index", memory().0 - before);
        drop(timed("to open a store with so many, of this", || Names::of_sorted(index.within(..))));
        for text in ["zzzzzz", "a", "-9", "app", "nginx", "nginx-mail-99", "team-00", "gateway-gateway-5x", "xi"] {
            let sought = std::sync::Arc::new(Sought::new(text.to_owned()));
            let found = index.containing(&sought, ..).take(25).count();
            timed(&format!("{text:?}, {found} found, 1000 times"), || {
                (0..1_000).for_each(|_| assert_eq!(index.containing(&sought, ..).take(25).count(), found));
            });
            timed("  the same by walking, 10 times", || {
                let walk = || index.within(..).filter(|name| name.as_str().contains(text)).take(25).count();
                (0..10).for_each(|_| assert_eq!(walk(), found));
            });
        }
        let snapshots: Vec<_> = timed("1,000 changes, each with a snapshot", || {
            (0..1_000_u64)
                .map(|number| {
                    index.remove(&names[usize::try_from(number * 113).unwrap()]);
                    index.clone()
                })
                .collect()
        });
        drop(snapshots);
    }
}

#[test]
#[ignore = "it measures"]
fn measured_migration() {
    let size = Size { accounts: 2_000, repositories: 10, tags: 5, tokens: 100, audit: 1_000_000 };
    let home = Home::new();
    make(&home.path(), size);
    if let Some(keep) = environment("DOCKPASS_TEST_KEEP") {
        copy_directory(&home.path(), &PathBuf::from(keep));
    }
    println!("200,000 access tokens, 1,000,000 audit records; {} MiB on the disk", disk(&home.path()) >> 20);
    let before = memory();
    drop(timed("to migrate and open", || open_at(&home.path()).unwrap()));
    println!("memory: {} MiB before, at most {} MiB", before.0, memory().1);
    println!("on the disk: {} MiB with both stores", disk(&home.path()) >> 20);
    drop(timed("to open it again", || open_at(&home.path()).unwrap()));
    println!("on the disk: {} MiB", disk(&home.path()) >> 20);
    let (store, _) = timed("to open it once more", || open_at(&home.path()).unwrap());
    super::migration::check(&store, size);
}

#[test]
#[ignore = "it measures"]
fn measured_removal_from_the_audit_log() {
    const RECORDS: u64 = 200_000;
    let home = Home::started();
    let store = home.open();
    let old = now().plus_seconds(-401 * 86_400);
    for _ in 0..RECORDS / 1_000 {
        write(&store, move |txn| Ok((0..1_000).try_for_each(|_| txn.audit(&entry("user-1"), Occurrence::once(old)))?))
            .unwrap();
    }
    println!("{RECORDS} audit records; {} MiB on the disk", disk(&home.path()) >> 20);
    let keep = Keep { seconds: Some(400 * 86_400), bytes: None };
    let shorten = || store.shorten_audit(&WriteAccess(()), keep, now()).unwrap();
    timed("to count them", || (0..119).for_each(|_| assert_eq!(shorten(), 0)));
    let removed = timed("to remove what one call removes", shorten);
    println!("that was {removed}; a change meanwhile waits for 500 of them");
    timed("to remove the others", || while shorten() > 0 {});
    let left = |table| store.shared.engine.scan_on(table, &[], usize::MAX).unwrap();
    let bytes = |table| left(table).iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    println!(
        "left: {} records of {} bytes; {} hashes of {} bytes; {} MiB on the disk",
        left(Table::Audit).len(),
        bytes(Table::Audit),
        left(Table::Removed).len(),
        bytes(Table::Removed),
        disk(&home.path()) >> 20
    );
    timed("to verify it", || assert_eq!(store.verify_audit(None).unwrap().problem, None));
    drop(store);
    drop(timed("to open it again", || home.open()));
    println!("then {} MiB on the disk", disk(&home.path()) >> 20);
}
