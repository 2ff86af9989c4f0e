//! privacy: what can be decided without a server.
pub mod arguments;
pub mod choice;
pub mod detect;
pub mod format;
pub mod key;
pub mod known;
pub mod mask;
pub mod masks;
pub mod output;
pub mod path;
pub mod random;
pub mod receipt;
pub mod ring;
