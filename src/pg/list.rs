//! PostgreSQL's lists of pointers.
use pgrx::pg_sys;

/// Element `i` of a list of pointers, or null.
///
/// # Safety
/// `list` must be NIL or a valid List of pointers to T.
pub unsafe fn nth<T>(list: *const pg_sys::List, i: usize) -> *mut T {
    // SAFETY: bounds are checked against the list's own length.
    unsafe {
        if list.is_null() || i >= (*list).length as usize {
            return std::ptr::null_mut();
        }
        (*(*list).elements.add(i)).ptr_value.cast()
    }
}

/// All elements of a list of pointers.
///
/// # Safety
/// As [`nth`].
pub unsafe fn items<T>(list: *const pg_sys::List) -> Vec<*mut T> {
    // SAFETY: the caller vouches for the list.
    unsafe {
        let length = if list.is_null() { 0 } else { (*list).length as usize };
        (0..length).map(|i| nth(list, i)).filter(|p: &*mut T| !p.is_null()).collect()
    }
}

/// All elements of a list of oids.
///
/// # Safety
/// `list` must be NIL or a valid list of oids.
pub unsafe fn oids(list: *const pg_sys::List) -> Vec<pg_sys::Oid> {
    // SAFETY: the caller vouches for the list.
    unsafe {
        let length = if list.is_null() { 0 } else { (*list).length as usize };
        (0..length).map(|i| (*(*list).elements.add(i)).oid_value).collect()
    }
}
