//! `[NETWORK]`, `[FILE_OPTION]`, `[OPTIONAL]` and `[OPERATIONS]`: what holds for the whole server.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::LevelFilter;

use crate::limits;
use crate::net::{Balancers, DataHeader, Masquerade};
use crate::server::ServerOptions;
use crate::session::SessionOptions;
use crate::store::cos::{Timeouts, VerifyUploads};
use crate::transfer::{RateLimits, TransferOptions};

use super::bucket::ForAllBuckets;
use super::credentials::EnvironmentKeys;
use super::keys::SectionKind;
use super::machine::MachineFacts;
use super::parts;
use super::report::Report;
use super::section::Section;
use super::security;
use super::settings::{LogOptions, RotateUnit, Rotation, StoreSettings};
use super::tls::{self, Tls};
use super::values::{self, Memory};

/// Workers of one transfer, at most: the replaced tool allowed eight per processor.
const THREADS: RangeInclusive<usize> = 1..=256;

/// Values of `max_connection_num` beside 0. A transfer takes two.
const CONNECTIONS: RangeInclusive<usize> = 2..=1_000_000;

/// Log files kept.
const BACKUPS: RangeInclusive<usize> = 0..=10_000;

/// The sections that stand in the file once at most.
#[derive(Debug)]
pub(super) struct General {
    network: Section,
    file: Section,
    security: Section,
    optional: Section,
    operations: Section,
    tls: Section,
}

impl General {
    /// Takes the general ones out of `sections`. For one that is not there the defaults hold.
    pub(super) fn take(sections: &mut Vec<Section>) -> Self {
        let mut take = |kind| match sections.iter().position(|section| section.kind == kind) {
            Some(at) => sections.remove(at),
            None => Section::absent(kind),
        };
        Self {
            network: take(SectionKind::Network),
            file: take(SectionKind::FileOption),
            security: take(SectionKind::Security),
            optional: take(SectionKind::Optional),
            operations: take(SectionKind::Operations),
            tls: take(SectionKind::Tls),
        }
    }

    /// `[TLS]`
    pub(super) fn tls(&self, report: &mut Report) -> Tls {
        tls::read(&self.tls, report)
    }

    /// Server, sessions and transfers.
    pub(super) fn server(
        &self,
        machine: &MachineFacts,
        tls: &Tls,
        report: &mut Report,
    ) -> ServerOptions {
        let default = ServerOptions::default();
        let network = &self.network;
        let port = |text: &str| values::number(text, &(0..=u16::MAX));
        let max_connections = self.optional.get_or(
            "max_connection_num",
            default.max_connections,
            report,
            connections,
        );
        let options = ServerOptions {
            access: security::access(&self.security, max_connections, report),
            listen_addresses: network
                .get("listen_address", report, values::addresses)
                .unwrap_or_default(),
            listen_port: network.get_or("listen_port", default.listen_port, report, port),
            implicit_listen_port: tls.implicit_listen_port,
            tls: None,
            passive_ports: self.passive_ports(report).unwrap_or(default.passive_ports),
            max_connections,
            shutdown_grace: self
                .time("shutdown_grace", Duration::ZERO, report)
                .unwrap_or(default.shutdown_grace),
            metrics_listen: self.operations.get("metrics_listen", report, |text| text.parse().ok()),
            abort_unfinished_after: self
                .operations
                .get("abort_unfinished_after", report, |text| {
                    values::duration(text, Duration::ZERO)
                })
                .map_or(default.abort_unfinished_after, |silence| {
                    Some(silence).filter(|silence| !silence.is_zero())
                }),
            rates: self.rates(report),
            session: SessionOptions { tls: tls.policy, ..self.session(machine, report) },
        };
        if options.passive_ports.contains(&options.listen_port) {
            let text = "lies within the range of passive ports, which has one port less for it";
            report.warning(network.place("listen_port"), text);
        }
        options
    }

    /// The log.
    pub(super) fn log(&self, report: &mut Report) -> LogOptions {
        let optional = &self.optional;
        let level = optional.get("log_level", report, values::log_level);
        let directory = optional.get("log_dir", report, |text| Some(text.into()));
        let enabled = optional.get("log_rotate_enabled", report, values::boolean);
        let every = optional.get("log_rotate_when", report, values::rotate_unit);
        let backups =
            optional.get("log_backup_count", report, |text| values::number(text, &BACKUPS));
        LogOptions {
            level: level.unwrap_or(LevelFilter::Info),
            directory: directory.unwrap_or_else(|| "log".into()),
            rotation: enabled.unwrap_or(false).then(|| Rotation {
                every: every.unwrap_or(RotateUnit::Day),
                backups: backups.unwrap_or(7),
            }),
        }
    }

