//! Whether the neighbour table is full: then the kernel can remember no new sender, and answers none (`net/core/neighbour.c: neigh_alloc()`).

use std::fs::File;

use crate::check::{About, Finding, Severity};
use crate::conf::procfs::read_value;
use crate::netns::contents;
use crate::wording::text;

/// A finding where the table is nearly full, or was full since the machine booted. The table is one for all namespaces, and only the initial one shows
/// it.
pub(crate) fn table() -> Option<Finding> {
    let statistics = contents(File::open("/proc/thread-self/net/stat/arp_cache").ok()?).ok()?;
    let limit = read_value(&File::open("/proc/sys/net/ipv4/neigh/default/gc_thresh3").ok()?).ok()?;
    let (entries, fulls) = count(&statistics)?;
    let is_short = entries * 10 >= u64::try_from(limit).ok()? * 9;
    if !is_short && fulls == 0 {
        return None;
    }
    let severity = if is_short { Severity::Warning } else { Severity::Info };
    let what = text(|f| match is_short {
        true => write!(f, "has {entries} of {limit} entries"),
        false => write!(f, "was full {fulls} times since the machine booted"),
    });
    Some(Finding::new(
        "neighbour-table-full",
        severity,
        About::HOST,
        format_args!(
            "the neighbour table {what}: while it is full, requests of new senders get no answer, for any address"
        ),
        format_args!("raise net.ipv4.neigh.default.gc_thresh3"),
    ))
}

/// The entries, and how often the table was full: the sum over the processors, in hexadecimal, under the names of the columns.
fn count(statistics: &[u8]) -> Option<(u64, u64)> {
    let mut lines = statistics.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let column = cells(lines.next()?).position(|name| name == b"table_fulls")?;
    let (mut entries, mut fulls) = (0, 0);
    for line in lines {
        entries = hexadecimal(cells(line).next()?);
        fulls += hexadecimal(cells(line).nth(column)?);
    }
    Some((entries, fulls))
}

fn cells(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b' ').filter(|cell| !cell.is_empty())
}

fn hexadecimal(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number << 4 | u64::from(char::from(*digit).to_digit(16).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_the_sum_over_the_processors() {
        let statistics =
            "entries  allocs   lookups  table_fulls\n000003fe 00000001 00000002 0000000a\n000003fe 0 0 00000006\n";
        assert_eq!(count(statistics.as_bytes()), Some((1022, 16)));
        assert_eq!(count(b"entries allocs\n1 2\n"), None);
    }
}
