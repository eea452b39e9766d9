//! Encryption: AUTH, PBSZ, PROT, CCC (RFC 2228, RFC 4217), and what is refused without it.

use crate::protocol::{Code, Protection, Reply};

/// 234 to AUTH TLS; the handshake follows.
pub fn ready_for_tls() -> Reply {
    Reply::new(Code::SECURITY_AGREED, "Go on with the TLS handshake.")
}

/// 503 to AUTH on a connection that is encrypted.
pub fn already_encrypted() -> Reply {
    Reply::new(Code::BAD_SEQUENCE, "This connection is encrypted already.")
}

/// 503 to PBSZ and PROT on a connection that is not.
pub fn encryption_first() -> Reply {
    Reply::new(Code::BAD_SEQUENCE, "Send AUTH TLS first.")
}

/// 503 to PROT.
pub fn protection_buffer_first() -> Reply {
    Reply::new(Code::BAD_SEQUENCE, "Send PBSZ 0 first.")
}

/// 200 to PBSZ, whatever it asked for (RFC 4217 8).
pub fn protection_buffer_is_zero() -> Reply {
    Reply::new(Code::OK, "PBSZ=0")
}

/// The reply to PROT when nothing forbids it.
pub fn protection_set(protection: Protection) -> Reply {
    match protection {
        Protection::Private => Reply::new(Code::OK, "Data connections are encrypted."),
        Protection::Clear => Reply::new(Code::OK, "Data connections are not encrypted."),
        Protection::Other => {
            Reply::new(Code::PROTECTION_NOT_SUPPORTED, "Only PROT P and PROT C are supported.")
        }
    }
}

/// 534 to PROT C where TLS is demanded.
pub fn protection_demanded() -> Reply {
    Reply::new(Code::REFUSED_BY_POLICY, "Data connections must be encrypted here; PROT P.")
}

/// 533 to CCC.
pub fn control_stays_encrypted() -> Reply {
    Reply::new(Code::CONTROL_STAYS_PROTECTED, "The control connection stays encrypted.")
}

/// 530 to USER without TLS, where everybody must use it: before the password is sent.
pub fn tls_needed() -> Reply {
    Reply::new(Code::NOT_LOGGED_IN, "TLS is required here; send AUTH TLS before USER.")
}

/// 530 to PASS without TLS, where some accounts must use it: the same for those, for wrong
/// passwords and for names that do not exist.
pub fn login_incorrect_without_tls() -> Reply {
    Reply::new(Code::NOT_LOGGED_IN, "Login incorrect, or not allowed without TLS (AUTH TLS).")
}

/// 521 to a transfer without PROT P, where TLS is demanded (RFC 4217 11).
pub fn data_must_be_encrypted() -> Reply {
    Reply::new(
        Code::DATA_NOT_PROTECTED,
        "Data connections must be encrypted here; send PBSZ 0 and PROT P first.",
    )
}

/// 522 when the handshake of a data connection failed.
pub fn data_handshake_failed() -> Reply {
    Reply::new(
        Code::DATA_SECURITY_FAILED,
        "The TLS handshake of the data connection failed or took too long.",
    )
}

/// 522 to a data connection that is not of the control connection's TLS session.
pub fn session_not_resumed() -> Reply {
    Reply::new(
        Code::DATA_SECURITY_FAILED,
        "The data connection must resume the TLS session of the control connection.",
    )
}

/// 522 to a data connection of whoever has not the client's certificate.
pub fn data_without_certificate() -> Reply {
    Reply::new(
        Code::DATA_SECURITY_FAILED,
        "The data connection must show the certificate of the control connection, or resume its \
         TLS session.",
    )
}

/// 530 to USER over TLS without a certificate, where clients must have one.
pub fn certificate_needed() -> Reply {
    Reply::new(Code::NOT_LOGGED_IN, "A client certificate is required here, and none was shown.")
}

/// 530 to USER by somebody else than the certificate is of.
pub fn certificate_of_another() -> Reply {
    Reply::new(Code::NOT_LOGGED_IN, "The client certificate is not that of this user.")
}

/// 530 to USER with a certificate out of an earlier session, which would not be taken now.
pub fn certificate_refused() -> Reply {
    Reply::new(
        Code::NOT_LOGGED_IN,
        "The client certificate is not valid any more; connect with another one.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_rfcs() {
        for (reply, code) in [
            (ready_for_tls(), 234),
            (protection_set(Protection::Private), 200),
            (protection_set(Protection::Clear), 200),
            (protection_set(Protection::Other), 536),
            (protection_demanded(), 534),
            (control_stays_encrypted(), 533),
            (data_must_be_encrypted(), 521),
            (data_handshake_failed(), 522),
        ] {
            assert_eq!(reply.code().number(), code, "{reply:?}");
        }
        // RFC 4217 8: clients read the number.
        assert_eq!(protection_buffer_is_zero().to_bytes(), b"200 PBSZ=0\r\n");
    }
}
