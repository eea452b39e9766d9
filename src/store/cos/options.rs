//! What a bucket needs to be told: plain values that every storey may read.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::object_terms::ObjectTerms;
use crate::limits;
use crate::secret::Secret;

/// How to reach one bucket and how to treat it.
#[derive(Clone)]
pub struct CosOptions {
    /// The full bucket name; with COS, `<name>-<APPID>`.
    pub bucket: String,
    /// `ap-guangzhou`; opaque to us, it goes into the signature.
    pub region: String,
    /// Host and optional port, without scheme and bucket: `cos.ap-guangzhou.myqcloud.com`,
    /// `127.0.0.1:9000`.
    pub endpoint: String,
    /// http or https.
    pub scheme: Scheme,
    /// Where the bucket's name goes.
    pub addressing: AddressingStyle,
    /// `cos_download_domain`: where objects are read, if not there.
    pub download_domain: Option<DownloadDomain>,
    /// `cos_accelerate`: a host of acceleration, as [`Self::endpoint`], to which what
    /// carries bytes goes.
    pub acceleration: Option<String>,
    /// `cos_backup_endpoint`: another host of the bucket, as [`Self::endpoint`], for requests to
    /// which that does not answer.
    pub backup_endpoint: Option<String>,
    /// `cos_bucket_arch`: what the bucket is made of.
    pub arch: BucketArch,
    /// Key prefix that is the account's root: empty, or ending in `/`.
    pub prefix: String,
    /// Certificate authorities (PEM) to trust in place of Mozilla's.
    pub ca_file: Option<PathBuf>,
    /// Where the key pair comes from.
    pub credentials: CredentialSource,
    /// What to compare after an upload.
    pub verify: VerifyUploads,
    /// Smallest part but the last, bytes.
    pub min_part: u64,
    /// Requests of one bucket that may be under way at once and keep a connection for the next
    /// one: the size of the pool of idle connections.
    pub idle_connections: usize,
    /// How long what the store told about a name is believed; zero for not at all.
    pub metadata_cache: Duration,
    /// Whether a time that a client gave an object is told as the object's time.
    pub preserve_mtime: bool,
    /// Objects whose times are remembered for listings, where that is so.
    pub mtime_cache_entries: usize,
    /// The type of a new object.
    pub content_type: ContentType,
    /// What else a new object is.
    pub objects: ObjectTerms,
    /// What the download of an archived object does.
    pub archive: ArchivePolicy,
    /// Time-outs of every request.
    pub timeouts: Timeouts,
}

impl CosOptions {
    /// Nothing is decided yet: what the table of keys and the account sections fill in.
    pub(crate) fn unset() -> Self {
        Self {
            bucket: String::new(),
            region: String::new(),
            endpoint: String::new(),
            scheme: Scheme::Https,
            addressing: AddressingStyle::Virtual,
            download_domain: None,
            acceleration: None,
            backup_endpoint: None,
            arch: BucketArch::Ask,
            prefix: String::new(),
            ca_file: None,
            credentials: CredentialSource::told(String::new(), String::new()),
            verify: VerifyUploads::Off,
            min_part: 0,
            idle_connections: limits::IDLE_STORE_CONNECTIONS,
            metadata_cache: Duration::ZERO,
            preserve_mtime: false,
            mtime_cache_entries: 0,
            content_type: ContentType::Off,
            objects: ObjectTerms::default(),
            archive: ArchivePolicy::Refuse,
            timeouts: Timeouts::unset(),
        }
    }
}

/// http or https.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP: inside a private network only.
    Http,
    /// The default.
    Https,
}

/// Where the bucket's name goes. COS refuses path style for buckets made since 2024
/// (`PathStyleDomainForbidden`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressingStyle {
    /// `https://<bucket>.<endpoint>/<key>`
    Virtual,
    /// `https://<endpoint>/<bucket>/<key>`
    Path,
}

/// What a bucket is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BucketArch {
    /// What it says itself, where COS may answer; objects alone elsewhere.
    #[default]
    Ask,
    /// Objects alone.
    Objects,
    /// Real directories: COS' metadata acceleration, `OFS`.
    Directories,
}

/// A domain of a bucket's own, which its objects are read from. There the path is the key alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadDomain {
    /// http or https.
    pub scheme: Scheme,
    /// Host and optional port.
    pub authority: String,
}

/// The content type of a new object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// What the ending of its name stands for, if that is known.
    ByName,
    /// What the store makes of it.
    Off,
}

/// What the download of an archived object does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchivePolicy {
    /// Nothing: somebody else restores it.
    Refuse,
    /// It asks for the object to be restored.
    Restore(RestoreTerms),
}

