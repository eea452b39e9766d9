//! What a configuration file says, validated: the options of each layer, and what `cli` makes
//! stores and accounts of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use log::LevelFilter;

use super::changes::ConfigMarks;
use crate::events::{EventOptions, TransferLogFormat};
use crate::net::tls::TlsOptions;
use crate::server::ServerOptions;
use crate::store::cos::CosOptions;
use crate::store::local::LocalOptions;
use crate::users::{Account, HookUsers, MountedAccount, Permission};

/// Users of one store that are named one by one.
const NAMED_USERS: usize = 10;

/// How many are named where there are more.
const NAMED_OF_MANY: usize = 3;

/// A whole configuration.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The file it came from.
    pub file: PathBuf,
    /// Server, sessions and transfers.
    pub server: ServerOptions,
    /// `[TLS]`; `None` when `tls = off`.
    pub tls: Option<TlsOptions>,
    /// `[EVENTS]`; `None` where nobody is told.
    pub events: Option<EventOptions>,
    /// The log.
    pub log: LogOptions,
    /// `transfer_log`; `None` where there is none.
    pub transfer_log: Option<TransferLogOptions>,
    /// `ledger`: the file; `None` where there is none.
    pub ledger: Option<PathBuf>,
    /// The stores that accounts use.
    pub stores: Vec<StoreSettings>,
    /// The accounts, and which of `stores` is whose; no two have the same name.
    pub accounts: Vec<Account<usize>>,
    /// What users see of others' files, and which of `stores` holds it.
    pub mounts: Vec<MountedAccount<usize>>,
    /// `mount_rename_limit`: bytes of the largest file that is moved between mounts; 0 for none.
    pub mount_rename_limit: u64,
    /// Where each login stands: its section in brackets, or file and line.
    pub login_places: BTreeMap<String, String>,
    /// `users_file` of each section that has one.
    pub users_files: Vec<PathBuf>,
    /// Who is asked about users that are none of `accounts`.
    pub hook: Option<HookUsers<usize>>,
    /// `password_checks`: hashed passwords that are verified at once, at most.
    pub password_checks: usize,
    /// `config_check_enable`: whether [`super::check_machine`] looks at the machine at all.
    pub config_check: bool,
    /// `control_socket`: where the running server is asked for its status; `None` when it is off.
    pub control_socket: Option<PathBuf>,
    /// The values, as they stand in the file, of the keys that take effect at the start only.
    pub at_start: Vec<(&'static str, Option<String>)>,
    /// What tells these settings from those of another reading.
    pub marks: ConfigMarks,
}

impl ServerSettings {
    /// What is said of those whose files are in the store of this number.
    pub fn terms_of(&self, store: usize) -> impl Iterator<Item = &Account<usize>> {
        let asked_for = self.hook.iter().map(|hook| &hook.common);
        self.accounts.iter().chain(asked_for).filter(move |account| account.store == store)
    }

    /// What is mounted of the store of this number.
    pub fn mounts_of(&self, store: usize) -> impl Iterator<Item = &MountedAccount<usize>> {
        self.mounts.iter().filter(move |mount| mount.store == store)
    }

    /// What somebody may do in the store of this number, and whether that is to delete, too.
    pub fn permissions_of(&self, store: usize) -> impl Iterator<Item = (Permission, bool)> {
        let own = self.terms_of(store).map(|user| (user.permission, user.delete_enabled));
        own.chain(self.mounts_of(store).map(|mount| (mount.permission, mount.delete_enabled)))
    }

    /// Whether somebody may write to the store of this number.
    pub fn is_written(&self, store: usize) -> bool {
        self.permissions_of(store).any(|(permission, _)| permission.writes())
    }

    /// The names of those whose files are in the store of this number; of many the first few.
    pub fn users_of(&self, store: usize) -> String {
        if let Some(hook) = self.hook.iter().find(|hook| hook.common.store == store) {
            return format!("users of {}", hook.options.call.key());
        }
        let users = || self.terms_of(store);
        let names = |most| users().take(most).map(|user| user.name.as_str()).collect::<Vec<_>>();
        match users().count() {
            ..=NAMED_USERS => names(NAMED_USERS).join(", "),
            all => {
                let first = names(NAMED_OF_MANY);
                format!("{} and {} others", first.join(", "), all - first.len())
            }
        }
    }

    /// What of these settings a server that was started with the values `running` will only do
    /// after a restart, one text for each key.
    pub fn needs_restart(&self, running: &[(&'static str, Option<String>)]) -> Vec<String> {
        let pairs = self.at_start.iter().zip(running);
        let changed = pairs.filter(|(new, old)| new != old);
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
        changed
            .map(|((key, new), (_, old))| format!("{key} = {} (now {})", shown(new), shown(old)))
            .collect()
    }
}

/// One store.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are few, and they live during the start")]
pub enum StoreSettings {
    /// A bucket.
    Cos(CosOptions),
    /// A directory: `cos_endpoint = file:///…`.
    Local(LocalOptions),
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// `log_level`.
    pub level: LevelFilter,
    /// `log_dir`: the directory of `cos_v5.log`; relative to the working directory.
    pub directory: PathBuf,
    /// `log_rotate_enabled`, `log_rotate_when`, `log_backup_count`; `None` when not enabled.
    pub rotation: Option<Rotation>,
    /// `log_format`
    pub format: LogFormat,
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: an object each.
    Json,
}

/// The log of transfers alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferLogOptions {
    /// `transfer_log`
    pub path: PathBuf,
    /// `transfer_log_format`
    pub format: TransferLogFormat,
}

/// When the log file is put aside, and how many old ones are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// A new file each …
    pub every: RotateUnit,
    /// Old files kept; 0 keeps all.
    pub backups: usize,
}

/// The interval of [`Rotation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotateUnit {
    /// `S`
    Second,
    /// `M`
    Minute,
    /// `H`
    Hour,
    /// `D`
    Day,
}
