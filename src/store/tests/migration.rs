//! The migration of a store of format 2: interrupted anywhere it goes on, and nothing is lost.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::super::directory::FORMAT;
use super::super::{Error, State, Store};
use super::earlier::{Size, make};
use super::support::{Home, copy_directory, environment, id, is_long, open_at};
use crate::able::SmallDisk;
use crate::domain::content::TagName;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::random;

const DIRECTORY: &str = "DOCKPASS_TEST_MIGRATION";

fn named(text: &str) -> RepositoryName {
    RepositoryName::parse(text).unwrap()
}

/// What the directory says once its store is of today's format.
fn today() -> String {
    format!("dockpass data {FORMAT}\n")
}

fn format(data: &Path) -> String {
    fs::read_to_string(data.join("format")).unwrap()
}

fn has(data: &Path, name: &str) -> bool {
    data.join(name).exists()
}

/// What a store of this size says, whatever wrote it.
pub(super) fn check(store: &Store, size: Size) {
    let state = store.state();
    let of_all = |count: u64| usize::try_from(size.accounts * count).unwrap();
    assert_eq!((state.users_count(), state.organizations_count()), (of_all(1), 1));
    assert_eq!((state.tokens_count(), state.repositories_count()), (of_all(size.tokens), of_all(size.repositories)));
    assert_eq!(state.deleted_after(None).count(), of_all(1));
    for owner in 0..size.accounts {
        let account = id(owner + 1);
        assert_eq!(state.tokens_count_of(account), usize::try_from(size.tokens).unwrap());
        assert_eq!(state.deleted_count_of(account), 1, "who had the namespace is known");
        let next = Grantee::User(id((owner + 1) % size.accounts + 1));
        let namespace = Namespace::parse(&format!("user-{}", owner + 1)).unwrap();
        assert!(state.grant(&GrantTarget::Namespace(namespace), next).is_some());
        for of in 0..size.repositories {
            let name = named(&format!("user-{}/app-{of}", owner + 1));
            assert_eq!(state.tags_count(&name), usize::try_from(size.tags).unwrap());
            assert_eq!((state.activity(&name).pulls, state.activity(&name).pushes), (of, size.tags));
            assert!(state.grant(&GrantTarget::Repository(name), next).is_some());
        }
    }
    let used = state.tokens_before(None).filter(|token| store.usage().of(token.id).is_some());
    assert_eq!(used.count(), of_all(size.tokens));
    let acme = state.account_named("acme").unwrap().id;
    let team = state.team_named(acme, &Name::parse("dev").unwrap()).unwrap().id;
    assert!(state.member(acme, id(1)) == Some(true) && state.is_in_team(team, id(1)));
    let verified = store.verify_audit(None).unwrap();
    assert_eq!((verified.records, verified.problem), (size.audit, None));
}

/// The state that an uninterrupted migration comes to.
fn migrated(from: &Path, size: Size) -> State {
    let home = Home::new();
    copy_directory(from, &home.path());
    private(&home);
    let store = home.open();
    check(&store, size);
    State::clone(&store.state())
}

fn private(home: &Home) {
    super::earlier::private(&home.path());
}

/// A data directory of format 2.
fn earlier(size: Size) -> Home {
    let home = Home::new();
    make(&home.path(), size);
    home
}

#[test]
fn a_store_of_format_2_becomes_one_of_format_3_and_the_old_one_is_kept_until_the_next_start() {
    let home = earlier(Size::SMALL);
    let data = home.path();
    let store = home.open();
    check(&store, Size::SMALL);
    assert_eq!(format(&data), today());
    assert!(has(&data, "store.before-3/db") && !has(&data, "store.new"));
    super::support::add_account(&store, 700).unwrap();
    store.forget_earlier();
    assert!(has(&data, "store.before-3"), "not by the start that migrated");
    let state = store.state();
    drop(store);
    let store = home.open();
    assert!(has(&data, "store.before-3"), "a command that opens the store is no start of the server");
    store.forget_earlier();
    assert!(!has(&data, "store.before-3"), "the server is ready: the old one is not needed any more");
    assert!(*state == *store.state());
    let verified = store.verify_audit(None).unwrap();
    assert_eq!((verified.records, verified.problem), (Size::SMALL.audit + 1, None), "both versions in one chain");
    let tag = TagName::parse("v0").unwrap();
    assert!(state.tag(&named("user-1/app-0"), &tag).is_some_and(|tag| tag.image.is_some()));
}

