//! Scopes of a token request: each line is a value of `scope`. What is understood can be written and read again.
#![no_main]

use dockpass::domain::access::Actions;
use dockpass::domain::scope::Scopes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(scopes) = Scopes::parse(text.lines()) else { return };
    let again = Scopes::parse([scopes.to_string().as_str()]).expect("no more than there were");
    let plain = |scopes: &Scopes| scopes.repositories.iter().map(|it| (it.name.clone(), it.actions)).collect::<Vec<_>>();
    assert_eq!((plain(&again), again.catalog, again.nameless), (plain(&scopes), scopes.catalog, scopes.nameless));
    assert!(scopes.repositories.iter().all(|it| !it.pushes || it.actions.contains(Actions::PUSH)));
});
