//! What a bucket is made of: objects alone, or real directories. COS makes it so with *metadata
//! acceleration* and calls it `OFS`.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::dialect::is_cos;
use crate::store::cos::object_terms::HeaderNames;
use crate::store::cos::options::{BucketArch, CosOptions};

/// What one bucket has told itself, for all accounts on it. It is made so for good.
#[derive(Debug, Default)]
pub(crate) struct KnownArch(OnceLock<bool>);

impl KnownArch {
    /// Whether it keeps real directories, if it was asked.
    pub(crate) fn known(&self) -> Option<bool> {
        self.0.get().copied()
    }

    /// It does, or does not.
    pub(crate) fn note(&self, keeps_directories: bool) {
        let _ = self.0.set(keeps_directories);
    }
}

/// What one account on it is told by its configuration, or has to go by as the bucket does not say.
#[derive(Debug)]
pub(crate) struct AccountArch {
    told: Option<bool>,
    /// Until when the bucket is taken for an ordinary one, if its answer ever was no answer to
    /// that. Another account may be allowed to ask.
    ordinary_until: Mutex<Option<Instant>>,
}

impl AccountArch {
    pub(super) fn of(options: &CosOptions) -> Self {
        Self { told: told_arch(options), ordinary_until: Mutex::default() }
    }

    /// Whether the bucket keeps real directories, where the configuration says so, or that it need
    /// not be asked.
    pub(crate) fn told(&self) -> Option<bool> {
        self.told
    }

    /// Whether it is taken for an ordinary one without another question.
    pub(crate) fn is_taken_for_ordinary(&self) -> bool {
        self.ordinary_until.lock().is_some_and(|until| Instant::now() < until)
    }

    /// It is, for so long. Whether that is so for the first time.
    pub(crate) fn take_for_ordinary(&self, time: Duration) -> bool {
        self.ordinary_until.lock().replace(Instant::now() + time).is_none()
    }
}

/// What the configuration says of it; `None` where the bucket is to be asked. Only COS is: other
/// stores have no such answer.
fn told_arch(options: &CosOptions) -> Option<bool> {
    match options.arch {
        BucketArch::Objects => Some(false),
        BucketArch::Directories => Some(true),
        BucketArch::Ask => {
            let is_asked = is_cos(&options.endpoint) || options.objects.names == HeaderNames::Cos;
            (!is_asked).then_some(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::options::AddressingStyle;
    use crate::store::cos::options::tests::options;

    #[test]
    fn only_cos_is_asked() {
        let told = |endpoint: &str, arch, names| {
            let mut options = options(AddressingStyle::Path);
            (options.endpoint, options.arch) = (endpoint.to_owned(), arch);
            options.objects.names = names;
            told_arch(&options)
        };
        let (cos, other) = ("cos.ap-x.myqcloud.com", "127.0.0.1:9000");
        for (endpoint, arch, names, expected) in [
            (cos, BucketArch::Ask, HeaderNames::Auto, None),
            (other, BucketArch::Ask, HeaderNames::Auto, Some(false)),
            (other, BucketArch::Ask, HeaderNames::Cos, None),
            (cos, BucketArch::Objects, HeaderNames::Auto, Some(false)),
            (other, BucketArch::Directories, HeaderNames::Auto, Some(true)),
        ] {
            assert_eq!(told(endpoint, arch, names), expected, "{endpoint} {arch:?} {names:?}");
        }
    }

    #[test]
    fn what_is_taken_for_ordinary_is_so_for_a_time_and_told_once() {
        let arch = AccountArch::of(&options(AddressingStyle::Path));
        assert!(!arch.is_taken_for_ordinary());
        assert!(arch.take_for_ordinary(Duration::from_secs(60)));
        assert!(arch.is_taken_for_ordinary());
        assert!(!arch.take_for_ordinary(Duration::ZERO));
        assert!(!arch.is_taken_for_ordinary());
    }
}
