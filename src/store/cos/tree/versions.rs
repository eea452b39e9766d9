//! Versions of an object: which object is a copy of which, and the delete of one version and of no
//! other, whatever somebody else has stored there since it was looked at.

use super::BucketTree;
use crate::store::cos::objects::{Head, KeyEntry, md5_of};
use crate::store::key_locks::KeyLock;
use crate::store::{ErrorKind, Result, StoreError};

/// What an object is to the one that it should be a copy of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// It holds the same bytes: ETag or checksum says so.
    Same,
    /// As large, and stored in a later second. A store may give the copy of an object of many parts
    /// another ETag: so it is a copy, unless the original was replaced after it was copied.
    Probable,
    /// Another object, stored in a later second.
    Newer,
    /// Another object, and it cannot be said that it is the newer one.
    Older,
}

/// What `copy` is to `source`, as HEAD tells of both.
pub(crate) fn likeness(source: &Head, copy: &Head) -> Likeness {
    let is_as_large = source.size == copy.size;
    let is_empty = source.size == 0;
    let sums = source.headers.crc64().zip(copy.headers.crc64());
    let has_etag =
        source.etag().zip(copy.etag()).is_some_and(|(one, other)| same(&one.0, &other.0));
    if is_as_large && (is_empty || has_etag || sums.is_some_and(|(one, other)| one == other)) {
        return Likeness::Same;
    }
    // Both have whole seconds.
    let is_later = source.modified().zip(copy.modified()).is_some_and(|(its, ours)| ours > its);
    // A copy that was made in parts has an ETag of another kind.
    let is_other = is_etag_of_bytes(source) && is_etag_of_bytes(copy);
    match is_later {
        true if is_as_large && sums.is_none() && !is_other => Likeness::Probable,
        true => Likeness::Newer,
        false => Likeness::Older,
    }
}

/// Whether the ETag is the MD5 of the bytes, so that every copy has it, too: not that of an object
/// of many parts, nor of one that is encrypted by a key of its own.
fn is_etag_of_bytes(head: &Head) -> bool {
    let encryption = head.headers.vendor("server-side-encryption").unwrap_or_default();
    let has_own_key = head.headers.vendor("server-side-encryption-customer-algorithm").is_some();
    let is_md5 = head.etag().is_some_and(|etag| md5_of(&etag).is_some());
    !encryption.contains("kms") && !has_own_key && is_md5
}

/// Whether a listing shows for certain that `copy` holds the bytes of `source`.
pub(crate) fn is_listed_copy(source: &Head, copy: &KeyEntry) -> bool {
    let etags = source.etag().zip(copy.etag.as_deref());
    let is_same = source.size == 0 || etags.is_some_and(|(one, other)| same(&one.0, other));
    source.size == copy.size && is_same
}

/// Whether two looks at one key saw the same version. The time counts, too: the same bytes may have
/// been stored, and confirmed, once more.
pub(crate) fn is_same_version(one: &Head, other: &Head) -> bool {
    let etags = match (one.etag(), other.etag()) {
        (Some(one), Some(other)) => same(&one.0, &other.0),
        (one, other) => one == other,
    };
    etags && one.size == other.size && one.modified() == other.modified()
}

/// Headers quote an ETag, lists of some stores do not.
fn same(etag: &str, other: &str) -> bool {
    etag.trim_matches('"') == other.trim_matches('"')
}

/// Deletes `key` if the version `seen` still stands there, for somebody who has the turn to
/// change it and has just looked. Whether it is gone; if not, another version stands there.
///
/// Where the store takes no condition, what another process stores between the look and the
/// delete goes, too.
pub(crate) fn delete_version(
    tree: BucketTree<'_>,
    turn: &KeyLock,
    key: &str,
    seen: &Head,
) -> Result<bool> {
    let conditions = &tree.bucket.conditional_deletes;
    let etag = seen.etag().filter(|_| conditions.is_given());
    let Some(etag) = etag else {
        return tree.objects.delete(turn, key, None).map(|()| true);
    };
    match tree.objects.delete(turn, key, Some(&etag)) {
        Ok(()) => return Ok(true),
        Err(error) if error.kind == ErrorKind::PreconditionFailed => {
            match tree.objects.head(key)? {
                Some(now) if !is_same_version(&now, seen) => return Ok(false),
                // A condition that holds was refused: this store reads it in another way.
                Some(_) => {}
                None => {
                    tree.objects.note_gone(key);
                    return Ok(true);
                }
            }
        }
        Err(error) if may_mean_the_condition(&error) => {}
        Err(error) => return Err(error),
    }
    tree.objects.delete(turn, key, None)?;
    // Without the condition it went well.
    conditions.end();
    Ok(true)
}

