//! Repository patterns, one a line, and names: covering and matching never contradict each other.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::pattern(bytes));
