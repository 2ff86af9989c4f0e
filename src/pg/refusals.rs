//! The shared memory in which refusals wait for the worker that writes rows about them: a refusal's own transaction rolls
//! back. There is some only where the postmaster has loaded the library.
use crate::core::guard::ring::{Entry, Ring};
use pgrx::prelude::*;
use pgrx::{PgLwLock, PgSharedMemoryInitialization, pg_shmem_init, pg_sys};
use std::cell::Cell;
use std::sync::atomic::{AtomicPtr, Ordering};

// SAFETY: nobody else's lock has our name.
static LOCK: PgLwLock<()> = unsafe { PgLwLock::new(c"data_governance_refusals") };
static SPACE: Space = Space(AtomicPtr::new(std::ptr::null_mut()));

thread_local! {
    /// Whether the memory was asked for: set in the postmaster, and so in all its children.
    static PRESENT: Cell<bool> = const { Cell::new(false) };
}

/// Where the ring is. Not in the lock, as is usual with pgrx: that moves its content through the stack several times, and
/// half a megabyte is too much for a small one.
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
                pg_sys::ShmemInitStruct(c"data_governance refusals".as_ptr(), size_of::<Ring>(), &mut found)
                    .cast::<Ring>();
            ring.write_bytes(0, 1);
            self.0.store(ring, Ordering::Relaxed);
        }
    }
}

/// Asks for the memory and registers the worker, where the postmaster loads the library.
pub fn install() {
    // SAFETY: plain read of a server global.
    if super::loading::mode() != super::loading::Mode::Preloaded || unsafe { pg_sys::IsBinaryUpgrade } {
        return;
    }
    super::worker::register();
    pg_shmem_init!(LOCK = ());
    pg_shmem_init!(SPACE = ());
    super::receipts::install();
    PRESENT.set(true);
}

/// Whether refusals become rows.
#[must_use]
pub fn are_recorded() -> bool {
    PRESENT.get()
}

/// Looks at the ring, or changes it; None where there is none. `f` must do little and raise nothing: whoever is refused
/// waits meanwhile.
pub fn with<R>(f: impl FnOnce(&mut Ring) -> R) -> Option<R> {
    if !are_recorded() {
        return None;
    }
    let _locked = LOCK.exclusive();
    // SAFETY: set by the postmaster and valid in all its children; the lock is held, so nobody else looks.
    unsafe { SPACE.0.load(Ordering::Relaxed).as_mut() }.map(f)
}

/// Takes a refusal and wakes the worker. Never raises.
pub fn enqueue(mut entry: Entry) {
    // SAFETY: plain reads of the clock and of a backend global.
    unsafe {
        entry.at = pg_sys::GetCurrentTimestamp();
        entry.database = pg_sys::MyDatabaseId.to_u32();
    }
    with(|ring| ring.push(&entry));
    wake();
}

/// Wakes the worker, where there is one. Never raises.
pub fn wake() {
    let waker = with(|ring| ring.waker);
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
