//! Errors of audit.
