//! assess: what can be decided without a server.
pub mod export;
pub mod fingerprint;
