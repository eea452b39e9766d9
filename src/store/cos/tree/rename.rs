//! Renaming, which a bucket cannot: a server-side copy, then the delete of what was copied. A
//! directory moves key by key ([`super::moving`]).

use super::markers::Standing;
use super::moving::Move;
use super::versions::is_same_version;
use crate::store::cos::CosStore;
use crate::store::cos::s3::copy::{Replaces, Target};
use crate::store::cos::s3::objects::Head;
use crate::store::{ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

impl CosStore {
    /// Gives a file or directory another name.
    pub(crate) fn rename_path(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        let operation = Operation::CopyObject;
        let failed = |kind, path: &FtpPath| StoreError::new(kind, operation, path.as_str());
        if from.is_root() || to.is_root() {
            return Err(failed(ErrorKind::BadName, from));
        }
        let source = self.keys.file(operation, from)?;
        let file = match self.standing(&source)? {
            Standing::File(head) => Some(head),
            Standing::Directory(_) => None,
            Standing::Nothing => self.stat_directory(operation, from).map(|_| None)?,
        };
        let is_directory = file.is_none();
        if is_directory && to != from && to.is_within(from) {
            return Err(failed(ErrorKind::BadName, to));
        }
        if from == to {
            return Ok(());
        }
        let begun = self.client.bucket.recent.moment();
        self.watch_room(to);
        match self.stat_if_any(operation, to)? {
            Some(_) if is_directory => return Err(failed(ErrorKind::AlreadyExists, to)),
            Some(there) if there.metadata.is_directory() => {
                return Err(failed(ErrorKind::IsADirectory, to));
            }
            Some(_) => {}
            None => self.refuse_below_file(operation, to)?,
        }
        if let Some(head) = file {
            let key = self.keys.file(operation, to)?;
            let target = Target { key: &key, replaces: Replaces::Anything };
            let copied = self.copy_version(&source, target, head)?;
            self.delete_copied(&source, &copied)?;
        } else {
            let source = self.keys.directory(operation, from)?;
            let target = self.keys.directory(operation, to)?;
            Move::new(self, &source, &target, begun).run()?;
        }
        self.keep_parent(from);
        Ok(())
    }

    /// Deletes what was copied, not what somebody stored in its place since: that stays.
    fn delete_copied(&self, key: &str, copied: &Head) -> Result<()> {
        let turn = self.turn(key);
        let is_other = match self.head(key)? {
            Some(now) if is_same_version(&now, copied) => !self.delete_version(&turn, key, &now)?,
            Some(_) => true,
            None => {
                self.note_deleted(key);
                false
            }
        };
        if is_other {
            log::info!("{key:?} was stored anew while it was renamed; what is new stays");
        }
        Ok(())
    }
}
