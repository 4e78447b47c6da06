//! A fingerprint of text lines, the same in every release and on every machine.

/// FNV-1a (draft-eastlake-fnv), for which nobody has a reason to forge another text.
pub fn of(lines: impl IntoIterator<Item = String>) -> u64 {
    let bytes = lines.into_iter().flat_map(|line| line.into_bytes().into_iter().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
