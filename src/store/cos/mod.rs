//! A bucket of Tencent COS, or of any store that speaks the S3 API with SigV4.
//!
//! From the wire up: [`s3`] is the API (over [`s3::http`], the connections), [`objects`] the
//! objects of one bucket and what is remembered of them, [`tree`] makes files and directories of
//! them. [`diagnosis`] tries all of it out for an operator.
//!
//! Headers are spelled in the S3 dialect (`x-amz-…`), which COS takes as well; answers are read in
//! both. A directory is its marker `path/` or any key below it. Where both a file `a` and keys
//! below `a/` exist, the name means the file: it is what `stat` answers and a listing shows; the
//! keys below stay reachable by their full names.

mod diagnosis;
mod multipart;
mod object_terms;
mod objects;
mod options;
mod s3;
mod tree;

pub use diagnosis::{Fault, Needs, Trial, TrialStep, TrialVerdict};
pub use object_terms::{HeaderNames, METADATA_BYTES, ObjectTerms, ServerSideEncryption, for_user};
pub use options::{
    AddressingStyle, ArchivePolicy, BucketArch, ContentType, CosOptions, CredentialSource,
    DownloadDomain, PairSource, Part, RestoreTerms, RestoreTier, RoleSource, Scheme, Timeouts,
    VerifyUploads,
};
pub use s3::dialect::is_cos;
pub use s3::http::authorities::{AuthorityError, check_authorities};
pub use s3::identity::key_files::{KeyFileError, is_key, read as read_key_file};
pub use s3::identity::metadata_service::is_role_name;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use self::objects::bucket::{BucketRegistry, Trust};
use self::objects::{CachedObjects, Dialect, Objects, Plain, Precondition, S3Client};
use self::s3::actions::get_object_lock_configuration::{ObjectLock, get_object_lock_configuration};
use self::s3::actions::list_objects::list_one;
use self::s3::identity::Credentials;
use self::s3::identity::role_keys::Roles;
use self::tree::copyless::CopyingDeed;
use self::tree::keys::Keys;
use self::tree::pool::WorkerPool;
use self::tree::rename::RenameOver;
use self::tree::{
    BucketAccount, BucketTree, aside, condition, copyless, directories, listing, mtime, publish,
    rename, room, turn,
};
use super::{
    Admission, Body, ByteRange, Cancel, ETag, ErrorKind, Expected, FileTree, Freshness, IsUseless,
    KeepReplaced, KeyLock, ListPage, ListRequest, NextPage, Object, ObjectPlace, ObjectStore,
    Operation, ReplyWait, Requester, Restoration, Result, Stat, StoreAnswer, StoreError, Stored,
};
use crate::limits;
use crate::vfs::FtpPath;

/// How long no ACLs are asked for with a key that may not read them, unless it was allowed since.
const ACL_PAUSE: Duration = Duration::from_secs(5 * 60);

/// The buckets of a process. Stores that are opened through the same value and name the same
/// bucket share its connections and the memory of recent changes.
#[derive(Debug, Default)]
pub struct Buckets {
    buckets: BucketRegistry,
    roles: Roles,
    pool: WorkerPool,
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
        let endpoint = options.endpoint.clone();
        let refused = |error: Box<dyn std::error::Error + Send + Sync>| {
            StoreError::new(ErrorKind::Other, Operation::ListObjects, &endpoint).with_source(error)
        };
        let credentials = Credentials::open(&options.credentials, &self.roles).map_err(refused)?;
        let bucket = self.buckets.open(&options).map_err(|error| {
            // Without a file there is nothing that could fail.
            let path = options.ca_file.as_deref().unwrap_or(Path::new("")).display();
            refused(format!("{path}: {error}").into())
        })?;
        let account = BucketAccount {
            keys: Keys::new(prefix, Dialect::of(&endpoint)),
            copy_limit: limits::MAX_PART_BYTES,
            preserve_mtime: options.preserve_mtime,
            content_type: options.content_type,
            terms: options.objects.clone(),
            absence: absence(Dialect::of(&endpoint), options.objects.names),
            acl_access: Arc::new(Trust::lost_for(ACL_PAUSE)),
            archive: options.archive,
            min_part: options.min_part,
            pool: self.pool.clone(),
        };
        let site = Arc::clone(&bucket.site);
        let client = S3Client::new(site, credentials, options).map_err(refused)?;
        let objects = ObjectsKind::Cached(CachedObjects(Plain { client, bucket }));
        let headers = account.terms.headers_of_new(Requester::NOBODY).into();
        Ok(CosStore { objects, account: Arc::new(account), headers })
    }
}

