//! Hashes of passwords, keys and tokens.

/// Whether it is the hash of a password in one of the forms that say so.
#[must_use]
pub fn is_password_hash(value: &str) -> bool {
    const FORMS: [&str; 20] = [
        "$2a$",
        "$2b$",
        "$2y$",
        "$argon2",
        "$pbkdf2",
        "pbkdf2_sha",
        "pbkdf2:",
        "$5$",
        "$6$",
        "$1$",
        "$P$",
        "$H$",
        "$S$",
        "scrypt:",
        "$scrypt$",
        "{SSHA}",
        "{SHA}",
        "SCRAM-SHA-256$",
        "bcrypt_sha256$",
        "$y$",
    ];
    let v = value.trim();
    v.len() >= 20 && FORMS.iter().any(|f| v.starts_with(f)) && !v.contains(' ')
}

/// Whether it is a token or a key in a form that says so: JWT, PEM, those of large services.
#[must_use]
pub fn is_token(value: &str) -> bool {
    const FORMS: [(&str, usize); 24] = [
        ("AKIA", 20),
        ("ASIA", 20),
        ("ghp_", 36),
        ("gho_", 36),
        ("ghs_", 36),
        ("github_pat_", 40),
        ("glpat-", 20),
        ("xoxb-", 20),
        ("xoxp-", 20),
        ("xoxa-", 20),
        ("sk_live_", 20),
        ("sk_test_", 20),
        ("rk_live_", 20),
        ("pk_live_", 20),
        ("whsec_", 20),
        ("AIza", 39),
        ("ya29.", 20),
        ("SG.", 40),
        ("npm_", 36),
        ("dop_v1_", 40),
        ("sk-", 40),
        ("hvs.", 24),
        ("shpat_", 36),
        ("EAAC", 40),
    ];
    let v = value.trim();
    v.starts_with("-----BEGIN ") && v.contains("PRIVATE KEY")
        || v.starts_with("PuTTY-User-Key-File")
        || (is_jwt(v))
        || (!v.contains(' ') && FORMS.iter().any(|(f, n)| v.len() >= *n && v.starts_with(f)))
}

/// Three parts in the alphabet of URLs; the first begins with `{"` in base64.
fn is_jwt(v: &str) -> bool {
    v.starts_with("eyJ")
        && v.len() >= 40
        && v.split('.').count() == 3
        && v.chars().all(|c| c.is_ascii_alphanumeric() || "-_.=".contains(c))
}

/// Whether it is a number in hexadecimal as long as digests are.
#[must_use]
pub fn is_digest(value: &str) -> bool {
    let v = value.trim();
    let v = v.strip_prefix("\\x").unwrap_or(v);
    matches!(v.len(), 32 | 40 | 56 | 64 | 96 | 128) && v.chars().all(|c| c.is_ascii_hexdigit())
}

/// Whether it looks drawn at random from a large alphabet: long, without blanks, letters and digits mixed, more than 3 bits a
/// character.
#[must_use]
pub fn is_random(value: &str) -> bool {
    let v = value.trim();
    if !(12..=512).contains(&v.len())
        || !v.is_ascii()
        || v.contains([' ', '/', ':', '@'])
        || super::is_uuid(v)
    {
        return false;
    }
    let letters = v.bytes().filter(u8::is_ascii_alphabetic).count();
    let numbers = v.bytes().filter(u8::is_ascii_digit).count();
    let mut counts = [0u32; 128];
    v.bytes().for_each(|b| counts[usize::from(b & 127)] += 1);
    let n = v.len() as f32;
    let bits: f32 = counts.iter().filter(|c| **c > 0).map(|c| *c as f32 / n).map(|p| -p * p.log2()).sum();
    letters >= 4 && numbers >= 2 && bits > 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes() {
        assert!(is_password_hash("$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW"));
        assert!(
            is_password_hash("pbkdf2_sha256$260000$abc$def=")
                && !is_password_hash("$5.00")
                && !is_password_hash("hello")
        );
        assert!(is_digest("8cb2237d0679ca88db6464eac60da96345513964") && !is_digest("abc"));
    }

    #[test]
    fn tokens() {
        assert!(is_token("AKIAIOSFODNN7EXAMPLE") && is_token("ghp_0123456789abcdefghijABCDEFGHIJ012345"));
        assert!(is_token(
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
        ));
        assert!(!is_token("sk-") && !is_token("A sentence"));
        assert!(
            is_random("q7Zp2Lx9Vb4Tn8Rk1Wd6")
                && !is_random("hello-world-and-more")
                && !is_random("1234567890123456")
        );
    }
}
