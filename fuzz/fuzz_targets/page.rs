//! Any bytes as a page of a regime: read, checked and asked.
#![no_main]

#[path = "../entries.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entries::page(bytes));
