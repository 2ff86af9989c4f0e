//! From what a statement would do to the victims that are judged: whose level counts, and what is nobody's loss.
use super::grantee;
use super::victim::{Victim, victim_of_drop, victim_of_truncate, victims_of_rename};
use crate::pg::catalog::{self, Name};
use crate::pg::ddl::Ddl;
use crate::pg::guard::{self, Hit, On, Sight};
use crate::pg::object::Address;
use crate::pg::object::catalogs::{PG_CLASS, PG_NAMESPACE};
use crate::pg::{owner, spi, xact};
use crate::registry::{ladder, tree};
use pgrx::pg_sys;

/// From this age on a transaction in front is a long one: longer than clients wait for an answer.
const LONG_TRANSACTION_SECONDS: f64 = 1.0;

/// The weakest lock that keeps somebody from writing: SHARE.
const STRONG: pg_sys::LOCKMODE = pg_sys::ShareLock as pg_sys::LOCKMODE;

/// Rules about how long a statement may have to wait.
pub const WAITS: [&str; 2] = ["require-lock-timeout", "waiting-for-lock"];

/// Everything that a statement would do that a rule is about.
#[must_use]
pub fn victims(sight: &Sight, ddl: &Ddl) -> Vec<Victim> {
    let mut victims = victims_of_rename(ddl);
    // What goes along with a relation is not what somebody wishes.
    let takes_rows = |h: &Hit| matches!(h.rule, "ban-drop-table" | "ban-drop-view" | "ban-drop-column");
    let is_alone = sight.hits.len() == 1 || !sight.hits.iter().any(takes_rows);
    victims.extend(sight.hits.iter().filter_map(|hit| {
        let victim = victim(hit)?;
        let wish = if is_alone && victim.wish.is_none() { super::wish::of(hit) } else { None };
        // A part of it would not let the statement through.
        let several = sight.several.as_ref().filter(|(relid, _)| victim.relid == Some(*relid));
        let wish = several.map(|(_, whole)| whole.clone()).or(victim.wish).or(wish);
        Some(Victim { wish, ..victim })
    }));
    // Nobody has to wait for what nobody else can see.
    victims.extend(waits(sight));
    victims
}

/// An object about to go that no statement was foreseen to take.
#[must_use]
pub fn victim_of_loss(object: Address) -> Option<Victim> {
    guard::hit_of(object).as_ref().and_then(victim)
}

/// The victim of one hit; None where it is nobody's loss.
#[must_use]
pub fn victim(hit: &Hit) -> Option<Victim> {
    if let Some(object) = hit.object {
        if object.class == PG_CLASS && matches!(hit.rule, "ban-truncate" | "ban-truncate-cascade") {
            let victim = victim_of_truncate(object.id, catalog::relation_name(object.id)?);
            return Some(Victim { rule: hit.rule, ..victim });
        }
        if object.class == PG_CLASS
            && matches!(hit.rule, "ban-drop-table" | "ban-drop-view" | "ban-drop-column")
        {
            let (name, kind) = (catalog::relation_name(object.id)?, catalog::relation_kind(object.id)?);
            return victim_of_drop(object.id, name, kind, i16::try_from(object.sub).ok().filter(|n| *n != 0));
        }
        if object.class == PG_NAMESPACE {
            let schema = catalog::schema_name(object.id)?;
            let harmless = xact::is_object_created_here(object);
            return Some(Victim {
                harmless,
                object: Some(object),
                ..super::victim::victim_of_schema_drop(schema)
            });
        }
        if xact::is_object_created_here(object) {
            return None;
        }
    }
    let (dataset, relid, column) = match &hit.on {
        On::Relation(relid) => (governed(hit.rule, *relid)?, Some(*relid), None),
        On::Column(relid, column) => (governed(hit.rule, *relid)?, Some(*relid), Some(column.clone())),
        On::Grant(relid, role, reads) => {
            if grantee::is_expected(*relid, role.as_deref(), reads.as_deref(), hit.rule) {
                return None;
            }
            (governed(hit.rule, *relid)?, Some(*relid), None)
        }
        On::Schema(schema) if schema.starts_with("pg_temp") => return None,
        On::Schema(schema) => (Name { schema: schema.clone(), relation: String::new() }, None, None),
        On::Database => (nowhere(), None, None),
        On::LargeObjects => (strictest_of_all(hit.rule, true), None, None),
        On::Anything => (strictest_of_all(hit.rule, false), None, None),
    };
    let harmless = relid.is_some_and(|relid| {
        let is_new_column = || {
            let number = column.as_deref().and_then(|c| catalog::column_number(relid, c));
            number.is_some_and(|n| xact::is_created_here(relid, Some(n)))
        };
        let is_new = catalog::is_temporary(relid) || is_new(relid);
        // A new parent is not as new as its children.
        (is_new && super::victim::reached(hit.rule, relid).is_empty()) || (!is_new && is_new_column())
    });
    Some(Victim {
        rule: hit.rule,
        what: hit.what.clone(),
        dataset,
        relid,
        column,
        object: hit.object,
        wish: None,
        harmless,
    })
}

