//! What the machine gives: memory, threads, descriptors, ports, a place for the log.

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::Path;

use cos_ftp_server::config::{MachineFacts, Resource, Settings, check_resource};
use rustix::fs::{Access, access};

use super::report::{Line, Report};

/// Looks at everything that is on this machine.
pub(super) fn check(settings: &Settings, report: &mut Report) {
    report.begin("machine");
    let facts = MachineFacts::of_this_machine();
    for resource in [Resource::Memory, Resource::Descriptors, Resource::Threads] {
        report.add(fits(settings, &facts, resource));
    }
    report.add(log_directory(&settings.log.directory));
    report.add(listen_port(settings));
    report.add(passive_ports(settings));
    report.add(masquerade(settings));
}

fn fits(settings: &Settings, facts: &MachineFacts, resource: Resource) -> Line {
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
        Ok(notes) if notes.is_empty() => Line::passed(check, detail),
        Ok(notes) => {
            let notes: Vec<_> = notes.into_iter().map(|note| note.text).collect();
            Line::skipped(check, format!("{detail}: {}", notes.join("; ")))
        }
        Err(problems) => {
            let texts = problems.problems.into_iter().map(|problem| problem.text);
            Line::failed(check, detail, texts.collect::<Vec<_>>().join("; "))
        }
    }
}

fn limit(limit: Option<u64>) -> String {
    limit.map_or("no limit".to_owned(), |limit| format!("limit {limit}"))
}

fn mebibytes(bytes: u64) -> u64 {
    bytes / (1024 * 1024)
}

/// The directory is made when it is missing, so the nearest one that is there counts.
fn log_directory(directory: &Path) -> Line {
    let shown = directory.display();
    let mut nearest = directory;
    while !nearest.as_os_str().is_empty() && !nearest.exists() {
        nearest = nearest.parent().unwrap_or(Path::new(""));
    }
    let here = if nearest.as_os_str().is_empty() { Path::new(".") } else { nearest };
    if !here.is_dir() {
        return Line::failed(
            "log",
            format!("{} is no directory", here.display()),
            "correct log_dir",
        );
    }
    match access(here, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Line::passed("log", format!("{shown} can be written")),
        Err(error) => {
            let fix = "let the user that runs the server write there, or correct log_dir";
            Line::failed("log", format!("{}: {error}", here.display()), fix)
        }
    }
}

/// Where the server will listen.
fn addresses(settings: &Settings) -> Vec<IpAddr> {
    match settings.server.listen_addresses.as_slice() {
        [] => vec![Ipv4Addr::UNSPECIFIED.into()],
        some => some.to_vec(),
    }
}

fn listen_port(settings: &Settings) -> Line {
    let port = settings.server.listen_port;
    for address in addresses(settings) {
        match TcpListener::bind((address, port)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                let text = format!("{port} is in use: by this server, if it runs already");
                return Line::skipped("control port", text);
            }
            Err(error) => {
                let fix = match error.kind() {
                    io::ErrorKind::PermissionDenied => {
                        "take a listen_port from 1024 up, or give the server CAP_NET_BIND_SERVICE"
                    }
                    _ => "correct listen_address or listen_port",
                };
                return Line::failed(
                    "control port",
                    format!("{address} port {port}: {error}"),
                    fix,
                );
            }
        }
    }
    Line::passed("control port", format!("{port} is free"))
}

/// A port counts as free if it is free on every address.
fn passive_ports(settings: &Settings) -> Line {
    let range = &settings.server.passive_ports;
    let addresses = addresses(settings);
    let is_free = |port: &u16| addresses.iter().all(|at| TcpListener::bind((*at, *port)).is_ok());
    let free = range.clone().filter(is_free).count();
    let text = format!("{free} of {} free ({}-{})", range.len(), range.start(), range.end());
    // A transfer takes two connections and one port.
    let transfers = settings.server.max_connections.map(|most| most / 2);
    match transfers {
        _ if free == 0 => Line::failed(
            "passive ports",
            text,
            "widen passive_ports, or end what else listens there",
        ),
        Some(transfers) if free < transfers => {
            let note =
                format!("{text}; fewer than the {transfers} transfers of max_connection_num");
            Line::skipped("passive ports", note)
        }
        _ => Line::passed("passive ports", text),
    }
}

fn masquerade(settings: &Settings) -> Line {
    let Some(masquerade) = &settings.server.session.masquerade else {
        let text = "masquerade_address is not set: passive replies name the address clients reach";
        return Line::passed("masquerade", text);
    };
    match masquerade.look_up() {
        Ok(address) if masquerade.0 == address.to_string() => {
            Line::passed("masquerade", address.to_string())
        }
        Ok(address) => Line::passed("masquerade", format!("{} is {address}", masquerade.0)),
        Err(error) => Line::failed(
            "masquerade",
            error.to_string(),
            "correct masquerade_address; PASV answers 425 until it has an IPv4 address",
        ),
    }
}
