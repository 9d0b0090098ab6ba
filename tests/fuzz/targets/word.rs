//! Every other word that has a grammar: names, identifiers, times, lengths of time, access levels.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::word(bytes));
