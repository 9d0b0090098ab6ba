//! Patterns of immutable tags, one a line, and tags: who writes a pattern gets it back, and a star is any text.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::tag_pattern(bytes));
