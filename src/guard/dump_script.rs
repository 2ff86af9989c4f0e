//! Dumps that are restored over a database which is governed already.
use crate::audit::triggers::{self, Kind};
use crate::core::registry::level::Level;
use crate::pg::catalog::{self, Name};
use crate::pg::ddl::{Ddl, Target};
use crate::pg::event::Event;
use crate::pg::{owner, session, spi, xact};
use crate::registry::{ladder, restore};
use crate::{audit, boundary, error};
use std::cell::Cell;

thread_local! {
    /// Whether this session's script was let through already: stopping it half-way would do more harm than either.
    static BEGUN: Cell<bool> = const { Cell::new(false) };
}

/// Called before each statement. A script of `pg_dump --clean` drops constraints, triggers and tables one by one. Outside
/// one transaction it goes on when the guard refuses one of them, and adds the rows a second time where the key is gone.
/// So where a drop would be refused, the session ends at the first of these statements, before it does anything.
pub fn stop_if_half_done(event: &Event) {
    if BEGUN.get() || !takes_away(event) || !session::runs_dump_script() || session::acts_as_owner() {
        return;
    }
    BEGUN.set(true);
    if xact::in_block() || restore::is_restoring() {
        return; // a refusal takes everything back; or there is none
    }
    if let Some(held) = held() {
        error::guard::dump_over_governed(&held).end_session();
    }
}

fn takes_away(event: &Event) -> bool {
    match &event.ddl {
        Ddl::AlterTable { takes_away, .. } => *takes_away,
        _ => event.tag.starts_with("DROP "),
    }
}

/// A dataset that may not be dropped.
fn held() -> Option<Name> {
    let names = owner::run(|| {
        spi::select("SELECT schema_name, relation_name FROM governance._dataset ORDER BY 1, 2", &[], |r| {
            Name { schema: r.must(1), relation: r.must(2) }
        })
    });
    names.into_iter().find(|name| {
        catalog::relation_oid(name).and_then(catalog::relation_kind).is_some_and(|k| matches!(k, b'r' | b'p'))
            && ladder::resolve("guard.ban-drop-table", name).level == Level::Enforce
    })
}

/// Called before CREATE TRIGGER. A dump brings our triggers itself, and would fail on those that a relation under a
/// governed name was given when it was made: ours make way.
pub fn make_way(target: &Target, trigger: &str, function: &[String], bits: Option<i16>) {
    let ours: [&Kind; 3] = [&audit::triggers::ROW, &audit::triggers::TRUNCATE, &boundary::TRIGGER];
    let Some(relid) = target.relid else { return };
    for kind in ours {
        // One that would fire less often is not ours.
        if kind.name == trigger
            && function == [catalog::SCHEMA, kind.function]
            && bits.is_some_and(|bits| kind.may_have(bits))
        {
            triggers::make_way(relid, kind);
        }
    }
}
