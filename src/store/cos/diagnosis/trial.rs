//! What is tried on a bucket, how it ended, and what the operator has to do about it.

use std::fmt::Write as _;
use std::time::Duration;

use crate::store::cos::s3::dialect::Dialect;
use crate::store::{ErrorKind, StoreError};

/// One thing that is tried, in the order of trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "most are the S3 API's names")]
pub enum Trial {
    /// The host's name has addresses.
    Name,
    /// One of them takes a TCP connection.
    Connection,
    /// It answers HTTP, with HTTPS under a certificate that is good.
    Answer,
    /// Its clock and ours agree.
    Clock,
    /// It knows the key pair.
    KeyPair,
    /// There is such a bucket, here.
    Bucket,
    ListObjects,
    /// Whether what is stored can be removed again.
    ObjectLock,
    PutObject,
    HeadObject,
    GetObject,
    /// GetObject of some bytes.
    GetRange,
    CopyObject,
    CreateMultipartUpload,
    UploadPart,
    ListParts,
    ListMultipartUploads,
    CompleteMultipartUpload,
    UploadPartCopy,
    AbortMultipartUpload,
    DeleteObject,
    /// Told of only when something of this run could not be removed.
    CleanUp,
}

impl Trial {
    /// What it is called in a report.
    pub fn title(self) -> &'static str {
        match self {
            Self::Name => "DNS",
            Self::Connection => "connect",
            Self::Answer => "answer",
            Self::Clock => "clock",
            Self::KeyPair => "key pair",
            Self::Bucket => "bucket",
            Self::ListObjects => "ListObjects",
            Self::ObjectLock => "Object Lock",
            Self::PutObject => "PutObject",
            Self::HeadObject => "HeadObject",
            Self::GetObject => "GetObject",
            Self::GetRange => "GetObject, range",
            Self::CopyObject => "CopyObject",
            Self::CreateMultipartUpload => "CreateMultipartUpload",
            Self::UploadPart => "UploadPart",
            Self::ListParts => "ListParts",
            Self::ListMultipartUploads => "ListMultipartUploads",
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
            Self::UploadPartCopy => "UploadPartCopy",
            Self::AbortMultipartUpload => "AbortMultipartUpload",
            Self::DeleteObject => "DeleteObject",
            Self::CleanUp => "clean-up",
        }
    }

    /// The action of CAM that it needs (COS: 436/30580), and that of S3's policies.
    fn actions(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Name
            | Self::Connection
            | Self::Answer
            | Self::Clock
            | Self::KeyPair
            | Self::ObjectLock
            | Self::CleanUp => return None,
            Self::Bucket | Self::ListObjects => ("name/cos:GetBucket", "s3:ListBucket"),
            Self::PutObject => ("name/cos:PutObject", "s3:PutObject"),
            Self::HeadObject => ("name/cos:HeadObject", "s3:GetObject"),
            Self::GetObject | Self::GetRange => ("name/cos:GetObject", "s3:GetObject"),
            Self::CopyObject => ("name/cos:PutObjectCopy", "s3:PutObject"),
            Self::CreateMultipartUpload => ("name/cos:InitiateMultipartUpload", "s3:PutObject"),
            Self::UploadPart => ("name/cos:UploadPart", "s3:PutObject"),
            Self::ListParts => ("name/cos:ListParts", "s3:ListMultipartUploadParts"),
            Self::ListMultipartUploads => {
                ("name/cos:ListMultipartUploads", "s3:ListBucketMultipartUploads")
            }
            Self::CompleteMultipartUpload => ("name/cos:CompleteMultipartUpload", "s3:PutObject"),
            Self::UploadPartCopy => ("name/cos:UploadPartCopy", "s3:PutObject"),
            Self::AbortMultipartUpload => {
                ("name/cos:AbortMultipartUpload", "s3:AbortMultipartUpload")
            }
            Self::DeleteObject => ("name/cos:DeleteObject", "s3:DeleteObject"),
        })
    }
}

/// One trial and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was tried.
    pub trial: Trial,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Well; with what there is to know.
    Passed(String),
    /// It does not work.
    Failed(Fault),
    /// It was not tried, or it does not matter that it failed: why.
    Skipped(String),
}

/// What does not work, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What happened.
    pub why: String,
    /// What the operator can do about it.
    pub fix: String,
    /// The permission that is missing, if that is it: `name/cos:PutObject`.
    pub action: Option<&'static str>,
}

impl Fault {
    /// A failure that has nothing to do with permissions.
    pub(super) fn new(why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { why: why.into(), fix: fix.into(), action: None }
    }

    /// What `error` means for `trial`.
    pub(super) fn of(trial: Trial, error: &StoreError, dialect: Dialect) -> Self {
        let why = brief(error);
        if error.kind == ErrorKind::AccessDenied
            && let Some((cam, s3)) = trial.actions()
        {
            let fix = match dialect {
                Dialect::Cos => format!("grant the key pair {cam}"),
                Dialect::S3 => format!("allow the key pair {s3} (in CAM: {cam})"),
            };
            return Self { why, fix, action: Some(cam) };
        }
        Self::new(why, remedy(error))
    }
}

/// What helps against what is no matter of permissions.
fn remedy(error: &StoreError) -> String {
    match error.kind {
        ErrorKind::Unavailable => "try again; if it stays so, ask those who run the store",
        ErrorKind::TooLarge => "the bucket or the account is full",
        ErrorKind::Unsupported => "this store lacks an operation that the server needs",
        ErrorKind::ChecksumMismatch => "something on the way damages what is sent",
        _ => "look up the code in the store's documentation",
    }
    .to_owned()
}

/// Status, code, and what the store or the network said; with the id that tickets ask for.
pub(super) fn brief(error: &StoreError) -> String {
    let mut text = error.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    // Writing to a String cannot fail.
    if let Some(code) = &error.code {
        let _ = write!(text, " {code}");
    }
    if let Some(source) = &error.source {
        let _ = write!(text, ": {source}");
    }
    if let Some(id) = &error.request_id {
        let _ = write!(text, " (request {id})");
    }
    text
}
