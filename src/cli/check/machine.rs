//! What the machine gives: memory, threads, descriptors, a place for the log, certificates.

use std::time::{Duration, SystemTime};

use cos_ftp_server::config::{MachineFacts, Resource, ServerSettings, check_resource};
use cos_ftp_server::net::tls::{ClientAuthOptions, TlsContext, TlsOptions};
use cos_ftp_server::scan::{ClamdStream, ScanOptions};
use rustix::fs::{Access, access};
use rustix::io::Errno;
use time::OffsetDateTime;

use super::report::{CheckLine, CheckReport};
use super::{masquerade, ports};
use crate::cli::made::MadeDirectories;
use crate::cli::written::{self, Obstacle, Outlook};

/// Those who renew by themselves do it 30 days before the end; two weeks later something is wrong.
const RENEWAL: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Looks at everything that is on this machine, where `made` will be there.
pub(super) fn check(settings: &ServerSettings, made: &MadeDirectories, report: &mut CheckReport) {
    report.begin("machine");
    let facts = MachineFacts::of_this_machine();
    for resource in [Resource::Memory, Resource::Descriptors, Resource::Threads] {
        report.add(fits(settings, &facts, resource));
    }
    report.add(line("log", written::log_directory(&settings.log.directory, made)));
    for (key, looked) in written::record_files(settings, made) {
        report.add(line(key, looked));
    }
    if let Some(scan) = &settings.server.session.transfer.scan {
        report.add(scanner(scan));
    }
    ports::check(settings, report);
    masquerade::check(settings, report);
    if let Some(tls) = &settings.tls {
        report.add(certificate(tls));
        report.add(CheckLine::passed("TLS versions", tls.describe_versions()));
        report.add(client_certificates(tls.clients.as_ref()));
    }
}

fn fits(settings: &ServerSettings, facts: &MachineFacts, resource: Resource) -> CheckLine {
    let connections = settings.server.max_connections;
    let wanted = connections
        .map_or("any number of connections".to_owned(), |most| format!("{most} connections"));
    let (check, detail) = match resource {
        Resource::Memory => {
            let buffers = mebibytes(settings.server.session.transfer.buffer_memory);
            let have = facts.available_memory.map_or("an unknown amount".to_owned(), |bytes| {
                format!("{} MiB", mebibytes(bytes))
            });
            ("memory", format!("{buffers} MiB of buffers and {wanted}; {have} available"))
        }
        Resource::Descriptors => ("descriptors", format!("{wanted}; {}", limit(facts.descriptors))),
        Resource::Threads => ("threads", format!("{wanted}; {}", limit(facts.threads))),
    };
    match check_resource(settings, facts, resource) {
        Ok(notes) if notes.is_empty() => CheckLine::passed(check, detail),
        Ok(notes) => {
            let notes: Vec<_> = notes.into_iter().map(|note| note.text).collect();
            CheckLine::skipped(check, format!("{detail}; note: {}", notes.join("; ")))
        }
        Err(problems) => {
            let texts = problems.problems.into_iter().map(|problem| problem.text);
            CheckLine::failed(check, detail, texts.collect::<Vec<_>>().join("; "))
        }
    }
}

fn limit(limit: Option<u64>) -> String {
    limit.map_or("no limit".to_owned(), |limit| format!("limit {limit}"))
}

fn mebibytes(bytes: u64) -> u64 {
    bytes / (1024 * 1024)
}

/// Whether a file that the server writes can be written.
fn line(check: &'static str, looked: Result<Outlook, Obstacle>) -> CheckLine {
    match looked {
        Ok(Outlook::Awaited(shown)) => CheckLine::skipped(check, shown),
        Ok(Outlook::Writable(shown)) => CheckLine::passed(check, shown),
        Err(Obstacle { why, fix, .. }) => CheckLine::failed(check, why, fix),
    }
}

/// Whether whoever checks uploads is there.
fn scanner(options: &ScanOptions) -> CheckLine {
    let address = &options.clamd;
    match ClamdStream::ping(options) {
        Ok(()) => CheckLine::passed("clamd", format!("{address} answers")),
        Err(error) => {
            let fix = "start clamd, let the user that runs the server use its socket, or correct \
                       clamd in [SCAN]";
            CheckLine::failed("clamd", format!("{address}: {error}"), fix)
        }
    }
}

/// How long clients will still take the certificate.
fn certificate(tls: &TlsOptions) -> CheckLine {
    let check = "TLS certificate";
    let problem = match TlsContext::open(tls.clone()) {
        Ok((_, out_of_time)) => out_of_time,
        Err(error) => Some(error),
    };
    if let Some(error) = problem {
        let fix = match access(&error.file, Access::READ_OK) {
            Err(Errno::ACCESS) if error.file == tls.key_file => {
                "let the user that runs the server read it, and nobody else (chgrp, chmod 640)"
                    .to_owned()
            }
            Err(Errno::ACCESS) => {
                "let the user that runs the server read it, and the directories around it; it is \
                 no secret"
                    .to_owned()
            }
            _ => format!("renew it, or correct {}", error.option),
        };
        return CheckLine::failed(check, error.to_string(), fix);
    }
    match tls.valid_until() {
        Ok(until) => until_when(check, until, SystemTime::now()),
        Err(error) => CheckLine::failed(check, error.to_string(), "correct tls_cert_file"),
    }
}

/// Whether clients are asked for certificates, and how long those can be valid.
fn client_certificates(options: Option<&ClientAuthOptions>) -> CheckLine {
    let check = "client certificates";
    let Some(options) = options else {
        return CheckLine::passed(check, "not asked for (tls_client_cert = off)");
    };
    let until = match options.valid_until() {
        Ok(until) => until_when(check, until, SystemTime::now()),
        Err(error) => return CheckLine::failed(check, error.to_string(), "correct tls_client_ca"),
    };
    let lists = match options.lists_until() {
        Ok(lists) => lists,
        Err(error) => return CheckLine::failed(check, error.to_string(), "correct tls_client_crl"),
    };
    if let Some(until) = lists.filter(|until| *until < SystemTime::now()) {
        let why = format!(
            "a list of revoked certificates ended on {}: nobody whose authority that is logs in by \
             certificate",
            OffsetDateTime::from(until).date()
        );
        let fix = "have a newer list issued, into the file that tls_client_crl names";
        return CheckLine::failed(check, why, fix);
    }
    until.telling(|when| format!("{}; authorities {when}", options.describe()))
}

fn until_when(check: &'static str, until: SystemTime, now: SystemTime) -> CheckLine {
    let left = until.duration_since(now).unwrap_or_default();
    let days = left.as_secs() / (24 * 60 * 60);
    let date = OffsetDateTime::from(until).date();
    let text = format!("valid until {date}, {days} days from now");
    if left < RENEWAL {
        return CheckLine::skipped(check, format!("{text}: renew it; a new file needs no restart"));
    }
    CheckLine::passed(check, text)
}
