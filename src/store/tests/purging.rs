//! kill -9 in the middle of a purge, with changes meanwhile: what was deleted stays deleted, what was made since stays,
//! and in the end no deleted row is on the disk.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::super::engine::Engine;
use super::super::table::Table;
use super::super::{Store, Txn};
use super::samples;
use super::support::{
    Failure, Home, account, copy_directory, entry, environment, id, is_long, now, open_at, purged, repository, token,
    write,
};
use crate::domain::audit::Occurrence;
use crate::domain::content::{Deletion, Remains, Tag, TagName};
use crate::domain::name::RepositoryName;
use crate::domain::random;

const DIRECTORY: &str = "DOCKPASS_TEST_PURGE";
const REPOSITORIES: u64 = 60;
const TAGS: u64 = 90;

fn named(number: u64) -> RepositoryName {
    RepositoryName::parse(&format!("user-1/app-{number}")).unwrap()
}

fn tag(name: &str) -> Tag {
    Tag { name: TagName::parse(name).unwrap(), ..samples::tags().remove(1).tag }
}

/// An account with repositories and access tokens: more rows than several pieces remove.
fn filled() -> Home {
    let home = Home::started();
    let store = home.open();
    write(&store, |txn| {
        txn.put_account(account(1))?;
        txn.put_account(account(2))?;
        (100..150).try_for_each(|number| txn.put_token(token(number, 1)).map(drop))?;
        Ok(())
    })
    .unwrap();
    for number in 0..REPOSITORIES {
        write(&store, move |txn| {
            txn.put_repository(repository(named(number).as_str(), 1_000 + number))?;
            (0..TAGS).try_for_each(|name| txn.put_tag(&named(number), tag(&format!("v{name}"))).map(drop))?;
            Ok(super::support::grant_to(txn, named(number).as_str(), 2, crate::domain::access::GrantLevel::Admin)?)
        })
        .unwrap();
    }
    home
}

fn delete(txn: &mut Txn<'_>) -> Result<(), Failure> {
    let names: Vec<RepositoryName> = (0..REPOSITORIES).map(named).collect();
    txn.remove_repositories(&names, Deletion { at: now(), content: Remains::Stays }, None)?;
    txn.remove_account(id(1))?;
    Ok(txn.audit(&entry("user-1"), Occurrence::once(now()))?)
}

/// The account and a repository of its name, again, with one tag.
fn make_again(txn: &mut Txn<'_>) -> Result<(), Failure> {
    let again = crate::domain::account::Account { id: id(3), ..account(1) };
    assert!(txn.put_account(again)?);
    assert!(txn.put_repository(repository(named(7).as_str(), 5_000))?);
    assert!(txn.put_tag(&named(7), tag("again"))?);
    Ok(())
}

/// Not a test of its own: the process that is killed.
#[test]
fn deletes() {
    let Some(data) = environment(DIRECTORY) else { return };
    let store = open_at(Path::new(&data)).unwrap().0;
    if store.state().account(id(1)).is_some() {
        write(&store, delete).unwrap();
    }
    println!("deleted");
    if store.state().account(id(3)).is_none() {
        write(&store, make_again).unwrap();
    }
    println!("made again");
    purged(&store);
    println!("purged");
}

/// Starts the process and kills it after a while. The last thing that it said.
fn kill(data: &Path) -> String {
    let name = format!("{}::deletes", module_path!().split_once("::").unwrap().1);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(DIRECTORY, data).args(["--exact", &name, "--nocapture", "--test-threads", "1"]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let (mut line, mut said) = (String::new(), String::new());
    // From the deletion on, so that most kills meet the purge.
    while !line.contains("deleted") && output.read_line(&mut line).unwrap() > 0 {}
    let wait = u64::from_be_bytes(random::bytes().unwrap()) % 400;
    std::thread::park_timeout(Duration::from_millis(wait));
    process.kill().unwrap();
    for rest in output.lines().map_while(Result::ok) {
        said = rest;
    }
    process.wait().unwrap();
    if said.is_empty() { "deleted".to_owned() } else { said }
}

fn check(store: &Store, is_made: bool) {
    let state = store.state();
    assert!(state.account(id(1)).is_none() && state.tokens_count() == 0, "what was deleted stays so");
    let again = state.repository(&named(7)).is_some();
    assert!(again || !is_made, "what was answered is there");
    assert_eq!(state.repositories_count(), usize::from(again));
    assert_eq!(state.tags_count(&named(7)), usize::from(again), "no tag of the one before");
    let deleted = usize::try_from(REPOSITORIES).unwrap() - usize::from(again);
    assert_eq!(state.deleted_after(None).count(), deleted);
    assert_eq!(store.verify_audit(None).unwrap().problem, None);
}

/// The rows of tables that name what was deleted.
fn left(home: &Home) -> BTreeSet<(Table, Vec<u8>)> {
    let engine = Engine::open(&home.path().join("store")).unwrap();
    let gone = [1_u64].into_iter().chain(100..150).chain(1_000..1_000 + REPOSITORIES);
    let gone: BTreeSet<[u8; 16]> = gone.map(|number| id(number).to_bytes()).collect();
    let mut left = BTreeSet::new();
    for table in Table::in_memory().filter(|table| !matches!(table, Table::Deleted | Table::Meta)) {
        engine
            .scan(table, |change| {
                let is_left = change.key.windows(16).any(|part| gone.contains(part));
                left.extend(is_left.then(|| (table, change.key.clone())));
                Ok(())
            })
            .unwrap();
    }
    engine.close().unwrap();
    left
}

#[test]
fn a_purge_that_is_killed_anywhere_goes_on_and_spares_what_was_made_again() {
    let pristine = filled();
    let rounds = if is_long() { 300 } else { 16 };
    let mut interrupted = 0;
    for _ in 0..rounds {
        let home = Home::new();
        copy_directory(&pristine.path(), &home.path());
        super::earlier::private(&home.path());
        let said = kill(&home.path());
        interrupted += u64::from(!said.contains("purged"));
        let store = home.open();
        check(&store, said.contains("made again") || said.contains("purged"));
        drop(store);
        // Killed again, where it goes on.
        kill(&home.path());
        let store = home.open();
        check(&store, false);
        purged(&store);
        check(&store, false);
        let state = store.state();
        drop(store);
        assert_eq!(left(&home), BTreeSet::new());
        assert!(*home.open().state() == *state);
    }
    assert!(interrupted > 0, "no purge was interrupted");
    eprintln!("{rounds} purges, {interrupted} of them killed in the middle: nothing back, nothing lost");
}
