//! Every other word that has a grammar: names, identifiers, times, lengths of time, access levels.
#![no_main]

use dockpass::domain::access::{AccessLevel, GrantLevel};
use dockpass::domain::duration;
use dockpass::domain::id::Id;
use dockpass::domain::name::{Name, Namespace, RepositoryName};
use dockpass::domain::time::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(name) = Name::parse(text) {
        assert_eq!(name.as_str(), text);
        // Twenty-six digits read as both; an identifier of our days has a letter in its third place.
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        assert!(text.parse::<Id>().is_err() || is_digits, "no name is an identifier");
    }
    if let Ok(name) = RepositoryName::parse_shown(text) {
        assert_eq!(RepositoryName::within(&name.namespace(), name.rest()), Ok(name));
    }
    if let Ok(namespace) = Namespace::parse(text) {
        assert_eq!(namespace.as_str(), text);
    }
    if let Ok(id) = text.parse::<Id>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(time) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
    }
    if let Ok(seconds) = duration::parse(text) {
        assert_eq!(duration::parse(&duration::format(seconds)), Ok(seconds));
    }
    if let Ok(level) = text.parse::<AccessLevel>() {
        assert_eq!(level.as_str(), text);
    }
    if let Ok(level) = GrantLevel::read(text) {
        assert_eq!(AccessLevel::from(level).as_str(), text);
    }
});
