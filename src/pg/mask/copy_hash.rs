//! The hash of what COPY … TO STDOUT sends. The server hands its messages to a table of functions, as parallel workers replace
//! theirs; while such a COPY runs, one of them is ours, which takes the data along and passes it on.
use crate::core::privacy::format::Bytes;
use pgrx::pg_sys;
use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int};

/// `PQcommMethods`, which pgrx 0.18.1 does not bind; the same in PostgreSQL 14 to 18.
#[derive(Clone, Copy)]
#[repr(C)]
struct Methods {
    comm_reset: unsafe extern "C-unwind" fn(),
    flush: unsafe extern "C-unwind" fn() -> c_int,
    flush_if_writable: unsafe extern "C-unwind" fn() -> c_int,
    is_send_pending: unsafe extern "C-unwind" fn() -> bool,
    putmessage: unsafe extern "C-unwind" fn(c_char, *const c_char, usize) -> c_int,
    putmessage_noblock: unsafe extern "C-unwind" fn(c_char, *const c_char, usize),
}

unsafe extern "C" {
    static mut PqCommMethods: *const Methods;
}

/// The server's own functions; NULL while nothing is hashed.
static mut REAL: *const Methods = std::ptr::null();
/// The same with ours among them.
static mut OURS: Option<Methods> = None;

thread_local! {
    static SENT: RefCell<Bytes> = RefCell::new(Bytes::default());
    /// The subtransaction in which the COPY runs.
    static BEGUN_IN: Cell<pg_sys::SubTransactionId> = const { Cell::new(0) };
}

/// Type of the messages with data.
const COPY_DATA: c_char = b'd' as c_char;

/// Sends a message. A plain frame: an error of the server's may jump over it.
unsafe extern "C-unwind" fn putmessage(kind: c_char, data: *const c_char, length: usize) -> c_int {
    // SAFETY: called by the server only while REAL is set, with so many bytes.
    unsafe {
        if kind == COPY_DATA {
            take(std::slice::from_raw_parts(data.cast(), length));
        }
        ((*REAL).putmessage)(kind, data, length)
    }
}

fn take(data: &[u8]) {
    let _ = SENT.try_with(|sent| sent.try_borrow_mut().map(|mut sent| sent.add(data)));
}

/// Begins, where the client is one that gets the data.
pub fn begin() {
    // SAFETY: backend globals; the table that is put in place lives as long as the process.
    unsafe {
        if !REAL.is_null() || pg_sys::whereToSendOutput != pg_sys::CommandDest::DestRemote {
            return;
        }
        SENT.take();
        BEGUN_IN.set(pg_sys::GetCurrentSubTransactionId());
        let real = PqCommMethods;
        OURS = Some(Methods { putmessage, ..*real });
        if let Some(ours) = (&raw const OURS).as_ref().and_then(Option::as_ref) {
            REAL = real;
            PqCommMethods = ours;
        }
    }
}

/// A (sub)transaction was aborted, the whole one where None. It may be one of a function that a COPY calls which goes on.
pub fn aborted(sub: Option<pg_sys::SubTransactionId>) {
    if sub.is_none_or(|sub| BEGUN_IN.get() >= sub) {
        end();
    }
}

/// Ends; the hash of what was sent, where it was hashed. Also after an error. Does not raise.
pub fn end() -> Option<String> {
    // SAFETY: puts back what was there.
    unsafe {
        if REAL.is_null() {
            return None;
        }
        PqCommMethods = REAL;
        REAL = std::ptr::null();
    }
    Some(SENT.try_with(RefCell::take).ok()?.hash())
}
