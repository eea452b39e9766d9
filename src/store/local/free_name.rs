//! Files that come to a name under which nothing may stand: the system looks, in whichever way the
//! file system knows.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::tree::LocalName;

impl LocalName<'_> {
    /// Lets the file `name` of `directory`, which nobody else has to do with, come here, if nothing
    /// stands here: the system looks.
    pub(super) fn take_unless_taken(&self, directory: impl AsFd, name: &str) -> Result<(), Errno> {
        if self.rename_unless_taken(&directory, name)? {
            return Ok(());
        }
        self.link(&directory, name)?;
        rustix::fs::unlinkat(&directory, name, AtFlags::empty())
    }

    /// The same for a file that others see, too: what they store under its earlier name meanwhile
    /// stays there. Whether that name is free.
    pub(super) fn take_file_unless_taken(&self, source: &LocalName<'_>) -> Result<bool, Errno> {
        // Whoever has found the name free would replace unseen what comes now.
        self.lock_directory()?;
        let is_renamed = self.rename_unless_taken(&source.parent, source.name)?;
        Ok(is_renamed || self.take_by_link(source)?)
    }

    /// By a second name, of which the first is removed then.
    fn take_by_link(&self, source: &LocalName<'_>) -> Result<bool, Errno> {
        self.lock_directory()?;
        self.link(&source.parent, source.name)?;
        // Nobody holds one and waits for another; and both may be of one directory.
        self.unlock_directory()?;
        source.lock_directory()?;
        source.remove_name_of(self)
    }

    /// Removes this name of the file that is also called `other`. Whether nothing stands here now:
    /// not every program locks the directory before it lets another file come here.
    fn remove_name_of(&self, other: &LocalName<'_>) -> Result<bool, Errno> {
        let Some(here) = self.inode()? else { return Ok(true) };
        if other.inode()? != Some(here) {
            return Ok(false);
        }
        rustix::fs::unlinkat(&self.parent, self.name, AtFlags::empty())?;
        Ok(true)
    }

    /// Which file it is; `None` where nothing stands there.
    fn inode(&self) -> Result<Option<(u64, u64)>, Errno> {
        match rustix::fs::statat(&self.parent, self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some((stat.st_dev, stat.st_ino))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Whether the file system knows how.
    fn rename_unless_taken(&self, directory: impl AsFd, name: &str) -> Result<bool, Errno> {
        let flags = RenameFlags::NOREPLACE;
        match renameat_with(directory, name, &self.parent, self.name, flags) {
            Err(Errno::INVAL | Errno::NOSYS) => Ok(false),
            moved => moved.map(|()| true),
        }
    }

    /// Gives the file `name` of `directory` this name besides: not one that anything has.
    fn link(&self, directory: impl AsFd, name: &str) -> Result<(), Errno> {
        rustix::fs::linkat(directory, name, &self.parent, self.name, AtFlags::empty())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::store::local::tree::LocalTree;
    use crate::vfs::FtpPath;

    /// The name `name` in `root`, its directory opened anew.
    fn slot<'n>(root: &Path, name: &'n str) -> LocalName<'n> {
        let parent = LocalTree::open(root).unwrap().directory(&FtpPath::root()).unwrap();
        LocalName { parent, name }
    }

    /// Another session publishes these bytes as `f`.
    fn publish(root: &Path, bytes: &str) {
        fs::write(root.join("staged"), bytes).unwrap();
        fs::rename(root.join("staged"), root.join("f")).unwrap();
    }

    fn read(root: &Path, name: &str) -> Option<String> {
        fs::read_to_string(root.join(name)).ok()
    }

    #[test]
    fn a_file_moves_by_a_second_name_and_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        publish(root, "first");
        assert_eq!(slot(root, "g").take_by_link(&slot(root, "f")), Ok(true));
        assert_eq!((read(root, "f"), read(root, "g")), (None, Some("first".into())));
        publish(root, "second");
        assert_eq!(slot(root, "g").take_by_link(&slot(root, "f")), Err(Errno::EXIST));
        let both = (Some("second".into()), Some("first".into()));
        assert_eq!((read(root, "f"), read(root, "g")), both);
    }

    #[test]
    fn what_is_published_under_the_first_name_stays() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let (source, target) = (slot(root, "f"), slot(root, "g"));
        publish(root, "first");
        target.link(&source.parent, "f").unwrap();
        publish(root, "second");
        assert_eq!(source.remove_name_of(&target), Ok(false));
        let both = (Some("second".into()), Some("first".into()));
        assert_eq!((read(root, "f"), read(root, "g")), both);
        // Whoever takes either away leaves nothing to remove, or nothing that is known.
        fs::remove_file(root.join("g")).unwrap();
        assert_eq!(source.remove_name_of(&target), Ok(false));
        fs::remove_file(root.join("f")).unwrap();
        assert_eq!(source.remove_name_of(&target), Ok(true));
    }

    #[test]
    fn who_publishes_in_the_directory_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        publish(root, "first");
        let publisher = slot(root, "f");
        publisher.lock_directory().unwrap();
        thread::scope(|scope| {
            let (tell, told) = mpsc::channel();
            scope.spawn(move || {
                let taken = slot(root, "g").take_by_link(&slot(root, "f"));
                tell.send(taken).unwrap();
            });
            assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
            publish(root, "second");
            drop(publisher);
            assert_eq!(told.recv().unwrap(), Ok(true));
        });
        assert_eq!((read(root, "f"), read(root, "g")), (None, Some("second".into())));
    }
}
