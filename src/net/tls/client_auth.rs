//! Which certificates of clients are taken: those that the operator's authorities have issued.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError as Refused, DigitallySignedStruct, DistinguishedName, RootCertStore,
    SignatureScheme,
};
use time::OffsetDateTime;
use x509_parser::x509::X509Version;
use x509_parser::{parse_x509_certificate, parse_x509_crl};

use super::certificate::{self, CertificateError};
use super::client_identity::{UserField, shown};
use crate::records::invalid;

const CA_FILE: &str = "tls_client_ca";
const CRL_FILE: &str = "tls_client_crl";

/// What a list of revoked certificates is good for that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndedList {
    /// Nothing: it says nothing of what was revoked since.
    IsNone,
    /// It counts as it is, for data connections: whose those are was decided at the login.
    StillCounts,
}

/// What the operator decides about certificates of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAuthOptions {
    /// `tls_client_ca`: the certificates of those who issue the clients', PEM.
    pub ca_file: PathBuf,
    /// `tls_client_crl`: what those have revoked, PEM.
    pub crl_file: Option<PathBuf>,
    /// `tls_client_cert`: whether nobody who encrypts logs in without.
    pub is_required: bool,
    /// `tls_client_user`: what in a certificate is the name of its user.
    pub user: UserField,
    /// `tls_client_password`: whether the password is asked for all the same.
    pub asks_password: bool,
}

impl ClientAuthOptions {
    /// What holds, in words.
    pub fn describe(&self) -> String {
        let demand = if self.is_required { "required" } else { "optional" };
        let by = match self.user {
            UserField::CommonName => "the user by CN",
            UserField::EmailSan => "the user by an e-mail address of subjectAltName",
            UserField::DnsSan => "the user by a DNS name of subjectAltName",
            UserField::Any => "for any user",
        };
        let password = match self.wants_password() {
            true => "with the password",
            false => "without a password",
        };
        format!("{demand}, {by}, {password}")
    }

    /// A certificate that names nobody proves nothing about a user.
    pub(super) fn wants_password(&self) -> bool {
        self.asks_password || self.user == UserField::Any
    }

    /// When the first of the authorities ends: clients with its certificates are refused then.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn valid_until(&self) -> Result<SystemTime, CertificateError> {
        let mut first = None;
        for authority in certificate::read_chain(CA_FILE, &self.ca_file)? {
            let (_, parsed) = parse_x509_certificate(&authority)
                .map_err(|error| of_authorities(&self.ca_file, unreadable(&error)))?;
            let until = SystemTime::from(parsed.validity().not_after.to_datetime());
            first = Some(first.map_or(until, |first: SystemTime| first.min(until)));
        }
        // A file without any was refused above.
        Ok(first.unwrap_or(SystemTime::UNIX_EPOCH))
    }

    /// When the first of the lists of revoked certificates ends: clients are refused then, until
    /// there is a newer one. `None` without lists.
    ///
    /// # Errors
    /// When the file cannot be read or holds no list.
    pub fn lists_until(&self) -> Result<Option<SystemTime>, CertificateError> {
        let Some(file) = &self.crl_file else { return Ok(None) };
        let lists = read_lists(file)?;
        let ends = lists.iter().filter_map(|list| {
            let (_, parsed) = parse_x509_crl(list).ok()?;
            parsed.next_update().map(|until| SystemTime::from(until.to_datetime()))
        });
        Ok(ends.min())
    }

    /// What to tell of lists that have ended already.
    pub(super) fn ended_lists(&self) -> Option<CertificateError> {
        let file = self.crl_file.as_ref()?;
        let until = self.lists_until().ok()??;
        (until < SystemTime::now()).then(|| {
            let wrong = format!(
                "has a list of revoked certificates that ended at {}: nobody whose authority that is \
                 logs in by certificate before there is a newer one",
                moment(until)
            );
            CertificateError::new(CRL_FILE, file, wrong)
        })
    }

    /// Who verifies what clients show. They need not show any: who has none is told so in words,
    /// when it says who it is.
    pub(super) fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
        ended: EndedList,
    ) -> Result<Arc<dyn ClientCertVerifier>, CertificateError> {
        let mut roots = RootCertStore::empty();
        for authority in certificate::read_chain(CA_FILE, &self.ca_file)? {
            check_is_authority(&self.ca_file, &authority)?;
            roots.add(authority).map_err(|error| {
                of_authorities(
                    &self.ca_file,
                    format!("contains a certificate that cannot be used: {error}"),
                )
            })?;
        }
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let builder = match &self.crl_file {
            Some(file) => builder.with_crls(read_lists(file)?),
            None => builder,
        };
        let builder = match ended {
            EndedList::IsNone => builder.enforce_revocation_expiration(),
            EndedList::StillCounts => builder,
        };
        let inner = builder.allow_unauthenticated().build().map_err(|error| {
            let (option, file) = match &self.crl_file {
                Some(crl) => (CRL_FILE, crl),
                None => (CA_FILE, &self.ca_file),
            };
            CertificateError::new(option, file, format!("cannot be used: {error}"))
        })?;
        Ok(Arc::new(TellingVerifier { inner, crl_file: self.crl_file.clone() }))
    }
}

