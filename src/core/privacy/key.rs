//! Keys: wrapped where they are stored, and what pseudonyms are made of.
use aes::Aes256;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use fpe::ff1::FF1;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::cell::OnceCell;

/// Length of every key in bytes.
pub const LENGTH: usize = 32;
/// Length of the nonce in bytes: long enough to be drawn at random.
pub const NONCE: usize = 24;
/// Hexadecimal digits of a pseudonym unless told otherwise: 128 bits.
pub const PSEUDONYM: usize = 32;

/// Reads a wrapping key: 32 bytes, or 64 hexadecimal digits with white space around them.
#[must_use]
pub fn parse_wrapping_key(content: &[u8]) -> Option<[u8; LENGTH]> {
    if let Ok(raw) = content.try_into() {
        return Some(raw);
    }
    let text = std::str::from_utf8(content).ok()?.trim().as_bytes();
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
    if text.len() != 2 * LENGTH {
        return None;
    }
    let mut key = [0; LENGTH];
    for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(key)
}

/// Wraps a key; `name` is bound to it, so that a wrapped key cannot be passed off as another.
#[must_use]
pub fn wrap(wrapping: &[u8; LENGTH], nonce: &[u8; NONCE], name: &str, key: &[u8; LENGTH]) -> Option<Vec<u8>> {
    XChaCha20Poly1305::new(Key::from_slice(wrapping))
        .encrypt(XNonce::from_slice(nonce), Payload { msg: key, aad: name.as_bytes() })
        .ok()
}

/// Unwraps a key; None when the wrapping key is another, or the stored bytes were changed.
#[must_use]
pub fn unwrap(wrapping: &[u8; LENGTH], nonce: &[u8], name: &str, wrapped: &[u8]) -> Option<[u8; LENGTH]> {
    if nonce.len() != NONCE {
        return None;
    }
    XChaCha20Poly1305::new(Key::from_slice(wrapping))
        .decrypt(XNonce::from_slice(nonce), Payload { msg: wrapped, aad: name.as_bytes() })
        .ok()?
        .try_into()
        .ok()
}

/// The key of a recipient: each gets one of its own, so that two recipients cannot join what they hold.
#[must_use]
pub fn for_recipient(key: &[u8; LENGTH], recipient: &str) -> Option<[u8; LENGTH]> {
    let mut derive = <Hmac<Sha256> as Mac>::new_from_slice(key).ok()?;
    derive.update(b"recipient\0");
    derive.update(recipient.as_bytes());
    Some(derive.finalize().into_bytes().into())
}

/// Keys ready for use, for one recipient.
pub struct Keys {
    pseudonym: Hmac<Sha256>,
    masks: Hmac<Sha256>,
    ff1_key: [u8; LENGTH],
    /// By radix: two to the power of the place; ten and 26 after that. Made when first used.
    ff1: [OnceCell<Option<FF1<Aes256>>>; 19],
}

impl Keys {
    /// What is made of a recipient's key, one for each purpose.
    #[must_use]
    pub fn new(key: &[u8; LENGTH]) -> Option<Self> {
        let derive = |purpose: &[u8]| {
            let mut derive = <Hmac<Sha256> as Mac>::new_from_slice(key).ok()?;
            derive.update(purpose);
            Some(derive.finalize().into_bytes())
        };
        Some(Keys {
            pseudonym: <Hmac<Sha256> as Mac>::new_from_slice(&derive(b"pseudonym\0")?).ok()?,
            masks: <Hmac<Sha256> as Mac>::new_from_slice(&derive(b"masks\0")?).ok()?,
            ff1_key: derive(b"ff1\0")?.into(),
            ff1: [const { OnceCell::new() }; 19],
        })
    }

    fn mac(&self, domain: &str, value: &[u8]) -> [u8; LENGTH] {
        let mut mac = self.pseudonym.clone();
        if !domain.is_empty() {
            mac.update(domain.as_bytes());
            mac.update(b"\0");
        }
        mac.update(value);
        mac.finalize().into_bytes().into()
    }

