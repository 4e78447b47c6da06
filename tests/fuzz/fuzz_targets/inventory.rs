//! The fuzzer's way to `entry/inventory.rs`, where it stands what is promised.

#![no_main]

#[path = "../entry/inventory.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entry::inventory(data));
