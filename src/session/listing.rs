//! LIST, NLST, MLSD, and STAT of a path: pages of the store become lines and leave at once, so a
//! directory of any size costs the memory of a page.

use super::failure::{log_failure, transfer_failure};
use super::listed::{Listed, Lookup};
use super::navigation::Step;
use super::watch::Watch;
use super::{Errand, ErrandKind, Session};
use crate::limits::LISTING_PAGE_BYTES;
use crate::net::Wake;
use crate::protocol::{
    Access, Code, ListStyle, ListTarget, ListingFormat, NameEncoding, Reply, Wildcard, replies,
};
use crate::store::ListPage;
use crate::transfer::{Control, DataSender, Lease, Listing, Pages, Progress, Resources, Verdict};

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
}

/// A listing whose first page has come.
#[derive(Debug)]
struct Opened {
    source: Listing,
    first: ListPage,
    lines: Lines,
}

impl Session<'_> {
    pub(super) fn list(&mut self, style: ListStyle, target: &ListTarget) -> Reply {
        let wake = match self.begin_transfer() {
            Ok(wake) => wake,
            Err(reply) => return reply,
        };
        let reply = self.run_list(style, target, &wake).unwrap_or_else(|reply| reply);
        self.end_transfer();
        reply
    }

    fn run_list(&mut self, style: ListStyle, target: &ListTarget, wake: &Wake) -> Step<Reply> {
        self.check_data_port()?;
        let host = self.host;
        let budget = self.budget();
        let resources = host.resources(&budget, wake);
        let memory = self.page_memory(resources)?;
        let Opened { source, first, mut lines } = self.open_listing(style, target)?;
        let directory = source.directory.clone();
        let failed = |verdict: Verdict| transfer_failure(self.visit, &verdict, 0);
        // The second page is on its way before the client has connected.
        let mut pages = source.after(&first, memory, resources).map_err(failed)?;
        let opener = self.opener();
        let errand = Errand { kind: ErrandKind::Listing, path: directory.clone(), total: None };
        let progress = Progress::begin();
        self.handle.note_transfer(errand.clone(), progress.clone());
        let signs = self.reassurance(replies::still_at_work(Code::TRANSFER_COMPLETE));
        let (port, unused) = (&mut self.data_port, &mut self.unused);
        let mut watch = Watch::new(&mut self.control, &host.stop, errand, signs);
        watch.announce(&replies::opening_listing());
        let outcome = opener.open(port, unused, &mut watch, wake).and_then(|(data, _slot)| {
            let idle = resources.options.data_idle;
            let mut sender = DataSender::new(data, wake, idle, progress);
            lines.send(first, &mut pages, &mut sender, &mut watch).map_err(failed)
        });
        self.abort_unanswered = watch.was_aborted();
        let sent = outcome?;
        if lines.unnameable > 0 && self.visit.may_tell("keys that have no FTP name") {
            log::warn!("{directory} holds {} keys that have no FTP name", lines.unnameable);
        }
        match (sent, host.options.max_list) {
            (Sent::Cut, Some(limit)) => {
                if self.visit.may_tell("listing cut by max_list_file") {
                    log::warn!("listing of {directory} cut after {limit} entries by max_list_file");
                }
                Ok(replies::listing_cut(limit))
            }
            _ => Ok(replies::listing_sent()),
        }
    }

    /// The memory of the page that is sent. If that takes a while, the store gets no less time for it.
    fn page_memory(&mut self, resources: Resources<'_>) -> Step<Option<Lease>> {
        let at_once = resources.budget.try_borrow(LISTING_PAGE_BYTES as u64);
        if at_once.is_some() {
            return Ok(at_once);
        }
        let path = self.working_directory.clone();
        let errand = Errand { kind: ErrandKind::Listing, path, total: None };
        let signs = self.reassurance(replies::still_at_work(Code::TRANSFER_COMPLETE));
        let mut watch = Watch::new(&mut self.control, &self.host.stop, errand, signs);
        let memory = Listing::memory(resources, &mut watch);
        self.abort_unanswered = watch.was_aborted();
        self.reply_wait.renew();
        memory.map_err(|verdict| transfer_failure(self.visit, &verdict, 0))
    }

    /// STAT with a path: the listing, over the control connection. More than one page of it leaves page
    /// by page, so that a directory of any size costs the memory of one.
    pub(super) fn status_of(&mut self, target: &ListTarget) -> Reply {
        match self.rights() {
            None => replies::login_needed(),
            Some(rights) if !rights.read => replies::no_permission(Access::Reads),
            Some(_) => match self.open_listing(ListStyle::List, target) {
                Ok(listing) => self.tell(listing),
                Err(reply) => reply,
            },
        }
    }

    fn tell(&mut self, opened: Opened) -> Reply {
        let Opened { source, first: mut page, mut lines } = opened;
        let mut place = replies::StatusPlace::Beginning;
        loop {
            let mut text = Vec::new();
            let written = lines.write(&page, &mut text);
            let limit = self.host.options.max_list.filter(|_| matches!(written, Sent::Cut));
            let Some(next) = page.next.filter(|_| limit.is_none()) else {
                return replies::status_of(place, &text, limit);
            };
            self.control.send_part(&replies::part_of_status(place, &text));
            place = replies::StatusPlace::Later;
            if let Some(farewell) = self.farewell() {
                return farewell;
            }
            page = match source.page(Some(&next)) {
                // Nobody is there to be told.
                _ if self.control.has_ended() => return replies::status_broken_off(),
                Ok(page) => page,
                Err(error) => {
                    log_failure(self.visit, &error);
                    return replies::status_broken_off();
                }
            };
        }
    }

    /// Fetches the first page, so that a missing directory is told before the 150.
    fn open_listing(&self, style: ListStyle, target: &ListTarget) -> Step<Opened> {
        let store = self.store()?;
        let lookup =
            Lookup { visit: self.visit, store, working_directory: &self.working_directory, style };
        let Listed { source, first, wildcard, name_prefix } = lookup.find(target)?;
        let format = ListingFormat {
            style,
            name_prefix,
            now: source.store.now(),
            rights: self.rights().ok_or_else(replies::login_needed)?,
            facts: self.settings.facts,
        };
        let left = self.host.options.max_list;
        let encoding = self.control.encoding;
        let lines = Lines { wildcard, left, format, encoding, unnameable: 0 };
        Ok(Opened { source, first, lines })
    }
}

