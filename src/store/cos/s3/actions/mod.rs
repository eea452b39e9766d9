//! The operations of the S3 API, a file each: the request, the answer, and what of it may go wrong.
//! Their names are the API's, so its manual is ours.

pub(crate) mod abort_multipart_upload;
pub(crate) mod complete_multipart_upload;
pub(crate) mod copy_object;
pub(crate) mod create_multipart_upload;
pub(crate) mod delete_object;
pub(crate) mod get_object;
pub(crate) mod get_object_acl;
pub(crate) mod get_object_lock_configuration;
pub(crate) mod get_object_tagging;
pub(crate) mod head_bucket;
pub(crate) mod head_object;
pub(crate) mod list_multipart_uploads;
pub(crate) mod list_objects;
pub(crate) mod list_parts;
pub(crate) mod put_object;
pub(crate) mod put_object_tagging;
pub(crate) mod rename_object;
pub(crate) mod restore_object;
pub(crate) mod upload_part;
pub(crate) mod upload_part_copy;

/// Uploads, or parts, of one page: what COS and S3 answer at most.
const PAGE_ENTRIES: &str = "1000";
