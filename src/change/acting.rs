//! Whether the DDL that runs right now is the product's own, as a step of a change: the guard lets it pass.
//!
//! Only for the change's own table with its partitions, and only for the step's own statements: these may run users' code (a CHECK,
//! say), and DDL hidden in there is judged like any other.
use super::store::Change;
use super::table;
use crate::guard::{self, Layer, Victim};
use crate::pg::catalog::{self, Name};
use crate::pg::{ddl_hook, owner, spi};
use pgrx::pg_sys;
use serde_json::Value;
use std::cell::RefCell;

/// The step that is running.
#[derive(Clone)]
struct Acting {
    change: i64,
    name: Name,
    relid: Option<pg_sys::Oid>,
    /// What else the plan names: a partition, the view under an old name.
    others: Vec<pg_sys::Oid>,
    /// How many statements were running when it began, for the hook and for event triggers.
    depth: (usize, usize),
}

impl Acting {
    /// Whether what is judged now is a statement of the step's own, and not of code that such a one runs.
    fn is_own(&self, layer: Layer) -> bool {
        let (hook, events) = self.depth;
        match layer {
            Layer::EventTrigger => guard::running() <= events + 1,
            Layer::AuditTrigger => false,
            _ => ddl_hook::depth() <= hook,
        }
    }
}

thread_local! {
    static ACTING: RefCell<Option<Acting>> = const { RefCell::new(None) };
}

/// The change whose step is running.
#[must_use]
pub fn acting() -> Option<i64> {
    ACTING.with_borrow(|a| a.as_ref().map(|a| a.change))
}

/// Whether a change does no more to its table than to add a column.
#[must_use]
pub fn only_adds(change: i64) -> bool {
    owner::run(|| {
        spi::select_one(
            "SELECT kind = 'add_column' FROM governance.change WHERE id = $1",
            &[change.into()],
            |r| r.must(1),
        )
    })
    .unwrap_or(false)
}

/// Whether a step of a change is running.
#[must_use]
pub fn is_acting() -> bool {
    ACTING.with_borrow(Option::is_some)
}

/// Whether a victim belongs to the step that is running.
#[must_use]
pub fn covers(layer: Layer, victim: &Victim) -> bool {
    ACTING.with_borrow(|a| {
        a.as_ref().filter(|a| a.is_own(layer)).is_some_and(|a| {
            victim.dataset == a.name
                || victim.relid.is_some_and(|relid| {
                    a.relid == Some(relid)
                        || a.others.contains(&relid)
                        || a.relid.is_some_and(|above| is_below(relid, above))
                })
        })
    })
}

/// Whether a relation is a partition or a child of another: what a step does to a table it does to them.
#[must_use]
pub fn is_below(relid: pg_sys::Oid, above: pg_sys::Oid) -> bool {
    owner::run(|| {
        spi::select_latest(
            "WITH RECURSIVE up AS (
                SELECT inhparent FROM pg_inherits WHERE inhrelid = $1
                UNION SELECT i.inhparent FROM pg_inherits i JOIN up ON up.inhparent = i.inhrelid)
             SELECT EXISTS (SELECT FROM up WHERE inhparent = $2)",
            &[relid.into(), above.into()],
            |r| r.must(1),
        )
    })
    .first()
    .copied()
    .unwrap_or(false)
}

/// A relation by its quoted name.
#[must_use]
pub fn by_text(name: &str) -> Option<pg_sys::Oid> {
    owner::run(|| spi::select_latest("SELECT to_regclass($1)::oid", &[name.into()], |r| r.get(1)))
        .into_iter()
        .next()
        .flatten()
}

/// Runs a step of a change.
pub fn as_change<R>(change: &Change, f: impl FnOnce() -> R) -> R {
    touching(change, &Value::Null, f)
}

/// The same for a step that names other tables, in its arguments.
pub fn touching<R>(change: &Change, args: &Value, f: impl FnOnce() -> R) -> R {
    struct Back(Option<Acting>);
    impl Drop for Back {
        fn drop(&mut self) {
            ACTING.set(self.0.take());
        }
    }
    let relid = catalog::relation_oid(&change.current_name());
    let named = args["touches"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let touches = named.filter_map(|name| table::named(&change.fill(name)));
    let others = change.aliases.iter().filter_map(|alias| by_text(alias)).chain(touches).collect();
    let depth = (ddl_hook::depth(), guard::running());
    let acting = Acting { change: change.id, name: change.name.clone(), relid, others, depth };
    let _back = Back(ACTING.replace(Some(acting)));
    f()
}