/// Whether a listing was told in full.
enum Sent {
    All,
    Cut,
}

impl Lines {
    fn send(
        &mut self,
        first: ListPage,
        pages: &mut Pages<'_>,
        sender: &mut DataSender<'_>,
        control: &mut dyn Control,
    ) -> Result<Sent, Verdict> {
        let mut text = Vec::new();
        let mut present = Some(first);
        while let Some(page) = present {
            text.clear();
            let written = self.write(&page, &mut text);
            sender.send(&self.encoding.encode(&text), control)?;
            if matches!(written, Sent::Cut) {
                sender.finish(control)?;
                return Ok(written);
            }
            sender.attend(control)?;
            present = pages.next(control, sender.progress())?;
        }
        sender.finish(control)?;
        Ok(Sent::All)
    }

    /// Appends the lines of a page, up to the limit.
    fn write(&mut self, page: &ListPage, text: &mut Vec<u8>) -> Sent {
        self.unnameable += page.unnameable;
        for entry in &page.entries {
            if self.wildcard.as_ref().is_some_and(|wildcard| !wildcard.matches(&entry.name)) {
                continue;
            }
            match &mut self.left {
                Some(0) => return Sent::Cut,
                Some(left) => *left -= 1,
                None => {}
            }
            self.format.write_line(text, entry);
        }
        Sent::All
    }
}
