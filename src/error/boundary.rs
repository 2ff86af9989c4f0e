//! Errors of boundary.
