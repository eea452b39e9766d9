//! Renaming, which a bucket cannot: server-side copies, then deletes.
//!
//! A copy keeps an object's metadata but falls back to the bucket's default storage class and
//! encryption, so both are restated. The ACL is not: reading it needs a permission that an FTP
//! account has no other use for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ureq::http::Method;

use super::client::Call;
use super::listing::{Depth, Window, live_keys};
use super::objects::Head;
use super::request::Request;
use super::{CosStore, xml};
use crate::limits;
use crate::store::{CopySource, ErrorKind, Operation, PartReceipt, Result, StoreError};
use crate::vfs::FtpPath;

/// Keys listed before they are moved.
const MOVE_KEYS: usize = 1000;

/// Objects of a directory that are moved at once: each costs three small requests that mostly
/// wait.
const MOVERS: usize = 8;

impl CosStore {
    /// Gives a file or directory another name.
    pub(super) fn rename_path(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        let operation = Operation::CopyObject;
        let failed = |kind, path: &FtpPath| StoreError::new(kind, operation, path.as_str());
        if from.is_root() || to.is_root() {
            return Err(failed(ErrorKind::BadName, from));
        }
        let is_directory = self.stat_path(operation, from)?.metadata.is_directory();
        if is_directory && to.is_within(from) {
            return Err(failed(ErrorKind::BadName, to));
        }
        if from == to {
            return Ok(());
        }
        match self.stat_if_any(operation, to)? {
            Some(_) if is_directory => return Err(failed(ErrorKind::AlreadyExists, to)),
            Some(there) if there.metadata.is_directory() => {
                return Err(failed(ErrorKind::IsADirectory, to));
            }
            _ => {}
        }
        if is_directory {
            let source = self.keys.directory(operation, from)?;
            self.move_directory(&source, &self.keys.directory(operation, to)?)?;
        } else {
            self.move_object(&self.keys.file(operation, from)?, &self.keys.file(operation, to)?)?;
        }
        self.keep_parent(from);
        Ok(())
    }

