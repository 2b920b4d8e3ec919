//! Where pointers are touched: text in, structs in and out, walks with a callback.
//!
//! C promises, in the header: a pointer is NULL, or it points to what the parameter's type says for as long as the call lasts. Nothing more is
//! relied on: text is read no further than the longest one that can be right, and a struct no further than the size in it.

use std::ffi::{c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr};

use lvsarp::{IfName, Key, Netns, Prefix, Scope, Vip};

use crate::handle::Failure;

#[cfg(feature = "full")]
mod files;
#[cfg(feature = "full")]
mod frames;
#[cfg(feature = "full")]
pub use files::*;
#[cfg(feature = "full")]
pub use frames::*;

type Result<T> = std::result::Result<T, Failure>;

/// The longest name of an interface, a label or a scope, with its end.
const NAME: usize = 16;
/// The longest address with a prefix length: eight groups of IPv6, a slash and three digits, with its end.
const ADDRESS: usize = 64;
/// The longest path, with its end (`include/uapi/linux/limits.h: PATH_MAX`).
const PATH: usize = 4096;
/// No struct is longer, whatever its size says: the kernel has the same limit (`include/linux/uaccess.h: copy_struct_from_user()`, one page).
const LONGEST_STRUCT: usize = 4096;

unsafe extern "C" {
    /// `<pthread.h>`; the libc crate lacks it on Linux.
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

/// Keeps the calling thread from being cancelled; the result is how it was.
pub fn hold_cancellation_off() -> c_int {
    const PTHREAD_CANCEL_DISABLE: c_int = 1;
    set_cancellation(PTHREAD_CANCEL_DISABLE)
}

/// Lets the calling thread be cancelled again, if it could be before.
pub fn restore_cancellation(before: c_int) {
    set_cancellation(before);
}

fn set_cancellation(state: c_int) -> c_int {
    let mut old = 0;
    // SAFETY: the pointer is to a live int. It can fail for an unknown state only.
    unsafe { pthread_setcancelstate(state, &raw mut old) };
    old
}

/// The bytes of a text before its end, which must come within `limit` bytes.
fn bytes<'a>(what: &str, text: *const c_char, limit: usize) -> Result<&'a [u8]> {
    if text.is_null() {
        return Err(Failure::input(format_args!("NULL as {what}"), "a text is needed"));
    }
    // SAFETY: `text` is not NULL, so it points to a text; strnlen() reads up to its end and never more than `limit` bytes.
    let length = unsafe { libc::strnlen(text, limit) };
    // SAFETY: strnlen() has just read these bytes, and the caller leaves them alone until the call returns.
    let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) };
    if length == limit {
        let shown = String::from_utf8_lossy(&bytes[..length.min(NAME)]);
        return Err(Failure::input(
            format_args!("{what} {shown:?}..."),
            format_args!("it is longer than {} bytes", limit - 1),
        ));
    }
    Ok(bytes)
}

fn text<'a>(what: &str, text: *const c_char, limit: usize) -> Result<&'a str> {
    let bytes = bytes(what, text, limit)?;
    std::str::from_utf8(bytes)
        .map_err(|_| Failure::input(format_args!("{what} {:?}", String::from_utf8_lossy(bytes)), "it is not UTF-8"))
}

/// `all`, `default` or an interface.
pub fn scope(name: *const c_char) -> Result<Scope> {
    Ok(Scope::new(text("interface name", name, NAME)?)?)
}

/// A device.
pub fn device(name: *const c_char) -> Result<IfName> {
    Ok(IfName::new(text("interface name", name, NAME)?)?)
}

/// A label, where one is given.
pub fn label(label: *const c_char) -> Result<Option<String>> {
    if label.is_null() { Ok(None) } else { Ok(Some(text("label", label, NAME)?.to_owned())) }
}

/// A language; what a program has without one is English.
pub fn language<'a>(tag: *const c_char) -> Result<&'a str> {
    if tag.is_null() {
        return Ok("en");
    }
    match text("language", tag, ADDRESS)? {
        "" | "C" | "POSIX" | "C.UTF-8" => Ok("en"),
        tag => Ok(tag),
    }
}

/// A key's name.
pub fn key_name<'a>(name: *const c_char) -> Result<&'a str> {
    text("key", name, ADDRESS)
}

