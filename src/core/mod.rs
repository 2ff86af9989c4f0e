//! The pure halves of the features: no pgrx, no unsafe code, tested without a server.
#![forbid(unsafe_code)]

pub mod assess;
pub mod audit;
pub mod boundary;
pub mod change;
pub mod guard;
pub mod lineage;
pub mod privacy;
pub mod registry;
