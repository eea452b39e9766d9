//! Did the store receive what was sent? CRC-64/XZ where it answers one, MD5 where the operator
//! asks for it.
//!
//! Both are computed over the pieces in memory after the answer came, so that a store without
//! checksums costs nothing. [`super::guard`] tells what goes with a body for the store to compare.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crc_fast::{CrcAlgorithm, Digest};
use ring::digest::{Context, SHA256};

use super::etag_form::md5_of;
use crate::store::cos::options::VerifyUploads;
use crate::store::{Body, ETag, PartReceipt};

/// What a store said about bytes it received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredChecksums<'a> {
    /// CRC-64/XZ, if it answered one.
    pub(crate) crc64: Option<u64>,
    /// The ETag, if it answered one.
    pub(crate) etag: Option<&'a ETag>,
}

/// Whether `receipt` agrees with `body`. What the store does not tell cannot disagree.
pub(crate) fn agrees(verify: VerifyUploads, body: &Body<'_>, receipt: StoredChecksums<'_>) -> bool {
    if verify == VerifyUploads::Off {
        return true;
    }
    if receipt.crc64.is_some_and(|crc| crc != crc64(body)) {
        return false;
    }
    let md5 = receipt.etag.and_then(md5_of);
    verify != VerifyUploads::Md5 || md5.is_none_or(|md5| is_md5_of(body, md5))
}

/// Whether a whole object's CRC is to be compared, and differs.
pub(crate) fn differs(verify: VerifyUploads, told: Option<u64>, expected: Option<u64>) -> bool {
    verify != VerifyUploads::Off
        && told.zip(expected).is_some_and(|(told, expected)| told != expected)
}

/// Whether `receipt` proves that the store holds `body`. What it does not tell proves nothing.
pub(crate) fn proves(body: &Body<'_>, receipt: StoredChecksums<'_>) -> bool {
    let md5 = receipt.etag.and_then(md5_of);
    match receipt.crc64 {
        Some(crc) => crc == crc64(body),
        None => md5.is_some_and(|md5| is_md5_of(body, md5)),
    }
}

/// The value of `Content-MD5` for `body` (RFC 1864): the store refuses another one.
pub(crate) fn content_md5(body: &Body<'_>) -> String {
    BASE64_STANDARD.encode(*md5(body))
}

/// The value of `x-amz-content-sha256` for `body`: the store refuses another one.
pub(crate) fn sha256(body: &Body<'_>) -> String {
    let mut context = Context::new(&SHA256);
    for piece in body.pieces() {
        context.update(piece);
    }
    hex(context.finish().as_ref())
}

/// In lower-case digits. A formatted byte each would cost thousands of instructions.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// CRC-64/XZ of a whole object made of parts `(crc64, bytes)` in order; `None` as soon as one part
/// has none.
pub(crate) fn combined(parts: impl IntoIterator<Item = (Option<u64>, u64)>) -> Option<u64> {
    parts.into_iter().try_fold(0, |whole, (crc, len)| {
        Some(crc_fast::checksum_combine(CrcAlgorithm::Crc64Xz, whole, crc?, len))
    })
}

/// The ETag that most stores give an object made of parts: the MD5 of the parts' MD5s, and their
/// number. `None` when a part's ETag is no MD5.
pub(crate) fn etag_of_parts(parts: &[PartReceipt]) -> Option<ETag> {
    let mut context = md5::Context::new();
    for part in parts {
        context.consume(md5_bytes(&part.etag)?);
    }
    Some(ETag(format!("\"{:x}-{}\"", context.finalize(), parts.len())))
}

fn md5_bytes(etag: &ETag) -> Option<[u8; 16]> {
    let number = u128::from_str_radix(md5_of(etag)?, 16).ok()?;
    Some(number.to_be_bytes())
}

fn crc64(body: &Body<'_>) -> u64 {
    let mut digest = Digest::new(CrcAlgorithm::Crc64Xz);
    for piece in body.pieces() {
        digest.update(piece);
    }
    digest.finalize()
}

/// Whether these hexadecimal digits are the MD5 of `body`.
fn is_md5_of(body: &Body<'_>, digits: &str) -> bool {
    hex(&*md5(body)).eq_ignore_ascii_case(digits)
}