/// A namespace, where one is named.
pub fn netns(name: *const c_char) -> Result<Option<Netns>> {
    if name.is_null() { Ok(None) } else { Ok(Some(Netns::parse(text("network namespace", name, PATH)?)?)) }
}

/// A VIP.
pub fn vip(vip: *const c_char) -> Result<Vip> {
    Ok(Vip::parse(text("address", vip, ADDRESS)?)?)
}

/// An address as ARP has them; `what` is its name in messages.
pub fn ipv4(what: &str, address: *const c_char) -> Result<Ipv4Addr> {
    Ok(lvsarp::ipv4(what, text(what, address, ADDRESS)?)?)
}

/// A prefix.
pub fn prefix(prefix: *const c_char) -> Result<Prefix> {
    Ok(Prefix::parse(text("address", prefix, ADDRESS)?)?)
}

/// Text with a length of its own.
pub fn long_text<'a>(what: &str, start: *const c_char, length: usize) -> Result<&'a str> {
    if start.is_null() {
        return Err(Failure::input(format_args!("NULL as {what}"), "a text is needed"));
    }
    if isize::try_from(length).is_err() {
        return Err(Failure::input(what, format_args!("it cannot have {length} bytes")));
    }
    // SAFETY: `start` is not NULL, so it points to `length` bytes, which the caller leaves alone until the call returns.
    let bytes = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length) };
    std::str::from_utf8(bytes).map_err(|_| Failure::input(what, "it is not UTF-8"))
}

/// An array; NULL with a length of 0 is an empty one.
pub fn array<'a, T>(what: &str, start: *const T, length: usize) -> Result<&'a [T]> {
    if start.is_null() {
        return if length == 0 {
            Ok(&[])
        } else {
            Err(Failure::input(format_args!("NULL as {what}"), format_args!("an array of {length} is needed")))
        };
    }
    if !start.is_aligned() || length.checked_mul(size_of::<T>()).is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Failure::input(what, format_args!("it cannot be an array of {length}")));
    }
    // SAFETY: `start` is neither NULL nor misaligned, so it points to `length` items, which the caller leaves alone until the call returns.
    Ok(unsafe { std::slice::from_raw_parts(start, length) })
}

/// VIPs in an array of texts.
pub fn vips(start: *const *const c_char, length: usize) -> Result<Vec<Vip>> {
    let mut vips = Vec::new();
    for text in array("vips", start, length)? {
        vips.push(vip(*text)?);
    }
    Ok(vips)
}

/// VIPs in an array of texts as addresses; none for NULL.
pub fn addresses(start: *const *const c_char, length: usize) -> Result<Option<Vec<IpAddr>>> {
    if start.is_null() && length == 0 {
        return Ok(None);
    }
    Ok(Some(vips(start, length)?.into_iter().map(|vip| vip.address()).collect()))
}

/// A key by its number.
pub fn key(number: i32) -> Result<Key> {
    Key::all()
        .find(|key| i32::from(key.row().id) == number)
        .ok_or_else(|| Failure::input(format_args!("key {number}"), "it is not a key that ARP decisions read"))
}

/// A number that stands for one of a few things.
pub fn one_of<T: Copy>(what: &str, number: i32, things: &[T]) -> Result<T> {
    let thing = usize::try_from(number).ok().and_then(|at| things.get(at));
    thing.copied().ok_or_else(|| {
        Failure::input(format_args!("{what} {number}"), format_args!("the range is 0 to {}", things.len() - 1))
    })
}

/// Flags of which all are known.
pub fn flags(flags: u32, known: u32) -> Result<u32> {
    if flags & !known == 0 {
        Ok(flags)
    } else {
        Err(Failure::input(format_args!("flags {flags:#x}"), format_args!("only {known:#x} are known here")))
    }
}

/// A text in a field of a struct; none where it is empty.
pub fn field<'a>(what: &str, field: &'a [c_char]) -> Result<Option<&'a str>> {
    match text(what, field.as_ptr(), field.len())? {
        "" => Ok(None),
        text => Ok(Some(text)),
    }
}

/// A struct that begins with its size in bytes and is nothing but numbers and bytes, so that any bits are one.
///
/// # Safety
/// Just that: `repr(C)`, a `usize` first, no padding, and no field for which some bits are invalid.
pub unsafe trait SizedStruct: Copy {
    /// All zero but for the size.
    fn empty() -> Self {
        // SAFETY: the trait promises that any bits are a value, so zeroes are.
        let mut empty: Self = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: the trait promises that the struct begins with a `usize`.
        unsafe { (&raw mut empty).cast::<usize>().write(size_of::<Self>()) };
        empty
    }
}