#[test]
fn a_migration_that_ended_before_its_last_step_takes_just_that() {
    let home = earlier(Size::SMALL);
    let data = home.path();
    let end = fs::read(data.join("end")).unwrap();
    let expected = State::clone(&home.open().state());
    for _ in 0..2 {
        // As a kill right before the rename leaves it.
        fs::rename(data.join("store"), data.join("store.new")).unwrap();
        fs::write(data.join("end"), &end).unwrap();
        let store = home.open();
        check(&store, Size::SMALL);
        assert!(*store.state() == expected);
    }
}

#[test]
fn an_earlier_store_beside_one_that_was_kept_is_refused_untouched() {
    let home = earlier(Size::SMALL);
    let data = home.path();
    drop(home.open());
    fs::remove_dir_all(data.join("store")).unwrap();
    copy_directory(&data.join("store.before-3"), &data.join("store"));
    fs::write(data.join("format"), "dockpass data 2\n").unwrap();
    fs::remove_file(data.join("end")).unwrap();
    private(&home);
    let error = open_at(&data).map(drop).unwrap_err();
    assert!(matches!(error, Error::TwoStores { .. }), "{error:?}");
    assert!(error.to_string().contains("nothing was changed"), "{error}");
    fs::remove_dir_all(data.join("store.before-3")).unwrap();
    check(&home.open(), Size::SMALL);
}

#[test]
fn the_way_back_is_open_until_the_server_starts_again() {
    let home = earlier(Size::SMALL);
    let data = home.path();
    super::support::add_account(&home.open(), 700).unwrap();
    fs::remove_dir_all(data.join("store")).unwrap();
    fs::rename(data.join("store.before-3"), data.join("store")).unwrap();
    fs::write(data.join("format"), "dockpass data 2\n").unwrap();
    fs::remove_file(data.join("end")).unwrap();
    private(&home);
    // It is as it was: no table of today, and all rows.
    check(&home.open(), Size::SMALL);
}

/// Not a test of its own: a process that opens the store, and says so.
#[test]
fn migrates() {
    let Some(data) = environment(DIRECTORY) else { return };
    let store = open_at(Path::new(&data)).unwrap().0;
    println!("opened");
    store.close();
}

