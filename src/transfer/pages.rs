//! The pages of a listing, fetched by two workers in turn while the present one is sent. The store
//! tells where a page ends before it tells what is on it, so the request for the next page is on its
//! way while this one still comes. At most five pages are held, whatever the size of the directory:
//! the one that is sent, and two of each worker.

use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::limits::WORKER_STACK_BYTES;
use crate::net::Wake;
use crate::store::{ListPage, ListRequest, ObjectStore, PageToken, StoreError};
use crate::transfer::waiting::wait_for;
use crate::transfer::{Control, Directive, Progress, Resources, TransferError, Verdict};
use crate::vfs::FtpPath;

/// What is listed.
#[derive(Debug)]
pub struct Listing {
    /// Where.
    pub store: Arc<dyn ObjectStore>,
    /// Which directory.
    pub directory: FtpPath,
    /// Only names that begin so.
    pub name_prefix: String,
}

/// The pages after the first.
#[derive(Debug)]
pub struct Pages<'a> {
    wake: &'a Wake,
    /// What the two workers have fetched; the next page comes from the first of them. `None` when
    /// there is none.
    following: Option<[Receiver<Fetched>; 2]>,
}

type Fetched = Result<ListPage, StoreError>;

/// One of the two workers that fetch pages in turn.
#[derive(Debug)]
struct Fetcher {
    listing: Arc<Listing>,
    /// Where its next page begins.
    turn: Receiver<PageToken>,
    /// The other worker's turns: as there is one page under way whose end is not known, there is
    /// room for what is sent.
    other: Sender<PageToken>,
    give: Sender<Fetched>,
    wake: Wake,
    is_first: bool,
}

impl Listing {
    /// The first page, asked for in the caller's thread: it tells whether there is anything to
    /// list at all.
    ///
    /// # Errors
    /// As [`list`](crate::store::FileTree::list).
    pub fn first_page(&self) -> Result<ListPage, StoreError> {
        self.page(None)
    }

    /// Goes on after `first`: begins to fetch the next page, if there is one.
    ///
    /// # Errors
    /// When the machine gives no thread.
    pub fn after<'a>(
        self,
        first: &ListPage,
        resources: Resources<'a>,
    ) -> Result<Pages<'a>, Verdict> {
        let wake = resources.wake;
        let Some(next) = first.next.clone() else {
            return Ok(Pages { wake, following: None });
        };
        let (turns, listing) = ([bounded(1), bounded(1)], Arc::new(self));
        // The first turn; the channel has room for it.
        let _ = turns[0].0.try_send(next);
        let mut following = Vec::with_capacity(turns.len());
        for (own, other) in [(0, 1), (1, 0)] {
            let (give, fetched) = bounded(1);
            let fetcher = Fetcher {
                listing: Arc::clone(&listing),
                turn: turns[own].1.clone(),
                other: turns[other].0.clone(),
                give,
                wake: wake.clone(),
                is_first: own == 0,
            };
            resources.stragglers.adopt(vec![fetcher.start().map_err(Verdict::Failed)?]);
            following.push(fetched);
        }
        Ok(Pages { wake, following: following.try_into().ok() })
    }

    /// The page after the one that gave `after`, asked for in the caller's thread.
    ///
    /// # Errors
    /// As [`list`](crate::store::FileTree::list).
    pub fn page(&self, after: Option<&PageToken>) -> Result<ListPage, StoreError> {
        self.store.list(&self.request(after), None)
    }

    fn page_ahead(&self, after: &PageToken, tell: &mut dyn FnMut(&PageToken)) -> Fetched {
        self.store.list(&self.request(Some(after)), Some(tell))
    }

    fn request<'a>(&'a self, after: Option<&'a PageToken>) -> ListRequest<'a> {
        ListRequest { directory: &self.directory, name_prefix: &self.name_prefix, after }
    }
}

impl Fetcher {
    fn start(self) -> Result<JoinHandle<()>, TransferError> {
        Builder::new()
            .name(std::thread::current().name().unwrap_or("listing").to_owned())
            .stack_size(WORKER_STACK_BYTES)
            .spawn(move || self.run())
            .map_err(TransferError::System)
    }

    /// Ends with the last page, with a failure, when nobody wants any more pages, or with the other
    /// worker.
    fn run(self) {
        if !self.is_first {
            // Its first page will be asked for while the first worker's still comes.
            self.listing.store.connect_ahead();
        }
        while let Ok(after) = self.turn.recv() {
            let fetched = self.fetch(&after);
            let is_last = fetched.as_ref().map_or(true, |page| page.next.is_none());
            // Waits while the page before is still being sent.
            if self.give.send(fetched).is_err() {
                return;
            }
            self.wake.notify();
            if is_last {
                return;
            }
        }
    }

    /// Fetches a page, and lets the other worker begin with the next as soon as it can.
    fn fetch(&self, after: &PageToken) -> Fetched {
        let mut told = false;
        let page = self.listing.page_ahead(after, &mut |next| {
            told = true;
            let _ = self.other.try_send(next.clone());
        })?;
        if let Some(next) = page.next.clone().filter(|_| !told) {
            let _ = self.other.try_send(next);
        }
        Ok(page)
    }
}

impl Pages<'_> {
    /// The next page, or `None` after the last; attends to the control connection while the store
    /// is slow.
    ///
    /// # Errors
    /// The verdict that ends the listing.
    pub fn next(
        &mut self,
        control: &mut dyn Control,
        progress: &Progress,
    ) -> Result<Option<ListPage>, Verdict> {
        let Some(following) = &mut self.following else { return Ok(None) };
        loop {
            match following[0].try_recv() {
                Ok(page) => {
                    let page = page.map_err(|error| Verdict::Failed(error.into()))?;
                    following.swap(0, 1);
                    if page.next.is_none() {
                        self.following = None;
                    }
                    return Ok(Some(page));
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => {
                    let ended = io::Error::other("a bug: the listing's worker panicked");
                    return Err(Verdict::Failed(TransferError::System(ended)));
                }
            }
            let woken = wait_for(control, self.wake, None, None).map_err(Verdict::Failed)?;
            if woken.control
                && let Directive::Interrupt(by) = control.attend(progress)
            {
                return Err(Verdict::Interrupted { by, kept: false });
            }
        }
    }
}
