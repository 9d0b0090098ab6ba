//! The configuration file: any text is a configuration or an error that names the file, never a panic.
#![no_main]

#[allow(dead_code, reason = "each target calls its own reader")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::config_file(bytes));