/// One account's part of a bucket. Clones are cheap.
#[derive(Clone)]
pub struct CosStore {
    objects: ObjectsKind,
    account: Arc<BucketAccount>,
    /// What the account says of a new object that this requester stores.
    headers: Arc<[(String, String)]>,
}

/// With a memory or without.
#[derive(Clone)]
enum ObjectsKind {
    Cached(CachedObjects),
    Plain(Plain),
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
    /// default, which is what COS and S3 do. Anything larger is copied in parts. For tests, whose
    /// objects are small.
    #[must_use]
    pub fn copying_at_most(self, bytes: u64) -> Self {
        let account = BucketAccount { copy_limit: bytes, ..(*self.account).clone() };
        Self { account: Arc::new(account), ..self }
    }

    /// The same store without a memory: everything is asked of the bucket, and listings that lag
    /// are believed. For tests.
    #[must_use]
    pub fn without_memory(self) -> Self {
        Self { objects: ObjectsKind::Plain(self.plain().clone()), ..self }
    }

    /// The same store, as the login `user` has it.
    #[must_use]
    pub fn as_user(&self, user: &str) -> Self {
        self.clone_for(Requester { user, ..Requester::NOBODY }, self.objects.clone())
    }

    /// Asks the store for one key, so that a wrong bucket, address or key pair shows at start.
    ///
    /// # Errors
    /// What the store said.
    pub fn probe(&self) -> Result<()> {
        self.answers(&Cancel::new())
    }

    /// The same store, with the headers of what `requester` stores.
    fn clone_for(&self, requester: Requester<'_>, objects: ObjectsKind) -> Self {
        let headers = match self.account.terms.is_personal() {
            true => self.account.terms.headers_of_new(requester).into(),
            false => Arc::clone(&self.headers),
        };
        Self { objects, account: Arc::clone(&self.account), headers }
    }

    fn plain(&self) -> &Plain {
        match &self.objects {
            ObjectsKind::Cached(CachedObjects(plain)) | ObjectsKind::Plain(plain) => plain,
        }
    }

    fn client(&self) -> &S3Client {
        &self.plain().client
    }

    fn tree(&self) -> BucketTree<'_> {
        match &self.objects {
            ObjectsKind::Cached(objects) => BucketTree::new(objects, &self.account, &self.headers),
            ObjectsKind::Plain(objects) => BucketTree::new(objects, &self.account, &self.headers),
        }
    }

    fn objects(&self) -> &dyn Objects {
        self.tree().objects()
    }

    /// The key of a file.
    fn file(&self, operation: Operation, path: &FtpPath) -> Result<String> {
        self.account.keys.file(operation, path)
    }
}

/// By what a store is told that nothing may stand under a key.
fn absence(dialect: Dialect, names: HeaderNames) -> Precondition {
    match (names, dialect) {
        (HeaderNames::Cos, _) | (HeaderNames::Auto, Dialect::Cos) => Precondition::ForbidOverwrite,
        (HeaderNames::Amz, _) | (HeaderNames::Auto, Dialect::S3) => Precondition::Absent,
    }
}

impl fmt::Debug for CosStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CosStore").field(&self.describe()).finish()
    }
}

impl ObjectStore for CosStore {
    fn describe(&self) -> String {
        let client = self.client();
        let prefix = self.account.keys.prefix();
        format!("cos://{}/{prefix} ({})", client.bucket(), client.region())
    }

    fn place_of(&self, path: &FtpPath) -> ObjectPlace {
        let key = format!("{}{}", self.account.keys.prefix(), path.key());
        ObjectPlace { bucket: self.client().bucket().to_owned(), key }
    }

    fn whole_name(&self, path: &FtpPath) -> String {
        let ObjectPlace { bucket, key } = self.place_of(path);
        format!("{}/{bucket}/{key}", self.client().whose_bucket())
    }

    fn below(&self, home: &str) -> Result<Arc<dyn ObjectStore>> {
        let keys = self.account.keys.below(home);
        let account = BucketAccount { keys, ..(*self.account).clone() };
        Ok(Arc::new(Self { account: Arc::new(account), ..self.clone() }))
    }

    fn for_command(
        &self,
        wait: &ReplyWait,
        requester: Requester<'_>,
    ) -> Option<Arc<dyn ObjectStore>> {
        let plain = self.plain();
        let (client, bucket) = (plain.client.for_command(wait), Arc::clone(&plain.bucket));
        let plain = Plain { client, bucket };
        let objects = match self.objects {
            ObjectsKind::Cached(_) => ObjectsKind::Cached(CachedObjects(plain)),
            ObjectsKind::Plain(_) => ObjectsKind::Plain(plain),
        };
        Some(Arc::new(self.clone_for(requester, objects)))
    }