    /// What holds for every bucket, what it shares with the sessions, and the environment's keys.
    pub(super) fn buckets(
        &self,
        session: &SessionOptions,
        environment: &EnvironmentKeys,
        report: &mut Report,
    ) -> ForAllBuckets {
        let default = Timeouts::default();
        ForAllBuckets {
            environment: environment.clone(),
            verify: self.optional.get_or(
                "verify_uploads",
                VerifyUploads::Auto,
                report,
                values::verify,
            ),
            metadata_cache: self
                .time("metadata_cache_time", Duration::ZERO, report)
                .unwrap_or(limits::METADATA_CACHE),
            preserve_mtime: session.preserve_mtime,
            timeouts: Timeouts {
                connect: self.timeout("connect_timeout", default.connect, report),
                send_body: self.timeout("send_timeout", default.send_body, report),
                response: self.timeout("response_timeout", default.response, report),
                complete: self.timeout("complete_timeout", default.complete, report),
                retry_total: self.timeout("retry_timeout", default.retry_total, report),
            },
        }
    }

    /// Settles what depends on several keys: part sizes and the memory they need.
    pub(super) fn settle_parts(
        &self,
        transfer: &mut TransferOptions,
        stores: &[StoreSettings],
        report: &mut Report,
    ) {
        parts::settle(transfer, stores, &self.optional, report);
    }

    /// `password_checks`.
    pub(super) fn password_checks(&self, report: &mut Report) -> usize {
        security::password_checks(&self.security, report)
    }

    fn rates(&self, report: &mut Report) -> RateLimits {
        let mut rate = |key| {
            let rate = self.operations.get(key, report, values::size);
            rate.filter(|rate| *rate > 0)
        };
        RateLimits {
            transfer: rate("max_rate_transfer"),
            user: rate("max_rate_user"),
            server: rate("max_rate_server"),
        }
    }

    /// `control_socket`, for a log in `log_dir`.
    pub(super) fn control_socket(&self, log_dir: &Path, report: &mut Report) -> Option<PathBuf> {
        let told = self.operations.get("control_socket", report, |text| Some(text.to_owned()));
        match told {
            None => Some(log_dir.join("cos-ftp-server.sock")),
            Some(text) if text.eq_ignore_ascii_case("off") => None,
            Some(text) => Some(text.into()),
        }
    }

    /// `config_check_enable`.
    pub(super) fn config_check(&self, report: &mut Report) -> bool {
        self.optional.get_or("config_check_enable", true, report, values::boolean)
    }

    fn session(&self, machine: &MachineFacts, report: &mut Report) -> SessionOptions {
        let default = SessionOptions::default();
        let optional = &self.optional;
        let secure = security::session(&self.security, report);
        SessionOptions {
            idle: self.timeout("idle_timeout", default.idle, report),
            reply_timeout: self.timeout("reply_timeout", default.reply_timeout, report),
            sign_of_life: default.sign_of_life,
            login: self.timeout("login_timeout", default.login, report),
            login_attempts: secure.login_attempts,
            command_pace: secure.command_pace,
            data_peer_check: secure.data_peer_check,
            data_connect: self.timeout("data_connect_timeout", default.data_connect, report),
            max_list: optional
                .get("max_list_file", report, |text| values::number(text, &(1..=usize::MAX))),
            ascii_conversion: optional.get_or(
                "ascii_conversion",
                default.ascii_conversion,
                report,
                values::boolean,
            ),
            preserve_mtime: optional.get_or(
                "preserve_mtime",
                default.preserve_mtime,
                report,
                values::boolean,
            ),
            tls: default.tls,
            masquerade: self.masquerade(report),
            balancers: self.balancers(report),
            transfer: self.transfer(machine, report),
        }
    }