/// Whether the running transaction made the relation.
#[must_use]
pub fn is_new(relid: pg_sys::Oid) -> bool {
    xact::is_created_here(relid, None) || xact::is_made_here(relid)
}

/// The dataset that governs a relation; None for what is the product's own.
fn governed(rule: &str, relid: pg_sys::Oid) -> Option<Name> {
    let name = catalog::relation_name(relid)?;
    if name.schema == catalog::SCHEMA && rule != "disabling-guard" {
        return None;
    }
    Some(super::victim::governing_name(rule, relid, &name))
}

/// The name of what is no relation's and no schema's: the database's level counts.
#[must_use]
pub fn nowhere() -> Name {
    Name { schema: String::new(), relation: String::new() }
}

/// The declared dataset whose level is the strictest, where nobody can tell which one a statement hits; of those that may
/// refer to large objects only, on request.
#[must_use]
pub fn strictest_of_all(rule: &str, with_large_objects: bool) -> Name {
    let names = owner::run(|| {
        spi::select(
            "SELECT d.schema_name, d.relation_name FROM governance._dataset d
              WHERE NOT $1 OR EXISTS (
                    SELECT FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid JOIN pg_attribute a ON a.attrelid = c.oid
                     JOIN pg_type t ON t.oid = a.atttypid
                     WHERE n.nspname = d.schema_name AND c.relname = d.relation_name AND a.attnum > 0 AND NOT a.attisdropped
                       AND t.typname IN ('oid', 'lo'))
              ORDER BY 1, 2",
            &[with_large_objects.into()],
            |r| Name { schema: r.must(1), relation: r.must(2) },
        )
    });
    let levels = ladder::Ladder::levels_of_tagged(&format!("guard.{rule}"), &names);
    let strictest = names.into_iter().max_by_key(|name| levels.get(name).copied());
    let database = ladder::resolve(&format!("guard.{rule}"), &nowhere()).level;
    strictest.filter(|name| levels.get(name).is_some_and(|l| *l > database)).unwrap_or_else(nowhere)
}

/// Strong locks on declared datasets that hold rows: without a time limit, or behind a transaction that takes long.
fn waits(sight: &Sight) -> Vec<Victim> {
    let mut strongest: Vec<(pg_sys::Oid, pg_sys::LOCKMODE)> = Vec::new();
    for (relid, mode) in sight.locks.iter().filter(|(_, mode)| *mode >= STRONG) {
        match strongest.iter_mut().find(|(known, _)| known == relid) {
            Some((_, known)) => *known = (*known).max(*mode),
            None => strongest.push((*relid, *mode)),
        }
    }
    let mut victims: Vec<Victim> = Vec::new();
    for (relid, mode) in strongest {
        if !matches!(catalog::relation_kind(relid), Some(b'r' | b'p' | b'm' | b'f'))
            || catalog::is_temporary(relid)
            || is_new(relid)
        {
            continue;
        }
        let Some(dataset) = tree::governors(relid).into_iter().next() else { continue };
        if dataset.schema == catalog::SCHEMA || !guard::has_rows(relid) {
            continue;
        }
        let lock = guard::mode_name(mode);
        let mut add = |rule: &'static str, what: String| {
            // A partitioned table is one wait, not one per partition.
            if !victims.iter().any(|v| v.rule == rule && v.dataset == dataset) {
                let (dataset, relid) = (dataset.clone(), Some(relid));
                victims.push(Victim {
                    rule,
                    what,
                    dataset,
                    relid,
                    column: None,
                    object: None,
                    wish: None,
                    harmless: false,
                });
            }
        };
        let is_limited = guard::has_lock_timeout();
        if !is_limited {
            add("require-lock-timeout", format!("locking {dataset} ({lock}) without lock_timeout"));
        }
        // With a limit it gives way to those behind it, unless there is no hope.
        if let Some(waits) =
            guard::waits_for(relid, mode).filter(|w| !is_limited || w.oldest >= LONG_TRANSACTION_SECONDS)
        {
            let pids: Vec<String> = waits.pids.iter().map(i32::to_string).collect();
            let (pids, oldest) = (pids.join(", "), waits.oldest);
            add(
                "waiting-for-lock",
                format!("locking {dataset} ({lock}) behind {pids}, in transaction for {oldest:.0} s"),
            );
        }
    }
    victims
}
