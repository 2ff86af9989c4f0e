//! Digits and numbers drawn from what a key made of a value: always the same for the same value.
use sha2::{Digest, Sha256};

/// A source that never ends.
pub struct Draw {
    block: [u8; 32],
    used: usize,
}

impl Draw {
    /// Begins with what the key made.
    #[must_use]
    pub fn new(block: [u8; 32]) -> Self {
        Draw { block, used: 0 }
    }

    /// The next 64 bits.
    pub fn number(&mut self) -> u64 {
        if self.used == self.block.len() {
            self.block = Sha256::digest(self.block).into();
            self.used = 0;
        }
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.block[self.used..self.used + 8]);
        self.used += 8;
        u64::from_le_bytes(bytes)
    }

    /// The next 128 bits.
    pub fn wide(&mut self) -> u128 {
        u128::from(self.number()) << 64 | u128::from(self.number())
    }

    /// The next number below a bound, which must not be zero; the bounds here are far below 2^64.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound.max(1) as u64) as usize
    }

    /// A digit.
    pub fn digit(&mut self) -> u8 {
        b'0' + self.below(10) as u8
    }

    /// A capital letter.
    pub fn letter(&mut self) -> u8 {
        b'A' + self.below(26) as u8
    }

    /// A number of days other than zero, at most so many before or after.
    pub fn days(&mut self, most: u32) -> i64 {
        let most = i64::from(most.max(1));
        let n = self.below(2 * most as usize) as i64 - most;
        if n >= 0 { n + 1 } else { n }
    }
}
