//! Values of the keys about new objects: text in, value out, `None` for what is not accepted.

use crate::store::cos::{ServerSideEncryption, for_user};

/// Tags of an object, at most (S3, COS).
const TAGS: usize = 10;

/// Characters of a tag's name, and of its value, at most. COS takes one less of each.
const TAG_NAME: usize = 127;
pub(super) const TAG_VALUE: usize = 255;

/// The headers that `upload_headers` may name.
const HEADERS: [&str; 4] =
    ["cache-control", "content-disposition", "content-language", "pic-operations"];

/// `off`, or what `read` takes.
pub(super) fn off_or<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text.eq_ignore_ascii_case("off") { Some(None) } else { read(text).map(Some) }
}

/// The name of a storage class.
pub(super) fn storage_class(text: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (text.len() <= 64 && text.bytes().all(fits)).then(|| text.to_ascii_uppercase())
}

/// `AES256`, `cos/kms`, `aws:kms`, the two behind it with a key.
pub(super) fn encryption(text: &str) -> Option<ServerSideEncryption> {
    if text.eq_ignore_ascii_case("AES256") {
        return Some(ServerSideEncryption::Aes256);
    }
    let key_behind = |word: &str| match text.strip_prefix(word)? {
        "" => Some(None),
        rest => rest.strip_prefix(':').filter(|key| is_kms_key(key)).map(|key| Some(key.into())),
    };
    let of_cos = key_behind("cos/kms").map(ServerSideEncryption::CosKms);
    of_cos.or_else(|| key_behind("aws:kms").map(ServerSideEncryption::AwsKms))
}

fn is_kms_key(key: &str) -> bool {
    (1..=2048).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `name=value&name=value`.
pub(super) fn tags(text: &str) -> Option<Vec<(String, String)>> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let is_known = tags.iter().any(|(known, _)| known == name);
        if is_known || !is_tag_name(name) || !is_tag_value(&for_user(value, "")) {
            return None;
        }
        tags.push((name.to_owned(), value.to_owned()));
    }
    (tags.len() <= TAGS).then_some(tags)
}

fn is_tag_name(name: &str) -> bool {
    // S3 keeps these names for itself.
    let is_reserved = name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
    (1..=TAG_NAME).contains(&name.chars().count()) && !is_reserved && name.chars().all(is_of_tags)
}

/// Whether a tag may have this value.
pub(super) fn is_tag_value(value: &str) -> bool {
    value.chars().count() <= TAG_VALUE && value.chars().all(is_of_tags)
}

fn is_of_tags(c: char) -> bool {
    c.is_alphanumeric() || " +-=._:/@".contains(c)
}

/// `Name: value & Name: value`.
pub(super) fn headers(text: &str) -> Option<Vec<(String, String)>> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for header in text.split(" & ") {
        let (name, value) = header.split_once(':')?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        let is_known = headers.iter().any(|(known, _)| *known == name);
        let is_plain = !value.is_empty() && value.bytes().all(|b| (b' '..=b'~').contains(&b));
        if is_known || !is_plain || !HEADERS.contains(&name.as_str()) {
            return None;
        }
        headers.push((name, value.to_owned()));
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_of_encryption() {
        let key = |text: &str| Some(text.to_owned());
        for (text, expected) in [
            ("AES256", Some(ServerSideEncryption::Aes256)),
            ("aes256", Some(ServerSideEncryption::Aes256)),
            ("cos/kms", Some(ServerSideEncryption::CosKms(None))),
            ("cos/kms:ab-1", Some(ServerSideEncryption::CosKms(key("ab-1")))),
            ("aws:kms", Some(ServerSideEncryption::AwsKms(None))),
            (
                "aws:kms:arn:aws:kms:x:1:key/a",
                Some(ServerSideEncryption::AwsKms(key("arn:aws:kms:x:1:key/a"))),
            ),
            ("aws:kms:", None),
            ("cos/kmsx", None),
            ("cos/kms:a b", None),
            ("on", None),
        ] {
            assert_eq!(encryption(text), expected, "{text}");
        }
    }

    #[test]
    fn tags_are_few_short_and_of_characters_that_stores_take() {
        let long = format!("a={}", "x".repeat(256));
        let many = (0..11).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join("&");
        for (text, expected) in [
            ("site=gz&user=%u", Some(vec![("site", "gz"), ("user", "%u")])),
            (" site = gz ", Some(vec![("site", "gz")])),
            ("a=", Some(vec![("a", "")])),
            ("站=广州", Some(vec![("站", "广州")])),
            ("a=b=c", Some(vec![("a", "b=c")])),
            ("a=1&a=2", None),
            ("=x", None),
            ("a", None),
            ("a=b&", None),
            ("aws:x=1", None),
            ("AWS:x=1", None),
            ("a=%x", None),
            ("a=%", None),
            ("a=b!", None),
            (&long, None),
            (&many, None),
        ] {
            let expected = expected.map(|tags| {
                let owned = tags.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned()));
                owned.collect::<Vec<_>>()
            });
            assert_eq!(tags(text), expected, "{text}");
        }
    }

    #[test]
    fn headers_come_from_the_list() {
        for (text, expected) in [
            ("Cache-Control: no-cache", Some(vec![("cache-control", "no-cache")])),
            (
                "Content-Disposition: attachment; filename=\"a&b\" & content-language:zh",
                Some(vec![
                    ("content-disposition", "attachment; filename=\"a&b\""),
                    ("content-language", "zh"),
                ]),
            ),
            (
                r#"Pic-Operations: {"rules":[{"rule":"a&b"}]}"#,
                Some(vec![("pic-operations", r#"{"rules":[{"rule":"a&b"}]}"#)]),
            ),
            ("Content-Type: text/plain", None),
            ("x-amz-acl: public-read", None),
            ("Cache-Control: a & cache-control: b", None),
            ("Cache-Control:", None),
            ("Cache-Control", None),
            ("Content-Language: 中文", None),
        ] {
            let expected = expected.map(|headers| {
                let owned = headers.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned()));
                owned.collect::<Vec<_>>()
            });
            assert_eq!(headers(text), expected, "{text}");
        }
    }

    #[test]
    fn classes_have_names_of_capitals() {
        assert_eq!(storage_class("standard_ia").as_deref(), Some("STANDARD_IA"));
        assert_eq!(storage_class("STANDARD IA"), None);
        assert_eq!(off_or("Off", storage_class), Some(None));
        assert_eq!(off_or("a b", storage_class), None);
    }
}