macro_rules! sized {
    ($module:ident: $($name:ident)*) => { $(
        // SAFETY: see `values.rs` and `wire.rs`: repr(C), `size: usize` first, integers and arrays of bytes, no padding.
        unsafe impl SizedStruct for crate::$module::$name {}
    )* };
}
sized! {
    values: lvsarp_levels lvsarp_apply_options lvsarp_bind_options lvsarp_persist_options lvsarp_boot_options lvsarp_boot_level lvsarp_interface
    lvsarp_address lvsarp_prefix lvsarp_step lvsarp_finding lvsarp_verdict lvsarp_decision lvsarp_note lvsarp_meaning lvsarp_key
}
#[cfg(feature = "full")]
sized! {
    wire: lvsarp_probe_options lvsarp_responder lvsarp_listen_options lvsarp_heard lvsarp_audit_options lvsarp_audit_result lvsarp_watch_options
    lvsarp_event lvsarp_announce_options lvsarp_role_options
}

/// The size that the caller's struct says it has.
fn size_of_callers(what: &str, pointer: *const u8) -> Result<usize> {
    if pointer.is_null() {
        return Err(Failure::input(format_args!("NULL as {what}"), "a struct is needed"));
    }
    // SAFETY: `pointer` is not NULL, so it points to a struct of the caller's, which begins with its size; it need not be aligned.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    if size < size_of::<usize>() {
        return Err(Failure::input(format_args!("{what} of {size} bytes"), "start with its _INIT"));
    }
    if size > LONGEST_STRUCT {
        return Err(Failure::too_big(
            format_args!("{what} of {size} bytes"),
            format_args!("the limit is {LONGEST_STRUCT}"),
        ));
    }
    Ok(size)
}

/// Reads a struct. What a shorter one lacks is 0; what a longer one has beyond what we know must be 0, since we cannot do what it asks for.
pub fn read<T: SizedStruct>(what: &str, pointer: *const T) -> Result<T> {
    let size = size_of_callers(what, pointer.cast())?;
    let known = size.min(size_of::<T>());
    // SAFETY: the caller's struct has `size` bytes.
    let all = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), size) };
    if all[known..].iter().any(|byte| *byte != 0) {
        return Err(Failure::too_big(what, "it asks for something that this version of the library does not know"));
    }
    let mut ours = T::empty();
    // SAFETY: both have at least `known` bytes, ours is on our stack, and any bits are a `T`.
    unsafe { std::ptr::copy_nonoverlapping(all.as_ptr(), (&raw mut ours).cast::<u8>(), known) };
    Ok(ours)
}

/// Reads options; NULL stands for none.
pub fn options<T: SizedStruct>(pointer: *const T) -> Result<T> {
    if pointer.is_null() { Ok(T::empty()) } else { read("options", pointer) }
}

/// What must be 0.
pub fn reserved(reserved: u32) -> Result<()> {
    if reserved == 0 { Ok(()) } else { Err(Failure::input("options", "reserved is not 0")) }
}

/// Whether a struct can be filled, before anything is done.
pub fn can_fill<T: SizedStruct>(what: &str, pointer: *mut T) -> Result<()> {
    size_of_callers(what, pointer.cast()).map(|_| ())
}

/// Fills a struct. A shorter one gets what fits, a longer one zeroes behind what we know; its size stays.
pub fn fill<T: SizedStruct>(what: &str, pointer: *mut T, ours: &T) -> Result<()> {
    // SAFETY: a `SizedStruct` has no padding, and `ours` lives longer than the slice.
    let ours = unsafe { std::slice::from_raw_parts((&raw const *ours).cast::<u8>(), size_of::<T>()) };
    fill_bytes(what, pointer.cast(), ours)
}

/// The same for structs of all types.
fn fill_bytes(what: &str, pointer: *mut u8, ours: &[u8]) -> Result<()> {
    let size = size_of_callers(what, pointer)?;
    let ours = &ours[size_of::<usize>()..ours.len().min(size)];
    let at = pointer.wrapping_add(size_of::<usize>());
    // SAFETY: the caller's struct has `size` bytes, of which these are some, and ours is not the caller's.
    unsafe { std::ptr::copy_nonoverlapping(ours.as_ptr(), at, ours.len()) };
    // SAFETY: as above: the rest of them.
    unsafe { std::ptr::write_bytes(at.wrapping_add(ours.len()), 0, size - size_of::<usize>() - ours.len()) };
    Ok(())
}

