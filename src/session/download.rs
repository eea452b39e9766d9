//! RETR.

use std::sync::Arc;

use super::failure::because_of;
use super::navigation::Tree;
use super::settings::ClientSettings;
use super::step::Step;
use super::transfer::Transfer;
use super::transfer_log::{SentFile, record_download};
use super::{TransferKind, TransferTask};
use crate::events::EventKind;
use crate::metrics::Direction;
use crate::protocol::{Reply, replies};
use crate::store::{
    ByteRange, ErrorKind, Freshness, Object, ObjectStore, Restoration, StoreError, Stored,
};
use crate::transfer::{Conversion, Download, DownloadRequest};
use crate::vfs::FtpPath;

/// Sends the file that the client calls `name`, from the byte `first` on.
pub(super) fn download(
    mut transfer: Transfer<'_, '_>,
    tree: &Tree<'_>,
    settings: &ClientSettings,
    name: &str,
    first: u64,
) -> Step<Reply> {
    let path = tree.existing_file(name)?;
    if path.is_root() {
        return Err(replies::is_a_directory());
    }
    transfer.check_data_port()?;
    tree.check_told(EventKind::Download, &path)?;
    let object = open(tree, &path, first)?;
    let left = object.size - first;
    let (whole, etag, crc64) = (object.size, object.etag.clone(), object.crc64);
    let conversion = settings.conversion(transfer.converts_ascii());
    // Turned line ends change the size by what only reading tells.
    let size = (conversion == Conversion::None).then_some(left);
    let opening = replies::opening_download(settings.transfer_type, name, size);
    let store = tree.store_at(&path);
    let request = DownloadRequest { store, path: path.clone(), object, first, conversion };
    let throttle = transfer.throttle(Direction::Download);
    let downloads = Arc::clone(transfer.downloads());
    let task = TransferTask { kind: TransferKind::Download, path: path.clone(), total: Some(left) };
    let mut attended = transfer.attend(task);
    let download = Download::admit(request, attended.resources, &mut attended.watch)
        .map_err(|why| attended.failure(&why))?;
    let (data, _slot) = attended.open(download.progress(), &opening)?;
    let report = download.throttled(throttle).among(&downloads).run(data, &mut attended.watch);
    let sent = SentFile { first, size: whole, version: Stored { etag, crc64, request_id: None } };
    record_download(tree, &path, &sent, &report, conversion);
    transfer.check_verdict(&report)?;
    Ok(replies::file_sent())
}

fn open(tree: &Tree<'_>, path: &FtpPath, first: u64) -> Step<Object> {
    let store = &*tree.store;
    match store.get_object(path, ByteRange::from(first), None) {
        Err(error) if error.kind == ErrorKind::InvalidRange => {
            let stat = tree.stat(path, Freshness::Recent)?;
            Err(replies::restart_beyond_end(stat.metadata.size))
        }
        Err(error) if error.kind == ErrorKind::Archived => Err(bring_back(tree, path, &error)),
        Err(error) if error.kind == ErrorKind::NotFound && is_directory(store, path) => {
            Err(replies::is_a_directory())
        }
        Err(error) if error.kind == ErrorKind::NotFound => match tree.parked(path, None)? {
            Some(parked) => Err(replies::being_uploaded(parked.offset())),
            None => Err(tree.failure(&error)),
        },
        opened => opened.map_err(|error| tree.failure(&error)),
    }
}

/// The reply to RETR of an archived file, which may be asked for from now on.
fn bring_back(tree: &Tree<'_>, path: &FtpPath, archived: &StoreError) -> Reply {
    match tree.store.restore_archived(path) {
        Ok(Some(Restoration::Requested { takes })) => {
            log::info!("restore requested path={path:?}");
            replies::restore_requested(takes)
        }
        Ok(Some(Restoration::UnderWay)) => replies::restore_under_way(),
        Ok(None) => tree.failure(archived),
        Err(error) => match (error.kind, &error.code) {
            (ErrorKind::Archived | ErrorKind::Unsupported | ErrorKind::Other, Some(code)) => {
                because_of(tree.admitted, &error, replies::restore_refused(code))
            }
            _ => tree.failure(&error),
        },
    }
}

/// What is no file may be a directory. If the store does not tell, what it said first is told.
fn is_directory(store: &dyn ObjectStore, path: &FtpPath) -> bool {
    store.stat(path, Freshness::Listed).is_ok_and(|stat| stat.metadata.is_directory())
}
