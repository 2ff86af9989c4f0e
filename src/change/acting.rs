//! Whether the DDL that runs right now is the product's own, as a step of a change: the guard lets it pass.
use std::cell::Cell;

thread_local! {
    static ACTING: Cell<Option<i64>> = const { Cell::new(None) };
}

/// The change whose step is running.
#[must_use]
pub fn acting() -> Option<i64> {
    ACTING.get()
}

/// Whether a step of a change is running.
#[must_use]
pub fn is_acting() -> bool {
    ACTING.get().is_some()
}

/// Runs a step of a change.
pub fn as_change<R>(change: i64, f: impl FnOnce() -> R) -> R {
    struct Back(Option<i64>);
    impl Drop for Back {
        fn drop(&mut self) {
            ACTING.set(self.0);
        }
    }
    let _back = Back(ACTING.replace(Some(change)));
    f()
}
