//! The guard's pure half.
pub mod shrink;
