//! Codes and words about health.

/// Whether it has the form of an ICD-10 code: a letter, two digits (the second may be a letter), and up to four more after a dot.
/// The dot is wanted, since `A10` is also the number of a shelf.
#[must_use]
pub fn is_icd(value: &str) -> bool {
    let v = value.trim().as_bytes();
    (5..=8).contains(&v.len())
        && v[0].is_ascii_uppercase()
        && v[1].is_ascii_digit()
        && (v[2].is_ascii_digit() || matches!(v[2], b'A' | b'B'))
        && v[3] == b'.'
        && v[4].is_ascii_alphanumeric()
        && v[4..].iter().all(u8::is_ascii_alphanumeric)
}

/// Whether it is a blood group, with the rhesus factor.
#[must_use]
pub fn is_blood_type(value: &str) -> bool {
    let v = value.trim();
    let group = v.trim_end_matches(['+', '-']);
    (matches!(group, "A" | "B" | "AB" | "O" | "0") && group.len() + 1 == v.len())
        || matches!(v, "A pos" | "A neg" | "B pos" | "B neg" | "AB pos" | "AB neg" | "O pos" | "O neg")
}

/// Whether it names an illness, in the words that such names end in or contain.
#[must_use]
pub fn is_illness(value: &str) -> bool {
    const WORDS: &str = "diabetes hypertension asthma cancer carcinoma depression pneumonia covid influenza fracture migraine arthritis \
        anemia anaemia epilepsy stroke hepatitis bronchitis infarction schizophrenia dementia alzheimer leukemia lymphoma obesity \
        hypertonie asthme cancer fracture diabete hipertension neumonia grippe krebs depresion tuberculosis hiv";
    let v = value.to_lowercase();
    v.split(|c: char| !c.is_alphanumeric()).any(|w| {
        w.len() > 2
            && (WORDS.split_ascii_whitespace().any(|x| x == w)
                || (w.len() > 6
                    && (w.ends_with("itis")
                        || w.ends_with("osis")
                        || w.ends_with("emia")
                        || w.ends_with("pathy"))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        assert!(
            is_icd("E11.9")
                && is_icd("S72.001A")
                && is_icd("C7A.00")
                && !is_icd("A10")
                && !is_icd("v1.2.3")
                && !is_icd("E11.")
        );
        assert!(
            is_blood_type("AB+")
                && is_blood_type("O-")
                && !is_blood_type("A")
                && !is_blood_type("A++")
                && !is_blood_type("C+")
        );
        assert!(is_illness("Type 2 diabetes") && is_illness("acute appendicitis") && !is_illness("Oslo"));
    }
}
