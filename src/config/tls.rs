//! `[TLS]`: FTPS towards clients.

use std::ops::RangeInclusive;
use std::path::Path;

use crate::net::tls::{CertificateError, Reuse, TlsOptions, Truncation, Version};
use crate::session::TlsPolicy;

use super::forms::TlsForm;
use super::keys::SectionKind;
use super::report::{ConfigReport, Content, Finding, Place};
use super::section::Section;

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
        for key in ["implicit_listen_port", "tls_cert_file"] {
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
    });
    Tls { policy, options, implicit_listen_port }
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
