//! What is tried on a bucket, how it ended, and what the operator has to do about it.

use std::fmt::Write as _;
use std::time::Duration;

use crate::store::cos::s3::dialect::Dialect;
use crate::store::{ErrorKind, Operation, StoreError};

/// What the accounts of a bucket need of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Whether anybody may upload.
    pub writing: bool,
    /// Whether anybody may delete. If not, the key pair need not be allowed to.
    pub deleting: bool,
    /// Whether what arrived of interrupted uploads is kept.
    pub fragments: bool,
    /// Whether what stands under a name must stay there.
    pub write_once: bool,
    /// Whether interrupted uploads wait to be gone on with.
    pub parking: bool,
    /// The silence after which unfinished uploads are aborted; `None` when they are not looked for.
    pub abort_unfinished_after: Option<Duration>,
}

/// One thing that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Whether what is stored can be removed again.
    ObjectLock,
    /// An operation of the S3 API.
    Of(Operation),
    /// GetObject of some bytes.
    GetRange,
    /// The marker of a directory.
    Marker,
    /// Listing a directory page by page.
    Order,
    /// CopyObject of one version alone.
    CopyOfVersion,
    /// This operation, twice under one name that must keep what it has.
    Once(Operation),
    /// The headers that this key of the configuration makes.
    Key(&'static str),
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
            Self::ObjectLock => "Object Lock",
            Self::Of(operation) => operation.name(),
            Self::GetRange => "GetObject, range",
            Self::Marker => "directory marker",
            Self::Order => "pages of a listing",
            Self::CopyOfVersion => "CopyObject, one version",
            Self::Once(Operation::CompleteMultipartUpload) => "on_exists, Complete",
            Self::Once(Operation::CopyObject) => "on_exists, CopyObject",
            Self::Once(_) => "on_exists, PutObject",
            Self::Key(key) => key,
            Self::CleanUp => "clean-up",
        }
    }

    /// The same for the one of its requests that failed.
    fn actions_of(self, operation: Operation) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Marker | Self::Order => Some(operation.actions()),
            _ => self.actions(),
        }
    }

    /// What the key pair must be allowed for it: the action of CAM, and that of S3's policies.
    fn actions(self) -> Option<(&'static str, &'static str)> {
        let operation = match self {
            Self::Name
            | Self::Connection
            | Self::Answer
            | Self::Clock
            | Self::KeyPair
            | Self::ObjectLock
            | Self::CleanUp => return None,
            Self::Bucket => Operation::ListObjects,
            Self::GetRange => Operation::GetObject,
            Self::Marker => Operation::PutObject,
            Self::Order => Operation::ListObjects,
            Self::CopyOfVersion => Operation::CopyObject,
            Self::Key("object_tags") => {
                return Some(("name/cos:PutObjectTagging", "s3:PutObjectTagging"));
            }
            Self::Key("object_acl") => return Some(("name/cos:PutObjectACL", "s3:PutObjectAcl")),
            Self::Key(_) => Operation::PutObject,
            Self::Of(operation) | Self::Once(operation) => operation,
        };
        Some(operation.actions())
    }
}

/// One trial and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialStep {
    /// What was tried.
    pub trial: Trial,
    /// How it ended.
    pub verdict: TrialVerdict,
    /// How long it took.
    pub took: Duration,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrialVerdict {
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
        let is_of_domain = error.code.as_deref().and_then(remedy_of_domain).is_some();
        if error.kind == ErrorKind::AccessDenied
            && !is_of_domain
            && let Some((cam, s3)) = trial.actions_of(error.operation)
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
    if let Some(fix) = error.code.as_deref().and_then(remedy_of_domain) {
        return fix.to_owned();
    }
    match error.kind {
        ErrorKind::Unavailable => "try again; if it persists, ask the operator of the store",
        ErrorKind::AttributesRefused => "correct this key, or leave it out: the store refuses it",
        ErrorKind::TooLarge => "the bucket or the account is full",
        ErrorKind::Unsupported if error.operation == Operation::UploadPartCopy => {
            "this store cannot copy ranges: APPE, REST before STOR, and renaming what is larger \
             than 5 GB will fail"
        }
        _ if error.operation == Operation::RestoreObject => {
            "set archive = refuse, if this store has no archive"
        }
        ErrorKind::Unsupported => "this store does not support an operation that the server needs",
        ErrorKind::ChecksumMismatch => "something on the way to the store damages the data",
        _ => "look up the code in the store's documentation",
    }
    .to_owned()
}

/// What helps against codes of COS that are about the domain that was asked.
fn remedy_of_domain(code: &str) -> Option<&'static str> {
    Some(match code {
        "ActionAccelerateNotSupported" => {
            "the domain of global acceleration serves transfers only: leave cos_endpoint out and \
             set cos_region"
        }
        "BucketAccelerateNotEnabled" => {
            "turn global acceleration on for the bucket in the console, or leave cos_endpoint out \
             and set cos_region"
        }
        "DownloadForbidden" => {
            "COS gives out no files of this kind (.apk, .ipa) under its own domain: bind a domain \
             of your own to the bucket and name it in cos_download_domain"
        }
        _ => return None,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_is_about_the_domain_is_no_missing_permission() {
        for (code, fix) in [
            ("ActionAccelerateNotSupported", "set cos_region"),
            ("BucketAccelerateNotEnabled", "turn global acceleration on"),
            ("DownloadForbidden", "bind a domain"),
        ] {
            let mut error = StoreError::new(ErrorKind::AccessDenied, Operation::GetObject, "f");
            (error.status, error.code) = (Some(403), Some(code.to_owned()));
            let fault = Fault::of(Trial::Of(Operation::GetObject), &error, Dialect::Cos);
            assert!(fault.fix.contains(fix) && fault.action.is_none(), "{fault:?}");
            assert_eq!(fault.why, format!("403 {code}"));
        }
    }
}