/// Whether a refusal may be that of a store that knows no conditions of a DELETE.
fn may_mean_the_condition(error: &StoreError) -> bool {
    let is_unnamed = error.kind == ErrorKind::Other && error.status == Some(400);
    is_unnamed || error.kind == ErrorKind::Unsupported
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::store::cos::s3::answer::Headers;

    fn head(size: u64, etag: &str, second: u8, crc64: Option<&'static str>) -> Head {
        let mut headers = HeaderMap::new();
        let time = format!("Sat, 03 Jan 2026 10:00:{second:02} GMT");
        headers.insert("etag", HeaderValue::from_str(etag).unwrap());
        headers.insert("last-modified", HeaderValue::from_str(&time).unwrap());
        if let Some(crc64) = crc64 {
            headers.insert("x-cos-hash-crc64ecma", HeaderValue::from_static(crc64));
        }
        Head { size, headers: Headers(headers) }
    }

    #[test]
    fn a_copy_is_told_from_what_was_stored_before_and_after() {
        use Likeness as L;
        let source = head(5, "\"a\"", 30, None);
        for (copy, expected) in [
            (head(5, "\"a\"", 30, None), L::Same),
            (head(5, "a", 10, None), L::Same),
            (head(6, "\"a\"", 31, None), L::Newer),
            (head(5, "\"b\"", 31, None), L::Probable),
            (head(5, "\"b\"", 30, None), L::Older),
            (head(5, "\"b\"", 29, None), L::Older),
            (head(6, "\"b\"", 31, None), L::Newer),
            (head(6, "\"b\"", 30, None), L::Older),
        ] {
            assert_eq!(likeness(&source, &copy), expected, "{copy:?}");
        }
    }

    /// Another object as large as the original is no copy of it where every copy has its ETag.
    #[test]
    fn an_etag_that_is_the_md5_of_the_bytes_tells_for_certain() {
        const MD5: &str = "\"0123456789abcdef0123456789abcdef\"";
        const OTHER: &str = "\"fedcba9876543210fedcba9876543210\"";
        let in_parts = "\"0123456789abcdef0123456789abcdef-2\"";
        let later = head(5, OTHER, 31, None);
        assert_eq!(likeness(&head(5, MD5, 30, None), &later), Likeness::Newer);
        assert_eq!(likeness(&head(5, in_parts, 30, None), &later), Likeness::Probable);
        let copied_in_parts = head(5, in_parts, 31, None);
        assert_eq!(likeness(&head(5, MD5, 30, None), &copied_in_parts), Likeness::Probable);
        for (name, value) in [
            ("x-amz-server-side-encryption", "aws:kms"),
            ("x-cos-server-side-encryption", "cos/kms"),
            ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
        ] {
            let mut encrypted = head(5, MD5, 30, None);
            encrypted.headers.0.insert(name, HeaderValue::from_static(value));
            assert_eq!(likeness(&encrypted, &later), Likeness::Probable, "{name}");
        }
    }

    #[test]
    fn nothing_is_the_same_as_nothing() {
        let (source, copy) = (head(0, "\"a\"", 30, None), head(0, "\"b\"", 30, None));
        assert_eq!(likeness(&source, &copy), Likeness::Same);
        assert_eq!(likeness(&source, &head(1, "\"b\"", 30, None)), Likeness::Older);
    }

    #[test]
    fn checksums_tell_more_than_times() {
        let source = head(5, "\"a-2\"", 30, Some("7"));
        for (crc64, second, expected) in [
            (Some("7"), 30, Likeness::Same),
            (Some("8"), 31, Likeness::Newer),
            (Some("8"), 30, Likeness::Older),
            (None, 31, Likeness::Probable),
        ] {
            assert_eq!(likeness(&source, &head(5, "\"b\"", second, crc64)), expected, "{crc64:?}");
        }
    }

    #[test]
    fn a_version_is_its_etag_size_and_time() {
        let seen = head(5, "\"a\"", 30, None);
        assert!(is_same_version(&seen, &head(5, "a", 30, None)));
        for other in
            [head(5, "\"b\"", 30, None), head(6, "\"a\"", 30, None), head(5, "\"a\"", 31, None)]
        {
            assert!(!is_same_version(&seen, &other), "{other:?}");
        }
    }

    #[test]
    fn a_listing_proves_by_its_etag_alone() {
        let source = head(5, "\"a\"", 30, None);
        for (size, etag, expected) in [
            (5, Some("\"a\""), true),
            (5, Some("a"), true),
            (5, None, false),
            (6, Some("a"), false),
        ] {
            let etag = etag.map(str::to_owned);
            let entry = KeyEntry { key: "k".into(), size, modified: None, etag };
            assert_eq!(is_listed_copy(&source, &entry), expected, "{entry:?}");
        }
    }
}
