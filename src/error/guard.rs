//! Errors of guard.
