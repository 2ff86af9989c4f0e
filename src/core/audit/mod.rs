//! audit: what can be decided without a server.
pub mod clip;
pub mod key;
