//! Which relation a change is about. It goes by its name, and another one may bear that by now: of another owner, in whose place the
//! statements of the plan would run.
use super::store::{self, Change};
use crate::pg::{owner, spi};
use pgrx::pg_sys;
use serde_json::{Value, json};
use std::cell::OnceCell;

/// Under which it is kept.
const KEPT: &str = "relation";

/// Notes the relation that a change is proposed for.
pub fn note(id: i64, relid: pg_sys::Oid) {
    store::keep(id, KEPT, json!({"of": database(), "number": relid.to_u32()}));
}

/// Whether a relation is not the one that the change was proposed for. In a restored database all have other numbers.
#[must_use]
pub fn is_another(change: &Change, relid: pg_sys::Oid) -> bool {
    let noted = &change.kept[KEPT];
    noted.is_object() && noted["number"] != relid.to_u32() && noted["of"] == database()
}

/// What tells this database from a copy of it.
fn database() -> Value {
    thread_local! {
        static DATABASE: OnceCell<Value> = const { OnceCell::new() };
    }
    let look = || {
        owner::run(|| {
            spi::select_one(
                "SELECT format('%s/%s', s.system_identifier, d.oid) FROM pg_control_system() s, pg_database d
                  WHERE d.datname = current_database()",
                &[],
                |r| json!(r.must::<String>(1)),
            )
        })
        .unwrap_or_default()
    };
    DATABASE.with(|known| known.get_or_init(look).clone())
}
