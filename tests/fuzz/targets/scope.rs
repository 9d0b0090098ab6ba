//! Scopes of a token request: each line is a value of `scope`. What is understood can be written and read again.
#![no_main]

use dockpass::domain::scope::Scopes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(scopes) = Scopes::parse(text.lines()) else { return };
    let again = Scopes::parse([scopes.to_string().as_str()]).expect("no more than there were");
    assert_eq!((&again.repositories, again.catalog), (&scopes.repositories, scopes.catalog));
    assert!(scopes.pushes.iter().all(|name| scopes.repositories.contains_key(name)));
});
