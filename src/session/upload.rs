//! STOR, APPE, STOU: one path, three [`WriteMode`]s.

use super::done_marker::DoneMarkers;
use super::failure::transfer_error;
use super::navigation::Tree;
use super::settings::ClientSettings;
use super::step::Step;
use super::transfer::Transfer;
use super::transfer_log::record_upload;
use super::{TransferKind, TransferTask};
use crate::events::EventKind;
use crate::limits;
use crate::metrics::Direction;
use crate::protocol::{Reply, UploadMode, replies};
use crate::store::{ErrorKind, Freshness, KeyLock, ObjectStore};
use crate::transfer::{
    OverFiles, Plan, TransferError, TransferReport, Upload, UploadRequest, Verdict, WriteMode,
};
use crate::users::FileRules;
use crate::vfs::{EntryKind, FtpPath};

/// STOU without a name.
const UNIQUE_STEM: &str = "file";

/// How the client hears of the name: STOU has its own words (RFC 1123 4.1.2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    ByClient,
    ByServer,
}

/// A file that is stored.
#[derive(Debug)]
pub(super) struct Uploaded {
    pub(super) reply: Reply,
    /// Where it is.
    pub(super) path: FtpPath,
}

/// What an upload is to do, before the store has been asked anything.
#[derive(Debug)]
struct Order {
    path: FtpPath,
    /// The file's name in the tree, where `path` is but the place in which it waits.
    published: Option<FtpPath>,
    /// The path as the client wrote it.
    name: String,
    mode: WriteMode,
    naming: Naming,
}

impl Order {
    /// What `mode` means in `tree`, behind a REST to the byte `restart`.
    fn of(tree: &Tree<'_>, mode: UploadMode, restart: u64) -> Step<Self> {
        let by_client = |name: String, mode| {
            let path = tree.resolve(&name)?;
            // A bucket would take it as the marker of the root.
            if path.is_root() {
                return Err(replies::is_a_directory());
            }
            tree.check_new_name(&path, EntryKind::File)?;
            Self { path, published: None, name, mode, naming: Naming::ByClient }.placed(tree)
        };
        match mode {
            UploadMode::Store(path) => by_client(path, WriteMode::ResumeAt(restart)),
            // REST before APPE: the offset is where the file ends in any case.
            UploadMode::Append(path) => by_client(path, WriteMode::Append),
            UploadMode::Unique(_) if restart > 0 => Err(replies::restart_impossible()),
            UploadMode::Unique(name) => {
                let wanted = tree.resolve(name.as_deref().unwrap_or(UNIQUE_STEM))?;
                tree.check_new_name(&wanted, EntryKind::File)?;
                let path = unique_path(tree, &wanted)?;
                let (name, mode) = (path.name().to_owned(), WriteMode::Replace);
                let naming = Naming::ByServer;
                Self { path, published: None, name, mode, naming }.placed(tree)
            }
        }
    }

    /// The same, of a file that waits for its marker first, where they do.
    fn placed(self, tree: &Tree<'_>) -> Step<Self> {
        let Some(all) = tree.unpublished(&self.path) else { return Ok(self) };
        let place = all.place(&self.path).map_err(|error| tree.failure(&error))?;
        Ok(Self { path: place, published: Some(self.path), ..self })
    }

    /// What goes on with a file that is published finds it where it will wait itself. What goes on
    /// with a parked upload does not: the copy would be the newer of the two.
    fn bring_published(&self, tree: &Tree<'_>) -> Step<()> {
        let Some(published) = &self.published else { return Ok(()) };
        let Some(all) = tree.unpublished(published) else { return Ok(()) };
        if self.begins_anew() || self.parked_since(tree, published)? {
            return Ok(());
        }
        all.bring(published, &self.path).map_err(|error| tree.failure(&error))
    }

    /// Whether a parked upload waits that this one goes on with, begun after the file `published`.
    fn parked_since(&self, tree: &Tree<'_>, published: &FtpPath) -> Step<bool> {
        let parked = tree.parked_to_go_on_with(&self.path, self.mode)?;
        let Some(parked) = parked else { return Ok(false) };
        let found = tree.store.find_file(published).map_err(|error| tree.failure(&error))?;
        Ok(parked.is_newer_than(found.as_ref()))
    }

    /// Waits until nobody else adds to the file, if this upload does. Whoever takes too long may
    /// have lost its client: then this one goes on, and the store tells which of the two was the
    /// later.
    fn take_turn(&self, store: &dyn ObjectStore) -> Option<KeyLock> {
        match self.mode {
            WriteMode::Replace | WriteMode::ResumeAt(0) => None,
            WriteMode::Append | WriteMode::ResumeAt(_) => {
                store.take_turn_to_append(&self.path, limits::APPEND_TURN_WAIT)
            }
        }
    }

    /// What it keeps, and needs to be true of its name.
    fn plan(&self, tree: &Tree<'_>, store: &dyn ObjectStore) -> Step<Plan> {
        if matches!(self.mode, WriteMode::ResumeAt(_)) {
            tree.learn_of_left(&self.path)?;
        }
        let among = tree.parked_among(&self.path, self.mode);
        let FileRules { on_exists, appends, .. } = *tree.files();
        let over = OverFiles { on_exists, appends };
        let plan = Plan::make(store, &self.path, self.mode, among, over);
        plan.and_then(|plan| self.check_kept(tree, &plan).map(|()| plan)).map_err(|error| {
            if let TransferError::ParkedElsewhere { offset: 0, came } = error {
                tree.told.note_lost(self.path.clone(), came);
            }
            transfer_error(tree.admitted, &error)
        })
    }

