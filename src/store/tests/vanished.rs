//! A store that was moved, removed or replaced under the running process: nothing is acknowledged into nothing.

use std::fs;
use std::path::Path;

use super::super::{Trouble, WriteError};
use super::support::{Failure, Home, add_account, copy_directory, id, moment};

/// Does something to a data directory.
type Harm = fn(&Path);

const VANISHED: Failure = Failure::Write(WriteError::Refused(Trouble::Vanished));

#[test]
fn a_store_that_is_not_at_its_path_any_more_is_noticed_with_the_next_change() {
    let remove_store = |data: &Path| fs::remove_dir_all(data.join("store")).unwrap();
    let remove_database = |data: &Path| fs::remove_file(data.join("store/db")).unwrap();
    let move_store = |data: &Path| fs::rename(data.join("store"), data.join("store.moved")).unwrap();
    let move_everything = |data: &Path| fs::rename(data, data.with_file_name("moved")).unwrap();
    let replace_database = |data: &Path| {
        let (database, copy) = (data.join("store/db"), data.join("store/copy"));
        fs::copy(&database, &copy).unwrap();
        fs::rename(copy, database).unwrap();
    };
    let replace_everything = |data: &Path| {
        let moved = data.with_file_name("moved");
        fs::rename(data, &moved).unwrap();
        copy_directory(&moved, data);
    };
    let harms: [(&str, Harm); 6] = [
        ("the store is removed", remove_store),
        ("its file is removed", remove_database),
        ("it is moved", move_store),
        ("the directory is moved", move_everything),
        ("its file is replaced", replace_database),
        ("the directory is replaced", replace_everything),
    ];
    for (what, harm) in harms {
        let home = Home::started();
        let store = home.open();
        add_account(&store, 10).unwrap();
        assert_eq!(store.refusal(moment()), None, "{what}");
        harm(&home.path());
        for number in [11, 12] {
            assert_eq!(add_account(&store, number), Err(VANISHED), "{what}");
            assert!(store.state().account(id(number)).is_none(), "{what}");
        }
        assert!(store.refusal(moment()).unwrap().contains("moved, removed or replaced"), "{what}");
        // Reading goes on.
        assert!(store.state().account(id(10)).is_some(), "{what}");
    }
}

#[test]
fn what_is_moved_back_is_whole_and_nothing_refused_is_in_it() {
    let home = Home::started();
    let store = home.open();
    add_account(&store, 10).unwrap();
    let moved = home.path().with_file_name("moved");
    fs::rename(home.path(), &moved).unwrap();
    assert_eq!(add_account(&store, 11), Err(VANISHED));
    drop(store);
    fs::rename(&moved, home.path()).unwrap();
    let state = home.open().state();
    assert!(state.account(id(10)).is_some() && state.account(id(11)).is_none());
}
