//! Who may read the log: the one place that decides.
use crate::pg::catalog::{self, Name};
use crate::pg::regclass::Relation;
use crate::pg::{cache, roles};
use crate::registry::duty;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::HashMap;

/// Whose a relation was when something was logged about it. Names outlive relations: who makes a new one under a name
/// is not to read what was done to the one before.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Then {
    /// The role that owned the relation.
    pub owned_by: Option<String>,
    /// The party that the dataset was declared to belong to.
    pub party: Option<String>,
}

/// What is asked: a relation, None for acts that concern none, and whose it was, where that counts.
type Question = (Option<Name>, Option<Then>);

thread_local! {
    /// Answers for one role at one cache generation: asked once per row of the log.
    static ANSWERS: RefCell<(u64, pg_sys::Oid, i64, HashMap<Question, bool>)> =
        RefCell::new((0, pg_sys::Oid::INVALID, 0, HashMap::new()));
}

/// Whether the current user may read log rows about a relation (None: acts that concern none): auditors within their
/// scope and operators all, owners those of their datasets, where `then` says whose it was only if it is the same owner
/// or party still. Privileges on the relation do not count, and pg_monitor sees no values.
#[must_use]
pub fn may_read(name: Option<Name>, then: Option<Then>) -> bool {
    cache::settle();
    // Memberships and owners change without telling our caches: answers are good for one statement.
    let now = (cache::generation(), roles::current(), crate::pg::session::statement_started());
    let question = (name, then);
    let known =
        ANSWERS.with_borrow(|a| ((a.0, a.1, a.2) == now).then(|| a.3.get(&question).copied()).flatten());
    known.unwrap_or_else(|| {
        let answer = duty::is_operator()
            || question.0.is_none() && duty::is_auditor()
            || question.0.as_ref().is_some_and(|name| duty::audits(name) || owns(name, question.1.as_ref()));
        ANSWERS.with_borrow_mut(|a| {
            if (a.0, a.1, a.2) != now {
                *a = (now.0, now.1, now.2, HashMap::new());
            }
            a.3.insert(question, answer);
        });
        answer
    })
}

fn owns(name: &Name, then: Option<&Then>) -> bool {
    let Some(relation) = catalog::relation_oid(name).map(Relation) else { return false };
    let Some(then) = then else { return duty::is_owner(relation) };
    let is_still_its =
        |party: &String| duty::owning_party(relation).as_ref() == Some(party) && duty::is_of_party(party);
    then.party.as_ref().is_some_and(is_still_its)
        || (then.owned_by.is_some()
            && then.owned_by == catalog::relation_owner(relation.0).map(roles::name)
            && duty::is_owner(relation))
}