    /// Moves page by page whatever lies below `from`. If it breaks off, what was not moved still
    /// stands under its old name: an object is deleted only after its own copy was confirmed.
    fn move_directory(&self, from: &str, to: &str) -> Result<()> {
        // Listings may lag: without its own marker the new directory could seem not to exist.
        self.put_marker(to)?;
        let mut after: Option<String> = None;
        loop {
            let window = Window { prefix: from, after: after.as_deref() };
            let page = self.key_page(window, Depth::Everything, MOVE_KEYS)?;
            let keys = live_keys(window, &page, &self.client.bucket.recent.below(from));
            self.move_keys(keys.into_iter().filter(|key| key != from), from, to)?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.delete(from)
    }

    /// Moves `keys` from below one prefix to below another, several at once. The first failure
    /// ends it; moves under way are finished.
    fn move_keys(
        &self,
        keys: impl Iterator<Item = String> + Send,
        from: &str,
        to: &str,
    ) -> Result<()> {
        let keys = Mutex::new(keys);
        let is_failed = AtomicBool::new(false);
        let next = || {
            let mut keys = keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if is_failed.load(Ordering::Relaxed) { None } else { keys.next() }
        };
        let work = || {
            while let Some(key) = next() {
                let target = format!("{to}{}", &key[from.len()..]);
                self.move_object(&key, &target)
                    .inspect_err(|_| is_failed.store(true, Ordering::Relaxed))?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let helpers: Vec<_> = (1..MOVERS)
                .map_while(|_| {
                    let builder = thread::Builder::new().stack_size(limits::WORKER_STACK_BYTES);
                    builder.spawn_scoped(scope, work).ok()
                })
                .collect();
            let mut outcome = work();
            for helper in helpers {
                let helped = helper.join().unwrap_or_else(|_| {
                    Err(StoreError::new(ErrorKind::Other, Operation::CopyObject, from)
                        .with_source("a thread that moved objects panicked"))
                });
                outcome = outcome.and(helped);
            }
            outcome
        })
    }

    fn move_object(&self, from: &str, to: &str) -> Result<()> {
        let failed = |kind, key: &str| StoreError::new(kind, Operation::CopyObject, key);
        if to.len() > limits::KEY_BYTES {
            return Err(failed(ErrorKind::BadName, to));
        }
        let head = self.head(from)?.ok_or_else(|| failed(ErrorKind::NotFound, from))?;
        let copied = if head.size > limits::MAX_PART_BYTES {
            self.copy_in_parts(from, to, &head)
        } else {
            self.copy_at_once(from, to, &head)
        };
        copied.inspect_err(|_| self.note_doubt(to))?;
        self.note_written(to, head.size);
        self.delete(from)
    }

    /// CopyObject: up to 5 GB.
    fn copy_at_once(&self, from: &str, to: &str, head: &Head) -> Result<()> {
        let mut request =
            Request::on_object(Method::PUT, to).header("x-amz-copy-source", self.copy_source(from));
        for (name, value) in restated(head) {
            request = request.header(name, value);
        }
        let call = Call::new(Operation::CopyObject, request).patiently();
        let answer = self.client.exchange(&call)?;
        let copied = xml::stored(&answer.text)
            .map_err(|error| call.error(ErrorKind::Other).with_source(error))?;
        if self.differs(copied.crc64(), head.headers.crc64()) {
            return Err(call.error(ErrorKind::ChecksumMismatch));
        }
        Ok(())
    }

    /// A copy of more than 5 GB: an upload whose parts are all copies.
    fn copy_in_parts(&self, from: &str, to: &str, head: &Head) -> Result<()> {
        let mut headers = restated(head);
        headers.extend(metadata(head));
        let upload_id = self.create_upload(to, headers)?;
        let copied = self.copy_parts(from, to, &upload_id, head);
        if copied.is_err()
            && let Err(error) = self.abort_upload(to, &upload_id)
        {
            log::warn!("an unfinished copy is left behind: {error}");
        }
        copied
    }

    fn copy_parts(&self, from: &str, to: &str, upload_id: &str, head: &Head) -> Result<()> {
        let mut parts: Vec<PartReceipt> = Vec::new();
        for (number, (first, end)) in (1..).zip(equal_ranges(head.size, limits::MAX_PART_BYTES)) {
            let source = CopySource { first, end, etag: head.etag() };
            parts.push(self.copy_part(to, upload_id, number, from, &source)?);
        }
        self.complete_upload(to, upload_id, &parts)?;
        Ok(())
    }
}

/// What a copy forgets unless it is said again.
pub(super) fn restated(head: &Head) -> Vec<(String, String)> {
    ["storage-class", "server-side-encryption"]
        .iter()
        .filter_map(|tail| Some((format!("x-amz-{tail}"), head.headers.vendor(tail)?.to_owned())))
        .collect()
}

/// What a plain copy keeps, but an upload of copied parts has to be told.
pub(super) fn metadata(head: &Head) -> Vec<(String, String)> {
    const KEPT: [&str; 6] = [
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-type",
        "expires",
    ];
    let keep = |(name, value): (&str, &str)| {
        let name = match name.strip_prefix("x-cos-meta-").or(name.strip_prefix("x-amz-meta-")) {
            Some(tail) => format!("x-amz-meta-{tail}"),
            None if KEPT.contains(&name) => name.to_owned(),
            None => return None,
        };
        Some((name, value.to_owned()))
    };
    head.headers.iter().filter_map(keep).collect()
}

/// `0..size` in as few ranges of at most `limit` bytes as possible, of nearly equal length, so
/// that the last is no crumb.
fn equal_ranges(size: u64, limit: u64) -> Vec<(u64, u64)> {
    let count = size.div_ceil(limit).max(1);
    let bound = |at: u64| (u128::from(size) * u128::from(at) / u128::from(count)) as u64;
    (0..count).map(|at| (bound(at), bound(at + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_the_object_without_a_crumb() {
        assert_eq!(equal_ranges(10, 10), [(0, 10)]);
        assert_eq!(equal_ranges(11, 10), [(0, 5), (5, 11)]);
        assert_eq!(equal_ranges(0, 10), [(0, 0)]);
        for (size, limit) in [(limits::FILE_BYTES + 1, limits::MAX_PART_BYTES), (u64::MAX, 1 << 60)]
        {
            let ranges = equal_ranges(size, limit);
            assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (0, size));
            assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
            assert!(
                ranges.iter().all(|(first, end)| end - first <= limit && end - first > limit / 2)
            );
        }
    }
}
