//! The shared memory in which receipts wait for the worker that stores them. There is some only where the postmaster has
//! loaded the library.
use super::refusals;
use crate::core::privacy::ring::Ring;
use pgrx::prelude::*;
use pgrx::{PgLwLock, PgSharedMemoryInitialization, pg_shmem_init, pg_sys};
use std::sync::atomic::{AtomicPtr, Ordering};

// SAFETY: nobody else's lock has our name.
static LOCK: PgLwLock<()> = unsafe { PgLwLock::new(c"data_governance_receipts") };
static SPACE: Space = Space(AtomicPtr::new(std::ptr::null_mut()));

/// Where the ring is; not in the lock, which would move a megabyte through the stack.
struct Space(AtomicPtr<Ring>);

impl PgSharedMemoryInitialization for Space {
    type Value = ();

    unsafe fn on_shmem_request(&'static self) {
        // SAFETY: called by the hook that is there for it.
        unsafe { pg_sys::RequestAddinShmemSpace(size_of::<Ring>()) };
    }

    unsafe fn on_shmem_startup(&'static self, (): ()) {
        let mut found = false;
        // SAFETY: called by the postmaster alone, before it has children; the memory is as large as the ring, aligned for
        // anything, and an empty ring is all zeros.
        unsafe {
            let ring =
                pg_sys::ShmemInitStruct(c"data_governance receipts".as_ptr(), size_of::<Ring>(), &mut found)
                    .cast::<Ring>();
            ring.write_bytes(0, 1);
            self.0.store(ring, Ordering::Relaxed);
        }
    }
}

/// Asks for the memory; called where the one of refusals is asked for.
pub fn install() {
    pg_shmem_init!(LOCK = ());
    pg_shmem_init!(SPACE = ());
}

/// Looks at the ring, or changes it; None where there is none. `f` must do little and raise nothing.
pub fn with<R>(f: impl FnOnce(&mut Ring) -> R) -> Option<R> {
    if !refusals::are_recorded() {
        return None;
    }
    let _locked = LOCK.exclusive();
    // SAFETY: set by the postmaster and valid in all its children; the lock is held, so nobody else looks.
    unsafe { SPACE.0.load(Ordering::Relaxed).as_mut() }.map(f)
}

/// Hands a receipt to the worker. On a standby it has no worker and is in the log only. Never raises.
pub fn enqueue(text: &str) {
    // SAFETY: plain read of a backend global.
    let database = unsafe { pg_sys::MyDatabaseId }.to_u32();
    if refusals::are_recorded() && !refusals::in_recovery() {
        with(|ring| ring.push(database, text));
        refusals::wake();
    }
}
