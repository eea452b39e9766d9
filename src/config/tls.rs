//! `[TLS]`: FTPS towards clients.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::net::tls::{CertificateError, Reuse, TlsOptions, Truncation, Version};
use crate::session::TlsPolicy;

use super::files::Content;
use super::keys::SectionKind;
use super::report::{Finding, Place, Report};
use super::section::Section;
use super::values;

/// What `[TLS]` says.
#[derive(Debug)]
pub(super) struct Tls {
    pub(super) policy: TlsPolicy,
    /// Present unless TLS is off.
    pub(super) options: Option<TlsOptions>,
    pub(super) implicit_listen_port: Option<u16>,
}

/// Reads the section; one that is absent means off.
pub(super) fn read(section: &Section, report: &mut Report) -> Tls {
    let policy = section.get_or("tls", TlsPolicy::Off, report, values::tls_policy);
    let port = |text: &str| values::number(text, &(0..=u16::MAX));
    let implicit_listen_port = section.get("implicit_listen_port", report, port);
    let reuse = match section.get("tls_require_session_reuse", report, values::boolean) {
        Some(true) => Reuse::Required,
        Some(false) | None => Reuse::Optional,
    };
    let versions = versions(section, reuse, report);
    let close_notify = section.get("tls_require_close_notify", report, values::boolean);
    if policy == TlsPolicy::Off {
        // Off in so many words is no oversight.
        for key in ["implicit_listen_port", "tls_cert_file"] {
            if section.has(key) && !section.has("tls") {
                let text = "not used, as tls = off; set tls = optional or required for FTPS";
                report.warning(section.place(key), text);
            }
        }
        return Tls { policy, options: None, implicit_listen_port: None };
    }
    let cert_file = file(section, "tls_cert_file", report);
    let key_file = file(section, "tls_key_file", report);
    if let Some(path) = &key_file {
        report.names_file(section.place("tls_key_file"), path, Content::PrivateKey);
    }
    let options = cert_file.zip(key_file).map(|(cert_file, key_file)| TlsOptions {
        cert_file,
        key_file,
        versions,
        reuse,
        truncation: match close_notify {
            Some(true) => Truncation::Refused,
            Some(false) | None => Truncation::Tolerated,
        },
    });
    Tls { policy, options, implicit_listen_port }
}

/// The oldest and the newest version that is spoken.
fn versions(section: &Section, reuse: Reuse, report: &mut Report) -> RangeInclusive<Version> {
    let min = section.get_or("tls_min_version", Version::Tls12, report, values::tls_version);
    // In TLS 1.3 Ruby and curl cannot resume a session for one upload after the other.
    let newest = match reuse {
        Reuse::Required => Version::Tls12.max(min),
        Reuse::Optional => Version::Tls13,
    };
    let max = section.get_or("tls_max_version", newest, report, values::tls_version);
    if max < min {
        let text = "older than tls_min_version: no version is left that could be spoken";
        report.problem(section.place("tls_max_version"), text);
    }
    min..=max
}

/// `tls` of an account: whether it may be used over encrypted connections only.
pub(super) fn is_required(section: &Section, server: TlsPolicy, report: &mut Report) -> bool {
    match section.get("tls", report, values::tls_policy) {
        Some(TlsPolicy::Required) if server == TlsPolicy::Off => {
            let text = "this login could not be used, as the server has no TLS: set tls = \
                        optional or required in [TLS]";
            report.problem(section.place("tls"), text);
            true
        }
        Some(TlsPolicy::Required) => true,
        Some(TlsPolicy::Off) => {
            let text = "TLS cannot be kept from one login; accepted here is optional or required";
            report.problem(section.place("tls"), text);
            false
        }
        Some(TlsPolicy::Optional) | None => false,
    }
}

/// A file that TLS cannot do without. What it holds is not this layer's business.
fn file(section: &Section, key: &str, report: &mut Report) -> Option<PathBuf> {
    if !section.has(key) {
        let text = "the key is required unless tls = off; accepted is a PEM file";
        report.problem(section.place(key), text);
    }
    section.get(key, report, |text| Some(PathBuf::from(text)))
}

/// What is wrong with the files that `file` names in its section `[TLS]`.
pub fn certificate_finding(file: &Path, error: &CertificateError) -> Finding {
    let place = Place {
        line: None,
        section: SectionKind::Tls.name().to_owned(),
        key: error.option.to_owned(),
        value: Some(error.file.display().to_string()),
    };
    Finding { file: file.to_owned(), place, text: error.wrong.clone() }
}