    /// Whether the object that `plan` keeps may be gone on with: a client may have been told the
    /// size of a file that it has begun to replace (lftp).
    fn check_kept(&self, tree: &Tree<'_>, plan: &Plan) -> Result<(), TransferError> {
        let is_restarted = matches!(self.mode, WriteMode::ResumeAt(_)) && plan.keeps_object();
        if !is_restarted || self.published.is_some() {
            return Ok(());
        }
        let earlier = tree.earlier_upload(&self.path);
        if let Some(came) = earlier.take_replacement() {
            return Err(TransferError::ParkedElsewhere { offset: 0, came });
        }
        match plan.added_to().filter(|_| tree.sees_parked(&self.path)) {
            Some(stat) if earlier.take_doubt(stat.stored, tree.store.now()) => {
                Err(TransferError::MayBeReplaced)
            }
            _ => Ok(()),
        }
    }

    /// Whether nothing of an earlier upload is gone on with.
    fn begins_anew(&self) -> bool {
        matches!(self.mode, WriteMode::Replace | WriteMode::ResumeAt(0))
    }

    /// The preliminary reply.
    fn opening(&self, settings: &ClientSettings) -> Reply {
        match self.naming {
            Naming::ByClient => replies::opening_upload(settings.transfer_type, &self.name),
            Naming::ByServer => replies::opening_unique_upload(&self.name),
        }
    }

    /// The reply to success.
    fn stored(&self, report: &TransferReport) -> Reply {
        match (self.naming, &report.renamed) {
            (Naming::ByClient, None) => replies::file_stored(report.bytes),
            (Naming::ByClient, Some(renamed)) => replies::file_stored_as(renamed.name()),
            (Naming::ByServer, Some(renamed)) => replies::unique_file_stored(renamed.name()),
            (Naming::ByServer, None) => replies::unique_file_stored(&self.name),
        }
    }
}

/// Stores what the client sends, as `mode` says, behind a REST to the byte `restart`.
pub(super) fn upload(
    mut transfer: Transfer<'_, '_>,
    tree: &Tree<'_>,
    settings: &ClientSettings,
    mode: UploadMode,
    restart: u64,
) -> Step<Uploaded> {
    let order = Order::of(tree, mode, restart)?;
    transfer.check_data_port()?;
    let markers = DoneMarkers::of(tree);
    markers.map_or(Ok(()), |markers| markers.check(&order.path))?;
    tree.check_told(EventKind::Upload, &order.path)?;
    let _turn = order.take_turn(&*tree.store);
    order.bring_published(tree)?;
    let store = tree.store_at(&order.path);
    let plan = order.plan(tree, &*store)?;
    let conversion = settings.conversion(transfer.converts_ascii());
    let request = UploadRequest {
        announced: settings.announced,
        conversion,
        witness: Some(tree.witness.clone()),
        earlier: Some(tree.earlier_upload(&order.path)),
        told: tree.told.came_of(&order.path),
        publishes_left: tree.files().publish_parked.is_some(),
        ..UploadRequest::new(store, order.path.clone(), plan)
    };
    let throttle = transfer.throttle(Direction::Upload);
    let (path, total) = (order.path.clone(), settings.announced);
    let mut attended = transfer.attend(TransferTask { kind: TransferKind::Upload, path, total });
    let upload = Upload::admit(request, attended.resources, &mut attended.watch)
        .map_err(|why| attended.failure(&why))?;
    let (data, _slot) = attended.open(upload.progress(), &order.opening(settings))?;
    tree.told.forget();
    let mut report = upload.throttled(throttle).run(data, &mut attended.watch);
    if let Some(rest) = report.unended.take() {
        transfer.add_unused(rest);
    }
    let stored = report.renamed.as_ref().unwrap_or(&order.path);
    record_upload(tree, stored, &report, conversion);
    transfer.note_left(stored, &report, &tree.witness);
    // What ended early is measured by what is parked.
    let ended_early = matches!(report.verdict, Verdict::Failed(TransferError::EndsEarly { .. }));
    if report.leaves_nothing() && report.bytes > 0 && order.begins_anew() && !ended_early {
        tree.drop_superseded(&order.path, transfer.left_uploads());
    }
    if report.leaves_part()
        && let Some(markers) = markers
    {
        markers.withdraw(stored, &report);
    }
    transfer.check_verdict(&report)?;
    markers.map_or(Ok(()), |markers| markers.store(stored))?;
    Ok(Uploaded { reply: order.stored(&report), path: stored.clone() })
}

/// A name like `wanted` that nobody has. The random part makes a clash with another session's
/// choice in the same moment as good as impossible.
fn unique_path(tree: &Tree<'_>, wanted: &FtpPath) -> Step<FtpPath> {
    let (stem, extension) = match wanted.name().rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (wanted.name(), String::new()),
    };
    let directory = wanted.parent();
    for _ in 0..limits::UNIQUE_NAME_ATTEMPTS {
        let name = format!("{stem}-{:08x}{extension}", fastrand::u32(..));
        let path = directory.child(&name).ok_or_else(replies::name_not_allowed)?;
        match tree.store.stat(&path, Freshness::Recent) {
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(tree.failure(&error)),
            Ok(_) => {}
        }
    }
    Err(replies::already_exists())
}