/// Writes a result, where somebody wants it.
pub fn put<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: `place` is not NULL, so it points to room for a `T` of the caller's; it need not be aligned.
        unsafe { place.write_unaligned(value) };
    }
}

/// Writes results into an array of the caller's, where there is one.
pub fn put_all(place: *mut i32, values: impl Iterator<Item = i32>) {
    for (at, value) in values.enumerate() {
        if place.is_null() {
            return;
        }
        put(place.wrapping_add(at), value);
    }
}

/// Copies text into a field of a struct or a buffer, cut at the end of a character where it is too long, and ended with a zero.
pub fn copy(text: impl AsRef<[u8]>, field: &mut [c_char]) {
    let mut text = text.as_ref();
    if text.len() >= field.len() {
        let mut end = field.len() - 1;
        while end > 0 && text[end] & 0xc0 == 0x80 {
            end -= 1;
        }
        text = &text[..end];
    }
    for (place, byte) in field.iter_mut().zip(text.iter().chain(&[0])) {
        *place = *byte as c_char;
    }
}

/// Copies text into a buffer of the caller's, where there is one.
pub fn put_text(buffer: *mut c_char, size: usize, text: &str) {
    if buffer.is_null() || size == 0 {
        return;
    }
    // No text of ours is longer, so a size beyond it need not be true.
    let room = size.min(text.len() + 1);
    let mut whole = vec![0; room];
    copy(text, &mut whole);
    // SAFETY: `buffer` is not NULL, so it points to `size` bytes, of which these are the first.
    unsafe { std::ptr::copy_nonoverlapping(whole.as_ptr(), buffer, room) };
}

/// Calls back for each item until one call returns something other than 0, which is the result.
pub fn walk<T: SizedStruct>(
    items: impl IntoIterator<Item = T>,
    callback: Option<extern "C" fn(*const T, *mut c_void) -> c_int>,
    arg: *mut c_void,
) -> Result<c_int> {
    let Some(callback) = callback else {
        return Err(Failure::input("NULL as a callback", "a function is needed"));
    };
    for item in items {
        let stop = callback(&raw const item, arg);
        if stop != 0 {
            return Ok(stop);
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{lvsarp_apply_options, lvsarp_levels};

    #[test]
    fn text_is_cut_between_characters() {
        let mut field = [1; 4];
        copy("a\u{7f51}b", &mut field);
        assert_eq!(field.map(|c| c as u8), *b"a\0\x01\x01");
        copy("abcd", &mut field);
        assert_eq!(field.map(|c| c as u8), *b"abc\0");
        copy("", &mut field);
        assert_eq!(field[0], 0);
    }

    #[test]
    fn a_longer_struct_may_only_have_zeroes_that_we_do_not_know() {
        let mut longer = [lvsarp_apply_options::empty(); 2];
        longer[0].size = 2 * size_of::<lvsarp_apply_options>();
        longer[1].size = 0;
        assert!(read("options", longer.as_ptr()).is_ok());
        longer[1].label[15] = 1;
        assert_eq!(read("options", longer.as_ptr()).err().map(|e| e.code()), Some(-libc::E2BIG));
    }

    #[test]
    fn a_struct_is_filled_as_far_as_it_goes() {
        let mut ours = lvsarp_levels::empty();
        ours.arp_announce.effective = 7;
        let mut callers = [lvsarp_levels::empty(); 2];
        callers[0].size = std::mem::offset_of!(lvsarp_levels, arp_announce);
        callers[0].arp_announce.effective = 99;
        fill("levels", callers.as_mut_ptr(), &ours).unwrap_or_else(|_| panic!("refused"));
        assert_eq!(callers[0].arp_announce.effective, 99, "behind the end of a short struct");
        callers[0].size = 2 * size_of::<lvsarp_levels>();
        fill("levels", callers.as_mut_ptr(), &ours).unwrap_or_else(|_| panic!("refused"));
        assert_eq!((callers[0].arp_announce.effective, callers[1].size), (7, 0));
    }
}
