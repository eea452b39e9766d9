//! `[NETWORK]`, `[FILE_OPTION]`, `[SECURITY]`, `[OPTIONAL]`, `[OPERATIONS]`, `[EVENTS]`, `[SCAN]`,
//! `[TLS]`:
//! what holds for the whole server. The table of keys fills in the form; what is settled here is
//! what hangs on several keys, or on the machine.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::access::{AccessOptions, BanRule};
use crate::events::EventOptions;
use crate::limits;
use crate::net::{Masquerade, PassiveTarget, PeerCheck};
use crate::server::ServerOptions;
use crate::session::TlsPolicy;

use super::events;
use super::forms::{BanForm, BucketTerms, ControlSocket, General, LogForm};
use super::keys::SectionKind;
use super::machine::MachineFacts;
use super::objects;
use super::overrides::FilesForm;
use super::parts;
use super::report::ConfigReport;
use super::scan;
use super::section::Section;
use super::settings::{LogOptions, Rotation, StoreSettings, TransferLogOptions};
use super::tls::{self, Tls};
use super::values::MemoryAmount;

/// `buffer_memory` of a machine that does not tell how much memory it has.
const BUFFER_MEMORY_OF_UNKNOWN: u64 = 256 << 20;

/// The sections that stand in the file once at most.
#[derive(Debug)]
pub(super) struct GeneralSections {
    network: Section,
    file: Section,
    security: Section,
    optional: Section,
    operations: Section,
    events: Section,
    scan: Section,
    tls: Section,
}

/// What they say, settled but for what hangs on the stores.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) server: ServerOptions,
    pub(super) tls: Tls,
    pub(super) events: Option<EventOptions>,
    pub(super) buckets: BucketTerms,
    pub(super) files: FilesForm,
    pub(super) log: LogOptions,
    pub(super) transfer_log: Option<TransferLogOptions>,
    pub(super) ledger: Option<PathBuf>,
    pub(super) control_socket: Option<PathBuf>,
    pub(super) password_checks: usize,
    pub(super) config_check: bool,
    pub(super) mount_rename_limit: u64,
}

