//! Where the values of a section are put, one field for each key. A key whose value is final by
//! itself goes to its place in the options of a layer; those whose meaning hangs on other keys wait
//! here until all are read.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;
use zeroize::Zeroizing;

use crate::events::{EventKind, PathPatterns, QueueFull, TransferLogFormat};
use crate::net::tls::{UserField, Version};
use crate::scan::{ScanFailed, ScannerAddress};
use crate::secret::Secret;
use crate::server::ServerOptions;
use crate::session::TlsPolicy;
use crate::store::cos::{
    AddressingStyle, BucketArch, CosOptions, DownloadDomain, RestoreTerms, RestoreTier, Scheme,
};
use crate::users::{Account, HookCall, MountUsers, Permission};
use crate::vfs::FtpPath;

use super::endpoint::{Acceleration, BackupEndpoint, Endpoint};
use super::overrides::{FilesForm, ObjectsForm};
use super::settings::{LogFormat, RotateUnit};
use super::values::MemoryAmount;

/// The sections that hold for the whole server.
#[derive(Clone, Debug)]
pub(super) struct General {
    pub(super) server: ServerOptions,
    pub(super) buckets: BucketTerms,
    pub(super) files: FilesForm,
    pub(super) tls: TlsForm,
    pub(super) events: EventsForm,
    pub(super) scan: ScanForm,
    pub(super) log: LogForm,
    pub(super) ban: BanForm,
    /// `passive_ports` under its other name.
    pub(super) passive_port: Option<RangeInclusive<u16>>,
    /// The inner `None` is no limit.
    pub(super) sessions_before_login: Option<Option<usize>>,
    pub(super) reserved_connections: Option<usize>,
    pub(super) default_memory: MemoryAmount,
    /// `buffer_memory`, if the file says it.
    pub(super) told_memory: Option<MemoryAmount>,
    pub(super) control_socket: Option<ControlSocket>,
    pub(super) password_checks: usize,
    pub(super) config_check: bool,
    pub(super) mount_rename_limit: u64,
}

impl General {
    /// Nothing is read yet.
    pub(super) fn unset() -> Self {
        Self {
            server: ServerOptions::unset(),
            buckets: BucketTerms {
                options: CosOptions::unset(),
                objects: ObjectsForm::default(),
                restores_archived: false,
                restore: RestoreTerms { days: 0, tier: RestoreTier::Standard },
            },
            files: FilesForm::default(),
            tls: TlsForm {
                policy: TlsPolicy::Off,
                cert_file: None,
                key_file: None,
                min_version: Version::Tls12,
                max_version: Version::Tls12,
                implicit_listen_port: None,
                require_session_reuse: false,
                require_close_notify: false,
                clients: ClientsForm::default(),
            },
            events: EventsForm::default(),
            scan: ScanForm::default(),
            log: LogForm {
                level: LevelFilter::Off,
                directory: PathBuf::new(),
                rotates: false,
                every: RotateUnit::Day,
                backups: 0,
                format: LogFormat::Text,
                transfers: None,
                transfer_format: TransferLogFormat::Xferlog,
                ledger: None,
            },
            ban: BanForm { failures: None, window: Duration::ZERO, time: Duration::ZERO },
            passive_port: None,
            sessions_before_login: None,
            reserved_connections: None,
            default_memory: MemoryAmount::Bytes(0),
            told_memory: None,
            control_socket: None,
            password_checks: 0,
            config_check: false,
            mount_rename_limit: 0,
        }
    }
}

/// What holds for every bucket.
#[derive(Clone, Debug)]
pub(super) struct BucketTerms {
    /// What is final by itself. Which bucket it is of, an account section says.
    pub(super) options: CosOptions,
    pub(super) objects: ObjectsForm,
    pub(super) restores_archived: bool,
    pub(super) restore: RestoreTerms,
}

/// `[TLS]`
#[derive(Clone, Debug)]
pub(super) struct TlsForm {
    pub(super) policy: TlsPolicy,
    pub(super) cert_file: Option<PathBuf>,
    pub(super) key_file: Option<PathBuf>,
    pub(super) min_version: Version,
    pub(super) max_version: Version,
    pub(super) implicit_listen_port: Option<u16>,
    pub(super) require_session_reuse: bool,
    pub(super) require_close_notify: bool,
    pub(super) clients: ClientsForm,
}

/// What `[TLS]` says of certificates of clients.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientsForm {
    pub(super) demand: CertificateDemand,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) crl_file: Option<PathBuf>,
    pub(super) user: UserField,
    pub(super) asks_password: bool,
}

/// `tls_client_cert`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CertificateDemand {
    #[default]
    Off,
    Optional,
    Required,
}

