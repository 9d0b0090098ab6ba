//! Registry tokens as callers show them: only what we have signed counts, whatever the header says of our key.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::registry_token(bytes));
