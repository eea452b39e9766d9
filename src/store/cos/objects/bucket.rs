//! What all accounts on one bucket share: the way to it, who changes what in it at present, and
//! what is remembered of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::cache::BucketCache;
use super::tag_habit::TagHabit;
use crate::store::cos::options::{AddressingStyle, CosOptions, Scheme};
use crate::store::cos::s3::site::Site;
use crate::store::cos::s3::{Authorities, AuthorityError};
use crate::store::key_locks::KeyLocks;

/// The buckets of this process. Accounts that name the same bucket share it.
#[derive(Debug, Default)]
pub(crate) struct BucketRegistry(Mutex<HashMap<BucketId, Arc<Bucket>>>);

/// What makes two accounts' buckets the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct BucketId {
    https: bool,
    virtual_hosted: bool,
    endpoint: String,
    bucket: String,
    /// Nobody gets a connection by authorities that another account trusts.
    authorities: Authorities,
}

impl BucketRegistry {
    /// The bucket that `options` name, opened before or now.
    ///
    /// # Errors
    /// When the file of authorities cannot be used.
    pub(crate) fn open(&self, options: &CosOptions) -> Result<Arc<Bucket>, AuthorityError> {
        let authorities = options.ca_file.as_deref().map(Authorities::read).transpose()?;
        let id = BucketId {
            https: options.scheme == Scheme::Https,
            virtual_hosted: options.addressing == AddressingStyle::Virtual,
            endpoint: options.endpoint.clone(),
            bucket: options.bucket.clone(),
            authorities: authorities.unwrap_or_default(),
        };
        let mut open = self.0.lock();
        // What no account names any more, after the configuration was read again.
        open.retain(|known, bucket| *known == id || Arc::strong_count(bucket) > 1);
        let bucket = match open.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let bucket = Bucket::new(options, &new.key().authorities);
                new.insert(Arc::new(bucket))
            }
        };
        Ok(Arc::clone(bucket))
    }
}

/// One bucket, shared.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Where it answers.
    pub(crate) site: Arc<Site>,
    /// What is remembered of it.
    pub(super) memory: BucketCache,
    /// Who changes which key at present: requests that change one key follow one another, so that
    /// what is remembered of it is what happened last, and so that nothing comes between a look
    /// and the change it was made for. Never held while a client is waited for.
    pub(crate) writes: KeyLocks,
    /// Sessions that add to a file: they follow one another, while their clients send.
    pub(crate) appends: KeyLocks,
    /// Whether the store compares what it is told to before it writes.
    pub(crate) conditional_writes: Trust,
    /// Whether it takes the condition that nothing stands under a key, in one request or from
    /// parts.
    pub(crate) exclusive_writes: Trust,
    /// The same of copies.
    pub(crate) exclusive_copies: Trust,
    /// Whether it compares before it deletes.
    pub(crate) conditional_deletes: Trust,
    /// Whether it copies what is encrypted in one request.
    pub(crate) encrypted_copies: Trust,
    /// Whether it keeps the tags that an upload in parts begins with.
    pub(crate) tags_in_parts: TagHabit,
    /// Whether a copy that replaces metadata keeps tags.
    pub(crate) tags_in_copies: TagHabit,
}

impl Bucket {
    fn new(options: &CosOptions, authorities: &Authorities) -> Self {
        Self {
            site: Arc::new(Site::new(options, authorities)),
            memory: BucketCache::new(options.metadata_cache, options.mtime_cache_entries),
            writes: KeyLocks::default(),
            appends: KeyLocks::default(),
            conditional_writes: Trust::default(),
            exclusive_writes: Trust::default(),
            exclusive_copies: Trust::default(),
            conditional_deletes: Trust::default(),
            encrypted_copies: Trust::default(),
            tags_in_parts: TagHabit::default(),
            tags_in_copies: TagHabit::default(),
        }
    }
}

/// How long a store is not asked to compare once it seemed not to: a refusal may have had another
/// reason, and stores are updated.
const MISTRUST: Duration = Duration::from_secs(60 * 60);

/// Whether the store of a bucket compares what it is told to compare: believed until it shows that
/// it does not, and tried again after a while: [`MISTRUST`], unless said otherwise.
#[derive(Debug)]
pub(crate) struct Trust {
    ended: Mutex<Option<Instant>>,
    pause: Duration,
}

impl Default for Trust {
    fn default() -> Self {
        Self::lost_for(MISTRUST)
    }
}

impl Trust {
    /// Trust that is given again after `pause`.
    pub(crate) fn lost_for(pause: Duration) -> Self {
        Self { ended: Mutex::default(), pause }
    }

    /// Whether it is believed to.
    pub(crate) fn is_given(&self) -> bool {
        self.is_given_at(Instant::now())
    }

    fn is_given_at(&self, now: Instant) -> bool {
        self.ended.lock().is_none_or(|ended| now.duration_since(ended) >= self.pause)
    }

    /// It does not, or refuses what is right.
    pub(crate) fn end(&self) {
        *self.ended.lock() = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::options::tests::options;

    #[test]
    fn accounts_share_a_bucket_whatever_their_prefix() {
        let registry = BucketRegistry::default();
        let first = options(AddressingStyle::Virtual);
        let mut second = first.clone();
        second.prefix = "other/".into();
        assert!(Arc::ptr_eq(&registry.open(&first).unwrap(), &registry.open(&second).unwrap()));
        second.bucket = "other-125".into();
        assert!(!Arc::ptr_eq(&registry.open(&first).unwrap(), &registry.open(&second).unwrap()));
    }

    #[test]
    fn a_bucket_that_nobody_uses_is_forgotten() {
        let registry = BucketRegistry::default();
        let (first, mut second) = (options(AddressingStyle::Path), options(AddressingStyle::Path));
        second.bucket = "other-125".into();
        let bucket = Arc::downgrade(&registry.open(&first).unwrap());
        let _second = registry.open(&second).unwrap();
        assert!(bucket.upgrade().is_none());
    }

    #[test]
    fn a_store_that_was_not_believed_is_tried_again() {
        let trust = Trust::default();
        assert!(trust.is_given());
        trust.end();
        let now = Instant::now();
        assert!(!trust.is_given() && !trust.is_given_at(now + MISTRUST / 2));
        assert!(trust.is_given_at(now + MISTRUST));
        trust.end();
        assert!(!trust.is_given(), "it has shown the same again");
    }
}
