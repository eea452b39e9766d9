//! The operations of the S3 API that a bucket is asked for: their one list.

use std::fmt;

/// Makes the enum and what is known of each: the action of CAM that it needs (COS: 436/30580), and
/// that of S3's policies.
macro_rules! operations {
    ($($name:ident: $cam:literal, $s3:literal;)+) => {
        /// An operation, in the S3 API's names. A failure names the one that failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation {
            $(#[doc = concat!("`", stringify!($name), "`.")] $name,)+
        }

        impl Operation {
            /// As the S3 API has it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// What a key pair must be allowed: the action of CAM, and that of S3's policies.
            pub(crate) fn actions(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$name => ($cam, $s3),)+
                }
            }
        }
    };
}

impl Operation {
    /// Whether it stores or deletes what stands under a key.
    pub(crate) fn changes_object(self) -> bool {
        matches!(
            self,
            Self::PutObject
                | Self::CopyObject
                | Self::RenameObject
                | Self::DeleteObject
                | Self::CompleteMultipartUpload
        )
    }
}

operations! {
    HeadBucket: "name/cos:HeadBucket", "s3:ListBucket";
    HeadObject: "name/cos:HeadObject", "s3:GetObject";
    ListObjects: "name/cos:GetBucket", "s3:ListBucket";
    GetObject: "name/cos:GetObject", "s3:GetObject";
    GetObjectAcl: "name/cos:GetObjectACL", "s3:GetObjectAcl";
    GetObjectTagging: "name/cos:GetObjectTagging", "s3:GetObjectTagging";
    PutObject: "name/cos:PutObject", "s3:PutObject";
    PutObjectTagging: "name/cos:PutObjectTagging", "s3:PutObjectTagging";
    CopyObject: "name/cos:PutObjectCopy", "s3:PutObject";
    RenameObject: "name/cos:PutObject", "s3:PutObject";
    DeleteObject: "name/cos:DeleteObject", "s3:DeleteObject";
    CreateMultipartUpload: "name/cos:InitiateMultipartUpload", "s3:PutObject";
    UploadPart: "name/cos:UploadPart", "s3:PutObject";
    UploadPartCopy: "name/cos:UploadPartCopy", "s3:PutObject";
    CompleteMultipartUpload: "name/cos:CompleteMultipartUpload", "s3:PutObject";
    AbortMultipartUpload: "name/cos:AbortMultipartUpload", "s3:AbortMultipartUpload";
    ListMultipartUploads: "name/cos:ListMultipartUploads", "s3:ListBucketMultipartUploads";
    ListParts: "name/cos:ListParts", "s3:ListMultipartUploadParts";
    RestoreObject: "name/cos:PostObjectRestore", "s3:RestoreObject";
    GetObjectLockConfiguration:
        "name/cos:GetBucketObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration";
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
