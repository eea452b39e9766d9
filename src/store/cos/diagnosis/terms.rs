//! Trials of what the account says of new objects: exactly these headers are sent, in one request
//! and for an upload in parts, and what came back of them is told key by key.

use std::time::Instant;

use super::examination::Examination;
use super::probe::PROBE;
use super::trial::{Fault, Trial, TrialVerdict, brief};
use super::uploads::{send_probe, unfinished};
use crate::store::cos::object_terms::tags_in;
use crate::store::cos::objects::{Complete, Head, written};
use crate::store::cos::s3::actions::abort_multipart_upload::abort_multipart_upload;
use crate::store::cos::s3::actions::create_multipart_upload::create_multipart_upload;
use crate::store::cos::s3::actions::get_object_acl::{Acl, get_object_acl};
use crate::store::cos::s3::actions::get_object_tagging::get_object_tagging;
use crate::store::cos::s3::actions::head_object::head_object;
use crate::store::cos::s3::actions::put_object::{Put, put_object};
use crate::store::cos::s3::actions::put_object_tagging::put_object_tagging;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::encryption::asked_by;
use crate::store::cos::s3::precondition::Precondition;
use crate::store::{Body, Cancel, ErrorKind, Operation, Result, StoreError};

/// Headers with the key of the configuration that makes them.
type Group = (&'static str, Vec<(String, String)>);

/// What is told of an object.
struct Seen {
    head: Head,
    /// How many tags it has, if that may be known.
    tags: Option<usize>,
}

/// What became of an object that was stored in one request, and of one in parts.
struct Heads {
    whole: Seen,
    in_parts: Seen,
    /// The ACLs of both, if they are of interest and may be known.
    acls: Option<[Acl; 2]>,
}

impl Heads {
    /// Whether these came back from an upload in parts alone not.
    fn forget(&self, headers: &[(String, String)]) -> bool {
        !lost(&self.whole, headers) && lost(&self.in_parts, headers)
    }
}

/// Tries the account's headers. Answers what could not be removed.
pub(super) fn try_terms(run: &mut Examination<'_>) -> Vec<String> {
    let headers = run.store.headers.to_vec();
    let groups = groups(&headers);
    let Some((first, _)) = groups.first() else { return Vec::new() };
    let (begun, mut left) = (Instant::now(), Vec::new());
    match store_both(run, &headers, &mut left) {
        Ok(heads) => {
            for (key, headers) in &groups {
                match verdict(key, headers, &heads) {
                    TrialVerdict::Failed(_) if *key == "object_tags" && heads.forget(headers) => {
                        try_tags_afterwards(run, headers);
                    }
                    verdict => run.tell(Trial::Key(key), verdict, begun),
                }
            }
        }
        Err(error) => {
            // Which of them is it?
            let refused = groups.iter().filter(|group| !try_alone(run, group)).count();
            if refused == 0 {
                run.tell(Trial::Key(first), refusal(run, first, &headers, &error), begun);
            }
        }
    }
    if let Some(note) = run.store.account.terms.storage_class.as_deref().and_then(note_on_class) {
        run.tell(Trial::Key("storage_class"), TrialVerdict::Skipped(note.to_owned()), begun);
    }
    left
}

/// What it means that files are of this class.
fn note_on_class(class: &str) -> Option<&'static str> {
    if class.contains("ARCHIVE") || class.starts_with("GLACIER") && class != "GLACIER_IR" {
        return Some(
            "note: files of this class must be restored before they can be read, renamed or \
             appended to, and are billed for months",
        );
    }
    let is_rare = class.ends_with("_IA") || class == "GLACIER_IR";
    is_rare.then_some(
        "note: files below 64 KB (S3: 128 KB) are billed as 64 KB, and each for 30 days at least",
    )
}

/// The headers by their keys.
fn groups(headers: &[(String, String)]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for header in headers {
        let key = key_of(&header.0);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(header.clone()),
            None => groups.push((key, vec![header.clone()])),
        }
    }
    groups
}