/// Whoever has the key of a certificate in the file could issue others, for any name: that of a
/// client must not be there.
fn check_is_authority(file: &Path, authority: &CertificateDer<'_>) -> Result<(), CertificateError> {
    let (_, parsed) = parse_x509_certificate(authority)
        .map_err(|error| of_authorities(file, unreadable(&error)))?;
    // Those of the first version do not say it.
    if parsed.version() == X509Version::V3 && !parsed.is_ca() {
        let wrong = format!(
            "contains the certificate of {}, which is no authority (CA:TRUE); wanted are the \
             certificates of the authorities that issue the clients'",
            shown(authority)
        );
        return Err(of_authorities(file, wrong));
    }
    Ok(())
}

fn read_lists(file: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, CertificateError> {
    let wrong = |wrong: String| CertificateError::new(CRL_FILE, file, wrong);
    let reading = |error: pem::Error| wrong(certificate::reading(error));
    let lists = CertificateRevocationListDer::pem_file_iter(file).map_err(reading)?;
    let lists: Vec<_> = lists.collect::<Result<_, _>>().map_err(reading)?;
    if lists.is_empty() {
        return Err(wrong(
            "contains no list of revoked certificates in PEM form (BEGIN X509 CRL; openssl crl \
             -inform DER makes one of the other form)"
                .to_owned(),
        ));
    }
    Ok(lists)
}

/// A moment, UTC, for people.
fn moment(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    let (hour, minute, second) = at.to_hms();
    format!("{} {hour:02}:{minute:02}:{second:02} UTC", at.date())
}

fn of_authorities(file: &Path, wrong: String) -> CertificateError {
    CertificateError::new(CA_FILE, file, wrong)
}

fn unreadable(error: &dyn fmt::Display) -> String {
    format!("contains a certificate that cannot be read: {error}")
}

thread_local! {
    /// What this thread has refused last. rustls asks its verifier on the thread that does the
    /// handshake, and hands on why something was refused, but not whose it was.
    static REFUSED: RefCell<Option<ClientRefusal>> = const { RefCell::new(None) };
}

/// Notes whose certificate it refuses.
#[derive(Debug)]
struct TellingVerifier {
    inner: Arc<dyn ClientCertVerifier>,
    crl_file: Option<PathBuf>,
}

impl ClientCertVerifier for TellingVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.inner.verify_client_cert(end_entity, intermediates, now);
        let crl_file = self.crl_file.as_deref();
        let refused = verified.as_ref().err();
        REFUSED.set(refused.map(|error| ClientRefusal::new(shown(end_entity), error, crl_file)));
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }
}

/// Why a client's certificate was refused, and whose it is.
#[derive(Clone, Debug)]
pub struct ClientRefusal {
    /// The owner of the certificate, as it says itself.
    who: String,
    why: String,
}

impl ClientRefusal {
    pub(super) fn new(who: String, error: &rustls::Error, crl_file: Option<&Path>) -> Self {
        Self { who, why: why(error, crl_file) }
    }

    /// The one that a handshake ended by, if that is it.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for ClientRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the client's certificate, of {}, {}", self.who, self.why)
    }
}

impl Error for ClientRefusal {}

