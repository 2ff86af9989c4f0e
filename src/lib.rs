//! `data_governance`: data governance as a property of the PostgreSQL database itself.
//!
//! Features live in folders of the same name here, in `core/` (their pure halves), in `sql/`, `pg_test/` and
//! `docs/`. All unsafe code is in `pg/`; nothing in `core/` knows PostgreSQL.
#![deny(unsafe_code)]

// Outside `pg/` only pgrx's own macros expand to unsafe code; their expansions carry their own allowances.
::pgrx::pg_module_magic!(name, version);

mod assess;
mod audit;
mod boundary;
mod change;
mod core;
mod error;
mod guard;
mod lineage;
mod operations;
mod pg;
#[cfg(any(test, feature = "pg_test"))]
mod pg_tests;
mod privacy;
mod registry;
mod retention;
mod schema;
mod settings;

use pgrx::prelude::*;

/// Runs once per backend (or once in the postmaster when preloaded), when the server loads the library.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    pg::loading::note();
    settings::define();
    pg::hooks::install();
    pg::xact::install();
    pg::refusals::install();
}

/// What `cargo pgrx test` needs to know about the server it starts.
#[cfg(test)]
pub mod pg_test {
    /// Called once before the first test.
    pub fn setup(_options: Vec<&str>) {}

    /// The suite runs in mode installed; drills under `pg_test/` cover the other modes.
    #[must_use]
    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec![]
    }
}
