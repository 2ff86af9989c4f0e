//! Errors of assess.
use super::{Code, Failure};

/// A fingerprint that is none.
pub fn not_a_fingerprint(text: &str) -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, format!("\"{text}\" is not a fingerprint"))
        .detail("A fingerprint has 16 hexadecimal digits.")
        .hint("SELECT fingerprint, finding FROM governance.findings;")
}

/// No finding of today bears the fingerprint.
pub fn no_such_finding(fingerprint: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_UNDEFINED_OBJECT,
        format!("no finding that you may see has the fingerprint {fingerprint}"),
    )
    .detail("Only what fails or warns can be waived; it may have been mended meanwhile.")
    .hint("SELECT fingerprint, finding FROM governance.findings;")
}

/// A waiver that would never end.
pub fn endless_waiver() -> Failure {
    Failure::new(Code::ERRCODE_INVALID_PARAMETER_VALUE, "a waiver must end")
        .detail("What is accepted has to be looked at again.")
        .hint("Pass a date: valid_until => now() + interval '1 year'")
}

/// No waiver bears the fingerprint.
pub fn no_such_waiver(fingerprint: &str) -> Failure {
    Failure::new(Code::ERRCODE_UNDEFINED_OBJECT, format!("no finding {fingerprint} is waived"))
        .hint("SELECT fingerprint, object, reason FROM governance.waivers;")
}
