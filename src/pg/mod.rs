//! Everything that touches PostgreSQL's C interface: the only folder with unsafe code.
//!
//! The rest of the crate sees owned Rust values and guards. Differences between server versions live here too.
#![allow(unsafe_code)]

pub mod cache;
pub mod catalog;
pub mod ddl_hook;
pub mod hooks;
pub mod lineage;
pub mod loading;
pub mod mask;
pub mod owner;
pub mod regclass;
pub mod roles;
pub mod spi;
pub mod xact;
