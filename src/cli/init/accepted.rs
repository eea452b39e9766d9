//! Which answers are taken. What the configuration would refuse is refused at once, with what would
//! be right.

use std::path::Path;

use cos_ftp_server::config::{self, EnvironmentKeys, MachineFacts};
use cos_ftp_server::users;

/// What stands in the file as it is: without white space, behind which a comment could begin.
pub(super) fn one_word(name: &str, text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("{name} is a word without spaces"));
    }
    one_line(text)
}

/// What may hold spaces, too.
pub(super) fn one_line(text: &str) -> Result<String, String> {
    if text.contains([';', '#']) || text.contains(char::is_control) {
        return Err("# and ; cannot be used here".to_owned());
    }
    Ok(text.to_owned())
}

/// Who may log in.
pub(super) fn user_name(text: &str) -> Result<String, String> {
    let word = one_word("the user", text)?;
    if !users::is_user_name(&word) {
        return Err(format!(
            "{word:?} cannot be a user name: accepted are 1 to 64 bytes without slashes, colons \
             and control characters that do not begin with . # or -"
        ));
    }
    Ok(word)
}

/// Where a store is that speaks S3.
pub(super) fn endpoint(text: &str) -> Result<String, String> {
    let word = one_word("the endpoint", text)?;
    let is_directory = word.to_ascii_lowercase().starts_with("file:");
    if is_directory || !can_be("cos_endpoint", &word) {
        return Err(
            "the endpoint is https:// or http://, a host and perhaps a port, with nothing \
                    behind them: the bucket is asked for next"
                .to_owned(),
        );
    }
    Ok(word)
}

/// A bucket of any store.
pub(super) fn bucket(text: &str) -> Result<String, String> {
    let word = one_word("the bucket", text)?;
    if !can_be("cos_bucket", &word) {
        return Err("a bucket's name has letters, digits, hyphens and dots, as in files".to_owned());
    }
    Ok(word)
}

/// A bucket of COS.
pub(super) fn bucket_with_appid(text: &str) -> Result<String, String> {
    let (name, appid) = text.rsplit_once('-').unwrap_or_default();
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let fits = !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_letter);
    if appid.is_empty() || !appid.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("on COS a bucket's full name ends in -APPID, a number".to_owned());
    }
    if !fits || !can_be("cos_bucket", text) {
        return Err("before -APPID the name of a bucket of COS has small letters, digits and \
                    hyphens, as in files-1250000000"
            .to_owned());
    }
    Ok(text.to_owned())
}

/// A region of any store.
pub(super) fn region(text: &str) -> Result<String, String> {
    let word = one_word("the region", text)?;
    if !can_be("cos_region", &word) {
        return Err("a region has letters, digits and hyphens, as in us-east-1".to_owned());
    }
    Ok(word)
}

/// A region of COS.
pub(super) fn region_of_cos(text: &str) -> Result<String, String> {
    let word = one_word("the region", text)?;
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !word.contains('-') || !word.bytes().all(is_letter) || !can_be("cos_region", &word) {
        return Err(
            "a region of COS is named by the code of the console, as in ap-guangzhou".to_owned()
        );
    }
    Ok(word)
}

/// `y` or `n`.
pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "是" => Ok(true),
        "n" | "no" | "否" => Ok(false),
        _ => Err("y or n".to_owned()),
    }
}

/// Whether the configuration takes `value` for `key`, whatever else it says.
fn can_be(key: &str, value: &str) -> bool {
    let text = format!("[COS_ACCOUNT_0]\n{key} = {value}\n");
    let (machine, keys) = (MachineFacts::default(), EnvironmentKeys::default());
    let parsed = config::parse(text.as_bytes(), Path::new(""), &machine, &keys);
    let problems = parsed.map_or_else(|problems| problems.problems, |_| Vec::new());
    !problems.iter().any(|problem| problem.place.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_cannot_stand_in_the_file_are_refused() {
        for word in ["", "two words", "a#b", "a;b", "#", "tab\there", "bell\u{7}"] {
            assert!(one_word("it", word).is_err(), "{word:?}");
        }
        assert_eq!(one_word("it", "AKID=+/x").as_deref(), Ok("AKID=+/x"));
        for name in ["a:b", "a/b", ".a", "two words"] {
            assert!(user_name(name).is_err(), "{name}");
        }
        assert_eq!(user_name("bob").as_deref(), Ok("bob"));
    }

    #[test]
    fn what_the_configuration_would_refuse_is_refused_at_once() {
        type Accepts = fn(&str) -> Result<String, String>;
        for (accepts, right, wrong) in [
            (
                endpoint as Accepts,
                &["https://s3.example.com", "http://127.0.0.1:9000", "minio"][..],
                &["ftp://host", "http://host/bucket", "https//host", "file:///srv", "host:0"][..],
            ),
            (bucket, &["files", "my.files_1"], &["a/b", "-files", "文件", "https://files"]),
            (
                bucket_with_appid,
                &["files-1250000000", "my-files-1"],
                &["files", "files-", "files-abc", "my files-1", "a/b-1", "Files-1", "-1", "a.b-1"],
            ),
            (region, &["us-east-1", "default"], &["us east", "a/b", "https://x"]),
            (region_of_cos, &["ap-guangzhou", "na-siliconvalley"], &["guangzhou", "广州", "a/-b"]),
        ] {
            for text in right {
                assert_eq!(accepts(text).as_deref(), Ok(*text));
            }
            for text in wrong {
                assert!(accepts(text).is_err(), "{text}");
            }
        }
    }
}
