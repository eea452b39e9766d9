//! LIST, NLST, MLSD, and STAT of a path: pages of the store become lines and leave at once, so a
//! directory of any size costs the memory of a page.

use std::sync::Arc;

use time::OffsetDateTime;

use super::Session;
use super::failure::{store_failure, transfer_failure};
use super::navigation::Step;
use super::watch::Watch;
use crate::net::Wake;
use crate::protocol::{
    Access, ListStyle, ListingFormat, NameEncoding, Reply, Wildcard, nlst_prefix, replies,
};
use crate::store::{ErrorKind, ListPage, ListRequest, ObjectStore, StoreError};
use crate::transfer::{Control, DataSender, Progress, Verdict};
use crate::vfs::{Entry, FtpPath};

/// A listing under way: one page at hand, and how to get the next.
#[derive(Debug)]
struct Listing {
    store: Arc<dyn ObjectStore>,
    directory: FtpPath,
    /// Only names that fit, or that are spelled exactly like the pattern.
    wildcard: Option<(Wildcard, String)>,
    page: ListPage,
    /// Entries that may still be told; `None` for all.
    left: Option<usize>,
    format: ListingFormat,
}

impl Session<'_> {
    pub(super) fn list(&mut self, style: ListStyle, target: Option<&str>) -> Reply {
        let wake = match self.begin_transfer() {
            Ok(wake) => wake,
            Err(reply) => return reply,
        };
        let reply = self.run_list(style, target, &wake).unwrap_or_else(|reply| reply);
        self.end_transfer();
        reply
    }

    fn run_list(&mut self, style: ListStyle, target: Option<&str>, wake: &Wake) -> Step<Reply> {
        let port = self.take_data_port()?;
        let listing = self.open_listing(style, target)?;
        let host = self.host;
        let encoding = self.control.encoding;
        let opener = self.opener();
        let title = format!("Listing {}", listing.directory);
        let mut watch = Watch::new(&mut self.control, &host.stop, title);
        watch.announce(&replies::opening_listing());
        let outcome = opener.open(port, &mut watch, wake).and_then(|(data, _slot)| {
            let idle = host.options.transfer.data_idle;
            let mut sender = DataSender::new(data, wake, idle, Progress::begin());
            listing.send(encoding, &mut sender, &mut watch)
        });
        self.abort_unanswered = watch.was_aborted();
        match outcome? {
            Sent::All => Ok(replies::listing_sent()),
            Sent::Cut(entries) => {
                log::warn!("listing cut after {entries} entries by max_list_file");
                Ok(replies::listing_cut(entries))
            }
        }
    }

    /// STAT with a path: the first page of the listing, over the control connection.
    pub(super) fn status_of(&self, target: &str) -> Reply {
        match self.rights() {
            None => replies::login_needed(),
            Some(rights) if !rights.read => replies::no_permission(Access::Reads),
            Some(_) => match self.open_listing(ListStyle::List, Some(target)) {
                Ok(listing) => listing.into_status(),
                Err(reply) => reply,
            },
        }
    }

    /// Fetches the first page, so that a missing directory is told before the 150.
    fn open_listing(&self, style: ListStyle, target: Option<&str>) -> Step<Listing> {
        let store = self.store()?;
        let text = target.unwrap_or(".");
        let path = self.resolve(text)?;
        let wildcard = match style {
            ListStyle::List | ListStyle::Nlst => Wildcard::in_path(text),
            ListStyle::Mlsd => None,
        };
        let directory = if wildcard.is_some() { path.parent() } else { path.clone() };
        let name_prefix = wildcard.as_ref().map_or("", |(_, wildcard)| wildcard.literal_prefix());
        let page = store.list(&ListRequest { directory: &directory, name_prefix, after: None });
        let (page, name_prefix) = match (page, &wildcard) {
            (Ok(page), Some((written, _))) => (page, nlst_prefix(written)),
            (Ok(page), None) => (page, nlst_prefix(target.unwrap_or_default())),
            (Err(error), None) if error.kind == ErrorKind::NotADirectory => {
                if style == ListStyle::Mlsd {
                    return Err(replies::mlsd_needs_a_directory());
                }
                (page_of_one(&*store, &path)?, nlst_prefix(directory_part(text)))
            }
            (Err(error), _) => return Err(store_failure(&error)),
        };
        let format = ListingFormat {
            style,
            name_prefix,
            now: OffsetDateTime::now_utc(),
            rights: self.rights().ok_or_else(replies::login_needed)?,
            facts: self.settings.facts,
        };
        let wildcard = wildcard.map(|(_, wildcard)| (wildcard, path.name().to_owned()));
        Ok(Listing { store, directory, wildcard, page, left: self.host.options.max_list, format })
    }
}

/// Whether a listing was told in full.
enum Sent {
    All,
    Cut(usize),
}

impl Listing {
    fn send(
        mut self,
        encoding: NameEncoding,
        sender: &mut DataSender<'_>,
        control: &mut dyn Control,
    ) -> Step<Sent> {
        let limit = self.left;
        let failed = |verdict: Verdict| transfer_failure(&verdict, 0);
        let mut skipped = 0;
        let mut lines = Vec::new();
        loop {
            skipped += self.page.unnameable;
            lines.clear();
            let cut = self.write_page(&mut lines);
            sender.send(&encoding.encode(&lines), control).map_err(failed)?;
            if let (true, Some(limit)) = (cut, limit) {
                return Ok(Sent::Cut(limit));
            }
            if !self.turn_page().map_err(|error| failed(Verdict::Failed(error.into())))? {
                break;
            }
            sender.attend(control).map_err(failed)?;
        }
        if skipped > 0 {
            log::warn!("{} holds {skipped} keys that have no FTP name", self.directory);
        }
        Ok(Sent::All)
    }

    fn into_status(mut self) -> Reply {
        let mut text = Vec::new();
        let cut = self.write_page(&mut text) || self.page.next.is_some();
        if cut {
            text.extend_from_slice(b" (there are more; use LIST)\r\n");
        }
        replies::status_of(&text)
    }

    /// Appends the lines of the page at hand; true when the limit cut it.
    fn write_page(&mut self, lines: &mut Vec<u8>) -> bool {
        for entry in &self.page.entries {
            let fits = self.wildcard.as_ref().is_none_or(|(wildcard, spelled)| {
                wildcard.matches(&entry.name) || &entry.name == spelled
            });
            if !fits {
                continue;
            }
            match &mut self.left {
                Some(0) => return true,
                Some(left) => *left -= 1,
                None => {}
            }
            self.format.write_line(lines, entry);
        }
        false
    }

    /// Fetches the next page, if there is one.
    fn turn_page(&mut self) -> Result<bool, StoreError> {
        let Some(token) = self.page.next.take() else { return Ok(false) };
        let name_prefix = self.wildcard.as_ref().map_or("", |(w, _)| w.literal_prefix());
        let request = ListRequest { directory: &self.directory, name_prefix, after: Some(&token) };
        self.page = self.store.list(&request)?;
        Ok(true)
    }
}

/// LIST of a file is the one line about it.
fn page_of_one(store: &dyn ObjectStore, path: &FtpPath) -> Step<ListPage> {
    let stat = store.stat(path).map_err(|error| store_failure(&error))?;
    let entry = Entry { name: path.name().to_owned(), metadata: stat.metadata };
    Ok(ListPage { entries: vec![entry], ..ListPage::default() })
}

/// The directory of a path, as the client wrote it.
fn directory_part(target: &str) -> &str {
    &target[..target.rfind('/').map_or(0, |slash| slash + 1)]
}
