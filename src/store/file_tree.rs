//! What FTP needs of files and directories.

use std::time::Duration;

use time::OffsetDateTime;

use super::{
    Body, ByteRange, ETag, ErrorKind, Expected, KeyLock, ListPage, ListRequest, Object, Operation,
    PageToken, Restoration, Result, Stat, StoreError, Stored,
};
use crate::vfs::FtpPath;

/// Files and directories by their names. How these become keys of a bucket, or files of a disk, is
/// the store's own affair.
pub trait FileTree: Send + Sync + 'static {
    /// The facts about one name. A name is a file only if exactly that object exists; else a
    /// directory if its marker or anything below it exists. The root always exists.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`].
    fn stat(&self, path: &FtpPath, freshness: Freshness) -> Result<Stat>;

    /// The file of this name, asked of the store in any case; `None` if there is none, whatever
    /// else may be called so.
    fn find_file(&self, path: &FtpPath) -> Result<Option<Stat>> {
        match self.stat(path, Freshness::Now) {
            Ok(stat) => Ok(Some(stat).filter(|stat| !stat.metadata.is_directory())),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same, with what a file that goes on with it keeps of it ([`Stat::attributes`]).
    fn find_file_to_continue(&self, path: &FtpPath) -> Result<Option<Stat>> {
        self.find_file(path)
    }

    /// Whether what goes on with the file `path` can have bytes of it copied inside the store: told
    /// before a client is asked for more.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`], with words for the client.
    fn admits_adding(&self, path: &FtpPath) -> Result<()> {
        let _ = path;
        Ok(())
    }

    /// Whether a file may come to stand under `path`: told before a client is asked for bytes that
    /// nobody could keep. Only [`Freshness::Now`] asks the store, and then it is granted or an
    /// error.
    ///
    /// # Errors
    /// [`ErrorKind::BadName`] when nothing may be called so, [`ErrorKind::IsADirectory`],
    /// [`ErrorKind::NotADirectory`] when what should be a directory above it is a file.
    fn admits_file(&self, path: &FtpPath, freshness: Freshness) -> Result<Admission> {
        let _ = (path, freshness);
        Ok(Admission::Granted)
    }

    /// Waits until no other session adds to the file `path`, `patience` at most: those that read a
    /// file in order to replace it by a longer one follow one another. Dropped, what is answered
    /// lets the next one go on. `None` when another session takes too long.
    fn take_turn_to_append(&self, path: &FtpPath, patience: Duration) -> Option<KeyLock> {
        let _ = (path, patience);
        None
    }

    /// One page of a directory, in the store's order (bytewise by name in a bucket). Entries
    /// without an FTP name are left out and counted.
    ///
    /// Where the next page begins is told to `tell`, if it is there, as soon as that is known, at
    /// most once, so that it can be asked for while this one is still on its way. If it is told, it
    /// is what the page's [`ListPage::next`] will be.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the directory does not exist, [`ErrorKind::NotADirectory`] if
    /// the name is a file (both on the first page only); [`ErrorKind::Unavailable`] when the
    /// directory changed under the request so that what was told is wrong.
    fn list(&self, request: &ListRequest<'_>, tell: Option<NextPage<'_>>) -> Result<ListPage>;

    /// Opens an object for reading from byte `range.first` on. A range that begins exactly at the
    /// end yields an empty body. With `if_match`, only that version of the object is read.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::InvalidRange`] when the range begins beyond the end,
    /// [`ErrorKind::PreconditionFailed`] when the object is another one by now.
    fn get_object(
        &self,
        path: &FtpPath,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object>;

    /// Asks for an archived file to be made readable; `None` where nobody wants the server to.
    ///
    /// # Errors
    /// What the store said.
    fn restore_archived(&self, path: &FtpPath) -> Result<Option<Restoration>> {
        let _ = path;
        Ok(None)
    }

    /// Stores a whole object in one request, in place of an earlier one if that is `expected`.
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`] when something else stands there, which stays, or, where
    /// that was [`Expected::Nothing`], [`ErrorKind::AlreadyExists`];
    /// [`ErrorKind::IsADirectory`], [`ErrorKind::NotADirectory`] as [`Self::admits_file`].
    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored>;

    /// Deletes a file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::IsADirectory`].
    fn delete_object(&self, path: &FtpPath) -> Result<()>;

    /// Deletes a file if the version `seen` still stands there, which nobody will miss: it stands
    /// elsewhere by now, or says nothing by itself, as a marker that is of no use any more. Where
    /// deleted files are kept, this one is not. `is_useless` is asked last, when nobody in this
    /// process can store anything under the name: it looks at others, and changes none. Tells
    /// whether it is gone; if not, something newer stands there, or it is of use.
    ///
    /// # Errors
    /// What the store said, or `is_useless`.
    fn delete_version(
        &self,
        path: &FtpPath,
        seen: &Stat,
        is_useless: IsUseless<'_>,
    ) -> Result<bool> {
        match self.find_file(path)? {
            None => Ok(true),
            Some(found) if found.is_same_version(seen) && is_useless()? => {
                self.delete_object(path).map(|()| true)
            }
            Some(_) => Ok(false),
        }
    }

    /// A file that stands there is about to be replaced: where what a rename replaces is kept, a
    /// copy of it is from now on.
    ///
    /// # Errors
    /// As [`Self::copy_aside`]; [`ErrorKind::NotFound`] when nothing stands there any more.
    fn keep_replaced(&self, path: &FtpPath) -> Result<()> {
        let _ = path;
        Ok(())
    }

    /// Makes a directory (in a bucket: the 0-byte marker `path/`).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if a file or directory of that name exists.
    fn create_directory(&self, path: &FtpPath) -> Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::NotADirectory`], [`ErrorKind::DirectoryNotEmpty`].
    fn remove_directory(&self, path: &FtpPath) -> Result<()>;

    /// Keeps `modified` as the time of a file's last change, for a [`Self::stat`] of now to tell. A
    /// bucket cannot date an object: there it becomes metadata, which no listing tells.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::IsADirectory`]; [`ErrorKind::TooLarge`] for a file
    /// that the store cannot give metadata without moving it in parts; [`ErrorKind::Unsupported`].
    fn set_modified(&self, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
        let _ = modified;
        Err(StoreError::new(ErrorKind::Unsupported, Operation::CopyObject, path.as_str()))
    }

    /// Gives a file or directory another name. A file that stands under the new name is
    /// replaced by a file; a directory replaces nothing and is never moved into itself.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::AlreadyExists`], [`ErrorKind::IsADirectory`],
    /// [`ErrorKind::BadName`] for a directory moved into itself; [`ErrorKind::BrokenOff`] when a
    /// directory was moved in part: then all of it still stands under its old name, or, if only
    /// the cleaning up failed, all of it under the new one.
    fn rename(&self, from: &FtpPath, to: &FtpPath) -> Result<()>;

    /// The same, where a file that is to be replaced is shown to `keep` first. Only what was shown
    /// is replaced, and where nothing was, nothing.
    ///
    /// # Errors
    /// As [`Self::rename`]; what `keep` says; [`ErrorKind::PreconditionFailed`] when another file
    /// came to stand there meanwhile: then nothing has changed.
    fn rename_keeping(&self, from: &FtpPath, to: &FtpPath, keep: KeepReplaced<'_>) -> Result<()> {
        let _ = (to, keep);
        Err(cannot(from))
    }

    /// Gives a file another name, under which nothing stands. What somebody stores under the old
    /// one meanwhile stays there.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] and [`ErrorKind::IsADirectory`] of the file;
    /// [`ErrorKind::AlreadyExists`] when anything stands under the other name,
    /// [`ErrorKind::NotADirectory`] when what should be a directory above that is a file.
    fn set_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        let _ = aside;
        Err(cannot(file))
    }

    /// Gives a file a second name, under which nothing stands, for the version of it that stands
    /// there now: what replaces one of the two leaves the other.
    ///
    /// # Errors
    /// As [`Self::set_aside`].
    fn copy_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        let _ = aside;
        Err(cannot(file))
    }

    /// As [`Self::rename`], where what stands under the new name must stay. A store that can itself
    /// refuse to replace it does so.
    ///
    /// # Errors
    /// As [`Self::rename`]; [`ErrorKind::AlreadyExists`] when a file or, for a directory, anything
    /// stands under the new name.
    fn rename_to_free(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        match self.find_file(to)? {
            Some(_) if from != to => {
                let operation = Operation::CopyObject;
                Err(StoreError::new(ErrorKind::AlreadyExists, operation, to.as_str()))
            }
            _ => self.rename(from, to),
        }
    }
}

/// The failure of a store that cannot keep what is deleted.
fn cannot(path: &FtpPath) -> StoreError {
    StoreError::new(ErrorKind::Unsupported, Operation::CopyObject, path.as_str())
}

/// Who is shown the file that a rename is about to replace.
pub type KeepReplaced<'a> = &'a mut dyn FnMut(&Stat) -> Result<()>;

/// Who knows whether a file may be deleted.
pub type IsUseless<'a> = &'a dyn Fn() -> Result<bool>;

/// Who is told where the next page begins.
pub type NextPage<'a> = &'a mut dyn FnMut(&PageToken);

/// How much what is told about a name may lag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// For somebody who only wants to go there: a store may tell by fewer questions whether the
    /// name is a directory, from a listing that lags a little, and without its time.
    Listed,
    /// What the store told a moment ago may be repeated.
    Recent,
    /// The store is asked in any case: anything older is not enough where bytes are kept or lost by
    /// it.
    Now,
}

/// Whether a file may come to stand under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Granted,
    /// Only the store can tell: ask again for [`Freshness::Now`].
    Unknown,
}
