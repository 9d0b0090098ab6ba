//! An envelope of the registry's notifications: whatever it holds, what comes out of it makes sense and can be kept.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::notification(bytes));
