//! The header with credentials: whatever it holds, what is read of it stays within its bounds, and no secret is in its `Debug`.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::authorization(bytes));
