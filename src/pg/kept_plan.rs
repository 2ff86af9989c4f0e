//! Plans of our own queries, kept for the life of the backend: parsing and planning cost more than most of them.
//!
//! A plan is kept the second time a text is run by the extension's owner under the fixed search path, and only while it
//! reads nothing but the catalogs and our own tables: a plan that reads users' tables may depend on who is masked. What is
//! known to be run again and again is kept at once.
use super::{catalog, list, owner};
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::hash::{DefaultHasher, Hash, Hasher};

/// More texts than we have queries: what is built with users' names in it must not fill the memory.
const MOST: usize = 500;

/// What is known of a text.
enum Kept {
    /// It was run once.
    Seen,
    /// It must be planned each time.
    Never,
    /// Its text and plan.
    Plan(CString, pg_sys::SPIPlanPtr),
}

thread_local! {
    /// Whether what is run is known to be run again.
    static AT_ONCE: Cell<bool> = const { Cell::new(false) };
    static SCHEMA: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::Oid::INVALID) };
    static PLANS: RefCell<HashMap<u64, Kept>> = RefCell::new(HashMap::new());
}

/// Runs what is run again and again, with the same texts: their plans are kept at once, and made for all arguments alike. Else
/// the server would make them anew for the first five.
pub fn at_once<R>(f: impl FnOnce() -> R) -> R {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            AT_ONCE.set(self.0);
        }
    }
    let _back = Back(AT_ONCE.replace(true));
    f()
}

/// The plan kept for a text with arguments of these types, made now where it is time to; None to plan it each time.
///
/// # Safety
/// Inside SPI. The plan is good until SPI ends.
#[must_use]
pub unsafe fn of(sql: &CStr, types: &mut [pg_sys::Oid]) -> Option<pg_sys::SPIPlanPtr> {
    if !owner::is_acting() || !is_plannable(sql) {
        return None;
    }
    forget_others();
    let mut hasher = DefaultHasher::new();
    (sql, &*types, catalog::namespace()).hash(&mut hasher);
    let key = hasher.finish();
    let due = PLANS.with_borrow_mut(|plans| match plans.get(&key) {
        Some(Kept::Plan(text, plan)) => Err((text.as_c_str() == sql).then_some(*plan)),
        Some(Kept::Never) => Err(None),
        Some(Kept::Seen) => Ok(()),
        None if AT_ONCE.get() && plans.len() < MOST => Ok(()),
        None => {
            if plans.len() < MOST {
                plans.insert(key, Kept::Seen);
            }
            Err(None)
        }
    });
    if let Err(known) = due {
        return known;
    }
    // SAFETY: the caller is inside SPI; SPI_prepare copies text and types, SPI_keepplan makes the plan outlive SPI.
    let plan = unsafe {
        let options = if AT_ONCE.get() { pg_sys::CURSOR_OPT_GENERIC_PLAN as i32 } else { 0 };
        let (count, types) = (types.len() as i32, types.as_mut_ptr());
        let plan = pg_sys::SPI_prepare_cursor(sql.as_ptr(), count, types, options);
        if plan.is_null() || !reads_only_ours(plan) || pg_sys::SPI_keepplan(plan) != 0 {
            None
        } else {
            Some(plan)
        }
    };
    PLANS.with_borrow_mut(|plans| {
        plans.insert(key, plan.map_or(Kept::Never, |p| Kept::Plan(sql.to_owned(), p)));
    });
    plan
}

/// Plans for an extension that was dropped are of no use to the one that was created after it.
fn forget_others() {
    if SCHEMA.replace(catalog::namespace()) == catalog::namespace() {
        return;
    }
    for (_, kept) in PLANS.with_borrow_mut(std::mem::take) {
        if let Kept::Plan(_, plan) = kept {
            // SAFETY: a kept plan that nothing refers to any more.
            unsafe { pg_sys::SPI_freeplan(plan) };
        }
    }
}

/// Utility statements have no plan that is worth keeping.
fn is_plannable(sql: &CStr) -> bool {
    let text = sql.to_bytes().trim_ascii_start();
    [&b"SELECT"[..], b"INSERT", b"UPDATE", b"DELETE", b"WITH"].iter().any(|verb| text.starts_with(verb))
}

/// Whether a plan depends on the catalogs and our own relations only.
///
/// # Safety
/// A plan that SPI_prepare made.
unsafe fn reads_only_ours(plan: pg_sys::SPIPlanPtr) -> bool {
    // SAFETY: the plan's own lists, which live as long as it does.
    unsafe {
        list::items::<pg_sys::CachedPlanSource>(pg_sys::SPI_plan_get_plan_sources(plan)).into_iter().all(
            |source| {
                list::oids((*source).relationOids).into_iter().all(|relid| {
                    relid.to_u32() < pg_sys::FirstNormalObjectId
                        || pg_sys::get_rel_namespace(relid) == catalog::namespace()
                })
            },
        )
    }
}
