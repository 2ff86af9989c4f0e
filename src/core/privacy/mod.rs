//! privacy: what can be decided without a server.
pub mod choice;
pub mod detect;
pub mod format;
pub mod key;
pub mod mask;
pub mod names;
pub mod output;
pub mod receipt;
pub mod ring;
pub mod value;
