//! Whose the files are that root makes: those of the owner of the directory around them. So a trial
//! as root leaves nothing behind that keeps a service under another user from its work.

use std::os::fd::AsFd;

use rustix::process::{Gid, Uid, geteuid};

/// Gives what root has just made in `directory` to the owner of that. Whoever is not root keeps
/// what is his, and where it cannot be given away it stays root's.
pub fn inherit_owner(made: impl AsFd, directory: impl AsFd) {
    if !geteuid().is_root() {
        return;
    }
    let Ok(around) = rustix::fs::fstat(directory) else { return };
    if around.st_uid != 0 {
        let (user, group) = (Uid::from_raw(around.st_uid), Gid::from_raw(around.st_gid));
        if let Err(errno) = rustix::fs::fchown(made, Some(user), Some(group)) {
            log::debug!("a new file stays root's: {errno}");
        }
    }
}
