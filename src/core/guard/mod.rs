//! The guard's pure half.
pub mod identifiers;
pub mod ring;
pub mod shrink;
