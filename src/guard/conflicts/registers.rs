//! The registers of a rule, byte by byte, of which not every one is known.

use super::packet::Byte;

/// The registers of nf_tables: 64 bytes, in words of four.
pub(super) struct Registers([Byte; 64]);

impl Registers {
    /// All bytes unknown.
    pub(super) fn unknown() -> Registers {
        Registers([None; 64])
    }

    /// Writes bytes; the rest of their last word becomes zero.
    pub(super) fn write(&mut self, to: usize, bytes: &[Byte]) {
        let padding = bytes.len().next_multiple_of(4);
        for at in 0..padding {
            if let Some(place) = to.checked_add(at).and_then(|at| self.0.get_mut(at)) {
                *place = bytes.get(at).copied().unwrap_or(Some(0));
            }
        }
    }

    /// Bytes from a place on, if all of them are known.
    pub(super) fn known(&self, from: usize, length: usize) -> Option<Vec<u8>> {
        self.read(from, length).into_iter().collect()
    }

    /// Writes a constant.
    pub(super) fn write_known(&mut self, to: usize, bytes: &[u8]) {
        let bytes: Vec<Byte> = bytes.iter().copied().map(Some).collect();
        self.write(to, &bytes);
    }

    /// Bytes from a place on; beyond the end they are unknown.
    pub(super) fn read(&self, from: usize, length: usize) -> Vec<Byte> {
        let byte = |at: usize| self.0.get(from.checked_add(at)?).copied().flatten();
        (0..length).map(byte).collect()
    }

    /// `(value & mask) ^ xor`, where `mask` leaves nothing of a byte also of an unknown one.
    pub(super) fn mask(&mut self, from: usize, to: usize, mask: &[u8], xor: &[u8]) {
        let masked = self.read(from, mask.len()).into_iter().zip(mask).zip(xor);
        let masked: Vec<Byte> = masked
            .map(|((byte, mask), xor)| match (byte, mask) {
                (_, 0) => Some(*xor),
                (Some(byte), mask) => Some((byte & mask) ^ xor),
                (None, _) => None,
            })
            .collect();
        self.write(to, &masked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_padded_and_masks_make_bytes_known() {
        let mut registers = Registers::unknown();
        registers.write(0, &[Some(0xff), None]);
        assert_eq!(registers.read(0, 5), [Some(0xff), None, Some(0), Some(0), None]);
        registers.mask(0, 16, &[0x0f, 0], &[1, 2]);
        assert_eq!(registers.known(16, 2), Some(vec![0x0e, 2]));
        registers.mask(0, 16, &[0xff, 1], &[0, 0]);
        assert_eq!(registers.known(16, 2), None);
        // Registers that do not exist.
        registers.write_known(62, &[1, 2, 3, 4]);
        registers.write_known(usize::MAX, &[1]);
        assert_eq!(registers.read(usize::MAX, 1), [None]);
        assert_eq!(registers.read(62, 3), [Some(1), Some(2), None]);
    }
}
