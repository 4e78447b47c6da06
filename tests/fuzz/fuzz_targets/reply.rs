//! The fuzzer's way to `entry/reply.rs`, where it stands what is promised.

#![no_main]

#[path = "../entry/reply.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entry::reply(data));
