//! A bucket of Tencent COS, or of any store that speaks the S3 API with SigV4.

mod options;

pub use options::{AddressingStyle, CosOptions, Scheme, Timeouts, VerifyUploads};