impl GeneralSections {
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
            events: take(SectionKind::Events),
            scan: take(SectionKind::Scan),
            tls: take(SectionKind::Tls),
        }
    }

    /// Reads all of them.
    pub(super) fn read(&self, machine: &MachineFacts, report: &mut ConfigReport) -> Settled {
        let mut all = General::unset();
        for section in [
            &self.network,
            &self.file,
            &self.security,
            &self.optional,
            &self.operations,
            &self.events,
            &self.scan,
            &self.tls,
        ] {
            section.read(&mut all, report);
        }
        self.settle(all, machine, report)
    }

    fn settle(&self, all: General, machine: &MachineFacts, report: &mut ConfigReport) -> Settled {
        let tls = tls::settle(all.tls, &self.tls, report);
        let events = events::settle(all.events, &self.events, report);
        let mut server = all.server;
        server.session.transfer.scan =
            scan::settle(all.scan, &self.scan, server.session.transfer.partial, report);
        server.session.tls = tls.policy;
        server.implicit_listen_port = tls.implicit_listen_port;
        server.access.ban = ban(&all.ban);
        server.access.sessions_before_login = all
            .sessions_before_login
            .unwrap_or_else(|| sessions_before_login(server.max_connections));
        server.access.reserved_connections =
            self.reserved_connections(all.reserved_connections, server.max_connections, report);
        server.session.transfer.buffer_memory =
            buffer_memory(all.told_memory, all.default_memory, machine);
        if self.network.has("passive_ports") && self.network.has("passive_port") {
            let text = "means the same as passive_ports; give only one of them";
            report.problem(self.network.place("passive_port"), text);
        } else if let Some(ports) = all.passive_port {
            server.passive_ports = ports;
        }
        self.check_ports(&server, report);
        self.check_distinct_ports(&server, report);
        self.check_masquerade(&server, report);
        let LogForm { transfers, transfer_format: format, ledger, .. } = all.log.clone();
        let log = log(all.log);
        Settled {
            server,
            tls,
            events,
            buckets: all.buckets,
            files: all.files,
            control_socket: control_socket(all.control_socket, &log.directory),
            log,
            transfer_log: transfers.map(|path| TransferLogOptions { path, format }),
            ledger,
            password_checks: all.password_checks,
            config_check: all.config_check,
            mount_rename_limit: all.mount_rename_limit,
        }
    }

    fn check_ports(&self, server: &ServerOptions, report: &mut ConfigReport) {
        for key in ["passive_ports", "passive_port"] {
            let text = self.network.text(key).unwrap_or_default();
            // As the replaced tool has it: a port alone is the first of all that follow.
            if text.parse::<u16>().is_ok() {
                let last = server.passive_ports.end();
                let text = format!("means {text} to {last}; write {text},{text} for one port");
                report.warning(self.network.place(key), text);
            }
        }
        if server.passive_ports.contains(&server.listen_port) {
            let text = "lies within passive_ports, which therefore have one port less";
            report.warning(self.network.place("listen_port"), text);
        }
    }

    /// No two sockets of the server can listen at one address.
    fn check_distinct_ports(&self, server: &ServerOptions, report: &mut ConfigReport) {
        let refusal = |key: &str| format!("{key} is the same; each needs a port of its own");
        let clients = ("listen_port", server.listen_port);
        let implicit = server.implicit_listen_port.map(|port| ("implicit_listen_port", port));
        // 0 is whichever port is free.
        if implicit.is_some_and(|(_, port)| port == clients.1 && port != 0) {
            report.problem(self.tls.place("implicit_listen_port"), refusal(clients.0));
        }
        let Some(metrics) = server.metrics_listen.filter(|metrics| metrics.port() != 0) else {
            return;
        };
        let addresses = &server.listen_addresses;
        let is_same = addresses.is_empty() || addresses.iter().any(|at| meet(*at, metrics.ip()));
        let mut others = [Some(clients), implicit].into_iter().flatten();
        if let Some((key, _)) = others.find(|(_, port)| is_same && *port == metrics.port()) {
            report.problem(self.operations.place("metrics_listen"), refusal(key));
        }
    }

    /// A server that listens for this machine alone may name itself so.
    fn check_masquerade(&self, server: &ServerOptions, report: &mut ConfigReport) {
        let session = &server.session;
        if session.masquerade.as_ref().is_some_and(Masquerade::is_unspecified) {
            let text = "means every address of a machine, and no client can connect to it: name \
                the address that clients connect to, or leave the line out";
            report.problem(self.network.place("masquerade_address"), text);
        }
        let listening = &server.listen_addresses;
        let is_for_us = !listening.is_empty() && listening.iter().all(IpAddr::is_loopback);
        if session.masquerade.as_ref().is_some_and(Masquerade::is_loopback) && !is_for_us {
            let text = "no client on another machine can connect to a loopback address: name the \
                address that clients connect to, or leave the line out";
            report.problem(self.network.place("masquerade_address"), text);
        }
        let lead_nowhere = session.masquerade_networks.iter().any(|(network, target)| {
            matches!(target, PassiveTarget::Named(name) if name.is_loopback())
                && !network.addr().is_loopback()
        });
        if lead_nowhere && !is_for_us {
            let text = "no client on another machine can connect to a loopback address: name the \
                address that clients of the network connect to, or direct";
            report.problem(self.network.place("masquerade_networks"), text);
        }
        if session.passive_ports_shared && session.data_peer_check == PeerCheck::Off {
            let text = "has no effect with data_peer_check = off: then an address does not tell \
                        whose connection it is";
            report.warning(self.network.place("passive_ports_shared"), text);
        }
    }

    /// `reserved_connections`; not set, an eighth of `connections`.
    fn reserved_connections(
        &self,
        told: Option<usize>,
        connections: Option<usize>,
        report: &mut ConfigReport,
    ) -> usize {
        let reserved = told.unwrap_or_else(|| connections.map_or(0, |connections| connections / 8));
        if connections.is_some_and(|connections| reserved >= connections) {
            let text = "leaves no connections to users who have a session already; accepted is \
                less than max_connection_num";
            report.problem(self.security.place("reserved_connections"), text);
        }
        reserved
    }

    /// The server's `tls`, as far as it concerns that of accounts: whether it is off is not known
    /// where the file says something that is not understood.
    pub(super) fn tls_for_accounts(&self, policy: TlsPolicy) -> TlsPolicy {
        let told = self.tls.text("tls").unwrap_or("off");
        match policy {
            TlsPolicy::Off if !told.eq_ignore_ascii_case("off") => TlsPolicy::Optional,
            policy => policy,
        }
    }

    /// Warns of what says something of buckets where there is none.
    pub(super) fn warn_of_directories(&self, stores: &[StoreSettings], report: &mut ConfigReport) {
        let is_directory = |store: &StoreSettings| matches!(store, StoreSettings::Local(_));
        if !stores.is_empty() && stores.iter().all(is_directory) {
            objects::warn_of_directories(&self.optional, report);
        }
    }

    /// Settles what hangs on the stores: part sizes and the memory they need.
    pub(super) fn settle_parts(
        &self,
        server: &mut ServerOptions,
        stores: &[StoreSettings],
        report: &mut ConfigReport,
    ) {
        parts::settle(&mut server.session.transfer, stores, &self.optional, report);
    }
}

