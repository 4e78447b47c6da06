//! The fuzzer's way to `entry/advert.rs`, where it stands what is promised.

#![no_main]

#[path = "../entry/advert.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entry::advert(data));
