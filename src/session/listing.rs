//! LIST, NLST, MLSD, and STAT of a path: pages of the store become lines and leave at once, so a
//! directory of any size costs the memory of a page.

use time::OffsetDateTime;

use super::failure::{store_failure, transfer_failure};
use super::navigation::Step;
use super::watch::Watch;
use super::{Errand, ErrandKind, Session};
use crate::net::Wake;
use crate::net::tls::Direction;
use crate::protocol::{
    Access, ListStyle, ListingFormat, NameEncoding, Reply, Wildcard, nlst_prefix, replies,
};
use crate::store::{ErrorKind, ListPage, ObjectStore};
use crate::transfer::{Control, DataSender, Listing, Pages, Progress, Verdict};
use crate::vfs::{Entry, FtpPath};

/// What of a directory is told, and how.
#[derive(Debug)]
struct Lines {
    /// Only names that fit, or that are spelled exactly like the pattern.
    wildcard: Option<(Wildcard, String)>,
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
        self.check_data_port()?;
        let Opened { source, first, mut lines } = self.open_listing(style, target)?;
        let host = self.host;
        let resources = host.resources(wake);
        let directory = source.directory.clone();
        let failed = |verdict: Verdict| transfer_failure(&verdict, 0);
        // The second page is on its way before the client has connected.
        let mut pages = source.after(&first, resources).map_err(failed)?;
        let opener = self.opener(Direction::ToClient);
        let errand = Errand { kind: ErrandKind::Listing, path: directory.clone(), total: None };
        let progress = Progress::begin();
        self.handle.note_transfer(errand.clone(), progress.clone());
        let port = &mut self.data_port;
        let mut watch = Watch::new(&mut self.control, &host.stop, errand);
        watch.announce(&replies::opening_listing());
        let outcome = opener.open(port, &mut watch, wake).and_then(|(data, _slot)| {
            let idle = resources.options.data_idle;
            let mut sender = DataSender::new(data, wake, idle, progress);
            lines.send(first, &mut pages, &mut sender, &mut watch).map_err(failed)
        });
        self.abort_unanswered = watch.was_aborted();
        let sent = outcome?;
        if lines.unnameable > 0 {
            log::warn!("{directory} holds {} keys that have no FTP name", lines.unnameable);
        }
        match (sent, host.options.max_list) {
            (Sent::Cut, Some(limit)) => {
                log::warn!("listing of {directory} cut after {limit} entries by max_list_file");
                Ok(replies::listing_cut(limit))
            }
            _ => Ok(replies::listing_sent()),
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
    fn open_listing(&self, style: ListStyle, target: Option<&str>) -> Step<Opened> {
        let text = target.unwrap_or(".");
        let path = self.resolve(text)?;
        let wildcard = match style {
            ListStyle::List | ListStyle::Nlst => Wildcard::in_path(text),
            ListStyle::Mlsd => None,
        };
        let directory = if wildcard.is_some() { path.parent() } else { path.clone() };
        let name_prefix = wildcard.as_ref().map_or("", |(_, wildcard)| wildcard.literal_prefix());
        let name_prefix = name_prefix.to_owned();
        let source = Listing { store: self.store()?, directory, name_prefix };
        let page = source.first_page();
        let (first, name_prefix) = match (page, &wildcard) {
            (Ok(page), Some((written, _))) => (page, nlst_prefix(written)),
            (Ok(page), None) => (page, nlst_prefix(target.unwrap_or_default())),
            (Err(error), None) if error.kind == ErrorKind::NotADirectory => {
                if style == ListStyle::Mlsd {
                    return Err(replies::mlsd_needs_a_directory());
                }
                (page_of_one(&*source.store, &path)?, nlst_prefix(directory_part(text)))
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

impl Opened {
    fn into_status(mut self) -> Reply {
        let mut text = Vec::new();
        let written = self.lines.write(&self.first, &mut text);
        if matches!(written, Sent::Cut) || self.first.next.is_some() {
            text.extend_from_slice(b" (there are more; use LIST)\r\n");
        }
        replies::status_of(&text)
    }
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
            let fits = self.wildcard.as_ref().is_none_or(|(wildcard, spelled)| {
                wildcard.matches(&entry.name) || &entry.name == spelled
            });
            if !fits {
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
