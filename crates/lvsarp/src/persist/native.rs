//! Files in a network manager's own words that make it bind the VIPs: each whole and of our own, with a [`seal`].

use std::path::Path;

use super::managers;
use super::seal::{self, Whose};
use crate::plan::Desired;
use crate::vip::Prefix;

/// How a native file begins.
pub(crate) const BEGINNING: &str = "# Written by lvsarp: ";

/// The files that the managers of this root want: path and text of each.
pub(crate) fn wanted(root: &Path, desired: &Desired) -> Vec<(String, Vec<u8>)> {
    let vips: Vec<Prefix> = desired.vips.iter().map(|vip| Prefix::host(vip.address())).collect();
    let offered = managers::offered(root, desired.dev, &vips);
    offered.into_iter().map(|file| (file.path, sealed(&file.content))).collect()
}

fn sealed(content: &[u8]) -> Vec<u8> {
    let head = [BEGINNING, "`lvsarp unpersist` removes this file. Do not edit it.\n", seal::LINE].concat();
    seal::seal([head.as_bytes(), content].concat())
}

/// Whose a native file is.
pub(crate) fn whose(text: &[u8]) -> Whose {
    seal::whose(text, BEGINNING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persist::files::{PersistOptions, write_all};
    use crate::persist::removal::remove_all;
    use crate::persist::testing::{Root, codes, desired, levels, options, paths};
    use crate::vip::Vip;

    const DROPIN: &str = "/etc/systemd/network/50-lo.network.d/lvsarp.conf";

    /// A machine whose systemd-networkd deletes from lo what it does not know.
    fn managed() -> (Root, PersistOptions) {
        let root = Root::of_machine(true);
        root.write("/usr/lib/systemd/libsystemd-shared-257.so", "");
        root.write("/usr/lib/systemd/system/systemd-networkd.service", "[Service]\n");
        root.write("/etc/systemd/system/multi-user.target.wants/systemd-networkd.service", "[Service]\n");
        root.write("/etc/systemd/network/50-lo.network", "[Match]\nName=lo\n");
        let options = PersistOptions { native: true, ..options(&root) };
        (root, options)
    }

    #[test]
    fn a_drop_in_follows_the_vips_and_goes_with_the_wish() {
        let (root, options) = managed();
        write_all(&options, &desired(), &levels()).unwrap();
        assert_eq!(whose(root.read(DROPIN).as_bytes()), Whose::Ours);
        assert!(root.read(DROPIN).contains("Address=192.0.2.10/32"));
        assert_eq!(paths(&write_all(&options, &desired(), &levels()).unwrap()), [""; 0]);

        let both = Desired::new(["192.0.2.10", "192.0.2.20"].map(|vip| Vip::parse(vip).unwrap()));
        write_all(&options, &both, &levels()).unwrap();
        assert_eq!(root.read(DROPIN).matches("[Address]").count(), 2);

        // The manager's own file is as it was, and the drop-in is what keeps the VIPs.
        assert_eq!(root.read("/etc/systemd/network/50-lo.network"), "[Match]\nName=lo\n");
        let vips: Vec<Prefix> = both.vips.iter().map(|vip| vip.prefix()).collect();
        let seen = managers::look(root.path(), both.dev, &vips);
        assert!(seen.findings.iter().all(|finding| finding.code != "manager-deletes-vip"), "{:?}", seen.findings);

        remove_all(&options).unwrap();
        assert!(!root.join(DROPIN).parent().unwrap().exists());
    }

    #[test]
    fn without_the_wish_for_it_the_drop_in_goes() {
        let (root, options) = managed();
        write_all(&options, &desired(), &levels()).unwrap();
        write_all(&PersistOptions { native: false, ..options }, &desired(), &levels()).unwrap();
        assert!(!root.join(DROPIN).exists());
    }

    #[test]
    fn an_edited_drop_in_is_refused_and_left() {
        let (root, options) = managed();
        write_all(&options, &desired(), &levels()).unwrap();
        let edited = root.read(DROPIN) + "Label=lo:0\n";
        root.write(DROPIN, &edited);
        let both = Desired::new(["192.0.2.20"].map(|vip| Vip::parse(vip).unwrap()));
        assert!(write_all(&options, &both, &levels()).unwrap_err().to_string().contains("edited"));
        assert_eq!(codes(&remove_all(&options).unwrap()), ["persisted-file-edited"]);
        assert_eq!(root.read(DROPIN), edited);
        let overwriting = PersistOptions { overwrite: true, ..options.clone() };
        write_all(&overwriting, &both, &levels()).unwrap();
        assert!(root.read(DROPIN).contains("192.0.2.20"));
        // One that was left is known to a later removal.
        root.write(DROPIN, &edited);
        remove_all(&options).unwrap();
        assert!(root.join(DROPIN).exists());
        remove_all(&overwriting).unwrap();
        assert!(!root.join(DROPIN).exists());
    }
}
