//! boundary: what can be decided without a server.
pub mod verdict;