/// The key that makes the header `name`.
fn key_of(name: &str) -> &'static str {
    match tail(name) {
        Some("storage-class") => "storage_class",
        Some("acl") => "object_acl",
        Some("tagging") => "object_tags",
        Some(tail) if tail.starts_with("server-side-encryption") => "server_side_encryption",
        Some(_) => "stamp_uploads",
        None => "upload_headers",
    }
}

fn tail(name: &str) -> Option<&str> {
    name.strip_prefix("x-amz-").or_else(|| name.strip_prefix("x-cos-"))
}

fn store_both(
    run: &Examination<'_>,
    headers: &[(String, String)],
    left: &mut Vec<String>,
) -> Result<Heads> {
    let (client, [whole, in_parts]) = (run.client, run.described());
    put(client, &whole, headers)?;
    let id = create_multipart_upload(client, &in_parts, headers)?;
    let completed = send_probe(client, &in_parts, &id).and_then(|part| {
        let only = &Precondition::None;
        let parts = &[part];
        Ok(written::complete(client, Complete { key: &in_parts, upload_id: &id, parts, only })?)
    });
    if completed.is_err() && abort_multipart_upload(client, &in_parts, &id).is_err() {
        left.push(unfinished(&in_parts, &id));
    }
    completed?;
    let acl = |key| get_object_acl(client, key).ok();
    let has_acl = run.store.account.terms.acl_header().is_some();
    let acls = || acl(&whole).zip(acl(&in_parts)).map(|(whole, in_parts)| [whole, in_parts]);
    let acls = if has_acl { acls() } else { None };
    Ok(Heads { whole: look(run, &whole)?, in_parts: look(run, &in_parts)?, acls })
}

/// Stores the probe with the headers of one key. Whether the store takes them.
fn try_alone(run: &mut Examination<'_>, (key, headers): &Group) -> bool {
    let ([whole, _], begun) = (run.described(), Instant::now());
    let stored = put(run.client, &whole, headers);
    let verdict = match &stored {
        Ok(()) => TrialVerdict::Passed("accepted".to_owned()),
        Err(error) => refusal(run, key, headers, error),
    };
    run.tell(Trial::Key(key), verdict, begun);
    stored.is_ok()
}

/// What it means that the store refuses these headers. The key pair may store a file without them:
/// with KMS it is KMS' key that is missing, or may not be used.
fn refusal(
    run: &Examination<'_>,
    key: &'static str,
    headers: &[(String, String)],
    error: &StoreError,
) -> TrialVerdict {
    let is_kms = asked_by(headers).is_some_and(|method| method.contains("kms"));
    if is_kms && key == "server_side_encryption" && error.kind != ErrorKind::Unavailable {
        let fix = "name a key of KMS that exists, is enabled and lies in the bucket's region, and \
                   let the key pair use it (kms:GenerateDataKey, kms:Decrypt; at COS, authorize COS \
                   to use KMS)";
        return TrialVerdict::Failed(Fault::new(brief(error), fix));
    }
    run.failed(Trial::Key(key), error)
}

fn put(client: &S3Client, key: &str, headers: &[(String, String)]) -> Result<()> {
    let never = Cancel::new();
    let (body, only) = (Body::new(&[PROBE], &never), &Precondition::None);
    put_object(client, Put { key, body: &body, headers, only })?;
    Ok(())
}

fn look(run: &Examination<'_>, key: &str) -> Result<Seen> {
    let missing = || StoreError::new(ErrorKind::NotFound, Operation::HeadObject, key);
    let head = head_object(run.client, key)?.ok_or_else(missing)?;
    // HEAD counts no tags where there are none, or never.
    let ask = || get_object_tagging(run.client, key).ok().map(|tags| tags.len());
    let is_told = !run.store.account.terms.has_tags();
    let tags = head.tag_count().or_else(|| if is_told { None } else { ask() });
    Ok(Seen { head, tags })
}

