//! The fuzzer's way to `entry/compat.rs`, where it stands what is promised.

#![no_main]

#[path = "../entry/compat.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entry::compat(data));
