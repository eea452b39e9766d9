//! A bucket of Tencent COS, or of any store that speaks the S3 API with SigV4.
//!
//! From the wire up: [`s3`] is the API (over [`s3::http`], the connections), [`objects`] the objects
//! of one bucket and what is remembered of them, [`tree`] makes files and directories of them.
//! [`diagnosis`] tries all of it out for an operator.
//!
//! Headers are spelled in the S3 dialect (`x-amz-…`), which COS takes as well; answers are read in
//! both. A directory is its marker `path/` or any key below it. Where both a file `a` and keys
//! below `a/` exist, the name means the file: it is what `stat` answers and a listing shows; the
//! keys below stay reachable by their full names.

mod diagnosis;
mod objects;
mod options;
mod s3;
mod tree;

pub use diagnosis::{Fault, Needs, Step, Trial, Verdict};
pub use options::{AddressingStyle, CosOptions, Scheme, Timeouts, VerifyUploads};
pub use s3::credentials::{CredentialSource, PairSource, Part, RoleSource};
pub use s3::http::authorities::{AuthorityError, check_authorities};
pub use s3::key_files::{KeyFileError, is_key, read as read_key_file};
pub use s3::metadata_service::is_role_name;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use ureq::http::Method;

use self::objects::bucket::Registry;
use self::s3::client::{Call, Client};
use self::s3::credentials::Credentials;
use self::s3::object_lock::ObjectLock;
use self::s3::request::Request;
use self::s3::role_keys::Roles;
use self::tree::keys::{Dialect, Keys};
use super::{
    Admission, Body, ByteRange, Cancel, CopySource, ETag, ErrorKind, Expected, ListPage,
    ListRequest, MultipartUpload, Object, ObjectStore, Operation, PageToken, PartLimits, PartPlace,
    PartReceipt, ReplyWait, Result, SilentUploads, Stat, StoreError, Stored, Turn,
};
use crate::limits;
use crate::vfs::FtpPath;

/// The buckets of a process. Stores that are opened through the same value and name the same
/// bucket share its connections and the memory of recent changes.
#[derive(Debug, Default)]
pub struct Buckets {
    buckets: Registry,
    roles: Roles,
}

impl Buckets {
    /// A store on one bucket. Nothing is sent yet; [`CosStore::probe`] does.
    ///
    /// # Errors
    /// [`ErrorKind::BadName`] when the prefix is not empty and does not end in `/`, or begins with
    /// one; [`ErrorKind::Other`] when endpoint and bucket make no address, or a file of the key
    /// pair cannot be used.
    pub fn open(&self, options: CosOptions) -> Result<CosStore> {
        let prefix = &options.prefix;
        let is_prefix = prefix.is_empty() || (prefix.ends_with('/') && !prefix.starts_with('/'));
        if !is_prefix {
            return Err(StoreError::new(ErrorKind::BadName, Operation::ListObjects, prefix));
        }
        let refused = |error: Box<dyn std::error::Error + Send + Sync>| {
            StoreError::new(ErrorKind::Other, Operation::ListObjects, &options.endpoint)
                .with_source(error)
        };
        let credentials = Credentials::open(&options.credentials, &self.roles).map_err(refused)?;
        let bucket = self.buckets.open(&options).map_err(|error| {
            // Without a file there is nothing that could fail.
            let path = options.ca_file.as_deref().unwrap_or(Path::new("")).display();
            refused(format!("{path}: {error}").into())
        })?;
        let client = Client::new(bucket, credentials, &options);
        client.check_address().map_err(refused)?;
        let dialect = Dialect::of(&options.endpoint);
        Ok(CosStore {
            client,
            keys: Keys::new(prefix, dialect),
            dialect,
            verify: options.verify,
            min_part: options.min_part,
            copy_limit: limits::MAX_PART_BYTES,
            preserve_mtime: options.preserve_mtime,
            region: options.region.into(),
            bucket_name: options.bucket.into(),
        })
    }
}

/// One account's part of a bucket. Clones are cheap.
#[derive(Clone)]
pub struct CosStore {
    client: Client,
    keys: Keys,
    dialect: Dialect,
    verify: VerifyUploads,
    min_part: u64,
    copy_limit: u64,
    preserve_mtime: bool,
    region: Arc<str>,
    bucket_name: Arc<str>,
}

impl CosStore {
    /// A store that shares its bucket with nobody.
    ///
    /// # Errors
    /// As [`Buckets::open`].
    pub fn connect(options: CosOptions) -> Result<Self> {
        Buckets::default().open(options)
    }

    /// The same store, where it copies at most `bytes` of an object in one request: 5 GB by
    /// default, which is what COS and S3 do. Anything larger is copied in parts.
    #[must_use]
    pub fn copying_at_most(self, bytes: u64) -> Self {
        Self { copy_limit: bytes, ..self }
    }

    /// Asks the store for one key, so that a wrong bucket, address or key pair shows at start.
    ///
    /// # Errors
    /// What the store said.
    pub fn probe(&self) -> Result<()> {
        self.answers(&Cancel::new())
    }
}

