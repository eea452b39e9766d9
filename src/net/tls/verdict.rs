//! What the certificate that a client has shown is good for.

use super::client_auth::{ClientAuthOptions, ClientRefusal};
use super::client_identity::{ClientIdentity, UserField};

/// What a client has shown.
#[derive(Debug)]
pub(super) enum Shown {
    Nothing,
    Valid(ClientIdentity),
    /// It was valid when the session began that was resumed now, and is not any more.
    NotAnyMore(ClientRefusal),
}

/// What a login by a name takes.
#[derive(Clone, Debug)]
pub enum CertificateVerdict<'a> {
    /// The password.
    Password,
    /// Nothing: the certificate proves it.
    Proven,
    /// The certificate is of somebody else.
    OtherName(&'a ClientIdentity),
    /// There is none, and there must be.
    NoCertificate,
    /// The certificate is not valid any more.
    Refused(ClientRefusal),
}

impl Shown {
    pub(super) fn identity(&self) -> Option<&ClientIdentity> {
        match self {
            Self::Valid(identity) => Some(identity),
            Self::Nothing | Self::NotAnyMore(_) => None,
        }
    }

    /// What `user` needs to log in where `options` hold.
    pub(super) fn admits(&self, user: &str, options: &ClientAuthOptions) -> CertificateVerdict<'_> {
        match self {
            Self::NotAnyMore(refusal) => CertificateVerdict::Refused(refusal.clone()),
            Self::Nothing if options.is_required => CertificateVerdict::NoCertificate,
            Self::Nothing => CertificateVerdict::Password,
            Self::Valid(_) if options.user == UserField::Any => CertificateVerdict::Password,
            Self::Valid(identity) if !identity.is_called(user) => {
                CertificateVerdict::OtherName(identity)
            }
            Self::Valid(_) if options.wants_password() => CertificateVerdict::Password,
            Self::Valid(_) => CertificateVerdict::Proven,
        }
    }
}
