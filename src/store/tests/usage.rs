//! Notes of last use: bundled, never lost, gone with their token.

use super::super::Store;
use super::support::{Home, account, id, token, usage, write};

fn with_tokens(home: &Home, count: u64) -> Store {
    let store = home.open();
    write(&store, move |txn| {
        txn.put_account(account(10))?;
        (100..100 + count).try_for_each(|number| txn.put_token(token(number, 10)).map(|_| ()))?;
        Ok(())
    })
    .unwrap();
    store
}

#[test]
fn notes_are_saved_in_bundles_and_read_again() {
    let home = Home::started();
    let store = with_tokens(&home, 2_500);
    for number in 100..2_600 {
        store.usage().note(id(number), usage(1));
    }
    let unsaved = store.usage().unsaved();
    assert!(unsaved.len() == 2_500 && unsaved.is_sorted());
    store.save_usage().unwrap();
    assert!(store.usage().unsaved().is_empty());
    drop(store);
    let store = home.open();
    assert!((100..2_600).all(|number| store.usage().of(id(number)) == Some(usage(1))));
    assert!(store.usage().unsaved().is_empty());
}

#[test]
fn a_token_used_again_while_it_is_saved_stays_unsaved() {
    let home = Home::started();
    let store = with_tokens(&home, 1);
    store.usage().note(id(100), usage(1));
    let bundle = store.usage().noted(&store.usage().unsaved());
    store.usage().note(id(100), usage(2));
    store.usage().saved(&bundle);
    assert_eq!(store.usage().noted(&store.usage().unsaved()), [(id(100), usage(2))]);
    // Closing saves what is left.
    drop(store);
    assert_eq!(home.open().usage().of(id(100)), Some(usage(2)));
}

#[test]
fn notes_go_with_their_token_even_if_it_is_used_meanwhile() {
    let home = Home::started();
    let store = with_tokens(&home, 2);
    store.usage().note(id(100), usage(1));
    store.save_usage().unwrap();
    write(&store, |txn| {
        txn.remove_token(id(100));
        Ok(())
    })
    .unwrap();
    assert_eq!(store.usage().of(id(100)), None);
    // A request that was under way.
    store.usage().note(id(100), usage(2));
    store.usage().note(id(101), usage(2));
    store.save_usage().unwrap();
    assert_eq!((store.usage().of(id(100)), store.usage().of(id(101))), (None, Some(usage(2))));
    drop(store);
    let store = home.open();
    assert_eq!((store.usage().of(id(100)), store.usage().of(id(101))), (None, Some(usage(2))));
}