/// How an archived object is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoreTerms {
    /// Days for which it can be read.
    pub days: u32,
    /// How soon.
    pub tier: RestoreTier,
}

/// How soon an archived object is restored; what is sooner costs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreTier {
    /// In minutes; not from the deep archive.
    Expedited,
    /// In hours.
    Standard,
    /// In half a day, or two.
    Bulk,
}

impl RestoreTier {
    /// What COS and S3 promise, in words for a client.
    pub(crate) fn takes(self) -> &'static str {
        match self {
            Self::Expedited => "about 5 min",
            Self::Standard => "about 5 h, from a deep archive 12 to 24 h",
            Self::Bulk => "about 12 h, from a deep archive 48 h",
        }
    }
}

/// What is compared after an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyUploads {
    /// CRC-64/XZ wherever the store answers one.
    Auto,
    /// Also the MD5 of parts with their ETags. Costs CPU.
    Md5,
    /// Nothing beyond the length.
    Off,
}

/// Bounds of one request to the store. There is none for a whole request: a slow but living
/// transfer may take its time.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// TCP and TLS connect.
    pub connect: Duration,
    /// Sending one request body. COS cuts a body off after 200 s of wall time.
    pub send_body: Duration,
    /// Silence while waiting for an answer, or between two reads of a body.
    pub response: Duration,
    /// The same for Complete and Copy, which COS may chew on for minutes.
    pub complete: Duration,
    /// How long all tries of one request may take together, pauses included, before the last
    /// failure is final. A try under way is not cut off by it.
    pub retry_total: Duration,
}

impl Timeouts {
    /// Nothing is decided yet: what the table of keys fills in.
    pub(crate) fn unset() -> Self {
        let (connect, send_body, response) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        Self { connect, send_body, response, complete: Duration::ZERO, retry_total: Duration::ZERO }
    }
}

impl fmt::Debug for CosOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CosOptions")
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("scheme", &self.scheme)
            .field("addressing", &self.addressing)
            .field("prefix", &self.prefix)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// Where the key pair of a bucket comes from.
#[derive(Clone, Debug)]
pub enum CredentialSource {
    /// One pair, its parts known or in files.
    Pair(PairSource),
    /// A CAM role: temporary pairs, taken from the machine's metadata service.
    Role(RoleSource),
}

/// A key pair. Files are read when the bucket is opened, and again when the store refuses the pair:
/// it may have been replaced.
#[derive(Clone, Debug)]
pub struct PairSource {
    /// The public half.
    pub id: Part,
    /// The secret half.
    pub secret: Part,
    /// The token of a temporary pair.
    pub token: Option<Part>,
}

/// One part of a key pair.
#[derive(Clone, Debug)]
pub enum Part {
    /// The text itself.
    Told(Secret),
    /// The content of a file, without white space at its ends.
    File(PathBuf),
}

/// How to get at the keys of a CAM role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleSource {
    /// The role; `None` for the one that the machine has.
    pub role: Option<String>,
    /// Scheme and host of the metadata service, without a slash at the end:
    /// `http://metadata.tencentyun.com`.
    pub metadata_endpoint: String,
}

impl CredentialSource {
    /// A key pair that is known, for good.
    pub fn told(id: String, secret: String) -> Self {
        let part = |text| Part::Told(Secret::new(text));
        Self::Pair(PairSource { id: part(id), secret: part(secret), token: None })
    }
}

impl fmt::Display for CredentialSource {
    /// For people: where it is from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair(PairSource { secret: Part::File(path), .. }) => {
                write!(f, "key pair in {}", path.display())
            }
            Self::Pair(PairSource { token: Some(_), .. }) => f.write_str("temporary key pair"),
            Self::Pair(_) => f.write_str("key pair"),
            Self::Role(RoleSource { role: Some(role), .. }) => write!(f, "CAM role {role}"),
            Self::Role(_) => f.write_str("CAM role of this machine"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Options of a COS bucket for unit tests.
    pub(in crate::store::cos) fn options(addressing: AddressingStyle) -> CosOptions {
        let credentials = CredentialSource::told("the id".into(), "the secret".into());
        CosOptions {
            region: "ap-x".into(),
            addressing,
            idle_connections: 4,
            metadata_cache: Duration::ZERO,
            preserve_mtime: true,
            mtime_cache_entries: 100,
            ..CosOptions::new("b-125", "cos.ap-x.myqcloud.com", credentials)
        }
    }

    #[test]
    fn the_secret_is_never_printed() {
        let shown = format!("{:?}", options(AddressingStyle::Path));
        assert!(shown.contains("b-125") && !shown.contains("the "), "{shown}");
    }
}
