//! What survives a reboot: the files that lvsarp writes, recognises and removes.
//!
//! Every file of ours says who wrote it and carries a [`seal`], so that what a person has edited since is never overwritten silently.

mod acts;
pub(crate) mod attributes;
pub(crate) mod classic;
pub(crate) mod file;
pub(crate) mod files;
pub(crate) mod levels_file;
pub(crate) mod link;
mod linked;
pub(crate) mod managers;
mod native;
mod obstacle;
pub(crate) mod place;
pub(crate) mod removal;
pub(crate) mod seal;
pub(crate) mod state_file;
pub(crate) mod steps;
#[cfg(test)]
mod testing;
pub(crate) mod unit;
mod wanted;

pub(crate) use acts::foretell;
pub use files::PersistOptions;
pub(crate) use files::load;
