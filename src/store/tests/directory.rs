//! The data directory: modes, the lock, what is missing, what is not ours.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use super::super::directory::FORMAT;
use super::super::{DataDirectory, Error};
use super::support::{Home, add_account, open_at, start};
use crate::able;

/// Every file and directory below `path` with its mode.
fn modes(path: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = vec![(path.to_owned(), fs::symlink_metadata(path).unwrap().mode() & 0o777)];
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| found.extend(modes(&entry.unwrap().path())));
    }
    found
}

/// Every file below `path` with its bytes.
fn contents(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = modes(path).into_iter().filter(|(path, _)| path.is_file());
    files.map(|(path, _)| (path.clone(), fs::read(&path).unwrap())).collect()
}

fn refusal(path: &Path) -> Error {
    open_at(path).map(|_| ()).unwrap_err()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn everything_that_is_made_is_private() {
    let home = Home::started();
    let store = home.open();
    add_account(&store, 10).unwrap();
    for (path, mode) in modes(&home.path()) {
        let private = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, private, "{}", path.display());
    }
    for name in ["format", "lock", "end", "keys/audit.key", "store/db"] {
        assert!(home.path().join(name).is_file(), "{name}");
    }
}

#[test]
fn the_directories_above_are_made_too() {
    let home = Home::new();
    let deep = home.path().join("srv/dockpass");
    start(&open_at(&deep).unwrap().0);
    assert!(deep.join("format").is_file());
}

#[test]
fn what_was_open_to_others_is_private_after_the_start() {
    let home = Home::started();
    for (name, mode) in [("", 0o755), ("store", 0o777), ("keys", 0o711), ("store/db", 0o644), ("format", 0o664)] {
        set_mode(&home.path().join(name), mode);
    }
    drop(home.open());
    assert!(modes(&home.path()).iter().all(|(_, mode)| [0o700, 0o600].contains(mode)), "{:?}", modes(&home.path()));
}

#[test]
fn a_key_that_others_could_read_is_closed_like_everything_else() {
    let home = Home::started();
    // As `fsGroup` of Kubernetes sets it at each mount.
    for (name, mode) in
        [("", 0o2770), ("keys", 0o2770), ("keys/audit.key", 0o660), ("store", 0o2770), ("store/db", 0o660)]
    {
        set_mode(&home.path().join(name), mode);
    }
    drop(home.open());
    assert!(modes(&home.path()).iter().all(|(_, mode)| [0o700, 0o600].contains(mode)), "{:?}", modes(&home.path()));
}

#[test]
fn an_empty_directory_is_taken_and_somebody_elses_is_not_changed() {
    let home = Home::new();
    fs::create_dir(home.path()).unwrap();
    set_mode(&home.path(), 0o755);
    fs::create_dir(home.path().join("lost+found")).unwrap();
    start(&home.open());
    assert_eq!(fs::metadata(home.path()).unwrap().mode() & 0o777, 0o700);

    let theirs = Home::new();
    fs::create_dir(theirs.path()).unwrap();
    fs::write(theirs.path().join("letter"), "dear").unwrap();
    set_mode(&theirs.path(), 0o755);
    assert!(matches!(refusal(&theirs.path()), Error::Foreign { entry, .. } if entry == "letter"));
    assert_eq!(fs::metadata(theirs.path()).unwrap().mode() & 0o777, 0o755);
    assert_eq!(contents(&theirs.path()).len(), 1);
}

#[test]
fn a_first_start_that_was_interrupted_anywhere_is_begun_anew() {
    for name in
        ["format.new", "end.new", "initial-admin-password", "initial-admin-password.new", "dockpass.sock", "lock"]
    {
        let home = Home::new();
        fs::create_dir(home.path()).unwrap();
        set_mode(&home.path(), 0o700);
        fs::write(home.path().join(name), "half").unwrap();
        start(&home.open());
    }
    let home = Home::started();
    fs::rename(home.path().join("format"), home.path().join("format.new")).unwrap();
    drop(home.open());
}

/// As a power cut leaves it: sled has written its parameters and its log, and synced neither.
#[test]
fn a_store_that_a_first_start_did_not_finish_is_made_anew_and_no_other() {
    let tear = |home: &Home| fs::write(home.path().join("store/conf"), [0; 60]).unwrap();
    for torn in [[0; 60].as_slice(), b"segment_si", b""] {
        let home = Home::new();
        drop(home.open());
        fs::write(home.path().join("store/conf"), torn).unwrap();
        start(&home.open());
    }
    let home = Home::started();
    let is_damaged = |home: &Home| {
        let before = contents(&home.path().join("store"));
        assert!(matches!(refusal(&home.path()), Error::Sled(_) | Error::Unreadable));
        assert_eq!(contents(&home.path().join("store")), before, "it is left as it is");
    };
    // One that was in use, and one whose format alone is lost.
    tear(&home);
    is_damaged(&home);
    fs::remove_file(home.path().join("format")).unwrap();
    is_damaged(&home);
    // One with a batch, although its first start has not ended.
    let home = Home::new();
    let store = home.open();
    add_account(&store, 10).unwrap();
    drop(store);
    tear(&home);
    is_damaged(&home);
}

