//! What an object of ours is beside its bytes: what the account says of a new one, or what the
//! object was that is gone on with.

use super::acl::acl_headers;
use super::tags::{tagging, tags_of};
use super::{BucketTree, content_type, times};
use crate::store::cos::objects::Head;
use crate::store::{Attributes, ErrorKind, Expected, Operation, Result, StoreError};

/// What is told of metadata that cannot be said again.
const UNREADABLE: &str = "MetadataNotUtf8";

/// The header of the type.
pub(super) const CONTENT_TYPE: &str = "content-type";

/// What an object that goes on with this one keeps of it. Not the time that a client gave it: it
/// is about to be changed.
pub(super) fn kept(tree: BucketTree<'_>, key: &str, head: &Head) -> Result<Attributes> {
    let time = tree.account.terms.names.of(times::KEY);
    let all = of_likeness(tree, key, head)?.into_iter();
    Ok(Attributes::of(all.filter(|(name, _)| *name != time).collect()))
}

/// The headers of an object under `key` that takes the place of what is expected there: of one that
/// was seen in order to go on with it, or of a new one.
pub(crate) fn for_write(
    tree: BucketTree<'_>,
    key: &str,
    expected: &Expected,
) -> Vec<(String, String)> {
    match expected {
        Expected::Seen(Some(seen)) => for_object(tree, key, &seen.attributes),
        _ => for_object(tree, key, &Attributes::default()),
    }
}

/// The same, where `earlier` is what the object before it was; nothing for a new one.
pub(crate) fn for_object(
    tree: BucketTree<'_>,
    key: &str,
    earlier: &Attributes,
) -> Vec<(String, String)> {
    match earlier.headers() {
        [] => {
            let by_name = content_type::of_new(tree.account.content_type, key);
            let by_name = by_name.map(|name| (CONTENT_TYPE.to_owned(), name.to_owned()));
            by_name.into_iter().chain(tree.new_headers.iter().cloned()).collect()
        }
        kept => kept.to_vec(),
    }
}

/// All headers of an object that becomes one like the object `key`, and is no plain copy of it.
pub(super) fn of_likeness(
    tree: BucketTree<'_>,
    key: &str,
    head: &Head,
) -> Result<Vec<(String, String)>> {
    let mut headers = copied_headers(tree, key, head)?;
    headers.extend(metadata(tree, key, head)?);
    headers.extend(tagging(tree, &tags_of(tree, key, head)?));
    Ok(headers)
}

/// What a copy of the object `key` has to be told: what it would forget.
pub(super) fn copied_headers(
    tree: BucketTree<'_>,
    key: &str,
    head: &Head,
) -> Result<Vec<(String, String)>> {
    let mut headers = restated(tree, head);
    headers.extend(acl_headers(tree, key)?);
    Ok(headers)
}

/// What a copy forgets unless it is said again.
fn restated(tree: BucketTree<'_>, head: &Head) -> Vec<(String, String)> {
    const METHOD: &str = "server-side-encryption";
    let names = tree.account.terms.names;
    let is_cos_kms = head.headers.vendor(METHOD) == Some("cos/kms");
    let encryption = |tail: &str| if is_cos_kms { names.of_cos(tail) } else { names.of(tail) };
    let key = if is_cos_kms { "cos-kms-key-id" } else { "aws-kms-key-id" };
    let key = format!("{METHOD}-{key}");
    let told = |tail: &str, name: String| Some((name, head.headers.vendor(tail)?.to_owned()));
    [
        told("storage-class", names.of("storage-class")),
        told(METHOD, encryption(METHOD)),
        told(&key, encryption(&key)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a plain copy keeps, but an upload of copied parts has to be told.
///
/// # Errors
/// [`is_unreadable`] when something of it is no text and could not be said again.
pub(super) fn metadata(
    tree: BucketTree<'_>,
    key: &str,
    head: &Head,
) -> Result<Vec<(String, String)>> {
    const KEPT: [&str; 6] = [
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        CONTENT_TYPE,
        "expires",
    ];
    let unreadable = |name: &str| {
        let error = StoreError::new(ErrorKind::Unsupported, Operation::HeadObject, key);
        StoreError { code: Some(UNREADABLE.to_owned()), ..error }
            .with_source(format!("its {name} could not be kept"))
    };
    let keep = |(its_name, value): (&str, Option<&str>)| {
        let name = match metadata_name(its_name) {
            Some(tail) => tree.account.terms.names.of(&format!("meta-{tail}")),
            None if KEPT.contains(&its_name) => its_name.to_owned(),
            None => return None,
        };
        Some(value.map(|value| (name, value.to_owned())).ok_or_else(|| unreadable(its_name)))
    };
    head.headers.iter().filter_map(keep).collect()
}

/// Whether that is why metadata could not be kept.
pub(super) fn is_unreadable(error: &StoreError) -> bool {
    error.code.as_deref() == Some(UNREADABLE)
}

/// The name of a user's metadata, if the header `name` is that.
fn metadata_name(name: &str) -> Option<&str> {
    name.strip_prefix("x-cos-meta-").or_else(|| name.strip_prefix("x-amz-meta-"))
}
