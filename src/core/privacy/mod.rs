//! privacy: what can be decided without a server.
pub mod detect;
pub mod format;
pub mod key;
pub mod mask;
