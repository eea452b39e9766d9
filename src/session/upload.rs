//! STOR, APPE, STOU: one path, three [`WriteMode`]s.

use super::failure::{store_failure, transfer_error, transfer_failure};
use super::navigation::Step;
use super::watch::Watch;
use super::{Errand, ErrandKind, Pending, Session};
use crate::access::Visit;
use crate::limits;
use crate::metrics::{self, Direction, Ending};
use crate::net::Wake;
use crate::protocol::{Code, Reply, TransferType, UploadMode, replies};
use crate::store::{ErrorKind, Freshness, ObjectStore, Turn};
use crate::transfer::{
    Budget, Conversion, Plan, Report, Upload, UploadRequest, Verdict, Way, WriteMode,
};
use crate::vfs::FtpPath;

/// STOU without a name.
const UNIQUE_STEM: &str = "file";

/// How the client hears of the name: STOU has its own words (RFC 1123 4.1.2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    ByClient,
    ByServer,
}

/// What an upload is to do, before the store has been asked anything.
#[derive(Debug)]
struct Order {
    path: FtpPath,
    /// The path as the client wrote it.
    name: String,
    mode: WriteMode,
    naming: Naming,
}

impl Order {
    /// Waits until nobody else adds to the file, if this upload does. Whoever takes too long may have
    /// lost its client: then this one goes on, and the store tells which of the two was the later.
    fn take_turn(&self, store: &dyn ObjectStore) -> Option<Turn> {
        match self.mode {
            WriteMode::Replace | WriteMode::ResumeAt(0) => None,
            WriteMode::Append | WriteMode::ResumeAt(_) => {
                store.take_turn_to_append(&self.path, limits::APPEND_TURN_WAIT)
            }
        }
    }
}

