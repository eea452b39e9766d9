//! LIST, NLST, MLSD, and STAT of a path: pages of the store become lines and leave at once, so a
//! directory of any size costs the memory of a page.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::control_line::ControlLine;
use super::failure::because_of;
use super::listed::{Listed, Lookup};
use super::navigation::Tree;
use super::step::Step;
use super::transfer::Transfer;
use super::{SessionHandle, StopSignal, TransferKind, TransferTask};
use crate::limits::LISTING_PAGE_BYTES;
use crate::protocol::{
    Fact, ListStyle, ListTarget, ListingFormat, MlstFacts, NameEncoding, Reply, Rights, Wildcard,
    replies,
};
use crate::store::ListPage;
use crate::transfer::{Control, DataSender, Incomplete, Lease, Listing, ListingPages, Progress};
use crate::vfs::{Entry, FtpPath, NamePatterns};

/// How a client wants a directory told, and how much of it the operator allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    pub(super) style: ListStyle,
    pub(super) facts: MlstFacts,
    /// How it is sent.
    pub(super) encoding: NameEncoding,
    /// `max_list_file`
    pub(super) limit: Option<usize>,
}

/// What of a directory is told, and how.
#[derive(Debug)]
struct Lines {
    /// Only names that fit.
    wildcard: Option<Wildcard>,
    /// Entries that may still be told; `None` for all.
    left: Option<usize>,
    format: ListingFormat,
    /// How they are sent.
    encoding: NameEncoding,
    /// Keys met that have no FTP name.
    unnameable: usize,
    /// Names that are not told.
    hidden: NamePatterns,
    /// Interrupted uploads that the client may go on with, by their names: told instead of the
    /// files that stand there.
    parked: HashMap<String, Entry>,
    /// What waits for its marker, for its uploader.
    waiting: HashMap<String, Entry>,
    /// What may be done in those that lead to mount points, by their names.
    mounted: HashMap<String, Rights>,
}

/// A listing whose first page has come.
#[derive(Debug)]
struct OpenedListing {
    source: Listing,
    first: ListPage,
    lines: Lines,
}

/// LIST, NLST, MLSD.
pub(super) fn list(
    mut transfer: Transfer<'_, '_>,
    tree: &Tree<'_>,
    telling: Telling,
    target: &ListTarget,
) -> Step<Reply> {
    transfer.check_data_port()?;
    let memory = page_memory(&mut transfer, &tree.working_directory)?;
    let opened = telling.open(tree, target).map_err(replies::no_listing)?;
    let OpenedListing { source, first, mut lines } = opened;
    let path = source.directory.clone();
    let task = TransferTask { kind: TransferKind::Listing, path: path.clone(), total: None };
    let mut attended = transfer.attend(task);
    let resources = attended.resources;
    // The second page is on its way before the client has connected.
    let pages = source.after(&first, memory, resources);
    let mut pages = pages.map_err(|why| attended.failure(&why))?;
    let progress = Progress::begin();
    let (data, _slot) = attended.open(&progress, &replies::opening_listing())?;
    let mut sender = DataSender::new(data, resources, progress);
    let sent = lines.send(first, &mut pages, &mut sender, &mut attended.watch);
    let sent = sent.map_err(|why| attended.failure(&why))?;
    if lines.unnameable > 0 && tree.admitted.may_tell("keys that have no FTP name") {
        log::warn!("{path} holds {} keys that have no FTP name", lines.unnameable);
    }
    match (sent, telling.limit) {
        (ListingEnd::Cut, Some(limit)) => {
            if tree.admitted.may_tell("listing cut by max_list_file") {
                log::warn!("listing of {path} cut after {limit} entries by max_list_file");
            }
            Ok(replies::listing_cut(limit))
        }
        _ => Ok(replies::listing_sent()),
    }
}

/// The memory of the page that is sent. If that takes a while, the store gets no less time for it.
fn page_memory(transfer: &mut Transfer<'_, '_>, working_directory: &FtpPath) -> Step<Lease> {
    if let Some(at_once) =
        transfer.resources().budget.for_reading().try_borrow(LISTING_PAGE_BYTES as u64)
    {
        return Ok(at_once);
    }
    let path = working_directory.clone();
    let mut attended =
        transfer.attend(TransferTask { kind: TransferKind::Listing, path, total: None });
    let memory = Listing::memory(attended.resources, &mut attended.watch);
    let memory = memory.map_err(|why| attended.failure(&why));
    transfer.renew_wait();
    memory
}

/// STAT with a path: the listing, over the control connection. More than one page of it leaves page
/// by page, so that a directory of any size costs the memory of one.
#[derive(Debug)]
pub(super) struct StatusOf<'c, 'a> {
    pub(super) control: &'c mut ControlLine<'a>,
    pub(super) handle: &'a SessionHandle,
    pub(super) stop: &'a StopSignal,
}