    fn transfer(&self, machine: &MachineFacts, report: &mut Report) -> TransferOptions {
        let default = TransferOptions::default();
        let optional = &self.optional;
        let sized = |range: RangeInclusive<u64>| {
            move |text: &str| values::size(text).filter(|size| range.contains(size))
        };
        let threads = |text: &str| values::number(text, &THREADS);
        TransferOptions {
            part_buffer: optional.get(
                "part_buffer_size",
                report,
                sized(limits::FIRST_PART_BYTES..=limits::MAX_PART_BYTES),
            ),
            min_part: optional.get_or(
                "min_part_size",
                default.min_part,
                report,
                sized(1..=limits::MAX_PART_BYTES),
            ),
            max_file: self.file.get_or(
                "single_file_max_size",
                default.max_file,
                report,
                sized(1..=parts::MAX_FILE_BYTES),
            ),
            upload_threads: optional.get_or(
                "upload_thread_num",
                default.upload_threads,
                report,
                threads,
            ),
            download_threads: optional.get_or(
                "download_thread_num",
                default.download_threads,
                report,
                threads,
            ),
            buffer_memory: self.buffer_memory(machine, report),
            partial: optional.get_or(
                "partial_upload",
                default.partial,
                report,
                values::partial_upload,
            ),
            data_idle: self.timeout("data_idle_timeout", default.data_idle, report),
        }
    }

    /// Not set, it is a share of the machine's memory, but never so much of what is available now
    /// that a server with defaults would refuse to start beside other programs. On a machine that
    /// does not tell what it has it is the layer's own default.
    fn buffer_memory(&self, machine: &MachineFacts, report: &mut Report) -> u64 {
        let accepted = |memory: &Memory| match memory {
            Memory::Bytes(bytes) => *bytes >= limits::LEAST_BUFFER_MEMORY_BYTES,
            Memory::Percent(_) => true,
        };
        let told = self
            .optional
            .get("buffer_memory", report, |text| values::memory(text).filter(accepted));
        let share = |percent: u64| machine.total_memory.map(|total| total / 100 * percent);
        let bytes = match told {
            Some(Memory::Bytes(bytes)) => Some(bytes),
            Some(Memory::Percent(percent)) => share(percent),
            None => share(limits::BUFFER_MEMORY_PERCENT).map(|bytes| {
                let available = machine.available_memory.unwrap_or(u64::MAX);
                bytes.min(available / 100 * limits::BUFFER_MEMORY_PERCENT_OF_AVAILABLE)
            }),
        };
        bytes.map_or_else(
            || TransferOptions::default().buffer_memory,
            |bytes| bytes.max(limits::LEAST_BUFFER_MEMORY_BYTES),
        )
    }

    /// Both spellings of the range; only one of them may be there.
    fn passive_ports(&self, report: &mut Report) -> Option<RangeInclusive<u16>> {
        let plural = self.network.get("passive_ports", report, values::port_range);
        let singular = self.network.get("passive_port", report, values::port_range);
        if self.network.has("passive_ports") && self.network.has("passive_port") {
            let text = "means the same as passive_ports; give only one of them";
            report.problem(self.network.place("passive_port"), text);
        }
        plural.or(singular)
    }

    /// The sample's `XXX.XXX.XXX.XXX` means that there is none.
    fn masquerade(&self, report: &mut Report) -> Option<Masquerade> {
        let key = "masquerade_address";
        let sample = |text: &str| text.eq_ignore_ascii_case("XXX.XXX.XXX.XXX");
        if self.network.text(key).is_some_and(sample) {
            return None;
        }
        self.network.get(key, report, values::masquerade)
    }

    fn balancers(&self, report: &mut Report) -> Balancers {
        let default = Balancers::default();
        let operations = &self.operations;
        let data = operations.get("proxy_protocol_data", report, values::boolean);
        Balancers {
            from: operations
                .get("proxy_protocol_from", report, |text| text.parse().ok())
                .unwrap_or(default.from),
            data: match data {
                None => default.data,
                Some(true) => DataHeader::Present,
                Some(false) => DataHeader::Absent,
            },
            timeout: default.timeout,
        }
    }

    fn timeout(&self, key: &str, default: Duration, report: &mut Report) -> Duration {
        self.time(key, Duration::from_secs(1), report).unwrap_or(default)
    }

    fn time(&self, key: &str, least: Duration, report: &mut Report) -> Option<Duration> {
        self.optional.get(key, report, |text| values::duration(text, least))
    }
}

/// `max_connection_num`; the inner `None` is no limit.
fn connections(text: &str) -> Option<Option<usize>> {
    match values::number(text, &(0..=*CONNECTIONS.end()))? {
        0 => Some(None),
        number => CONNECTIONS.contains(&number).then_some(Some(number)),
    }
}
