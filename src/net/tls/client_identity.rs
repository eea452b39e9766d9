//! Who a client is by its certificate.

use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use crate::limits;

/// `tls_client_user`: what in a certificate is the name of its user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserField {
    /// The subject's CN, if it has one alone.
    #[default]
    CommonName,
    /// An e-mail address of its subjectAltName.
    EmailSan,
    /// A DNS name of its subjectAltName.
    DnsSan,
    /// Nothing: whoever has a certificate may be any user.
    Any,
}

/// The certificate that a client has shown and that was verified.
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    certificate: CertificateDer<'static>,
    /// What came with it, of authorities between its own and those that are trusted.
    others: Vec<CertificateDer<'static>>,
    /// Those that it gives its user.
    names: Vec<String>,
    /// Whose it is, for the log.
    shown: String,
}

impl ClientIdentity {
    /// That of a verified `certificate`, which came with `others`, of whose user `field` is the
    /// name.
    pub(super) fn of(
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'static>],
        field: UserField,
    ) -> Self {
        let names = match parse_x509_certificate(certificate) {
            Ok((_, parsed)) => names(&parsed, field),
            Err(_) => Vec::new(),
        };
        let certificate = certificate.clone().into_owned();
        Self { names, shown: shown(&certificate), certificate, others: others.to_vec() }
    }

    /// What is verified.
    pub(super) fn chain(&self) -> (&CertificateDer<'static>, &[CertificateDer<'static>]) {
        (&self.certificate, &self.others)
    }

    /// Whether it is the same certificate.
    pub(super) fn is(&self, other: Option<&CertificateDer<'_>>) -> bool {
        other.is_some_and(|other| **other == *self.certificate)
    }

    /// Whether it calls its user so.
    pub(super) fn is_called(&self, user: &str) -> bool {
        self.names.iter().any(|name| name == user)
    }

    /// The names that it gives its user, none if it does not.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whose it is, with its serial number, for the log.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

fn names(certificate: &X509Certificate<'_>, field: UserField) -> Vec<String> {
    let alternatives = || {
        let extension = certificate.subject_alternative_name().ok().flatten();
        extension.map_or(&[][..], |found| &found.value.general_names)
    };
    let names: Vec<&str> = match field {
        UserField::CommonName => {
            let all: Vec<_> = certificate.subject().iter_common_name().collect();
            match all.as_slice() {
                // Of several an authority may have looked at one alone.
                [one] => one.as_str().into_iter().collect(),
                _ => Vec::new(),
            }
        }
        UserField::EmailSan => alternatives()
            .iter()
            .filter_map(|name| match name {
                GeneralName::RFC822Name(name) => Some(*name),
                _ => None,
            })
            .collect(),
        UserField::DnsSan => alternatives()
            .iter()
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(*name),
                _ => None,
            })
            .collect(),
        UserField::Any => Vec::new(),
    };
    names.into_iter().map(str::to_owned).collect()
}

/// Whose a certificate is, as it says itself, in quotes and not longer than the log bears.
pub(super) fn shown(certificate: &CertificateDer<'_>) -> String {
    let Ok((_, parsed)) = parse_x509_certificate(certificate) else {
        return "nobody: it cannot be read".to_owned();
    };
    let subject = parsed.subject().to_string();
    let subject: String = subject.chars().take(limits::LOGGED_SUBJECT_CHARS).collect();
    let serial = parsed.raw_serial().iter().take(limits::SERIAL_BYTES);
    let serial: String = serial.map(|byte| format!("{byte:02x}")).collect();
    format!("{subject:?} serial={serial}")
}