impl StatusOf<'_, '_> {
    pub(super) fn tell(
        self,
        tree: &Tree<'_>,
        telling: Telling,
        target: &ListTarget,
    ) -> Step<Reply> {
        let OpenedListing { source, first: mut page, mut lines } = telling.open(tree, target)?;
        let mut place = replies::StatusPlace::Beginning;
        loop {
            let mut text = Vec::new();
            let written = lines.write(&page, &mut text);
            let limit = telling.limit.filter(|_| matches!(written, ListingEnd::Cut));
            let Some(next) = page.next.filter(|_| limit.is_none()) else {
                return Ok(replies::status_of(place, &text, limit));
            };
            self.control.send_part(&replies::part_of_status(place, &text));
            place = replies::StatusPlace::Later;
            if let Some(farewell) = self.handle.farewell(self.stop) {
                return Err(farewell);
            }
            page = match source.page(Some(&next)) {
                // Nobody is there to be told.
                _ if self.control.has_ended() => return Err(replies::status_broken_off()),
                Ok(page) => page,
                Err(error) => {
                    return Err(because_of(tree.admitted, &error, replies::status_broken_off()));
                }
            };
        }
    }
}

impl Telling {
    fn has_times(self) -> bool {
        match self.style {
            ListStyle::List => true,
            ListStyle::Nlst => false,
            ListStyle::Mlsd => self.facts.contains(Fact::Modify),
        }
    }

    /// Fetches the first page, so that a missing directory is told before the 150.
    fn open(self, tree: &Tree<'_>, target: &ListTarget) -> Step<OpenedListing> {
        let lookup = Lookup { tree, style: self.style, with_times: self.has_times() };
        let Listed { source, first, wildcard, name_prefix } = lookup.find(target)?;
        let format = ListingFormat {
            style: self.style,
            name_prefix,
            now: source.store.now(),
            rights: tree.rights_at(&source.directory),
            facts: self.facts,
        };
        let Self { limit: left, encoding, .. } = self;
        let parked = tree.parked_in(&source.directory);
        let hidden = tree.files().names.hidden.clone();
        let waiting = tree.waiting_in(&source.directory)?;
        let lines = Lines {
            wildcard,
            left,
            format,
            encoding,
            unnameable: 0,
            hidden,
            parked,
            waiting,
            mounted: tree.mounted_in(&source.directory),
        };
        Ok(OpenedListing { source, first, lines })
    }
}

/// Whether a listing was told in full.
enum ListingEnd {
    All,
    Cut,
}

impl Lines {
    fn send(
        &mut self,
        first: ListPage,
        pages: &mut ListingPages<'_>,
        sender: &mut DataSender<'_>,
        control: &mut dyn Control,
    ) -> Result<ListingEnd, Incomplete> {
        let (mut text, mut sent) = (Vec::new(), ListingEnd::All);
        let mut present = Some(first);
        while let Some(page) = present {
            text.clear();
            sent = self.write(&page, &mut text);
            sender.send(&self.encoding.encode(&text), control)?;
            if matches!(sent, ListingEnd::Cut) {
                break;
            }
            sender.attend(control)?;
            present = pages.next(control, sender.progress())?;
        }
        // What is on its way to the client needs no more of it.
        drop(text);
        pages.release();
        sender.finish(control)?;
        Ok(sent)
    }

    /// Appends the lines of a page, up to the limit.
    fn write(&mut self, page: &ListPage, text: &mut Vec<u8>) -> ListingEnd {
        self.unnameable += page.unnameable;
        for entry in &page.entries {
            // What somebody has stored since is newer.
            let parked = self.parked.remove(&entry.name).filter(|parked| {
                let (begun, stored) = (parked.metadata.modified, entry.metadata.modified);
                !entry.metadata.is_directory() && begun.map(second) > stored.map(second)
            });
            let waiting = self.waiting.remove(&entry.name);
            let own = parked.or(waiting.filter(|_| !entry.metadata.is_directory()));
            let sent = self.write_entry(own.as_ref().unwrap_or(entry), text);
            if matches!(sent, ListingEnd::Cut) {
                return sent;
            }
        }
        if page.next.is_none() {
            let mut own = std::mem::take(&mut self.waiting);
            own.extend(std::mem::take(&mut self.parked));
            for entry in own.into_values() {
                let sent = self.write_entry(&entry, text);
                if matches!(sent, ListingEnd::Cut) {
                    return sent;
                }
            }
        }
        ListingEnd::All
    }

    /// Appends the line of an entry, if it fits what was asked for.
    fn write_entry(&mut self, entry: &Entry, text: &mut Vec<u8>) -> ListingEnd {
        if self.hidden.fit(&entry.name)
            || self.wildcard.as_ref().is_some_and(|wildcard| !wildcard.matches(&entry.name))
        {
            return ListingEnd::All;
        }
        match &mut self.left {
            Some(0) => return ListingEnd::Cut,
            Some(left) => *left -= 1,
            None => {}
        }
        let there = self.format.rights;
        self.format.rights = self.mounted.get(&entry.name).copied().unwrap_or(there);
        self.format.write_line(text, entry);
        self.format.rights = there;
        ListingEnd::All
    }
}

/// In which second; stores tell whole ones.
fn second(time: OffsetDateTime) -> i64 {
    time.unix_timestamp()
}
