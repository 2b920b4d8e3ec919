//! The levels that a file has to hold, so that the wish is silent after a boot.

use std::path::Path;

use super::levels_file::{self, Level};
use crate::boot::predict::{LEVELS, Prediction};
use crate::boot::{Files, Loader, has_udev_rule};
use crate::change::Change;
use crate::error::Result;
use crate::interface::IfName;
use crate::plan::Desired;
use crate::snapshot::{ProcSys, Snapshot};

/// The levels that have to stand in a file: those that make a host silent on which every level is 0, and those of single interfaces that other files
/// set otherwise.
pub(crate) fn levels(now: &Snapshot, desired: &Desired, root: &Path) -> Result<Vec<Level>> {
    let names: Vec<IfName> = now.interfaces.iter().map(|i| i.name).filter(|name| name.as_bytes() != b"lo").collect();
    let mut levels: Vec<Level> = Vec::new();
    let files = Files::read(root)?.with_file(levels_file::PATH.as_bytes(), None);
    let loader = Loader::expected(root);
    let udev = has_udev_rule(root);
    let prediction = Prediction::of(&files, &loader, udev, now.kernel_version(), &names);
    let mut fresh = now.clone();
    fresh.proc_sys = ProcSys::ReadWrite;
    for key in LEVELS {
        fresh.all.set(key, Some(0));
        for conf in fresh.interfaces.iter_mut().filter_map(|i| i.conf.as_mut()) {
            conf.set(key, Some(0));
        }
    }
    for state in [None, Some(&prediction.early), Some(&prediction.late)] {
        let mut then = fresh.clone();
        for of in state.into_iter().flatten() {
            for (key, value) in LEVELS.into_iter().zip(of.values) {
                if let Ok(Some(conf)) = then.conf_mut(&of.scope) {
                    conf.set(key, Some(value));
                }
            }
        }
        for (scope, key, value) in &levels {
            then = then.with(scope, *key, *value)?;
        }
        for step in then.plan_beside(desired, &[])?.steps {
            if let Change::Level { scope, key, new, .. } = step.change {
                levels.push((scope, key, new));
            }
        }
    }
    Ok(levels)
}
