//! A method and a target of the registry's API: what is sent on leads to the same place, however it is read.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::request_target(bytes));