    /// The pseudonym of a value in hexadecimal digits: 32, or at most 64.
    pub fn pseudonym(&self, domain: &str, value: &[u8], digits: usize, out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        for byte in &self.mac(domain, value)[..digits.min(2 * LENGTH) / 2] {
            out.extend_from_slice(&[HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]]);
        }
    }

    /// The pseudonym of bytes: half as many bytes as digits.
    #[must_use]
    pub fn pseudonym_bytes(&self, domain: &str, value: &[u8], digits: usize) -> Vec<u8> {
        self.mac(domain, value)[..digits.min(2 * LENGTH) / 2].to_vec()
    }

    /// A UUID (version 8) as the pseudonym of one.
    #[must_use]
    pub fn pseudonym_uuid(&self, domain: &str, value: &[u8; 16]) -> [u8; 16] {
        let mut made = [0; 16];
        made.copy_from_slice(&self.mac(domain, value)[..16]);
        made[6] = made[6] & 0x0f | 0x80;
        made[8] = made[8] & 0x3f | 0x80;
        made
    }

    /// What a mask draws from: fixed by its purpose and the parts, of any lengths.
    #[must_use]
    pub fn prf(&self, purpose: &str, parts: &[&[u8]]) -> [u8; LENGTH] {
        let mut mac = self.masks.clone();
        mac.update(purpose.as_bytes());
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Format-preserving encryption of strings of a radix: a power of two up to 2^16, ten or 26.
    #[must_use]
    pub fn ff1(&self, radix: u32) -> Option<&FF1<Aes256>> {
        let place = match radix {
            10 => 17,
            26 => 18,
            _ if radix.is_power_of_two() => radix.ilog2() as usize,
            _ => return None,
        };
        self.ff1.get(place)?.get_or_init(|| FF1::new(&self.ff1_key, radix).ok()).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_round_trips_and_notices_changes() {
        let (outer, key, nonce) = ([7; LENGTH], [9; LENGTH], [1; NONCE]);
        let mut wrapped = wrap(&outer, &nonce, "pseudonym", &key).unwrap();
        assert_eq!(unwrap(&outer, &nonce, "pseudonym", &wrapped), Some(key));
        assert_eq!(unwrap(&outer, &nonce, "other", &wrapped), None);
        assert_eq!(unwrap(&[8; LENGTH], &nonce, "pseudonym", &wrapped), None);
        assert_eq!(unwrap(&outer, &nonce[1..], "pseudonym", &wrapped), None);
        wrapped[0] ^= 1;
        assert_eq!(unwrap(&outer, &nonce, "pseudonym", &wrapped), None);
    }

    #[test]
    fn wrapping_keys_are_bytes_or_digits() {
        assert_eq!(parse_wrapping_key(&[5; 32]), Some([5; 32]));
        assert_eq!(parse_wrapping_key(format!("{}\n", "0a".repeat(32)).as_bytes()), Some([10; 32]));
        assert_eq!(parse_wrapping_key(b"short"), None);
        assert_eq!(parse_wrapping_key("zz".repeat(32).as_bytes()), None);
    }

    #[test]
    fn pseudonyms_are_stable_and_separate() {
        let of = |key: u8, recipient: &str, value: &str| {
            let mut out = Vec::new();
            Keys::new(&for_recipient(&[key; LENGTH], recipient).unwrap()).unwrap().pseudonym(
                "",
                value.as_bytes(),
                PSEUDONYM,
                &mut out,
            );
            String::from_utf8(out).unwrap()
        };
        assert_eq!(of(1, "", "a").len(), 32);
        assert_eq!(of(1, "", "a"), of(1, "", "a"));
        assert_ne!(of(1, "", "a"), of(1, "", "b"));
        assert_ne!(of(1, "", "a"), of(2, "", "a"));
        assert_ne!(of(1, "acme", "a"), of(1, "", "a"));
    }
}
