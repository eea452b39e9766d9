//! What the argument of LIST, NLST, MLSD and STAT means: a name, a pattern or options. What exists
//! under the whole name wins, and a plain name costs no request more for it.

use super::navigation::Tree;
use super::step::Step;
use crate::protocol::{ListStyle, ListTarget, Reply, Wildcard, nlst_prefix, replies};
use crate::store::{ErrorKind, Freshness, ListPage, StoreError};
use crate::transfer::Listing;
use crate::vfs::{Entry, FtpPath};

/// Looks for what an argument means.
#[derive(Debug)]
pub(super) struct Lookup<'l> {
    pub(super) tree: &'l Tree<'l>,
    pub(super) style: ListStyle,
    /// Whether times of files are told.
    pub(super) with_times: bool,
}

/// What is to be listed, and the first page of it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) source: Listing,
    pub(super) first: ListPage,
    /// Only names that fit.
    pub(super) wildcard: Option<Wildcard>,
    /// What NLST puts before each name.
    pub(super) name_prefix: String,
}

/// Why nothing is listed.
enum Missed {
    Store(StoreError),
    Refused(Reply),
}

impl Lookup<'_> {
    /// Finds what `target` means and fetches the first page of it, so that a missing directory is
    /// told before the 150.
    ///
    /// Options alone mean the working directory, unless it holds a directory that is called so: who
    /// walks a tree would come back to where it was. In front of a path they are options, unless
    /// the path does not exist and the whole does.
    pub(super) fn find(&self, target: &ListTarget) -> Step<Listed> {
        let found = self.read(&target.path);
        if !target.has_options() {
            return found.map_err(|missed| missed.into_reply(self.tree));
        }
        match found {
            Ok(found) if target.path.is_empty() => {
                match found.entry_named(&target.whole, self.freshness()) {
                    Ok(Some(entry)) if entry.metadata.is_directory() => self.name(&target.whole),
                    Ok(_) => Ok(found),
                    Err(error) => Err(error.into()),
                }
            }
            Ok(found) if found.fits_nothing() => self.name(&target.whole).or(Ok(found)),
            Err(Missed::Store(error)) if is_absent(error.kind) => {
                self.name(&target.whole).map_err(|_| error.into())
            }
            found => found,
        }
        .map_err(|missed| missed.into_reply(self.tree))
    }

    fn read(&self, text: &str) -> Result<Listed, Missed> {
        match Wildcard::in_path(text) {
            Some((directory, wildcard)) if self.style != ListStyle::Mlsd => {
                self.pattern(text, directory, wildcard)
            }
            _ => self.name(text),
        }
    }

    fn name(&self, text: &str) -> Result<Listed, Missed> {
        let path = self.tree.resolve(if text.is_empty() { "." } else { text })?;
        self.tree.refuse_hidden(&path)?;
        let source = self.listing(path, "");
        let (first, name_prefix) = match self.first_page(&source) {
            Ok(first) => (first, nlst_prefix(text)),
            Err(error) => (self.page_of_file(&source, error)?, nlst_prefix(parent_of(text))),
        };
        Ok(Listed { source, first, wildcard: None, name_prefix })
    }

    /// A name that is spelled like the pattern begins with what all fitting names begin with: the
    /// listing of those tells whether there is one.
    fn pattern(&self, text: &str, directory: &str, wildcard: Wildcard) -> Result<Listed, Missed> {
        let path = self.tree.resolve(text)?;
        self.tree.refuse_hidden(&path.parent())?;
        let source = self.listing(path.parent(), wildcard.literal_prefix());
        let first = self.first_page(&source)?;
        let name_prefix = nlst_prefix(directory);
        let found = Listed { source, first, wildcard: Some(wildcard), name_prefix };
        match found.entry_named(path.name(), self.freshness())? {
            None => Ok(found),
            Some(entry) if entry.metadata.is_directory() => self.name(text),
            Some(entry) => Ok(Listed { first: page_of(entry), wildcard: None, ..found }),
        }
    }

    fn listing(&self, directory: FtpPath, name_prefix: &str) -> Listing {
        Listing {
            store: self.tree.store_at(&directory),
            directory,
            name_prefix: name_prefix.to_owned(),
            with_times: self.with_times,
        }
    }

    /// A directory that holds nothing but interrupted uploads is there for who may go on with them.
    fn first_page(&self, source: &Listing) -> Result<ListPage, StoreError> {
        match source.first_page() {
            Err(error)
                if error.kind == ErrorKind::NotFound
                    && self.tree.is_parked_directory(&source.directory) =>
            {
                Ok(ListPage::default())
            }
            page => page,
        }
    }

    /// LIST of a file is the one line about it. `error` is what the store made of it as a
    /// directory.
    fn page_of_file(&self, source: &Listing, error: StoreError) -> Result<ListPage, Missed> {
        let path = &source.directory;
        let parked = match error.kind {
            ErrorKind::NotFound => self.tree.parked_as(path),
            _ => None,
        };
        let is_file = error.kind == ErrorKind::NotADirectory || parked.is_some();
        if is_file && self.style == ListStyle::Mlsd {
            return Err(Missed::Refused(replies::mlsd_needs_a_directory()));
        }
        let may_wait = error.kind == ErrorKind::NotFound
            && self.style != ListStyle::Mlsd
            && self.tree.unpublished(path).is_some();
        match parked {
            Some(entry) => Ok(page_of(entry)),
            None if is_file || may_wait => {
                let place = self.tree.locate(path.clone())?;
                let metadata = source.store.stat(&place, self.freshness())?.metadata;
                Ok(page_of(Entry { name: path.name().to_owned(), metadata }))
            }
            None => Err(error.into()),
        }
    }

    /// What a line about one name needs: an earlier listing may have told another time than the
    /// client's.
    fn freshness(&self) -> Freshness {
        match self.with_times && self.tree.keeps_times {
            true => Freshness::Now,
            false => Freshness::Recent,
        }
    }
}

