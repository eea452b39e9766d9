//! RETR.

use super::failure::{store_failure, transfer_failure};
use super::navigation::Step;
use super::upload::{ending, verdict_text};
use super::watch::Watch;
use super::{Errand, ErrandKind, Pending, Session};
use crate::access::Visit;
use crate::metrics::{self, Direction};
use crate::net::Wake;
use crate::protocol::{Code, Reply, replies};
use crate::store::{ByteRange, ErrorKind, Freshness, Object, ObjectStore};
use crate::transfer::{Conversion, Download, DownloadRequest, Report, Verdict, Way};
use crate::vfs::FtpPath;

impl Session<'_> {
    pub(super) fn download(&mut self, path: &str, pending: &Pending) -> Reply {
        let first = match pending {
            Pending::RestartAt(offset) => *offset,
            Pending::Nothing | Pending::RenameFrom(_) => 0,
        };
        let wake = match self.begin_transfer() {
            Ok(wake) => wake,
            Err(reply) => return reply,
        };
        let reply = self.run_download(path, first, &wake).unwrap_or_else(|reply| reply);
        self.end_transfer();
        reply
    }

    fn run_download(&mut self, name: &str, first: u64, wake: &Wake) -> Step<Reply> {
        let path = self.resolve(name)?;
        if path.is_root() {
            return Err(replies::is_a_directory());
        }
        self.check_data_port()?;
        let store = self.store()?;
        let object = open(self.visit, &*store, &path, first)?;
        let object_left = object.size - first;
        let conversion = self.conversion();
        // Turned line ends change the size by what only reading tells.
        let size = (conversion == Conversion::None).then_some(object_left);
        let opening = replies::opening_download(self.settings.transfer_type, name, size);
        let request = DownloadRequest { store, path: path.clone(), object, first, conversion };
        let host = self.host;
        let budget = self.budget();
        let resources = host.resources(&budget, wake);
        let opener = self.opener();
        let (handle, throttle) = (self.handle, self.throttle(Way::Out));
        let total = Some(object_left);
        let errand = Errand { kind: ErrandKind::Download, path: path.clone(), total };
        let signs = self.reassurance(replies::still_at_work(Code::TRANSFER_COMPLETE));
        let (port, unused) = (&mut self.data_port, &mut self.unused);
        let mut watch = Watch::new(&mut self.control, &host.stop, errand.clone(), signs);
        let download = Download::admit(request, resources, &mut watch)
            .map_err(|verdict| transfer_failure(self.visit, &verdict, 0));
        let outcome = download.and_then(|download| {
            handle.note_transfer(errand, download.progress().clone());
            watch.announce(&opening);
            let (data, _slot) = opener.open(port, unused, &mut watch, wake)?;
            Ok(download.throttled(throttle).run(data, &mut watch))
        });
        self.abort_unanswered = watch.was_aborted();
        let report = outcome?;
        record(&path, first, &report);
        Ok(match &report.verdict {
            Verdict::Complete => replies::file_sent(),
            verdict => transfer_failure(self.visit, verdict, report.bytes),
        })
    }
}

fn open(visit: &Visit, store: &dyn ObjectStore, path: &FtpPath, first: u64) -> Step<Object> {
    match store.get_object(path, ByteRange::from(first), None) {
        Err(error) if error.kind == ErrorKind::InvalidRange => {
            let stat = store
                .stat(path, Freshness::Recent)
                .map_err(|error| store_failure(visit, &error))?;
            Err(replies::restart_beyond_end(stat.metadata.size))
        }
        Err(error) if error.kind == ErrorKind::NotFound && is_directory(store, path) => {
            Err(replies::is_a_directory())
        }
        opened => opened.map_err(|error| store_failure(visit, &error)),
    }
}

/// What is no file may be a directory. If the store does not tell, what it said first is told.
fn is_directory(store: &dyn ObjectStore, path: &FtpPath) -> bool {
    store.stat(path, Freshness::Listed).is_ok_and(|stat| stat.metadata.is_directory())
}

fn record(path: &FtpPath, first: u64, report: &Report) {
    metrics::count_transfer(Direction::Download, ending(&report.verdict), report.bytes);
    let seconds = report.elapsed.as_secs_f64();
    let rate = report.bytes as f64 / seconds.max(0.001) / 1e6;
    log::info!(
        "download path={path:?} first={first} bytes={} seconds={seconds:.3} MB/s={rate:.1} \
         verdict={:?}",
        report.bytes,
        verdict_text(&report.verdict),
    );
}
