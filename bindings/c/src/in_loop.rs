//! Handles for an event loop: one descriptor that is readable when there is something to do, and the message of the last call.

use std::ffi::{c_char, c_int, c_void};
use std::os::fd::{AsFd, AsRawFd};

use crate::door::{self, Behind, Handle, enter, text_of};
use crate::edge;
use crate::handle::{Body, Failure, Result, lvsarp_host};

/// What is behind such a handle.
pub struct InLoop<T> {
    message: [c_char; 1024],
    pub it: T,
}

impl<T> Behind for InLoop<T> {
    fn forget(&mut self) {
        self.message[0] = 0;
    }

    fn failed(&mut self, failure: Failure) -> c_int {
        edge::copy(failure.whole(), &mut self.message);
        failure.code()
    }
}

/// Makes a handle out of what a host opens; why that failed stays in the host's handle.
pub fn open<H: Handle<Body = InLoop<T>>, T>(
    h: *mut lvsarp_host,
    out: *mut *mut H,
    make: &mut dyn FnMut(&Body) -> Result<T>,
) -> c_int {
    let mut made = std::ptr::null_mut();
    let code = enter(h, &mut |body| {
        if out.is_null() {
            return Err(Failure::input("NULL as out", "there is no place for the handle"));
        }
        made = door::give(InLoop { message: [0; 1024], it: make(body)? });
        Ok(0)
    });
    edge::put(out, made);
    code
}

/// The descriptor to wait on.
pub fn descriptor<H: Handle<Body = InLoop<T>>, T: AsFd>(handle: *const H) -> c_int {
    door::look(handle, &mut |body| Ok(body.it.as_fd().as_raw_fd()))
}

/// Hands out what happened, one by one, and keeps the first value other than 0 that came back. Whoever has closed the handle is not called again: what
/// `arg` points to may be gone.
pub struct Teller<H, T> {
    pub handle: *const H,
    pub cb: extern "C" fn(*const T, *mut c_void) -> c_int,
    pub arg: *mut c_void,
    pub said: c_int,
}

impl<H: Handle, T> Teller<H, T> {
    pub fn tell(&mut self, what: T) {
        if door::is_closing(self.handle) {
            return;
        }
        let value = (self.cb)(&raw const what, self.arg);
        if self.said == 0 {
            self.said = value;
        }
    }

    /// What the call returns: what came back, or else how many there were.
    pub fn answer(&self, count: usize) -> c_int {
        if self.said != 0 { self.said } else { c_int::try_from(count).unwrap_or(c_int::MAX) }
    }
}

/// Why the last call failed.
pub fn message<H: Handle<Body = InLoop<T>>, T>(handle: *const H) -> *const c_char {
    text_of(handle, |body| &body.message, c"not an open handle", c"the handle is in a call")
}
