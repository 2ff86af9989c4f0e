//! Who may read the log: the one place that decides.
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, roles};
use crate::registry::duty;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    /// Answers for one role at one cache generation: asked once per row of the log.
    static ANSWERS: RefCell<(u64, pg_sys::Oid, i64, HashMap<(Option<Name>, bool), bool>)> =
        RefCell::new((0, pg_sys::Oid::INVALID, 0, HashMap::new()));
}

/// Whether the current user may read log rows about a relation (None: acts that concern none): auditors and operators
/// all, owners those of their datasets. Privileges on the relation do not count, and pg_monitor sees no values. What
/// `left_by_owner` was logged about an earlier relation of that name, which belonged to another role: then only a
/// declared party owns it.
#[must_use]
pub fn may_read(name: Option<&Name>, left_by_owner: bool) -> bool {
    cache::settle();
    // Memberships and owners change without telling our caches: answers are good for one statement.
    let now = (cache::generation(), roles::current(), crate::pg::session::statement_started());
    let known = ANSWERS.with_borrow(|a| {
        ((a.0, a.1, a.2) == now).then(|| a.3.get(&(name.cloned(), left_by_owner)).copied()).flatten()
    });
    known.unwrap_or_else(|| {
        let answer = duty::is_operator()
            || duty::is_auditor()
            || name.and_then(catalog::relation_oid).is_some_and(|relid| {
                if left_by_owner {
                    duty::is_of_owners(Relation(relid))
                } else {
                    duty::is_owner(Relation(relid))
                }
            });
        ANSWERS.with_borrow_mut(|a| {
            if (a.0, a.1, a.2) != now {
                *a = (now.0, now.1, now.2, HashMap::new());
            }
            a.3.insert((name.cloned(), left_by_owner), answer);
        });
        answer
    })
}
