//! Scopes of a token request: each line is a value of `scope`. What is understood can be written and read again.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::scope(bytes));