#[test]
fn a_file_a_link_to_nothing_and_an_unwritable_place_are_named() {
    let home = Home::new();
    fs::write(home.path(), "no directory").unwrap();
    let error = refusal(&home.path());
    assert!(matches!(&error, Error::Io { path, source }
        if *path == home.path() && source.kind() == std::io::ErrorKind::NotADirectory));

    let home = Home::new();
    symlink("nowhere", home.path()).unwrap();
    assert!(matches!(refusal(&home.path()), Error::Io { path, .. } if path == home.path()));

    let error = refusal(Path::new("/proc/dockpass/data"));
    assert!(matches!(error, Error::Io { path, .. } if path.starts_with("/proc/dockpass")));
}

#[test]
fn a_link_to_a_directory_is_followed_but_no_link_within() {
    let home = Home::started();
    let elsewhere = Home::new();
    symlink(home.path(), elsewhere.path()).unwrap();
    drop(elsewhere.open());

    let store = home.path().join("store");
    fs::rename(&store, home.path().join("moved")).unwrap();
    symlink("moved", &store).unwrap();
    assert!(matches!(refusal(&home.path()), Error::Io { path, .. } if path == store));
}

#[test]
fn a_link_in_the_place_of_the_lock_is_not_followed() {
    let home = Home::started();
    let (lock, theirs) = (home.path().join("lock"), home.path().join("theirs"));
    fs::write(&theirs, "precious").unwrap();
    fs::remove_file(&lock).unwrap();
    symlink(&theirs, &lock).unwrap();
    assert!(matches!(refusal(&home.path()), Error::Io { path, .. } if path == lock));
    assert_eq!(fs::read_to_string(theirs).unwrap(), "precious");
}

#[test]
fn a_second_opener_learns_who_has_it() {
    let home = Home::started();
    let store = home.open();
    let error = DataDirectory::open(&home.path()).map(|_| ()).unwrap_err();
    assert!(matches!(&error, Error::Locked { path, .. } if *path == home.path()));
    let pid = std::process::id();
    assert_eq!(error.to_string(), format!("{} is in use by the server (pid {pid})", home.path().display()));
    drop(store);
    drop(home.open());
}

#[test]
fn a_later_format_is_refused_untouched() {
    let home = Home::started();
    fs::write(home.path().join("format"), format!("dockpass data {}\n", FORMAT + 1)).unwrap();
    set_mode(&home.path().join("store"), 0o750);
    fs::write(home.path().join("lock"), "77").unwrap();
    let before = (modes(&home.path()), contents(&home.path()));
    let looked_at = DataDirectory::look(&home.path()).unwrap_err();
    let error = refusal(&home.path());
    assert_eq!(looked_at.to_string(), error.to_string());
    assert!(matches!(error, Error::NewerFormat { found, known: FORMAT } if found == FORMAT + 1));
    assert!(error.to_string().contains("later dockpass"));
    assert!(before == (modes(&home.path()), contents(&home.path())));
}

#[test]
fn an_earlier_format_becomes_todays_once_the_store_was_read() {
    let home = Home::started();
    let format = home.path().join("format");
    let today = format!("dockpass data {FORMAT}\n");
    assert_eq!(fs::read_to_string(&format).unwrap(), today);
    let earlier = "dockpass data 1\n";
    fs::write(&format, earlier).unwrap();
    let database = fs::read(home.database()).unwrap();
    fs::write(home.database(), "damaged").unwrap();
    refusal(&home.path());
    assert_eq!(fs::read_to_string(&format).unwrap(), earlier, "what is not read is left as it is");
    fs::write(home.database(), database).unwrap();
    add_account(&home.open(), 10).unwrap();
    assert_eq!(fs::read_to_string(&format).unwrap(), today);
    assert_eq!(home.open().state().users_count(), 1);
}

#[test]
fn a_marker_of_something_else_is_refused() {
    for content in ["", "dockpass data", "dockpass data 0", "dockpass data x", "dockpass data -1", "other data 1"] {
        let home = Home::started();
        fs::write(home.path().join("format"), content).unwrap();
        assert!(matches!(refusal(&home.path()), Error::Io { .. }), "{content:?}");
    }
}

