//! The text of an access token and its hash, as callers send them: an accepted text is accepted letter by letter.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::access_token(bytes));
