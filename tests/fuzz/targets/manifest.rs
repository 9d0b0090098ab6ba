//! A manifest, or the configuration of an image, as a registry gives it.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::manifest(bytes));
