//! Any bytes as the facts of a case, some of them missing: decided under us-ear, then completed and decided again.
#![no_main]

#[path = "../entries.rs"]
mod entries;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entries::case(bytes));