/// `[EVENTS]`
#[derive(Clone, Debug, Default)]
pub(super) struct EventsForm {
    pub(super) on: Vec<EventKind>,
    pub(super) names: PathPatterns,
    pub(super) command: Option<Vec<String>>,
    pub(super) url: Option<String>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) timeout: Duration,
    pub(super) give_up_after: Option<Duration>,
    pub(super) queue_dir: Option<PathBuf>,
    pub(super) queue_max: usize,
    pub(super) queue_full: Option<QueueFull>,
    pub(super) workers: usize,
}

/// `[SCAN]`
#[derive(Clone, Debug, Default)]
pub(super) struct ScanForm {
    pub(super) clamd: Option<ScannerAddress>,
    pub(super) timeout: Duration,
    pub(super) failed: Option<ScanFailed>,
}

/// The log.
#[derive(Clone, Debug)]
pub(super) struct LogForm {
    pub(super) level: LevelFilter,
    pub(super) directory: PathBuf,
    pub(super) rotates: bool,
    pub(super) every: RotateUnit,
    pub(super) backups: usize,
    pub(super) format: LogFormat,
    /// `transfer_log`
    pub(super) transfers: Option<PathBuf>,
    pub(super) transfer_format: TransferLogFormat,
    pub(super) ledger: Option<PathBuf>,
}

/// When an address is shut out; `failures`: `None` for never.
#[derive(Clone, Debug)]
pub(super) struct BanForm {
    pub(super) failures: Option<u32>,
    pub(super) window: Duration,
    pub(super) time: Duration,
}

/// `control_socket`
#[derive(Clone, Debug)]
pub(super) enum ControlSocket {
    At(PathBuf),
    Nowhere,
}

/// Where the files of an account section are.
#[derive(Clone, Debug, Default)]
pub(super) struct PlaceForm {
    pub(super) endpoint: Option<Endpoint>,
    pub(super) prefix: String,
}

/// The bucket of an account section.
#[derive(Clone, Debug, Default)]
pub(super) struct BucketForm {
    pub(super) bucket: Option<String>,
    pub(super) appid: Option<String>,
    pub(super) region: Option<String>,
    pub(super) protocol: Option<Scheme>,
    /// `cos_protocol`, if the file says it.
    pub(super) told_protocol: Option<Scheme>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) addressing: Option<AddressingStyle>,
    pub(super) download_domain: Option<DownloadDomain>,
    pub(super) acceleration: Acceleration,
    pub(super) arch: BucketArch,
    pub(super) backup: Option<BackupEndpoint>,
    pub(super) min_part: Option<u64>,
    pub(super) objects: ObjectsForm,
}

/// A key pair: each part told, or the file that holds it.
#[derive(Debug, Default)]
pub(super) struct PairForm {
    pub(super) id: PartForm,
    pub(super) secret: PartForm,
    pub(super) token: PartForm,
}

/// One part of a key pair.
#[derive(Debug, Default)]
pub(super) struct PartForm {
    pub(super) told: Option<Secret>,
    pub(super) file: Option<PathBuf>,
}

/// The keys of a CAM role.
#[derive(Debug, Default)]
pub(super) struct RoleForm {
    /// The inner `None` is the role that the machine has.
    pub(super) role: Option<Option<String>>,
    pub(super) metadata_endpoint: String,
}

/// Who may log in, and on which terms.
#[derive(Debug)]
pub(super) struct LoginForm {
    pub(super) account: Account<()>,
    pub(super) files: FilesForm,
    pub(super) home: Option<String>,
    pub(super) name: Option<String>,
    /// `users_file`
    pub(super) users_file: Option<PathBuf>,
    /// `auth_command` or `auth_url`
    pub(super) hook: Option<HookCall>,
    pub(super) hook_timeout: Duration,
    pub(super) hook_cache: Duration,
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) permission: Option<Permission>,
    pub(super) tls: Option<TlsPolicy>,
}

impl LoginForm {
    /// Nothing is read yet.
    pub(super) fn unset() -> Self {
        Self {
            account: Account::unset(),
            files: FilesForm::default(),
            home: None,
            name: None,
            users_file: None,
            hook: None,
            hook_timeout: Duration::ZERO,
            hook_cache: Duration::ZERO,
            password: None,
            permission: None,
            tls: None,
        }
    }
}

/// `[MOUNT_<n>]`
#[derive(Debug)]
pub(super) struct MountForm {
    pub(super) path: Option<FtpPath>,
    pub(super) account: Option<String>,
    pub(super) prefix: String,
    pub(super) users: Option<MountUsers>,
    pub(super) permission: Option<Permission>,
    pub(super) delete_enabled: bool,
}

impl MountForm {
    /// Nothing is read yet.
    pub(super) fn unset() -> Self {
        Self {
            path: None,
            account: None,
            prefix: String::new(),
            users: None,
            permission: None,
            // The default is a login's.
            delete_enabled: true,
        }
    }
}

/// `[FTP_ACCOUNT]`
#[derive(Debug, Default)]
pub(super) struct UsersForm {
    pub(super) login_users: Zeroizing<String>,
}
