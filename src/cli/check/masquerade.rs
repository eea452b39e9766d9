//! The address in passive replies: who will hear which.

use std::net::Ipv4Addr;

use cos_ftp_server::config::ServerSettings;
use cos_ftp_server::net::{PassiveTarget, PublicAddress};
use cos_ftp_server::server::public_address;

use super::report::{CheckLine, CheckReport};

/// Tells it for each network of clients, and for those in none.
pub(super) fn check(settings: &ServerSettings, report: &mut CheckReport) {
    let session = &settings.server.session;
    let public = PublicAddress::default();
    if let Some(url) = session.public_address_source() {
        public.ask_of(Some(url));
        public.note(url, public_address(url));
    }
    for (network, target) in session.masquerade_networks.iter() {
        report.add(of_network(&network.to_string(), target, &public));
    }
    report.add(of_all_others(settings));
    if session.masquerade.is_some() {
        let text = "private networks, unless masquerade_networks names them";
        report.add(will_hear(text, "the address that they connect to"));
    }
}

fn of_network(network: &str, target: &PassiveTarget, public: &PublicAddress) -> CheckLine {
    if *target == PassiveTarget::Direct {
        return will_hear(network, "the address that they connect to");
    }
    match target.address(public, Ipv4Addr::UNSPECIFIED) {
        Ok(address) => will_hear(network, &address.to_string()),
        Err(wrong) => {
            let fix = match target {
                PassiveTarget::Auto => {
                    "correct public_address_url, or name the address instead of auto; PASV answers \
                     425 until it is known"
                }
                PassiveTarget::Direct | PassiveTarget::Named(_) => {
                    "correct masquerade_networks; PASV answers 425 until it has an IPv4 address"
                }
            };
            let text = format!("clients from {network} are told no address: {wrong}");
            CheckLine::failed("masquerade", text, fix)
        }
    }
}

fn will_hear(network: &str, address: &str) -> CheckLine {
    CheckLine::passed("masquerade", format!("clients from {network} are told {address}"))
}

/// What clients hear that are in none of the networks.
fn of_all_others(settings: &ServerSettings) -> CheckLine {
    let Some(masquerade) = &settings.server.session.masquerade else {
        let text = "masquerade_address is not set: passive replies name the address that the \
            client connected to";
        return CheckLine::passed("masquerade", text);
    };
    match masquerade.look_up() {
        Ok(address) if address.is_loopback() && !masquerade.is_loopback() => CheckLine::failed(
            "masquerade",
            format!("{} = {address}", masquerade.0),
            "correct masquerade_address, or /etc/hosts: clients cannot connect to a loopback \
             address",
        ),
        Ok(address) if masquerade.0 == address.to_string() => {
            CheckLine::passed("masquerade", address.to_string())
        }
        Ok(address) => CheckLine::passed("masquerade", format!("{} = {address}", masquerade.0)),
        Err(error) => CheckLine::failed(
            "masquerade",
            error.to_string(),
            "correct masquerade_address; PASV answers 425 until it has an IPv4 address",
        ),
    }
}
