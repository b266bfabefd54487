//! Any bytes as an order file, CSV and JSON lines.
#![no_main]

#[path = "../entries.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entries::orders(bytes));
