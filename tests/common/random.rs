//! Numbers that only look random (Marsaglia's xorshift64): whoever knows the seed can repeat a test.

pub struct Random(u64);

impl Random {
    /// Of one seed, always the same numbers.
    pub fn seeded(seed: u64) -> Random {
        assert_ne!(seed, 0, "0 would stay 0");
        Random(seed)
    }

    /// The next number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}
