//! Everything that touches PostgreSQL's C interface: the only folder with unsafe code.
//!
//! The rest of the crate sees owned Rust values and guards. Differences between server versions live here too.
#![allow(unsafe_code)]

pub mod addition;
pub mod alone;
pub mod audit_log;
pub mod audit_row;
pub mod cache;
pub mod catalog;
pub mod compiled;
pub mod convert;
pub mod ddl;
pub mod ddl_hook;
pub mod definitions;
pub mod depends;
pub mod deprecated;
pub mod dual_write;
pub mod event;
pub mod explaining;
pub mod expression;
pub mod fill_null;
pub mod for_plan;
pub mod formula;
pub mod guard;
pub mod hooks;
pub mod kept_plan;
pub mod lineage;
pub mod list;
pub mod loading;
pub mod looking;
pub mod mask;
pub mod missing;
pub mod not_yet;
pub mod object;
pub mod old_name;
pub mod own_statement;
pub mod owner;
pub mod plain;
pub mod plain_table;
pub mod plan;
pub mod privileges;
pub mod readers;
pub mod receipts;
pub mod refusals;
pub mod regclass;
pub mod relation;
pub mod rendering;
pub mod retype;
pub mod roles;
pub mod session;
pub mod settings_scope;
pub mod spi;
pub mod turn;
mod users_code;
pub mod versions;
pub mod wish;
mod wish_away;
pub mod worker;
pub mod write_hook;
pub mod written;
pub mod xact;

/// Name of the extension.
pub const EXTENSION: &str = "data_governance";