    fn answers(&self, cancel: &Cancel) -> Result<()> {
        list_one(self.client(), self.account.keys.prefix(), cancel)
    }

    fn last_answer(&self) -> Option<StoreAnswer> {
        self.client().last_answer()
    }

    fn now(&self) -> OffsetDateTime {
        self.client().site().clock.now()
    }

    fn connect_ahead(&self) {
        self.client().connect_ahead();
    }

    fn slowdowns(&self) -> u64 {
        self.client().site().slowdowns.get()
    }

    fn copies_nothing(&self) -> Result<bool> {
        self.objects().keeps_directories()
    }

    fn retains_objects(&self) -> bool {
        self.client().site().lock.retains()
    }

    fn look_for_retention(&self) -> Result<bool> {
        Ok(get_object_lock_configuration(self.client())? == ObjectLock::Retains)
    }
}

impl FileTree for CosStore {
    fn stat(&self, path: &FtpPath, freshness: Freshness) -> Result<Stat> {
        let tree = self.tree();
        match freshness {
            Freshness::Listed => directories::listed_stat(tree, path),
            Freshness::Recent => directories::known_stat(tree, path),
            Freshness::Now => directories::stat_path(tree, Operation::HeadObject, path),
        }
    }

    fn find_file(&self, path: &FtpPath) -> Result<Option<Stat>> {
        condition::file_stat(self.tree(), &self.file(Operation::HeadObject, path)?)
    }

    fn find_file_to_continue(&self, path: &FtpPath) -> Result<Option<Stat>> {
        condition::file_to_continue(self.tree(), &self.file(Operation::HeadObject, path)?)
    }

    fn admits_adding(&self, path: &FtpPath) -> Result<()> {
        copyless::refuse_copies(self.tree(), CopyingDeed::Add, path.as_str())
    }

    fn admits_file(&self, path: &FtpPath, freshness: Freshness) -> Result<Admission> {
        match freshness {
            Freshness::Now => room::ask_for_room(self.tree(), path).map(|()| Admission::Granted),
            Freshness::Recent | Freshness::Listed => room::known_room(self.tree(), path),
        }
    }

    fn take_turn_to_append(&self, path: &FtpPath, patience: Duration) -> Option<KeyLock> {
        turn::turn_to_append(self.tree(), path, patience)
    }

    fn list(&self, request: &ListRequest<'_>, tell: Option<NextPage<'_>>) -> Result<ListPage> {
        listing::list_directory(self.tree(), request, tell)
    }

    fn get_object(
        &self,
        path: &FtpPath,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object> {
        self.objects().get(&self.file(Operation::GetObject, path)?, range, if_match)
    }

    fn restore_archived(&self, path: &FtpPath) -> Result<Option<Restoration>> {
        let ArchivePolicy::Restore(terms) = self.account.archive else { return Ok(None) };
        let key = self.file(Operation::RestoreObject, path)?;
        self.objects().restore(&key, terms).map(Some)
    }

    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored> {
        publish::put(self.tree(), &self.file(Operation::PutObject, path)?, body, expected)
    }

    fn delete_object(&self, path: &FtpPath) -> Result<()> {
        directories::delete_file(self.tree(), path)
    }

    fn delete_version(
        &self,
        path: &FtpPath,
        seen: &Stat,
        is_useless: IsUseless<'_>,
    ) -> Result<bool> {
        rename::delete_seen(self.tree(), path, seen, is_useless)
    }

    fn create_directory(&self, path: &FtpPath) -> Result<()> {
        directories::make_directory(self.tree(), path)
    }

    fn remove_directory(&self, path: &FtpPath) -> Result<()> {
        directories::remove_empty_directory(self.tree(), path)
    }

    fn set_modified(&self, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
        mtime::keep_time(self.tree(), path, modified)
    }

    fn rename(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        rename::rename_path(self.tree(), from, to, RenameOver::Anything)
    }

    fn rename_to_free(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        rename::rename_path(self.tree(), from, to, RenameOver::Nothing)
    }

    fn rename_keeping(&self, from: &FtpPath, to: &FtpPath, keep: KeepReplaced<'_>) -> Result<()> {
        rename::rename_path(self.tree(), from, to, RenameOver::Kept(keep))
    }

    fn set_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        aside::set_aside(self.tree(), file, aside)
    }

    fn copy_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        aside::copy_aside(self.tree(), file, aside).map(drop)
    }
}