fn verdict(key: &str, headers: &[(String, String)], heads: &Heads) -> TrialVerdict {
    if let ("object_acl", Some(acls), [(_, asked)]) = (key, &heads.acls, headers) {
        return match acls.iter().all(|acl| looks_like(acl, asked)) {
            true => TrialVerdict::Passed(format!("in effect: {asked}")),
            false => TrialVerdict::Failed(not_done(key, headers)),
        };
    }
    if lost(&heads.whole, headers) {
        return TrialVerdict::Failed(not_done(key, headers));
    }
    if heads.forget(headers) {
        return TrialVerdict::Failed(Fault::new(
            "in effect, but not for uploads in parts: there the store ignores it",
            format!("leave {key} out if large files need it"),
        ));
    }
    let told = headers.iter().filter(|header| came_back(&heads.whole, header).is_some());
    let told: Vec<_> = told.map(|(_, value)| value.as_str()).collect();
    TrialVerdict::Passed(match told.as_slice() {
        [] => "accepted; the store does not report the result".to_owned(),
        told => format!("in effect: {}", told.join(", ")),
    })
}

/// What to do about headers that the store passes over: other names may be its own.
fn not_done(key: &str, headers: &[(String, String)]) -> Fault {
    let are_of_cos = headers.iter().any(|(name, _)| name.starts_with("x-cos-"));
    let others = if are_of_cos { "x-amz" } else { "x-cos" };
    if key == "server_side_encryption" {
        return Fault::new(
            "accepted, but without effect: files are stored without it",
            format!(
                "set object_header_names = {others}, or leave it out and let the bucket encrypt"
            ),
        );
    }
    let why = "accepted, but without effect: the store does not support it";
    Fault::new(
        why,
        match headers.iter().any(|(name, _)| tail(name).is_some()) {
            true => format!("set object_header_names = {others}, or leave {key} out"),
            false => format!("leave {key} out"),
        },
    )
}

/// Whether it may be the ACL `asked`. What is about the bucket's owner looks as `private` does, or
/// names an account.
fn looks_like(acl: &Acl, asked: &str) -> bool {
    let is_owners = asked.starts_with("bucket-owner-");
    let fits = |name: &str| name == asked || is_owners && name == "private";
    !acl.is_inherited && acl.canned().map_or(is_owners, fits)
}

/// Whether something of `headers` did not come back.
fn lost(seen: &Seen, headers: &[(String, String)]) -> bool {
    headers.iter().any(|header| came_back(seen, header) == Some(false))
}

/// The tags of an upload in parts by a request of their own, as uploads set them where the store
/// forgets them.
fn try_tags_afterwards(run: &mut Examination<'_>, headers: &[(String, String)]) {
    let [_, in_parts] = run.described();
    let tags = tags_in(headers);
    run.attempt(
        Trial::Of(Operation::PutObjectTagging),
        |client| put_object_tagging(client, &in_parts, &tags),
        |()| "needed: the store ignores object_tags of uploads in parts".to_owned(),
    );
}

/// Whether HEAD tells that the object has what the header asked for; `None` where it cannot tell.
fn came_back(seen: &Seen, (name, value): &(String, String)) -> Option<bool> {
    let headers = &seen.head.headers;
    match tail(name) {
        Some("acl") => None,
        // No class is the usual one.
        Some("storage-class") => {
            Some(headers.vendor("storage-class").unwrap_or("STANDARD") == value)
        }
        Some("tagging") => Some(seen.tags? == value.split('&').count()),
        Some(tail) if tail.ends_with("-kms-key-id") => {
            Some(headers.vendor(tail).is_some_and(|told| is_key_of_kms(told, value)))
        }
        Some(tail) => Some(headers.vendor(tail) == Some(value)),
        None if name == "pic-operations" => None,
        None => Some(headers.get(name) == Some(value)),
    }
}

