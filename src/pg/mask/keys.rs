//! The keys of masks made ready: the only way to them.
use crate::core::privacy::key::Keys;
use crate::pg::cache;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::rc::Rc;

/// Keys by what a plan names them by; good for one generation of caches, and missing ones for one statement.
struct Ready {
    generation: u64,
    statement: i64,
    reference: String,
    keys: Option<Rc<Keys>>,
}

thread_local! {
    static READY: RefCell<Option<Ready>> = const { RefCell::new(None) };
}

/// Forgets the keys: others were made.
pub fn forget() {
    READY.set(None);
}

/// The keys in use for a recipient now, for calls that name nothing else.
#[must_use]
pub fn in_use(recipient: &str) -> String {
    cache::settle();
    crate::privacy::key::reference(recipient).unwrap_or_default()
}

/// The keys that a reference names; None where there are none, or nothing that unwraps them.
#[must_use]
pub fn of(reference: &str) -> Option<Rc<Keys>> {
    if reference.is_empty() {
        return None;
    }
    // SAFETY: plain read of a backend global; asked for only where keys are missing, since it is a call of the server.
    let statement = || unsafe { pg_sys::GetCurrentStatementStartTimestamp() };
    let ready = READY.with_borrow(|ready| {
        let good = ready.as_ref().filter(|r| {
            r.reference == reference
                && r.generation == cache::generation()
                && (r.keys.is_some() || r.statement == statement())
        });
        good.map(|r| r.keys.clone())
    });
    if let Some(keys) = ready {
        return keys;
    }
    // Not inside a borrow: reading the key runs a query.
    cache::settle();
    let keys = crate::privacy::key::open(reference).and_then(|k| Keys::new(&k)).map(Rc::new);
    let generation = cache::generation();
    READY.set(Some(Ready {
        generation,
        statement: statement(),
        reference: reference.to_string(),
        keys: keys.clone(),
    }));
    keys
}
