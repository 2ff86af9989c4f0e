//! Ids of proposals: a hash of what is proposed, so that a guess that was rejected is known again.
use sha2::{Digest, Sha256};

/// Bits kept: short enough to be typed from a terminal, long enough that 10,000 guesses collide with probability 5e-5.
const BITS: u32 = 40;

/// The id of a guess.
#[must_use]
pub fn of(
    kind: &str,
    schema: Option<&str>,
    relation: Option<&str>,
    column: Option<&str>,
    value: &str,
) -> i64 {
    let mut hash = Sha256::new();
    for part in [Some(kind), schema, relation, column, Some(value)] {
        // Length-prefixed, NULL told apart from empty: no two guesses share an encoding.
        match part {
            Some(text) => {
                hash.update([1]);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
            None => hash.update([0]),
        }
    }
    let digest = hash.finalize();
    let mut head = [0u8; 8];
    head.copy_from_slice(&digest[..8]);
    (u64::from_be_bytes(head) >> (64 - BITS)) as i64
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn equal_guesses_equal_ids_and_boundaries_matter() {
        assert_eq!(of("tag", Some("a"), Some("b"), None, "x"), of("tag", Some("a"), Some("b"), None, "x"));
        assert_ne!(of("tag", Some("a"), Some("b"), None, "x"), of("tag", Some("ab"), Some(""), None, "x"));
        assert_ne!(of("tag", None, None, None, "x"), of("tag", Some(""), None, None, "x"));
    }
}
