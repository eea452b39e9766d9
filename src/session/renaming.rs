//! RNTO: the name that a file comes to stand under, and what is told of it.

use crate::events::{EventKind, FileDeed, Intent, Witness};
use crate::limits;
use crate::store::{ErrorKind, ObjectStore, OnExists, Operation, StoreError, free_name};
use crate::vfs::{FtpPath, Metadata};

/// One rename.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renaming<'a> {
    pub(super) from: &'a FtpPath,
    /// What was seen there.
    pub(super) was: &'a Metadata,
    /// What becomes of a file that has the new name.
    pub(super) on_exists: OnExists,
    /// Who tells of it.
    pub(super) witness: &'a Witness,
}

impl Renaming<'_> {
    /// Renames to `to`, or to a free name like it. Answers the new name.
    pub(super) fn run(&self, store: &dyn ObjectStore, to: &FtpPath) -> Result<FtpPath, StoreError> {
        let keeps_both = self.on_exists == OnExists::KeepBoth;
        let mut name = to.clone();
        let mut renamed = self.rename(store, &name);
        for _ in 0..limits::FREE_NAME_ATTEMPTS {
            match renamed {
                Err(error) if keeps_both && error.kind == ErrorKind::AlreadyExists => {}
                renamed => return renamed.map(|()| name),
            }
            // Somebody else may be faster once more.
            let is_taken =
                |name: &FtpPath| Ok(name == self.from || store.find_file(name)?.is_some());
            name = free_name(to, is_taken)?;
            renamed = self.rename(store, &name);
        }
        renamed.map(|()| name)
    }

    /// Once, when what is to be told of it stands on the disk.
    fn rename(&self, store: &dyn ObjectStore, to: &FtpPath) -> Result<(), StoreError> {
        let intent = self.intend(store, to)?;
        let renamed = match self.on_exists {
            OnExists::Replace => store.rename(self.from, to),
            OnExists::Refuse | OnExists::KeepBoth => store.rename_to_free(self.from, to),
        };
        if let Some(intent) = intent {
            intent.end(renamed.as_ref().map(|()| None));
        }
        renamed
    }

    fn intend(&self, store: &dyn ObjectStore, to: &FtpPath) -> Result<Option<Intent>, StoreError> {
        let is_directory = self.was.is_directory();
        let intent = self.witness.intend(&FileDeed {
            from: Some(self.from),
            is_directory,
            size: (!is_directory).then_some(self.was.size),
            ..FileDeed::now(EventKind::Rename, store, to)
        });
        intent.map_err(|error| {
            let (kind, operation) = (ErrorKind::Unavailable, Operation::CopyObject);
            StoreError::new(kind, operation, to.as_str()).with_source(error)
        })
    }
}
