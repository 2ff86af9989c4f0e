//! Errors of privacy.
