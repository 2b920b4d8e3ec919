//! The door of every handle: a NULL, a closed handle and one that is in a call already do not get in, and no panic gets out.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

use lvsarp::ErrorKind;

use crate::edge;
use crate::handle::{Failure, Result};

const FREE: u32 = 0;
const IN_CALL: u32 = 1;
/// In a call that closes the handle when it ends.
const CLOSING: u32 = 2;

/// A struct that C knows by its name alone; behind a pointer to one is a [`Door`] with its body.
pub trait Handle: Sized {
    /// What an open one begins with; neither a closed one does nor one of another kind.
    const OPEN: u64;
    type Body: Behind;
}

/// What is behind a door.
pub trait Behind {
    /// Forgets what the last call left to say.
    fn forget(&mut self);
    /// Keeps why a call failed, and says what it returns.
    fn failed(&mut self, failure: Failure) -> c_int;
}

/// What every handle begins with, and what is behind it. The mark comes first in all of them: of a handle of another kind nothing else is read.
#[repr(C)]
struct Door<B> {
    open: u64,
    call: AtomicU32,
    body: UnsafeCell<B>,
}

/// Runs something so that no panic gets out of the library, and the thread is not cancelled inside of it: `pthread_cancel()` unwinds the stack,
/// which Rust does not survive.
pub fn contained(body: &mut dyn FnMut() -> Result<c_int>) -> Result<c_int> {
    let cancelable = edge::hold_cancellation_off();
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        let message = "an internal error of lvsarp: please report it with what it printed";
        Err(Failure::new(ErrorKind::System(libc::ENOTRECOVERABLE), message))
    });
    edge::restore_cancellation(cancelable);
    result
}

/// A new handle, which belongs to C from now on.
pub fn give<H: Handle>(body: H::Body) -> *mut H {
    Box::into_raw(Box::new(Door { open: H::OPEN, call: AtomicU32::new(FREE), body: UnsafeCell::new(body) })).cast()
}

/// Where a handle keeps its mark.
fn mark<H: Handle>(h: *const H) -> *const u64 {
    h.wrapping_byte_add(std::mem::offset_of!(Door<H::Body>, open)).cast()
}

/// A handle that is open, as far as that can be seen: the memory of a closed one may be in use for something else.
fn open_handle<'a, H: Handle>(h: *const H) -> Option<&'a Door<H::Body>> {
    let door: *const Door<H::Body> = h.cast();
    if door.is_null() || !door.is_aligned() {
        return None;
    }
    // SAFETY: C promises a handle. Should it be a closed one all the same, this reads what free() left; volatile, so that it is really read.
    let open = unsafe { mark(h).read_volatile() };
    // SAFETY: an open handle lives until it is closed, which no other thread does during a call.
    (open == H::OPEN).then(|| unsafe { &*door })
}

/// Gives an open handle that no call is in back to Rust and drops it.
fn drop_handle<H: Handle>(h: *const H) {
    // SAFETY: the handle came from Box::into_raw() and nobody is in it. Volatile, so that the mark is really gone.
    unsafe { mark(h).cast_mut().write_volatile(0) };
    // SAFETY: as above, and it is dropped only once, since the mark is gone.
    drop(unsafe { Box::from_raw(h.cast_mut().cast::<Door<H::Body>>()) });
}

/// Goes in for a call: it forgets the last one's message, and where it fails it leaves its own.
pub fn enter<H: Handle>(h: *const H, body: &mut dyn FnMut(&mut H::Body) -> Result<c_int>) -> c_int {
    look(h, &mut |inside| {
        inside.forget();
        body(inside)
    })
}

/// Goes in only to look at what the last call left: its message stays.
pub fn look<H: Handle>(h: *const H, body: &mut dyn FnMut(&mut H::Body) -> Result<c_int>) -> c_int {
    if h.is_null() {
        return -libc::EINVAL;
    }
    let Some(handle) = open_handle(h) else {
        return -libc::EBADF;
    };
    if handle.call.compare_exchange(FREE, IN_CALL, Ordering::Acquire, Ordering::Relaxed).is_err() {
        return -libc::EBUSY;
    }
    // SAFETY: the exchange lets one call in at a time, and nothing else touches the body.
    let inside = unsafe { &mut *handle.body.get() };
    let code = contained(&mut || body(inside)).unwrap_or_else(|failure| inside.failed(failure));
    if handle.call.compare_exchange(IN_CALL, FREE, Ordering::Release, Ordering::Relaxed).is_err() {
        // Closing descriptors is no place to be cancelled in, either.
        let _ = contained(&mut || {
            drop_handle(h);
            Ok(0)
        });
    }
    code
}

/// Whether a callback of the call that is in this open handle has closed it.
pub fn is_closing<H: Handle>(h: *const H) -> bool {
    // Only the mark is looked at, which stays until the call ends: the body is the call's alone.
    open_handle(h).is_some_and(|handle| handle.call.load(Ordering::Acquire) == CLOSING)
}

/// Closes a handle: at once, or, from a callback, when the call that it is in ends.
pub fn close<H: Handle>(h: *mut H) {
    let _ = contained(&mut || {
        if let Some(handle) = open_handle(h)
            && handle.call.swap(CLOSING, Ordering::Acquire) == FREE
        {
            drop_handle(h);
        }
        Ok(0)
    });
}

/// A text of a handle, or what stands for it where there is no open one and where a call is in it.
pub fn text_of<H: Handle>(
    h: *const H,
    which: fn(&H::Body) -> &[c_char],
    closed: &'static CStr,
    in_call: &'static CStr,
) -> *const c_char {
    let Some(handle) = open_handle(h) else {
        return closed.as_ptr();
    };
    if handle.call.load(Ordering::Acquire) != FREE {
        return in_call.as_ptr();
    }
    // SAFETY: no call is in the handle.
    which(unsafe { &*handle.body.get() }).as_ptr()
}