impl Session<'_> {
    pub(super) fn upload(&mut self, mode: UploadMode, pending: &Pending) -> Reply {
        let begun = self.order(mode, pending).and_then(|order| Ok((order, self.begin_transfer()?)));
        let (order, wake) = match begun {
            Ok(begun) => begun,
            Err(reply) => return reply,
        };
        let reply = self.run_upload(&order, &wake).unwrap_or_else(|reply| reply);
        self.end_transfer();
        reply
    }

    fn order(&self, mode: UploadMode, pending: &Pending) -> Step<Order> {
        let restart = match pending {
            Pending::RestartAt(offset) => *offset,
            Pending::Nothing | Pending::RenameFrom(_) => 0,
        };
        let by_client = |name: String, mode| {
            let path = self.resolve(&name)?;
            // A bucket would take it as the marker of the root.
            if path.is_root() {
                return Err(replies::is_a_directory());
            }
            Ok(Order { path, name, mode, naming: Naming::ByClient })
        };
        match mode {
            UploadMode::Store(path) => by_client(path, WriteMode::ResumeAt(restart)),
            // REST before APPE: the offset is where the file ends in any case.
            UploadMode::Append(path) => by_client(path, WriteMode::Append),
            UploadMode::Unique(_) if restart > 0 => Err(replies::restart_impossible()),
            UploadMode::Unique(name) => {
                let wanted = self.resolve(name.as_deref().unwrap_or(UNIQUE_STEM))?;
                let path = unique_path(self.visit, &*self.store()?, &wanted)?;
                let name = path.name().to_owned();
                Ok(Order { path, name, mode: WriteMode::Replace, naming: Naming::ByServer })
            }
        }
    }

    fn run_upload(&mut self, order: &Order, wake: &Wake) -> Step<Reply> {
        self.check_data_port()?;
        let store = self.store()?;
        let _turn = order.take_turn(&*store);
        let plan = Plan::make(&*store, &order.path, order.mode);
        let plan = plan.map_err(|error| transfer_error(self.visit, &error))?;
        let request = UploadRequest {
            store,
            path: order.path.clone(),
            plan,
            announced: self.settings.announced,
            conversion: self.conversion(),
        };
        let host = self.host;
        let budget = self.budget();
        let resources = host.resources(&budget, wake);
        let opener = self.opener();
        let (handle, throttle) = (self.handle, self.throttle(Way::In));
        let (total, transfer_type) = (self.settings.announced, self.settings.transfer_type);
        let errand = Errand { kind: ErrandKind::Upload, path: order.path.clone(), total };
        let signs = self.reassurance(replies::still_at_work(Code::TRANSFER_COMPLETE));
        let (port, unused) = (&mut self.data_port, &mut self.unused);
        let mut watch = Watch::new(&mut self.control, &host.stop, errand.clone(), signs);
        let upload = Upload::admit(request, resources, &mut watch)
            .map_err(|verdict| transfer_failure(self.visit, &verdict, 0));
        let outcome = upload.and_then(|upload| {
            handle.note_transfer(errand, upload.progress().clone());
            watch.announce(&match order.naming {
                Naming::ByClient => replies::opening_upload(transfer_type, &order.name),
                Naming::ByServer => replies::opening_unique_upload(&order.name),
            });
            let (data, _slot) = opener.open(port, unused, &mut watch, wake)?;
            Ok(upload.throttled(throttle).run(data, &mut watch))
        });
        self.abort_unanswered = watch.was_aborted();
        let mut report = outcome?;
        if let Some(rest) = report.unended.take() {
            self.unused.add(rest);
        }
        self.record_upload(order, &report);
        Ok(match (&report.verdict, order.naming) {
            (Verdict::Complete, Naming::ByClient) => replies::file_stored(report.bytes),
            (Verdict::Complete, Naming::ByServer) => replies::unique_file_stored(&order.name),
            (verdict, _) => transfer_failure(self.visit, verdict, report.bytes),
        })
    }

    /// Whether TYPE and the operator want line ends turned round.
    pub(super) fn conversion(&self) -> Conversion {
        match self.settings.transfer_type {
            TransferType::Ascii if self.host.options.ascii_conversion => Conversion::Ascii,
            TransferType::Ascii | TransferType::Image => Conversion::None,
        }
    }

    /// The memory that transfers share, as the client's account may use it.
    pub(super) fn budget(&self) -> Budget {
        match self.login.account() {
            Some(account) => self.host.budget.of_user(&account.name),
            None => self.host.budget.clone(),
        }
    }

    fn record_upload(&self, order: &Order, report: &Report) {
        metrics::count_transfer(Direction::Upload, ending(&report.verdict), report.bytes);
        let seconds = report.elapsed.as_secs_f64();
        let rate = report.bytes as f64 / seconds.max(0.001) / 1e6;
        let verdict = verdict_text(&report.verdict);
        let stored = report.stored.as_ref();
        let request_id = stored.and_then(|stored| stored.request_id.as_deref()).unwrap_or("-");
        log::info!(
            "upload path={:?} bytes={} kept={} seconds={seconds:.3} MB/s={rate:.1} \
             tail_seconds={:.3} parts={} verdict={verdict:?} request-id={request_id}",
            order.path,
            report.bytes,
            report.kept,
            report.tail.as_secs_f64(),
            report.parts,
        );
    }
}

/// How a transfer ended, in the words of the log.
pub(super) fn verdict_text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Complete => "complete".to_owned(),
        Verdict::Interrupted { by, kept: true } => format!("{}, partial file kept", by.reason()),
        Verdict::Interrupted { by, kept: false } => format!("{}, nothing kept", by.reason()),
        Verdict::Failed(error) => format!("failed: {error}"),
    }
}

/// How a transfer ended, for the figures.
pub(super) fn ending(verdict: &Verdict) -> Ending {
    match verdict {
        Verdict::Complete => Ending::Complete,
        Verdict::Interrupted { .. } => Ending::Interrupted,
        Verdict::Failed(_) => Ending::Failed,
    }
}

/// A name like `wanted` that nobody has. The random part makes a clash with another session's
/// choice in the same moment as good as impossible.
fn unique_path(visit: &Visit, store: &dyn ObjectStore, wanted: &FtpPath) -> Step<FtpPath> {
    let (stem, extension) = match wanted.name().rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (wanted.name(), String::new()),
    };
    let directory = wanted.parent();
    for _ in 0..limits::UNIQUE_NAME_ATTEMPTS {
        let name = format!("{stem}-{:08x}{extension}", fastrand::u32(..));
        let path = directory.child(&name).ok_or_else(replies::name_not_allowed)?;
        match store.stat(&path, Freshness::Recent) {
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(store_failure(visit, &error)),
            Ok(_) => {}
        }
    }
    Err(replies::already_exists())
}
