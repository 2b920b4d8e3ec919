//! Threads of our own, and the namespaces that a thread enters or leaves.

use std::ffi::CStr;
use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::retry;

/// Moves the calling thread into a network namespace.
pub(crate) fn enter_netns(fd: BorrowedFd<'_>) -> io::Result<()> {
    retry(|| {
        // SAFETY: setns() takes no pointers.
        let rc = unsafe { libc::setns(fd.as_raw_fd(), libc::CLONE_NEWNET) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// Moves the calling thread into a new network namespace and a new mount namespace.
pub(crate) fn leave_namespaces() -> io::Result<()> {
    retry(|| {
        // SAFETY: unshare() takes no pointers.
        let rc = unsafe { libc::unshare(libc::CLONE_NEWNET | libc::CLONE_NEWNS) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// Mounts a directory that is mounted already at another place, or changes the flags of a mount.
pub(crate) fn mount(from: Option<&CStr>, to: &CStr, flags: libc::c_ulong) -> io::Result<()> {
    let from = from.map_or(std::ptr::null(), CStr::as_ptr);
    retry(|| {
        // SAFETY: both paths are NUL-terminated and outlive the call, or null; for these flags neither a type nor data is read.
        let rc = unsafe { libc::mount(from, to.as_ptr(), std::ptr::null(), flags, std::ptr::null()) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// Lets a program start with no signal blocked, and die with the thread that starts it.
pub(crate) fn tie_to_this_thread(command: &mut Command) {
    let prepare = || {
        // SAFETY: sigset_t is plain data for which all zeros is a value.
        let mut none: libc::sigset_t = unsafe { zeroed() };
        // SAFETY: the pointer is to a live set.
        unsafe { libc::sigemptyset(&mut none) };
        // SAFETY: the first pointer is to a live set, and the old one is not asked for.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut()) };
        // SAFETY: this command of prctl() takes no pointers.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        Ok(())
    };
    // SAFETY: between fork() and exec() it makes system calls only, and allocates nothing.
    unsafe { command.pre_exec(prepare) };
}

/// Runs something in a thread of its own, with every signal blocked, and waits for its end. A panic goes on in the calling thread.
///
/// Not `std::thread`: for a scoped thread it allocates a handle of the calling thread, which in the main thread of a C program nobody gives back
/// (48 bytes that valgrind calls possibly lost).
pub(crate) fn in_a_thread(body: &mut (dyn FnMut() + Send)) -> io::Result<()> {
    struct Work<'a> {
        body: &'a mut (dyn FnMut() + Send),
        panic: Option<Box<dyn std::any::Any + Send>>,
    }
    extern "C" fn start(work: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: this is the `Work` on the stack of the caller, who does nothing with it until it has joined this thread.
        let work = unsafe { &mut *work.cast::<Work<'_>>() };
        work.panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (work.body)())).err();
        std::ptr::null_mut()
    }
    let mut work = Work { body, panic: None };
    let mut thread: libc::pthread_t = 0;
    // The program's signal handlers must not run in a thread that it does not know.
    let failed = with_signals_blocked(|| {
        // SAFETY: `thread` and `work` are live, and stay so until the thread is joined below.
        unsafe { libc::pthread_create(&mut thread, std::ptr::null(), start, (&raw mut work).cast()) }
    });
    if failed != 0 {
        return Err(io::Error::from_raw_os_error(failed));
    }
    // SAFETY: the thread was started and is joined once.
    unsafe { libc::pthread_join(thread, std::ptr::null_mut()) };
    match work.panic {
        None => Ok(()),
        Some(panic) => std::panic::resume_unwind(panic),
    }
}

/// Runs something with every signal blocked in the calling thread: threads that it starts keep them blocked, so that no handler runs there.
fn with_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: sigset_t is plain data for which all zeros is a value.
    let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = unsafe { zeroed() };
    // SAFETY: the pointer is to a live set.
    unsafe { libc::sigfillset(&mut all) };
    // SAFETY: both pointers are to live sets. The call can only fail for an unknown first argument.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before) };
    let result = body();
    // SAFETY: as above; the set is the one that the thread had.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut()) };
    result
}
