//! Any bytes as the test of a class page: read, printed, read again, judged.
#![no_main]

#[path = "../entries.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entries::expression(bytes));