/// Whether the key that is told may be the one that was `asked` for. Amazon tells its whole name
/// (`arn:aws:kms:…:key/ID`), whatever of it was asked for, and of an alias what it stands for.
fn is_key_of_kms(told: &str, asked: &str) -> bool {
    let is_alias = asked.starts_with("alias/") || asked.contains(":alias/");
    is_alias || told == asked || told.strip_suffix(asked).is_some_and(|rest| rest.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;
    use crate::store::cos::s3::answer::Headers;

    fn seen(told: &[(&'static str, &'static str)]) -> Seen {
        let pairs = told
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let head = Head { size: 1, headers: Headers(pairs.collect::<HeaderMap>()) };
        Seen { tags: head.tag_count(), head }
    }

    fn owned(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn each_header_is_told_under_its_key() {
        let headers = [
            owned("x-amz-storage-class", "A"),
            owned("x-cos-server-side-encryption", "cos/kms"),
            owned("x-cos-server-side-encryption-cos-kms-key-id", "k"),
            owned("x-amz-acl", "private"),
            owned("x-amz-tagging", "a=b"),
            owned("x-amz-meta-ftp-user", "me"),
            owned("cache-control", "no-cache"),
        ];
        let groups = groups(&headers);
        let keys: Vec<_> = groups.iter().map(|(key, group)| (*key, group.len())).collect();
        assert_eq!(
            keys,
            [
                ("storage_class", 1),
                ("server_side_encryption", 2),
                ("object_acl", 1),
                ("object_tags", 1),
                ("stamp_uploads", 1),
                ("upload_headers", 1),
            ]
        );
    }

    #[test]
    fn what_came_back_is_read_in_either_dialect() {
        let told = seen(&[
            ("x-cos-storage-class", "STANDARD_IA"),
            ("x-amz-tagging-count", "2"),
            ("x-amz-meta-ftp-user", "me"),
            ("cache-control", "no-cache"),
        ]);
        for (name, value, expected) in [
            ("x-amz-storage-class", "STANDARD_IA", Some(true)),
            ("x-amz-storage-class", "STANDARD", Some(false)),
            ("x-amz-tagging", "a=1&b=2", Some(true)),
            ("x-amz-tagging", "a=1", Some(false)),
            ("x-cos-meta-ftp-user", "me", Some(true)),
            ("x-amz-server-side-encryption", "AES256", Some(false)),
            ("x-amz-acl", "private", None),
            ("cache-control", "no-cache", Some(true)),
            ("content-language", "zh", Some(false)),
            ("pic-operations", "{}", None),
        ] {
            assert_eq!(came_back(&told, &owned(name, value)), expected, "{name}: {value}");
        }
        let nothing = seen(&[]);
        assert_eq!(came_back(&nothing, &owned("x-amz-storage-class", "STANDARD")), Some(true));
        assert_eq!(came_back(&nothing, &owned("x-amz-tagging", "a=1")), None);
    }

    #[test]
    fn a_key_of_kms_is_known_by_its_whole_name() {
        const ARN: &str = "arn:aws:kms:us-east-1:1:key/ab-1";
        for (told, asked, expected) in [
            ("ab-1", "ab-1", true),
            (ARN, ARN, true),
            (ARN, "ab-1", true),
            (ARN, "b-1", false),
            (ARN, "alias/mine", true),
            (ARN, "arn:aws:kms:us-east-1:1:alias/mine", true),
            ("ab-2", "ab-1", false),
        ] {
            assert_eq!(is_key_of_kms(told, asked), expected, "{told}, {asked}");
        }
    }

    #[test]
    fn classes_that_cost_more_than_they_seem_are_noted() {
        for (class, expected) in [
            ("STANDARD", None),
            ("INTELLIGENT_TIERING", None),
            ("STANDARD_IA", Some("64 KB")),
            ("MAZ_STANDARD_IA", Some("64 KB")),
            ("GLACIER_IR", Some("64 KB")),
            ("GLACIER", Some("restored")),
            ("DEEP_ARCHIVE", Some("restored")),
            ("MAZ_ARCHIVE", Some("restored")),
        ] {
            let note = note_on_class(class);
            assert_eq!(note.is_some(), expected.is_some(), "{class}");
            assert!(note.unwrap_or_default().contains(expected.unwrap_or_default()), "{class}");
        }
    }
}
