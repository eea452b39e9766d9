//! A file that is read: the version that is asked for, from the byte that is asked for.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::fault::LocalResult;
use super::tree::LocalTree;
use crate::store::{ByteRange, ETag, ErrorKind, Object, Stat};
use crate::vfs::FtpPath;

/// Opens a range of a file, which must be this version.
pub(super) fn read(
    tree: &LocalTree,
    path: &FtpPath,
    range: ByteRange,
    if_match: Option<&ETag>,
) -> LocalResult<Object> {
    let (mut file, stat) = open_version(tree, path, if_match)?;
    let size = stat.metadata.size;
    if range.first > size {
        return Err(ErrorKind::InvalidRange.into());
    }
    file.seek(SeekFrom::Start(range.first))?;
    let end = range.end.map_or(size, |end| end.min(size));
    let body = Box::new(file.take(end.saturating_sub(range.first)));
    Ok(Object { size, etag: stat.etag, crc64: None, request_id: None, body })
}

/// Opens a file once, so that what is then read is the version that was compared.
pub(super) fn open_version(
    tree: &LocalTree,
    path: &FtpPath,
    if_match: Option<&ETag>,
) -> LocalResult<(File, Stat)> {
    if path.is_root() {
        return Err(ErrorKind::NotFound.into());
    }
    let (file, stat) = tree.existing(path)?.open_file()?;
    match if_match {
        Some(wanted) if stat.etag.as_ref() != Some(wanted) => {
            Err(ErrorKind::PreconditionFailed.into())
        }
        _ => Ok((file, stat)),
    }
}