/// Whether two sockets cannot listen at the same port of these two. An IPv6 one takes no IPv4.
fn meet(one: IpAddr, other: IpAddr) -> bool {
    let is_all = one.is_unspecified() || other.is_unspecified();
    one == other || (is_all && one.is_ipv4() == other.is_ipv4())
}

/// `buffer_memory`. Not set, it is a share of the machine's memory, but never so much of what is
/// available now that a server with defaults would refuse to start beside other programs.
fn buffer_memory(told: Option<MemoryAmount>, default: MemoryAmount, machine: &MachineFacts) -> u64 {
    let bytes = |memory| match memory {
        MemoryAmount::Bytes(bytes) => Some(bytes),
        MemoryAmount::Percent(percent) => machine.total_memory.map(|total| total / 100 * percent),
    };
    let bytes = match told {
        Some(memory) => bytes(memory),
        None => bytes(default).map(|bytes| {
            let available = machine.available_memory.unwrap_or(u64::MAX);
            bytes.min(available / 100 * limits::BUFFER_MEMORY_PERCENT_OF_AVAILABLE)
        }),
    };
    bytes.map_or(BUFFER_MEMORY_OF_UNKNOWN, |bytes| bytes.max(limits::LEAST_BUFFER_MEMORY_BYTES))
}

fn ban(form: &BanForm) -> Option<BanRule> {
    let BanForm { failures, window, time } = *form;
    Some(BanRule { failures: failures?, window, time })
}

/// `max_sessions_before_login`, not set: half of `connections`, but enough for a few clients where
/// there are few. Where they have no limit, what holds with their default does.
fn sessions_before_login(connections: Option<usize>) -> Option<usize> {
    match connections {
        Some(connections) => Some((connections / 2).max(connections.min(16))),
        None => AccessOptions::default().sessions_before_login,
    }
}

fn log(form: LogForm) -> LogOptions {
    let LogForm { level, directory, rotates, every, backups, format, .. } = form;
    let rotation = rotates.then_some(Rotation { every, backups });
    LogOptions { level, directory, rotation, format }
}

/// Where the running server is asked, of a log in `log_dir`.
fn control_socket(told: Option<ControlSocket>, log_dir: &Path) -> Option<PathBuf> {
    match told {
        None => Some(log_dir.join("cos-ftp-server.sock")),
        Some(ControlSocket::Nowhere) => None,
        Some(ControlSocket::At(path)) => Some(path),
    }
}
