//! The text of an access token and its hash, as callers send them: an accepted text is accepted letter by letter.
#![no_main]

use dockpass::domain::secret::{TokenHash, TokenText};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(token) = TokenText::parse(text) {
        assert_eq!(token.reveal(), text);
        assert_eq!(TokenHash::parse(&token.hash().to_string()), Some(token.hash()));
    }
    if let Some(hash) = TokenHash::parse(text) {
        assert_eq!(hash.to_string(), text);
    }
});
