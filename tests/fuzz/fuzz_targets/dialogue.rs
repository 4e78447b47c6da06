//! The fuzzer's way to `entry/dialogue.rs`, where it stands what is promised.

#![no_main]

#[path = "../entry/dialogue.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entry::dialogue(data));
