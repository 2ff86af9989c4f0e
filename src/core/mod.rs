//! The pure halves of the features: no pgrx, no unsafe code, tested without a server.
#![forbid(unsafe_code)]

pub mod assess;
pub mod registry;
