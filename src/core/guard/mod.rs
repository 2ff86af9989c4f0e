//! The guard's pure half.
pub mod ring;
pub mod shrink;
