//! `[TLS]`: FTPS towards clients.

use std::ops::RangeInclusive;
use std::path::Path;

use crate::net::tls::{
    CertificateError, ClientAuthOptions, Reuse, TlsOptions, Truncation, Version,
};
use crate::session::TlsPolicy;

use super::forms::{CertificateDemand, ClientsForm, TlsForm};
use super::keys::SectionKind;
use super::report::{ConfigReport, Content, Finding, Place};
use super::section::Section;

/// What counts only where clients are asked for certificates.
const CLIENT_KEYS: [&str; 4] =
    ["tls_client_ca", "tls_client_crl", "tls_client_user", "tls_client_password"];

/// What `[TLS]` says.
#[derive(Debug)]
pub(super) struct Tls {
    pub(super) policy: TlsPolicy,
    /// Present unless TLS is off.
    pub(super) options: Option<TlsOptions>,
    pub(super) implicit_listen_port: Option<u16>,
}

/// Settles what the section says; one that is absent means off.
pub(super) fn settle(form: TlsForm, section: &Section, report: &mut ConfigReport) -> Tls {
    let TlsForm { policy, implicit_listen_port, .. } = form;
    let reuse = if form.require_session_reuse { Reuse::Required } else { Reuse::Optional };
    let versions = versions(&form, section, report);
    // In TLS 1.3 Ruby and curl cannot resume a session for one upload after the other.
    let resumed_by_all = reuse == Reuse::Required
        && !section.has("tls_max_version")
        && versions.contains(&Version::Tls12);
    if policy == TlsPolicy::Off {
        // Off in so many words is no oversight.
        for key in ["implicit_listen_port", "tls_cert_file", "tls_client_cert"] {
            if section.has(key) && !section.has("tls") {
                let text = "not used, as tls = off; set tls = optional or required for FTPS";
                report.warning(section.place(key), text);
            }
        }
        return Tls { policy, options: None, implicit_listen_port: None };
    }
    // What TLS cannot do without. What the files hold is not this layer's business.
    for key in ["tls_cert_file", "tls_key_file"] {
        if !section.has(key) {
            let text = "the key is required unless tls = off; accepted is a PEM file";
            report.problem(section.place(key), text);
        }
    }
    if let Some(path) = &form.key_file {
        report.names_file(section.place("tls_key_file"), path, Content::PrivateKey);
    }
    let clients = clients(form.clients, policy, section, report);
    let options = form.cert_file.zip(form.key_file).map(|(cert_file, key_file)| TlsOptions {
        cert_file,
        key_file,
        versions,
        preferred: resumed_by_all.then_some(Version::Tls12),
        reuse,
        truncation: match form.require_close_notify {
            true => Truncation::Refused,
            false => Truncation::Tolerated,
        },
        clients,
    });
    Tls { policy, options, implicit_listen_port }
}

/// Whether clients show certificates, too, and what for.
fn clients(
    form: ClientsForm,
    policy: TlsPolicy,
    section: &Section,
    report: &mut ConfigReport,
) -> Option<ClientAuthOptions> {
    if form.demand == CertificateDemand::Off {
        for key in CLIENT_KEYS.into_iter().filter(|key| section.has(key)) {
            let text = "not used, as tls_client_cert = off; set tls_client_cert = optional or \
                        required for certificates of clients";
            report.warning(section.place(key), text);
        }
        return None;
    }
    let Some(ca_file) = form.ca_file else {
        let text = "needs tls_client_ca, a PEM file with the certificates of the authorities that \
                    issue those of the clients";
        report.problem(section.place("tls_client_cert"), text);
        return None;
    };
    let is_required = form.demand == CertificateDemand::Required;
    if is_required && policy == TlsPolicy::Optional {
        let text = "clients that do not encrypt log in by password alone, as tls = optional; tls = \
                    required asks everybody for a certificate";
        report.warning(section.place("tls_client_cert"), text);
    }
    Some(ClientAuthOptions {
        ca_file,
        crl_file: form.crl_file,
        is_required,
        user: form.user,
        asks_password: form.asks_password,
    })
}

/// The oldest and the newest version that is spoken.
fn versions(
    form: &TlsForm,
    section: &Section,
    report: &mut ConfigReport,
) -> RangeInclusive<Version> {
    let (min, max) = (form.min_version, form.max_version);
    if max < min {
        let text = "older than tls_min_version: no version of TLS is left";
        report.problem(section.place("tls_max_version"), text);
    }
    min..=max
}

/// `tls` of an account, if it says so: whether it may be used over encrypted connections only.
pub(super) fn is_required(
    told: Option<TlsPolicy>,
    server: TlsPolicy,
    section: &Section,
    report: &mut ConfigReport,
) -> bool {
    match told {
        Some(TlsPolicy::Required) if server == TlsPolicy::Off => {
            let text = "this login could not be used, as the server has no TLS: set tls = optional \
                or tls = required in [TLS]";
            report.problem(section.place("tls"), text);
            true
        }
        Some(TlsPolicy::Required) => true,
        Some(TlsPolicy::Off) => {
            let text = "TLS cannot be turned off for one login; accepted here is optional or \
                required";
            report.problem(section.place("tls"), text);
            false
        }
        Some(TlsPolicy::Optional) | None => false,
    }
}

/// What is wrong with the files that `file` names in its section `[TLS]`.
pub fn certificate_finding(file: &Path, error: &CertificateError) -> Finding {
    let place = Place {
        line: None,
        section: SectionKind::Tls.name().to_owned(),
        key: error.option.to_owned(),
        value: Some(error.file.display().to_string()),
    };
    Finding::of_setting(file, place, &error.wrong)
}
