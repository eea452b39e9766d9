//! What goes with the body of a whole object, so that the store itself refuses what was damaged on
//! its way: it would replace the earlier object before anybody could compare anything.

use super::dialect::Dialect;
use crate::store::cos::options::{CosOptions, Scheme, VerifyUploads};

/// What the store is to compare a body with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Nothing.
    Nothing,
    /// `Content-MD5`.
    Md5,
    /// The hash in the signature: cheaper than MD5 where the processor has instructions for it.
    Sha256,
}

impl Guard {
    /// What the accounts of `options` need. Each record of TLS proves that it is whole. Over plain
    /// HTTP nothing does: there the body is signed, as Amazon's own tools do it, and what speaks
    /// Signature Version 4 compares. Of COS it is only known that it compares MD5.
    pub(crate) fn of(options: &CosOptions) -> Self {
        match (options.verify, options.scheme, Dialect::of(&options.endpoint)) {
            (VerifyUploads::Off, ..) => Self::Nothing,
            (VerifyUploads::Md5, ..) => Self::Md5,
            (VerifyUploads::Auto, Scheme::Https, _) => Self::Nothing,
            (VerifyUploads::Auto, Scheme::Http, Dialect::S3) => Self::Sha256,
            (VerifyUploads::Auto, Scheme::Http, Dialect::Cos) => Self::Md5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::options::{AddressingStyle, tests::options};

    #[test]
    fn what_tls_protects_needs_no_hash() {
        use Scheme::{Http, Https};
        use VerifyUploads::{Auto, Md5, Off};
        let (cos, other) = ("cos.ap-x.myqcloud.com", "s3.example.com");
        for (verify, scheme, endpoint, expected) in [
            (Auto, Https, cos, Guard::Nothing),
            (Auto, Https, other, Guard::Nothing),
            (Auto, Http, cos, Guard::Md5),
            (Auto, Http, other, Guard::Sha256),
            (Md5, Https, cos, Guard::Md5),
            (Md5, Http, other, Guard::Md5),
            (Off, Http, other, Guard::Nothing),
        ] {
            let endpoint = endpoint.to_owned();
            let options =
                CosOptions { verify, scheme, endpoint, ..options(AddressingStyle::Virtual) };
            assert_eq!(Guard::of(&options), expected, "{options:?}");
        }
    }
}
