//! Times of files: MDTM, MFMT, SITE UTIME.

use super::failure::because_of;
use super::long_work::LongWork;
use super::navigation::Tree;
use super::step::Step;
use crate::protocol::{Access, Code, Reply, Timestamp, replies, timed_path};
use crate::store::{ErrorKind, Freshness};

/// The times of files in a tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileTimes<'t>(pub(super) &'t Tree<'t>);

impl FileTimes<'_> {
    /// MDTM. With a time before the path it sets that, unless something is called so as a whole.
    pub(super) fn modification_time(&self, argument: &str, long: LongWork<'_, '_>) -> Step<Reply> {
        match timed_path(argument) {
            Some((time, path)) if !self.exists(argument)? => {
                self.set_modification_time(time, path, long)
            }
            _ => self.tell_modification_time(argument),
        }
    }

    fn exists(&self, path: &str) -> Step<bool> {
        let path = self.0.resolve(path)?;
        if self.0.refuse_hidden(&path).is_err() {
            return Ok(false);
        }
        match self.0.store.stat(&self.0.locate(path)?, Freshness::Recent) {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::BadName) => {
                Ok(false)
            }
            Err(error) => Err(self.0.failure(&error)),
        }
    }

    fn tell_modification_time(&self, path: &str) -> Step<Reply> {
        let stat = self.0.find_with_time(&self.0.existing_file(path)?);
        let stat = stat.map_err(|error| self.0.failure(&error))?;
        Ok(replies::modification_time(stat.metadata.told_time()))
    }

    /// MFMT, SITE UTIME, and MDTM with a time. In a bucket this copies the object onto itself,
    /// within the store.
    pub(super) fn set_modification_time(
        &self,
        time: Timestamp,
        path: &str,
        long: LongWork<'_, '_>,
    ) -> Step<Reply> {
        if !self.0.keeps_times {
            return Err(replies::times_not_kept());
        }
        if !self.0.rights.allow(Access::Writes) {
            return Err(replies::no_permission(Access::Writes));
        }
        let path = self.0.existing(path)?;
        let place = self.0.locate(path.clone())?;
        let set =
            long.run(Code::FILE_STATUS, &*self.0.store, |store| store.set_modified(&place, time.0));
        set.map_err(|error| match error.kind {
            ErrorKind::TooLarge => {
                because_of(self.0.admitted, &error, replies::too_large_for_a_time())
            }
            _ => self.0.failure(&error),
        })?;
        log::info!("mfmt path={path:?} modify={time}");
        Ok(replies::modification_time_set(time, &path))
    }
}