fn md5(body: &Body<'_>) -> md5::Digest {
    let mut context = md5::Context::new();
    for piece in body.pieces() {
        context.consume(piece);
    }
    context.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Cancel;

    fn check(pieces: &[&[u8]], verify: VerifyUploads, crc64: Option<u64>, etag: &str) -> bool {
        let cancel = Cancel::new();
        let etag = ETag(etag.to_owned());
        agrees(verify, &Body::new(pieces, &cancel), StoredChecksums { crc64, etag: Some(&etag) })
    }

    #[test]
    fn crc64_is_the_one_of_the_cos_manual() {
        for (pieces, crc) in [
            (vec![&b"1234"[..], b"56789"], 11_051_210_869_376_104_954),
            (vec![&b""[..]], 0),
            (vec![&b"[Object Content]"[..]], 16_749_565_679_157_681_890),
        ] {
            assert!(check(&pieces, VerifyUploads::Auto, Some(crc), "\"x\""));
            assert!(!check(&pieces, VerifyUploads::Auto, Some(crc ^ 1), "\"x\""));
            assert!(check(&pieces, VerifyUploads::Off, Some(crc ^ 1), "\"x\""));
            assert!(check(&pieces, VerifyUploads::Auto, None, "\"x\""), "nothing told");
        }
    }

    #[test]
    fn the_etag_of_parts_is_the_md5_of_their_md5s() {
        let part = |etag: &str| PartReceipt {
            number: 1,
            size: 1,
            etag: ETag(format!("\"{etag}\"")),
            crc64: None,
        };
        // MD5 of "a" and of "b"; the whole computed with coreutils' md5sum.
        let (a, b) = ("0cc175b9c0f1b6a831c399e269772661", "92eb5ffee6ae2fec3ad71c777531578f");
        let whole = etag_of_parts(&[part(a), part(b)]);
        assert_eq!(whole, Some(ETag("\"96e024ba2074fe77e8e965ba43a704be-2\"".into())));
        assert_eq!(etag_of_parts(&[part(a), part("opaque")]), None);
    }

    #[test]
    fn hashes_are_spelled_as_their_headers_want_them() {
        let cancel = Cancel::new();
        // By coreutils and OpenSSL: printf 'ab' | openssl md5 -binary | base64
        let body: [&[u8]; 2] = [b"a", b"b"];
        assert_eq!(content_md5(&Body::new(&body, &cancel)), "GH70Q2Ei0cwvQNwrkvDroA==");
        // By coreutils: printf 'ab' | sha256sum
        assert_eq!(
            sha256(&Body::new(&body, &cancel)),
            "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"
        );
    }

    #[test]
    fn md5_is_compared_only_when_asked_for_and_only_with_an_md5() {
        let body: [&[u8]; 2] = [b"[Object ", b"Content]"];
        let good = "\"EE8de918d05640145b18f70f4c3aa602\"";
        let bad = "\"ff8de918d05640145b18f70f4c3aa602\"";
        assert!(check(&body, VerifyUploads::Md5, None, good));
        assert!(!check(&body, VerifyUploads::Md5, None, bad));
        assert!(check(&body, VerifyUploads::Auto, None, bad));
        for no_md5 in [
            "\"ff8de918d05640145b18f70f4c3aa602-1\"",
            "",
            "\"ff\"",
            "\"zz8de918d05640145b18f70f4c3aa602\"",
        ] {
            assert!(check(&body, VerifyUploads::Md5, None, no_md5), "{no_md5}");
        }
    }

    #[test]
    fn what_is_not_told_proves_nothing() {
        let cancel = Cancel::new();
        let body: [&[u8]; 1] = [b"[Object Content]"];
        let crc = 16_749_565_679_157_681_890;
        let (md5, other) =
            ("\"ee8de918d05640145b18f70f4c3aa602\"", "\"ff8de918d05640145b18f70f4c3aa602\"");
        for (crc64, etag, expected) in [
            (Some(crc), other, true),
            (Some(crc ^ 1), md5, false),
            (None, md5, true),
            (None, other, false),
            (None, "\"ee8de918d05640145b18f70f4c3aa602-1\"", false),
            (None, "", false),
        ] {
            let etag = ETag(etag.to_owned());
            let receipt = StoredChecksums { crc64, etag: Some(&etag) };
            assert_eq!(proves(&Body::new(&body, &cancel), receipt), expected, "{receipt:?}");
        }
    }

    #[test]
    fn parts_combine_to_the_whole() {
        let cancel = Cancel::new();
        let parts = ["[Chunked Content]", "[2nd chunk]", "[3rd chunk]", "[4th chunk]"];
        let crcs = parts
            .map(|part| (Some(crc64(&Body::new(&[part.as_bytes()], &cancel))), part.len() as u64));
        assert_eq!(combined(crcs), Some(7_188_322_482_464_764_960));
        assert_eq!(combined([crcs[0], (None, 5)]), None);
        assert_eq!(combined([]), Some(0));
    }
}
