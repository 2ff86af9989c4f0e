//! Statements of the product's that call functions of users, as a copy with `up` does: they themselves are nobody's reads and
//! nobody's business, what the functions do is judged like anything else. Known by their text.
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};

thread_local! {
    static TEXT: RefCell<Option<CString>> = const { RefCell::new(None) };
}

/// Runs `f`, in which a statement of this text is the product's own.
pub fn run<R>(sql: &str, f: impl FnOnce() -> R) -> R {
    struct End(Option<CString>);
    impl Drop for End {
        fn drop(&mut self) {
            TEXT.set(self.0.take());
        }
    }
    let _end = End(TEXT.replace(CString::new(sql).ok()));
    f()
}

/// Whether the source text of a query is that of such a statement.
///
/// # Safety
/// `source` must be null or NUL-terminated.
#[must_use]
pub unsafe fn is(source: *const c_char) -> bool {
    TEXT.with_borrow(|text| {
        // SAFETY: the caller vouches.
        text.as_ref()
            .is_some_and(|text| !source.is_null() && unsafe { CStr::from_ptr(source) } == text.as_c_str())
    })
}