#[test]
fn a_used_directory_without_its_store_never_gets_a_fresh_one() {
    let remove_store = |path: &Path| fs::remove_dir_all(path.join("store")).unwrap();
    let remove_database = |path: &Path| fs::remove_file(path.join("store/db")).unwrap();
    let empty_database = |path: &Path| fs::write(path.join("store/db"), "").unwrap();
    let empty_store = |path: &Path| {
        fs::remove_dir_all(path.join("store")).unwrap();
        fs::create_dir(path.join("store")).unwrap();
    };
    for damage in [remove_store as fn(&Path), remove_database, empty_database, empty_store] {
        let home = Home::started();
        damage(&home.path());
        for _ in 0..2 {
            let error = refusal(&home.path());
            assert!(matches!(&error, Error::Missing { path } if path.ends_with("store/db")), "{error:?}");
            let looked_at = DataDirectory::look(&home.path()).unwrap_err();
            assert_eq!(looked_at.to_string(), error.to_string());
            assert!(error.to_string().contains("put a copy of the data directory in its place"));
        }
        assert!(!home.database().exists() || fs::metadata(home.database()).unwrap().len() == 0);
    }
}

#[test]
fn a_store_exchanged_for_a_fresh_one_is_refused() {
    let (home, fresh) = (Home::started(), Home::new());
    drop(fresh.open());
    fs::remove_dir_all(home.path().join("store")).unwrap();
    fs::rename(fresh.path().join("store"), home.path().join("store")).unwrap();
    assert!(matches!(refusal(&home.path()), Error::Corrupt { .. }));
}

#[test]
fn a_used_directory_without_its_audit_key_is_refused() {
    let home = Home::started();
    let key = home.path().join("keys/audit.key");
    fs::remove_file(&key).unwrap();
    assert!(matches!(refusal(&home.path()), Error::Missing { path } if path == key));
    assert!(!key.exists());
    fs::write(&key, "not a key").unwrap();
    set_mode(&key, 0o600);
    assert!(matches!(refusal(&home.path()), Error::Io { path, .. } if path == key));
}

#[test]
fn another_audit_key_does_not_fit() {
    let home = Home::started();
    let key = home.path().join("keys/audit.key");
    fs::write(&key, "7".repeat(64)).unwrap();
    assert!(matches!(refusal(&home.path()), Error::Corrupt { .. }));
}

#[test]
fn an_interrupted_first_start_goes_on() {
    let home = Home::new();
    let store = home.open();
    add_account(&store, 10).unwrap();
    drop(store);
    let store = home.open();
    assert_eq!(store.state().users_count(), 1);
    start(&store);
    drop(store);
    drop(home.open());
}

#[test]
fn root_takes_over_no_empty_directory_of_another_user() {
    if !able::is_root("gives a directory away") {
        return;
    }
    for left in [None, Some("lost+found"), Some("format.new")] {
        let home = Home::new();
        fs::create_dir(home.path()).unwrap();
        left.iter().for_each(|name| fs::create_dir(home.path().join(name)).unwrap());
        set_mode(&home.path(), 0o755);
        chown(home.path(), Some(4_711), Some(4_712)).unwrap();
        let before = modes(&home.path());
        let error = refusal(&home.path());
        assert!(matches!(error, Error::Theirs { owner: 4_711, .. }), "{error}");
        assert_eq!(modes(&home.path()), before, "it is left as it is");
        chown(home.path(), Some(0), Some(0)).unwrap();
        left.iter().for_each(|name| fs::remove_dir(home.path().join(name)).unwrap());
        start(&home.open());
    }
}

#[test]
fn what_root_makes_belongs_to_the_owner() {
    if !able::is_root("gives files away") {
        return;
    }
    let home = Home::started();
    chown(home.path(), Some(4_711), Some(4_712)).unwrap();
    let theirs = home.path().with_file_name("theirs");
    fs::write(&theirs, "precious").unwrap();
    let store = home.open();
    // Made by the owner while root works: not root's to give away.
    symlink(&theirs, home.path().join("store/link")).unwrap();
    fs::hard_link(&theirs, home.path().join("store/hard")).unwrap();
    // Nor is what has no name of ours, as the copy of a check that the owner has renamed.
    fs::create_dir(home.path().join("renamed")).unwrap();
    fs::write(home.path().join("renamed/db"), "precious").unwrap();
    add_account(&store, 10).unwrap();
    store.finish_first_start().unwrap();
    store.close();
    for (path, _) in modes(&home.path()) {
        let found = fs::symlink_metadata(&path).unwrap();
        let is_trap = ["store/link", "store/hard", "renamed", "renamed/db"].iter().any(|trap| path.ends_with(trap));
        let owner = if is_trap { (0, 0) } else { (4_711, 4_712) };
        assert_eq!((found.uid(), found.gid()), owner, "{}", path.display());
    }
    assert_eq!(fs::metadata(theirs).unwrap().uid(), 0);
}
