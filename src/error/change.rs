//! Errors of change.
