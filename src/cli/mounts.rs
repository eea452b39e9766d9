//! Mounts: opened, and told to people.

use std::fmt::Write as _;
use std::sync::Arc;

use cos_ftp_server::config::{ServerSettings, StoreSettings};
use cos_ftp_server::store::ObjectStore;
use cos_ftp_server::users::{MountUsers, MountedAccount, Permission, UserMounts};

/// Opens what users see of others' files; `stores`: those of the settings.
///
/// # Errors
/// Naming the mount that cannot be opened.
pub(super) fn open(
    settings: &ServerSettings,
    stores: &[Arc<dyn ObjectStore>],
) -> Result<UserMounts, String> {
    let mounts = settings.mounts.iter().cloned().map(|mount| {
        let store = Arc::clone(&stores[mount.store]);
        mount.with_store(store)
    });
    let opened = UserMounts::open(mounts, settings.mount_rename_limit);
    opened.map_err(|error| format!("{} cannot be mounted: {error}", error.path))
}

/// A line for each mount; `files` tells where the part of a store is.
pub(super) fn lines(
    settings: &ServerSettings,
    files: impl Fn(&StoreSettings, &str) -> String,
) -> String {
    let mut text = String::new();
    for mount in &settings.mounts {
        let place = files(&settings.stores[mount.store], &mount.home);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "mount {}: {place}", about(mount));
    }
    text
}

/// Where it is, what may be done there and by whom, in words of any language.
pub(super) fn about<S>(mount: &MountedAccount<S>) -> String {
    let users = match &mount.users {
        MountUsers::Everybody => "*".to_owned(),
        MountUsers::Named(names) => names.join(", "),
    };
    let rights = match mount.permission {
        Permission::Read => "R",
        Permission::Write => "W",
        Permission::ReadWrite => "RW",
    };
    let without = if mount.delete_enabled { "" } else { ", delete_enable = false" };
    format!("{} ({rights}{without}: {users})", mount.path)
}
