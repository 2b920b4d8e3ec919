//! One descriptor for an event loop: readable when a socket is, or when the time is over.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::sys::{self, Birthmark};

/// Sockets and a timer behind one descriptor.
pub(crate) struct Alarm {
    epoll: OwnedFd,
    timer: OwnedFd,
    birthmark: Birthmark,
}

impl Alarm {
    /// Watches these sockets.
    pub fn over(sockets: &[BorrowedFd<'_>]) -> Result<Alarm> {
        let failed = |e: &_| Error::os("open", "a descriptor to wait on", e);
        let timer = sys::packet::timer().map_err(|e| failed(&e))?;
        let epoll = sys::packet::epoll(sockets).map_err(|e| failed(&e))?;
        sys::packet::epoll_add(epoll.as_fd(), timer.as_fd()).map_err(|e| failed(&e))?;
        Ok(Alarm { epoll, timer, birthmark: Birthmark::new() })
    }

    /// The descriptor is readable at this time at the latest, and not before it for the timer's sake; `None`: the timer is off.
    pub fn set(&self, at: Option<Instant>) -> Result<()> {
        let after = at.map(|at| at.saturating_duration_since(Instant::now()));
        sys::packet::set_timer(self.timer.as_fd(), after).map_err(|e| Error::os("set", "a timer", &e))
    }

    /// Waits until the descriptor is readable, for this long at most; `None`: for ever. `false`: the time is over.
    pub fn wait(&self, patience: Option<Duration>) -> Result<bool> {
        let until = patience.and_then(|patience| Instant::now().checked_add(patience));
        loop {
            let milliseconds = match until {
                None => -1,
                // Rounded up, or the last millisecond would be spent in a loop.
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now()).as_nanos().div_ceil(1_000_000);
                    i32::try_from(left).unwrap_or(i32::MAX)
                }
            };
            match sys::packet::wait_readable(self.epoll.as_fd(), milliseconds) {
                Ok(ready) => return Ok(ready),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::os("wait", "for what happens", &e)),
            }
        }
    }

    /// Refuses what came here by a fork: two processes would take each other's frames.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] in a process that was forked since it was opened.
    pub fn is_mine(&self) -> Result<()> {
        match self.birthmark.is_foreign() {
            false => Ok(()),
            true => Err(Error::new(ErrorKind::InvalidInput, "use", "it after a fork", "another process opened it")
                .hint("open it again in this process")),
        }
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