impl fmt::Debug for CosStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CosStore").field(&self.describe()).finish()
    }
}

impl ObjectStore for CosStore {
    fn describe(&self) -> String {
        format!("cos://{}/{} ({})", self.bucket_name, self.keys.prefix(), self.region)
    }

    fn for_command(&self, wait: &ReplyWait) -> Option<Arc<dyn ObjectStore>> {
        let client = self.client.for_command(wait);
        Some(Arc::new(Self { client, ..self.clone() }))
    }

    fn answers(&self, cancel: &Cancel) -> Result<()> {
        let request = Request::on_bucket(Method::GET)
            .query("prefix", self.keys.prefix())
            .query("max-keys", "1");
        self.client.exchange(&Call::new(Operation::ListObjects, request).unless(cancel))?;
        Ok(())
    }

    fn now(&self) -> OffsetDateTime {
        self.client.bucket.now()
    }

    fn part_limits(&self) -> PartLimits {
        PartLimits {
            min_part: self.min_part,
            max_part: limits::MAX_PART_BYTES,
            max_parts: limits::PARTS_PER_UPLOAD,
        }
    }

    fn stat(&self, path: &FtpPath) -> Result<Stat> {
        self.known_stat(path)
    }

    fn is_directory(&self, path: &FtpPath) -> Result<bool> {
        Ok(self.is_listed_directory(path)? || self.known_stat(path)?.metadata.is_directory())
    }

    fn stat_now(&self, path: &FtpPath) -> Result<Stat> {
        self.stat_path(Operation::HeadObject, path)
    }

    fn find_file(&self, path: &FtpPath) -> Result<Option<Stat>> {
        self.file_stat(&self.keys.file(Operation::HeadObject, path)?)
    }

    fn admits_file(&self, path: &FtpPath) -> Result<Admission> {
        self.known_room(path)
    }

    fn look_for_room(&self, path: &FtpPath) -> Result<()> {
        self.ask_for_room(path)
    }

    fn take_turn_to_append(&self, path: &FtpPath, patience: Duration) -> Option<Turn> {
        // A name that is no key is refused by whoever looks at it.
        let key = self.keys.file(Operation::PutObject, path).ok()?;
        // Some of the client's own patience is left for what comes then.
        let patience = self.client.reply_left().map_or(patience, |left| patience.min(left / 2));
        self.client.bucket.appends.take_within(&[&key], &[], patience)
    }

    fn list(&self, request: &ListRequest<'_>) -> Result<ListPage> {
        self.list_directory(request, None)
    }

    fn list_ahead(
        &self,
        request: &ListRequest<'_>,
        tell: &mut dyn FnMut(&PageToken),
    ) -> Result<ListPage> {
        self.list_directory(request, Some(tell))
    }

    fn connect_ahead(&self) {
        self.client.bucket.connect_ahead(self.client.connect_timeout());
    }

    fn get_object(
        &self,
        path: &FtpPath,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object> {
        self.get(&self.keys.file(Operation::GetObject, path)?, range, if_match)
    }

    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored> {
        self.put(&self.keys.file(Operation::PutObject, path)?, body, expected)
    }

    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload> {
        let key = self.keys.file(Operation::CreateMultipartUpload, path)?;
        let upload_id = self.create_upload(&key, Vec::new())?;
        Ok(MultipartUpload { path: path.clone(), upload_id })
    }

    fn upload_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        let key = self.keys.file(Operation::UploadPart, &upload.path)?;
        self.send_part(&key, &upload.upload_id, part.number, body)
    }

    fn upload_part_copy(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> Result<PartReceipt> {
        let key = self.keys.file(Operation::UploadPartCopy, &upload.path)?;
        self.copy_part(&key, &upload.upload_id, part.number, &key, source)
    }

    fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored> {
        let key = self.keys.file(Operation::CompleteMultipartUpload, &upload.path)?;
        self.complete_upload(&key, &upload.upload_id, parts, expected)
    }

    fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<()> {
        let key = self.keys.file(Operation::AbortMultipartUpload, &upload.path)?;
        self.abort_upload(&key, &upload.upload_id)
    }

    fn silent_uploads(
        &self,
        silence: Duration,
        after: Option<&PageToken>,
        cancel: &Cancel,
    ) -> Result<SilentUploads> {
        self.find_silent(silence, after, cancel)
    }

    fn delete_object(&self, path: &FtpPath) -> Result<()> {
        self.delete_file(path)
    }

    fn retains_objects(&self) -> bool {
        self.client.bucket.lock.retains()
    }

    fn look_for_retention(&self) -> Result<bool> {
        Ok(self.object_lock()? == ObjectLock::Retains)
    }

    fn create_directory(&self, path: &FtpPath) -> Result<()> {
        self.make_directory(path)
    }

    fn remove_directory(&self, path: &FtpPath) -> Result<()> {
        self.remove_empty_directory(path)
    }

    fn set_modified(&self, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
        self.keep_time(path, modified)
    }

    fn rename(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        self.rename_path(from, to)
    }
}
