//! Who may see what is declared and recorded about a relation.
use super::duty;
use crate::pg::{cache, catalog, roles};
use pgrx::pg_sys;
use std::cell::RefCell;

thread_local! {
    /// Whether a role holds a duty that sees everything, at a cache generation: asked once per row of a view.
    static OVERSEER: RefCell<Option<(u64, pg_sys::Oid, bool)>> = const { RefCell::new(None) };
}

/// Any privilege on the relation, or a duty. A relation that is gone only with a duty.
#[must_use]
pub fn may_see(relation: Option<pg_sys::Oid>) -> bool {
    let me = roles::current();
    if let Some(relid) = relation
        && (catalog::has_any_privilege(relid, me))
    {
        return true;
    }
    is_overseer(me)
}

/// Operators and auditors see everything, and so do members of pg_monitor as far as names and counts go.
fn is_overseer(me: pg_sys::Oid) -> bool {
    cache::settle();
    let generation = cache::generation();
    let known = OVERSEER.with_borrow(|o| o.filter(|(g, r, _)| *g == generation && *r == me).map(|o| o.2));
    known.unwrap_or_else(|| {
        let sees = duty::is_operator()
            || duty::is_auditor()
            || roles::oid("pg_monitor").is_some_and(|m| roles::has_rights_of(me, m));
        OVERSEER.set(Some((generation, me, sees)));
        sees
    })
}