impl Listed {
    /// Whether it is a pattern that no name on the only page fits.
    fn fits_nothing(&self) -> bool {
        self.wildcard.as_ref().is_some_and(|wildcard| {
            let fits = |entry: &Entry| wildcard.matches(&entry.name);
            self.first.next.is_none() && !self.first.entries.iter().any(fits)
        })
    }

    /// The entry of exactly this name. The store is asked only where it may stand on a later page.
    fn entry_named(&self, name: &str, freshness: Freshness) -> Result<Option<Entry>, StoreError> {
        if let Some(entry) = self.first.entries.iter().find(|entry| entry.name == name) {
            return Ok(Some(entry.clone()));
        }
        // Byte by byte a directory stands where its name and a slash do, path by path before that.
        let end = format!("{name}/");
        let may_follow = self.first.next.is_some()
            && self.first.entries.last().is_none_or(|last| last.name <= end);
        let Some(path) = self.source.directory.child(name).filter(|_| may_follow) else {
            return Ok(None);
        };
        match self.source.store.stat(&path, freshness) {
            Ok(stat) => Ok(Some(Entry { name: name.to_owned(), metadata: stat.metadata })),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Missed {
    fn into_reply(self, tree: &Tree<'_>) -> Reply {
        match self {
            Self::Store(error) => tree.failure(&error),
            Self::Refused(reply) => reply,
        }
    }
}

impl From<StoreError> for Missed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Reply> for Missed {
    fn from(reply: Reply) -> Self {
        Self::Refused(reply)
    }
}

fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::BadName)
}

fn page_of(entry: Entry) -> ListPage {
    ListPage { entries: vec![entry], ..ListPage::default() }
}

/// The directory of a path, as the client wrote it.
fn parent_of(text: &str) -> &str {
    &text[..text.rfind('/').map_or(0, |slash| slash + 1)]
}
