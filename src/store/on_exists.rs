//! What becomes of a file that comes to a name which has one already, and the names that are found
//! for it.

use super::{ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// The highest number that a name is given.
const HIGHEST: u32 = 1 << 20;

/// What becomes of a file that comes to a name which has one already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExists {
    /// It takes the place of the old one.
    #[default]
    Replace,
    /// It is refused.
    Refuse,
    /// It gets a name of its own: `report (2).csv`.
    KeepBoth,
}

/// The lowest name of `report (2).csv`, `report (3).csv` and so on that is free as far as
/// `is_taken` tells, which is asked a few times, however many there are: where they have gaps, some
/// free one is found.
///
/// # Errors
/// What `is_taken` says; [`ErrorKind::AlreadyExists`] when there is none,
/// [`ErrorKind::BadName`] when none can be made.
pub fn free_name(
    path: &FtpPath,
    mut is_taken: impl FnMut(&FtpPath) -> Result<bool>,
) -> Result<FtpPath> {
    let error = |kind| StoreError::new(kind, Operation::HeadObject, path.as_str());
    let name = |number| numbered(path, number).ok_or_else(|| error(ErrorKind::BadName));
    let (mut taken, mut free) = (1, 2);
    while is_taken(&name(free)?)? {
        if free == HIGHEST {
            return Err(error(ErrorKind::AlreadyExists));
        }
        (taken, free) = (free, free * 2);
    }
    while free - taken > 1 {
        let middle = taken.midpoint(free);
        match is_taken(&name(middle)?)? {
            true => taken = middle,
            false => free = middle,
        }
    }
    name(free)
}

/// `report (2).csv` of `report.csv`; `None` for the root.
fn numbered(path: &FtpPath, number: u32) -> Option<FtpPath> {
    let (stem, ending) = match path.name().rfind('.') {
        Some(at) if at > 0 => path.name().split_at(at),
        _ => (path.name(), ""),
    };
    let name = format!("{stem} ({number}){ending}");
    path.parent().child(&name).filter(|_| !path.is_root())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> FtpPath {
        FtpPath::root().join(text).unwrap()
    }

    #[test]
    fn the_number_stands_before_the_ending() {
        for (name, second) in [
            ("/a/report.csv", "/a/report (2).csv"),
            ("/report", "/report (2)"),
            ("/.profile", "/.profile (2)"),
            ("/a.b/c", "/a.b/c (2)"),
            ("/x.tar.gz", "/x.tar (2).gz"),
        ] {
            assert_eq!(numbered(&path(name), 2), Some(path(second)));
        }
        assert_eq!(numbered(&FtpPath::root(), 2), None);
    }

    #[test]
    fn the_lowest_free_number_is_found_by_few_questions() {
        for highest in [1, 2, 3, 4, 7, 8, 9, 1000] {
            let (mut asked, file) = (0, path("/f.txt"));
            let is_taken = |name: &FtpPath| {
                asked += 1;
                Ok((2..=highest).any(|n| numbered(&file, n).as_ref() == Some(name)))
            };
            let found = free_name(&file, is_taken).unwrap();
            assert_eq!(Some(found), numbered(&file, highest + 1));
            assert!(asked <= 21, "{asked} questions for {highest}");
        }
        let all = free_name(&path("/f"), |_| Ok(true)).unwrap_err();
        assert_eq!(all.kind, ErrorKind::AlreadyExists);
    }
}