/// That of a handshake that ended by `error`, with who was refused if it was a certificate.
pub(super) fn explain(error: rustls::Error) -> io::Error {
    match (REFUSED.take(), &error) {
        (Some(refusal), rustls::Error::InvalidCertificate(_)) => {
            io::Error::new(ErrorKind::InvalidData, refusal)
        }
        _ => invalid(error),
    }
}

/// Why, and what helps. `crl_file`: the file of lists of revoked certificates.
fn why(error: &rustls::Error, crl_file: Option<&Path>) -> String {
    let rustls::Error::InvalidCertificate(refused) = error else { return error.to_string() };
    let why = match refused {
        Refused::ExpiredRevocationListContext { next_update, .. } => {
            let until = SystemTime::UNIX_EPOCH + Duration::from_secs(next_update.as_secs());
            let file = crl_file.unwrap_or(Path::new(CRL_FILE)).display();
            return format!(
                "cannot be verified: its authority's list of revoked certificates in {file} ended \
                 at {}; have a newer one issued",
                moment(until)
            );
        }
        Refused::UnknownIssuer => "was issued by no authority in tls_client_ca",
        Refused::BadSignature => {
            "was issued by no authority in tls_client_ca: one there has the name, and another key"
        }
        Refused::Expired | Refused::ExpiredContext { .. } => "has expired",
        Refused::NotValidYet | Refused::NotValidYetContext { .. } => "is not valid yet",
        Refused::Revoked => "is revoked, by tls_client_crl",
        Refused::UnknownRevocationStatus => {
            "has an authority whose list of revoked certificates is not in tls_client_crl"
        }
        Refused::InvalidPurpose | Refused::InvalidPurposeContext { .. } => {
            "is not one for clients (its extendedKeyUsage lacks clientAuth)"
        }
        // They have no variant of their own.
        Refused::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "is that of an authority (CA:TRUE); a client needs one that the authority has issued"
        }
        Refused::Other(other) if format!("{other:?}").contains("UnsupportedCertVersion") => {
            "is of X.509 version 1; issue it with extensions, for example \
             extendedKeyUsage=clientAuth"
        }
        other => return format!("cannot be used: {other}"),
    };
    why.to_owned()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustls::crypto::ring;

    use super::*;

    /// An authority whose list ends after a day, and certificates for a month.
    const SCRIPT: &str = "
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
            -keyout ca.key -out ca.pem -subj /CN=ca
        printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n' > conf
        touch index && echo 01 > number && echo extendedKeyUsage=clientAuth > ext
        for name in good revoked; do
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key \
                -out request.pem -subj /CN=$name
            openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial \
                -extfile ext -out $name.pem -days 30
        done
        openssl ca -config conf -keyfile ca.key -cert ca.pem -revoke revoked.pem
        openssl ca -config conf -keyfile ca.key -cert ca.pem -gencrl -crldays 1 -out crl.pem";

    #[test]
    fn data_connections_go_on_when_a_list_ends() {
        let dir = tempfile::tempdir().unwrap();
        let made = Command::new("sh").args(["-ec", SCRIPT]).current_dir(dir.path()).output();
        let made = made.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let options = ClientAuthOptions {
            ca_file: dir.path().join("ca.pem"),
            crl_file: Some(dir.path().join("crl.pem")),
            is_required: true,
            user: UserField::CommonName,
            asks_password: false,
        };
        let provider = Arc::new(ring::default_provider());
        let days = |days: u64| {
            let now = Duration::from_secs(UnixTime::now().as_secs());
            UnixTime::since_unix_epoch(now + Duration::from_secs(days * 24 * 60 * 60))
        };
        for (ended, name, later, expected) in [
            (EndedList::IsNone, "good", 0, true),
            (EndedList::IsNone, "good", 2, false),
            (EndedList::StillCounts, "good", 2, true),
            (EndedList::StillCounts, "revoked", 2, false),
            // It is no longer valid itself.
            (EndedList::StillCounts, "good", 40, false),
        ] {
            let verifier = options.verifier(&provider, ended).unwrap();
            let file = dir.path().join(format!("{name}.pem"));
            let certificate = CertificateDer::from_pem_file(file).unwrap();
            let verified = verifier.verify_client_cert(&certificate, &[], days(later));
            assert_eq!(verified.is_ok(), expected, "{ended:?} {name} {later}: {verified:?}");
        }
    }
}
