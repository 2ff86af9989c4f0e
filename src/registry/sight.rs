//! Who may see what is declared and recorded about a relation.
use super::{dataset, duty};
use crate::core::registry::feature::Scope;
use crate::pg::catalog::Name;
use crate::pg::{cache, catalog, roles, session};
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

thread_local! {
    /// What a role may see beyond its privileges: asked once per row of a view.
    static SIGHT: RefCell<Option<(Key, Sight)>> = const { RefCell::new(None) };
}

/// What the answer depends on: declarations (the cache generation), the role, and its memberships, which no
/// invalidation of ours reports, so that an answer lasts for one statement only.
type Key = (u64, pg_sys::Oid, i64);

/// What a role may see beyond its privileges.
#[derive(Clone)]
enum Sight {
    /// Everything.
    All,
    /// What lies within these scopes, of an auditor, and these datasets, of its parties.
    Within(Rc<(Vec<Scope>, HashSet<Name>)>),
}

/// Any privilege on the relation, or a duty for it. A relation that is gone only with a duty.
#[must_use]
pub fn may_see(relation: Option<pg_sys::Oid>) -> bool {
    let me = roles::current();
    if relation.is_some_and(|relid| catalog::has_any_privilege(relid, me)) {
        return true;
    }
    match sight(me) {
        Sight::All => true,
        Sight::Within(within) => {
            let (scopes, mine) = &*within;
            if scopes.is_empty() && mine.is_empty() {
                return false;
            }
            let Some(name) = relation.and_then(catalog::relation_name) else { return false };
            mine.contains(&name)
                || (!scopes.is_empty() && {
                    let facts = dataset::facts(&name);
                    let class = facts.class.as_deref();
                    scopes.iter().any(|s| s.covers(&facts.schema, &facts.relation, class))
                })
        }
    }
}

/// Operators and auditors see everything, and so do members of pg_monitor as far as names and counts go.
fn sight(me: pg_sys::Oid) -> Sight {
    cache::settle();
    let key = (cache::generation(), me, session::statement_started());
    if let Some(known) = SIGHT.with_borrow(|s| s.as_ref().filter(|(k, _)| *k == key).map(|(_, s)| s.clone()))
    {
        return known;
    }
    let all = duty::is_operator()
        || duty::is_auditor()
        || roles::oid("pg_monitor").is_some_and(|m| roles::has_rights_of(me, m));
    let sight =
        if all { Sight::All } else { Sight::Within(Rc::new((duty::auditor_scopes(), duty::own_datasets()))) };
    SIGHT.set(Some((key, sight.clone())));
    sight
}
