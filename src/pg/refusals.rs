//! The shared memory in which refusals wait for the worker that writes rows about them: a refusal's own transaction rolls
//! back. There is some only where the postmaster has loaded the library.
use crate::core::guard::ring::{Entry, Ring};
use pgrx::prelude::*;
use pgrx::shmem::AssertPGRXSharedMemory;
use pgrx::{PgLwLock, pg_shmem_init, pg_sys};
use std::cell::Cell;

// SAFETY: nobody else's lock has our name; the ring holds plain bytes and no pointers that are followed.
static RING: PgLwLock<AssertPGRXSharedMemory<Ring>> = unsafe { PgLwLock::new(c"data_governance_refusals") };

thread_local! {
    /// Whether the memory was asked for: set in the postmaster, and so in all its children.
    static PRESENT: Cell<bool> = const { Cell::new(false) };
}

/// Asks for the memory and registers the worker, where the postmaster loads the library.
pub fn install() {
    // SAFETY: plain read of a server global.
    if super::loading::mode() != super::loading::Mode::Preloaded || unsafe { pg_sys::IsBinaryUpgrade } {
        return;
    }
    super::worker::register();
    // SAFETY: the ring is a value of its own, all in place.
    pg_shmem_init!(RING = unsafe { AssertPGRXSharedMemory::new(Ring::new()) });
    PRESENT.set(true);
}

/// Whether refusals become rows.
#[must_use]
pub fn are_recorded() -> bool {
    PRESENT.get()
}

/// Looks at the ring, or changes it. `f` must do little and raise nothing: everybody who is refused waits meanwhile.
pub fn with<R>(f: impl FnOnce(&mut Ring) -> R) -> Option<R> {
    are_recorded().then(|| f(&mut RING.exclusive()))
}

/// Takes a refusal and wakes the worker. Never raises.
pub fn enqueue(mut entry: Entry) {
    // SAFETY: plain reads of the clock and of a backend global.
    unsafe {
        entry.at = pg_sys::GetCurrentTimestamp();
        entry.database = pg_sys::MyDatabaseId.to_u32();
    }
    let waker = with(|ring| {
        ring.push(&entry);
        ring.waker
    });
    if let Some(waker) = waker.filter(|&w| w != 0) {
        // SAFETY: a latch in the server's shared memory, which is there and at the same address in every process; should
        // its process have ended meanwhile, the latch is nobody's and setting it does nothing.
        unsafe { pg_sys::SetLatch(waker as *mut pg_sys::Latch) };
    }
}

/// This process is the one to wake from now on.
pub fn wake_me() {
    // SAFETY: plain read of a global of this process, set since it has its place among the server's.
    let latch = unsafe { pg_sys::MyLatch } as usize;
    with(|ring| ring.waker = latch);
}

/// Nobody is to be woken any more.
pub fn wake_nobody() {
    with(|ring| ring.waker = 0);
}

/// Whether the server is a standby, or recovers from a crash.
#[must_use]
pub fn in_recovery() -> bool {
    // SAFETY: reads the server's state.
    unsafe { pg_sys::RecoveryInProgress() }
}

/// Seconds since a moment as the server counts them.
#[must_use]
pub fn seconds_since(at: i64) -> i64 {
    // SAFETY: plain read of the clock.
    (unsafe { pg_sys::GetCurrentTimestamp() } - at) / 1_000_000
}
