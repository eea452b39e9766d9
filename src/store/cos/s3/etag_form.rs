//! What an ETag tells where a store gives it the usual form: the MD5 of the bytes, or, for an
//! object that was made of parts, a hash and their number. ETags of other forms tell nothing.

use crate::store::ETag;

/// The MD5 that an ETag is, in hexadecimal digits.
pub(crate) fn md5_of(etag: &ETag) -> Option<&str> {
    hash_and_parts(etag).filter(|(_, parts)| *parts == 0).map(|(hash, _)| hash)
}

/// The parts of which an object was made; 0 for one that was stored as a whole.
pub(crate) fn parts_of(etag: &ETag) -> Option<usize> {
    hash_and_parts(etag).map(|(_, parts)| parts)
}

fn hash_and_parts(etag: &ETag) -> Option<(&str, usize)> {
    let text = etag.0.trim_matches('"');
    let (hash, parts) = match text.split_once('-') {
        Some((hash, parts)) => (hash, parts.parse().ok()?),
        None => (text, 0),
    };
    let is_hash = hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some((hash, parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_known() {
        const HASH: &str = "0123456789abcdef0123456789ABCDEF";
        for (etag, md5, parts) in [
            (format!("\"{HASH}\""), Some(HASH), Some(0)),
            (HASH.to_owned(), Some(HASH), Some(0)),
            (format!("\"{HASH}-12\""), None, Some(12)),
            (format!("\"{HASH}-x\""), None, None),
            (format!("\"{HASH}0\""), None, None),
            ("\"opaque-3\"".to_owned(), None, None),
            (String::new(), None, None),
        ] {
            let etag = ETag(etag);
            assert_eq!((md5_of(&etag), parts_of(&etag)), (md5, parts), "{etag:?}");
        }
    }
}