fn child(data: &Path) -> Command {
    let name = format!("{}::migrates", module_path!().split_once("::").unwrap().1);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(DIRECTORY, data).args(["--exact", &name, "--nocapture", "--test-threads", "1"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// How long a start takes that migrates.
#[expect(clippy::disallowed_methods, reason = "how long to wait before a kill; nothing depends on it")]
fn duration(pristine: &Home) -> Duration {
    let home = Home::new();
    copy_directory(&pristine.path(), &home.path());
    private(&home);
    let begin = std::time::Instant::now();
    assert!(child(&home.path()).output().unwrap().status.success());
    begin.elapsed()
}

/// Kills a start after a while. Returns whether that was before it had opened the store.
fn kill_within(data: &Path, most: Duration) -> bool {
    let mut process = child(data).spawn().unwrap();
    let part = u64::from_be_bytes(random::bytes().unwrap()) % 1_000;
    std::thread::park_timeout(most.mul_f64(f64::from(u32::try_from(part).unwrap()) / 1_000.0));
    let _ = process.kill();
    let output = BufReader::new(process.stdout.take().unwrap());
    let is_opened = output.lines().map_while(Result::ok).any(|line| line.contains("opened"));
    process.wait().unwrap();
    !is_opened
}

#[test]
fn a_migration_that_is_killed_anywhere_goes_on() {
    let size = Size { accounts: 40, repositories: 8, tags: 5, tokens: 15, audit: 7_000 };
    let pristine = earlier(size);
    let expected = migrated(&pristine.path(), size);
    let kills = if is_long() { 1_000 } else { 100 };
    let (mut killed, mut begun, mut copying) = (0, 0, 0);
    let longest = duration(&pristine);
    while killed < kills {
        let home = Home::new();
        copy_directory(&pristine.path(), &home.path());
        private(&home);
        begun += 1;
        while killed < kills && kill_within(&home.path(), longest) {
            killed += 1;
            copying += u64::from(has(&home.path(), "store.new/db"));
            let data = home.path();
            assert!(has(&data, "store/db") || has(&data, "store.before-3/db"), "the old store is there");
            if has(&data, "store.new") || has(&data, "store.before-3") && has(&data, "store") {
                assert_eq!(format(&data), today(), "an earlier dockpass refuses it");
            }
        }
        let store = home.open();
        check(&store, size);
        assert!(store.state().purged() == expected);
        drop(store);
        assert!(home.open().state().purged() == expected);
    }
    assert!(copying > kills / 20, "only {copying} of {killed} kills met the copying");
    eprintln!("killed {killed} times in {begun} migrations, {copying} times while rows were being copied: none lost");
}

#[test]
fn an_old_store_that_is_not_whole_stays_as_it_is() {
    let home = earlier(Size::SMALL);
    let data = home.path();
    let database = fs::read(data.join("store/db")).unwrap();
    for place in (0..6).map(|part| database.len() / 7 * part + 40) {
        let mut damaged = database.clone();
        damaged[place..place + 64].fill(0x5A);
        fs::write(data.join("store/db"), &damaged).unwrap();
        let outcome = std::panic::catch_unwind(|| open_at(&data).map(drop));
        if matches!(outcome, Ok(Ok(()))) {
            // Where nothing stood; it is the whole store that was opened then.
            check(&home.open(), Size::SMALL);
            return;
        }
        assert_eq!(format(&data), "dockpass data 2\n", "at {place}");
        assert!(has(&data, "store/db") && !has(&data, "store.before-3"));
    }
    fs::write(data.join("store/db"), &database).unwrap();
    // An end that it does not reach: what a damaged log looks like.
    let other = earlier(Size { accounts: 9, ..Size::SMALL });
    let end = fs::read(data.join("end")).unwrap();
    fs::copy(other.path().join("end"), data.join("end")).unwrap();
    assert!(matches!(open_at(&data).map(drop), Err(Error::Shortened { .. })));
    assert!(format(&data) == "dockpass data 2\n" && !has(&data, "store.before-3"));
    fs::write(data.join("end"), end).unwrap();
    check(&home.open(), Size::SMALL);
}

#[test]
fn a_damaged_beginning_of_the_new_store_is_begun_anew() {
    let home = earlier(Size::SMALL);
    let data = home.path();
    let expected = migrated(&data, Size::SMALL);
    fs::rename(data.join("store"), data.join("store.before-3")).unwrap();
    fs::create_dir(data.join("store.new")).unwrap();
    fs::write(data.join("store.new/conf"), "damaged").unwrap();
    fs::write(data.join("store.new/db"), "damaged").unwrap();
    private(&home);
    assert!(home.open().state().purged() == expected);
}

#[test]
fn on_a_full_disk_a_migration_waits_for_room() {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let (data, size) = (disk.data(), Size { audit: 20_000, ..Size::SMALL });
    make(&data, size);
    let before = fs::metadata(data.join("store/db")).unwrap().len();
    disk.fill();
    let error = open_at(&data).map(drop).unwrap_err();
    assert!(matches!(&error, Error::NoRoomToMigrate { needed, .. } if *needed == before), "{error:?}");
    assert!(error.to_string().contains("nothing was changed"), "{error}");
    assert_eq!(format(&data), "dockpass data 2\n");
    // Room enough to begin with, and taken by somebody else then.
    fs::rename(data.join("store"), data.join("store.before-3")).unwrap();
    let error = open_at(&data).map(drop).unwrap_err();
    assert!(!matches!(error, Error::NoRoomToMigrate { .. }), "{error:?}");
    disk.make_room();
    check(&open_at(&data).unwrap().0, size);
}
