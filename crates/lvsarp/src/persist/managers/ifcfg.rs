//! Red Hat's network-scripts: an `ifcfg-lo:0` that nobody reads any more, or that still binds a VIP.

use super::tree::shown;
use super::{BINDS, IGNORES, Listed, Look};
use crate::check::Severity;

const DIRECTORY: &str = "/etc/sysconfig/network-scripts";

/// The script of the service `network`, which binds the addresses of these files.
const SERVICE: [&str; 2] = ["/etc/rc.d/init.d/network", "/etc/init.d/network"];

pub(crate) fn look(look: &mut Look<'_>) {
    // NetworkManager ignores these files for lo alone (`nms-ifcfg-rh-reader.c`: "Ignoring loopback device config.").
    if !look.is_lo() {
        return;
    }
    let bound = SERVICE.iter().any(|path| look.tree.has(path.as_bytes()));
    for file in look.files(&[DIRECTORY], b"", b"") {
        let is_backup =
            [&b"~"[..], b".bak", b".orig", b".rpmnew", b".rpmsave"].iter().any(|end| file.name.ends_with(end));
        if !(file.name == b"ifcfg-lo" || file.name.starts_with(b"ifcfg-lo:")) || is_backup {
            continue;
        }
        let Some(text) = look.text(&file.path) else { continue };
        let text = String::from_utf8_lossy(&text);
        let listed = || text.lines().filter_map(address);
        for vip in look.vips.iter().map(|vip| vip.address()) {
            if !listed().any(|there| there.address == vip) {
                continue;
            }
            let (path, dev) = (shown(&file.path), look.dev);
            if bound {
                let message =
                    format_args!("the service network binds {vip} on {dev} by {path}, without looking at the levels");
                look.add(
                    BINDS,
                    Severity::Warning,
                    vip,
                    message,
                    format_args!("remove the file: lvsarp restore binds it"),
                );
            } else {
                let message = format_args!(
                    "{path} lists {vip}, but NetworkManager ignores such a file and there is no service network: nobody binds it"
                );
                look.add(
                    IGNORES,
                    Severity::Warning,
                    vip,
                    message,
                    format_args!("remove the file: lvsarp restore binds it"),
                );
            }
        }
    }
}

/// `IPADDR=192.0.2.10`, also numbered and in quotes.
fn address(line: &str) -> Option<Listed> {
    let (key, value) = line.trim_ascii().split_once('=')?;
    let number = key.strip_prefix("IPADDR").or_else(|| key.strip_prefix("IPV6ADDR"))?;
    let plain = number.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| Listed::parse(value.trim_matches(['"', '\''])))?
}
