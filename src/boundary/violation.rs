//! Writes by roles that are not declared writers.
use super::writer;
use crate::core::boundary::verdict::{Verdict, on_stranger};
use crate::core::registry::level::Level;
use crate::error::{self, boundary::Crossing};
use crate::pg::catalog::Name;
use crate::pg::{audit_log, cache, owner, roles, session, spi, xact};
use crate::registry::{identity, ladder, restore, role};
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// How long a level is believed without looking again, in microseconds: levels may end by themselves.
const LEVEL_GOOD_FOR: i64 = 5_000_000;

/// Their names, and the roles that are meant.
struct Writers {
    names: Vec<String>,
    roles: Vec<pg_sys::Oid>,
}

/// Who may write a relation.
struct Boundary {
    generation: u64,
    /// Levels and writers may be pending in it.
    xid: Option<u64>,
    loaded_at: i64,
    /// The dataset with its writers and level; None where the relation has none (any more).
    dataset: Option<(Name, Writers, Level)>,
}

thread_local! {
    static CACHE: RefCell<HashMap<pg_sys::Oid, Rc<Boundary>>> = RefCell::new(HashMap::new());
}

/// A (sub)transaction was rolled back, and perhaps what was cached from its writes.
pub fn forget_rolled_back() {
    let _ = CACHE.try_with(|c| c.try_borrow_mut().map(|mut c| c.clear()));
}

/// Judges a write that is about to happen. A writer, or a member of one, costs one look into a map.
pub fn judge(relid: pg_sys::Oid, op: &str) {
    let boundary = boundary(relid);
    let Some((name, writers, level)) = &boundary.dataset else { return };
    // The action of a foreign key runs as the table's owner; who caused it is who SET ROLE, or the session, says.
    let who = if session::in_foreign_key_action() { roles::outer() } else { roles::current() };
    // Superusers are members of every role here only if they were made so.
    if writers.roles.iter().any(|w| roles::is_member_of(who, *w)) {
        return;
    }
    let role = roles::name(who);
    let crossing = Crossing { name, op, role: &role, writers: &writers.names };
    // Whoever restores rows writes them for somebody else: seen, not refused.
    let restores = restore::is_restoring() || (session::runs_dump_script() && roles::is_superuser(who));
    let level = if restores { Level::Observe.min(*level) } else { *level };
    match on_stranger(level, session::applies_replication()) {
        Verdict::Pass => {}
        Verdict::Record => record(&crossing, level),
        Verdict::Warn => {
            record(&crossing, level);
            error::boundary::stranger(&crossing).warn();
        }
        Verdict::Refuse => {
            // The row of a refused statement would go with it: the server log keeps the record.
            let number = audit_log::refusal_number();
            let application = session::application().unwrap_or_default();
            let session = roles::name(roles::session());
            error::boundary::refusal(&crossing, number, &session, &application).log();
            error::boundary::refused(&crossing, number).raise();
        }
    }
}

fn boundary(relid: pg_sys::Oid) -> Rc<Boundary> {
    let (generation, now) = (cache::generation(), session::statement_started());
    let mine = xact::id_if_assigned();
    let known = CACHE.with_borrow(|c| {
        c.get(&relid)
            .filter(|b| b.generation == generation && b.xid.is_none_or(|x| Some(x) == mine))
            .filter(|b| (0..LEVEL_GOOD_FOR).contains(&now.saturating_sub(b.loaded_at)))
            .cloned()
    });
    known.unwrap_or_else(|| {
        cache::settle();
        let generation = cache::generation();
        let mut boundaries = writer::boundaries(relid);
        if boundaries.is_empty() {
            // The writers were forgotten, or the relation renamed where no event trigger told us.
            identity::follow(relid);
            boundaries = writer::boundaries(relid);
        }
        let dataset = boundaries.into_iter().next().map(|(name, writers)| {
            let level = ladder::resolve("boundary.writers", &name).level;
            let roles = writers.iter().filter_map(|w| role::meant("writer", w)).collect();
            (name, Writers { names: writers, roles }, level)
        });
        // A transaction that already has an id may have changed writers or levels itself.
        let loaded = Rc::new(Boundary { generation, xid: mine, loaded_at: now, dataset });
        CACHE.with_borrow_mut(|c| c.insert(relid, loaded.clone()));
        loaded
    })
}

/// Counts a write. Recording must never make writers wait for each other, nor fail where they would not: a row that
/// somebody else is counting in is left alone, and so are all of them where the transaction keeps one snapshot.
fn record(crossing: &Crossing, level: Level) {
    let alone =
        "INSERT INTO governance.boundary_violation (schema_name, relation_name, role, application, op, level)
                 SELECT $1, $2, $3, $4, $5, $6";
    let counted = format!(
        "WITH free AS (
            SELECT id FROM governance.boundary_violation
             WHERE day = current_date AND schema_name = $1 AND relation_name = $2 AND role = $3
               AND application = $4 AND op = $5 AND level = $6
             LIMIT 1 FOR UPDATE SKIP LOCKED),
         counted AS (
            UPDATE governance.boundary_violation v SET times = times + 1, last_at = clock_timestamp()
              FROM free WHERE v.id = free.id RETURNING true)
         {alone} WHERE NOT EXISTS (SELECT FROM counted)"
    );
    owner::run(|| {
        spi::execute(
            if session::keeps_snapshot() { alone } else { &counted },
            &[
                crossing.name.schema.as_str().into(),
                crossing.name.relation.as_str().into(),
                crossing.role.into(),
                session::application().unwrap_or_default().into(),
                crossing.op.into(),
                level.as_str().into(),
            ],
        )
    });
}
