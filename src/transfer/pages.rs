//! The pages of a listing, fetched by two workers in turn while the present one is sent. The store
//! tells where a page ends before it tells what is on it, so the request for the next page is on
//! its way while this one still comes. At most five pages are held, whatever the size of the
//! directory: the one that is sent, and two of each worker. They lease from `buffer_memory`. Where
//! it has nothing to spare, there is one worker, and the next page is fetched when the present one
//! was sent, in its memory: what listings take that nobody reads is bounded as the memory is.

use std::io;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::limits::{LISTING_PAGE_BYTES, LISTING_WAIT};
use crate::net::Wake;
use crate::store::{ListPage, ListRequest, ObjectStore, PageToken, StoreError};
use crate::threads::{self, OwnedThread};
use crate::transfer::budget::{Budget, Lease};
use crate::transfer::waiting::{lease_within, wait_for};
use crate::transfer::{Control, Directive, Incomplete, Progress, Resources, TransferError};
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
    /// Whether the times of files are told.
    pub with_times: bool,
}

/// The pages after the first.
#[derive(Debug)]
pub struct ListingPages<'a> {
    wake: &'a Wake,
    /// What each worker has fetched; the next page comes from the first of them. `None` when there
    /// is none.
    following: Option<Vec<Receiver<(Fetched, Lease)>>>,
    /// The memory of the page that is sent; empty when it was passed on.
    memory: Lease,
    /// Where it goes when the page is sent.
    pass_on: Sender<Lease>,
}

type Fetched = Result<ListPage, StoreError>;

/// One of the workers that fetch pages in turn.
#[derive(Debug)]
struct Fetcher {
    listing: Arc<Listing>,
    /// Where its next page begins.
    turn: Receiver<PageToken>,
    /// The other worker's turns, or its own if it is alone: as there is one page under way whose
    /// end is not known, there is room for what is sent.
    other: Sender<PageToken>,
    give: Sender<(Fetched, Lease)>,
    /// The memory of pages that were sent.
    passed_on: Receiver<Lease>,
    budget: Budget,
    wake: Wake,
    is_first: bool,
    /// The memory of its first page, if that was there at the beginning.
    memory: Option<Lease>,
}

impl Listing {
    /// Waits for the memory of a page, but no longer than clients wait for a reply.
    ///
    /// # Errors
    /// [`TransferError::NoBuffer`] after [`LISTING_WAIT`]; the interruption that ends the listing.
    pub fn memory(
        resources: Resources<'_>,
        control: &mut dyn Control,
    ) -> Result<Lease, Incomplete> {
        let (bytes, progress) = (LISTING_PAGE_BYTES as u64, Progress::begin());
        let Resources { budget, wake, .. } = resources;
        lease_within(LISTING_WAIT, bytes, &budget.for_reading(), wake, control, &progress)?
            .ok_or(Incomplete::Failed(TransferError::NoBuffer))
    }

    /// The first page, asked for in the caller's thread: it tells whether there is anything to
    /// list at all.
    ///
    /// # Errors
    /// As [`list`](crate::store::FileTree::list).
    pub fn first_page(&self) -> Result<ListPage, StoreError> {
        self.page(None)
    }

    /// Goes on after `first`, which is held in `memory`: begins to fetch the next page, if there is
    /// one.
    ///
    /// # Errors
    /// When the machine gives no thread.
    pub fn after<'a>(
        self,
        first: &ListPage,
        mut memory: Lease,
        resources: Resources<'a>,
    ) -> Result<ListingPages<'a>, Incomplete> {
        let wake = resources.wake;
        let (pass_on, passed_on) = bounded(1);
        let Some(next) = first.next.clone() else {
            memory.shrink(bytes_of(first));
            return Ok(ListingPages { wake, following: None, memory, pass_on });
        };
        let mut ahead = resources.budget.try_borrow_for_speed(LISTING_PAGE_BYTES as u64);
        let (turns, listing) = ([bounded(1), bounded(1)], Arc::new(self));
        // The first turn; the channel has room for it.
        let _ = turns[0].0.try_send(next);
        let pairs: &[_] = if ahead.is_some() { &[(0, 1), (1, 0)] } else { &[(0, 0)] };
        let mut given = Vec::with_capacity(pairs.len());
        for &(own, other) in pairs {
            let (give, fetched) = bounded(1);
            let fetcher = Fetcher {
                listing: Arc::clone(&listing),
                turn: turns[own].1.clone(),
                other: turns[other].0.clone(),
                give,
                passed_on: passed_on.clone(),
                budget: resources.budget.clone(),
                wake: wake.clone(),
                is_first: own == 0,
                memory: ahead.take(),
            };
            resources.ending_threads.adopt(vec![fetcher.start()?]);
            given.push(fetched);
        }
        Ok(ListingPages { wake, following: Some(given), memory, pass_on })
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
        let Self { directory, name_prefix, with_times, .. } = self;
        ListRequest { directory, name_prefix, after, with_times: *with_times }
    }
}

impl Fetcher {
    fn start(self) -> Result<OwnedThread<()>, TransferError> {
        threads::spawn_helper(move || self.run()).map_err(TransferError::System)
    }

    /// Ends with the last page, with a failure, when nobody wants any more pages, or with the other
    /// worker.
    fn run(mut self) {
        if !self.is_first {
            // Its first page will be asked for while the first worker's still comes.
            self.listing.store.connect_ahead();
        }
        while let Ok(after) = self.turn.recv() {
            let Some(memory) = self.page_memory() else { return };
            let fetched = self.fetch(&after);
            let is_last = fetched.as_ref().map_or(true, |page| page.next.is_none());
            // Waits while the page before is still being sent.
            if self.give.send((fetched, memory)).is_err() {
                return;
            }
            self.wake.notify();
            if is_last {
                return;
            }
        }
    }

    /// The memory for one page: what was passed on, or what can be spared; else what will be passed
    /// on. `None` when nobody wants any more pages.
    fn page_memory(&mut self) -> Option<Lease> {
        let at_hand = self.memory.take().or_else(|| self.passed_on.try_recv().ok());
        at_hand
            .or_else(|| self.budget.try_borrow_for_speed(LISTING_PAGE_BYTES as u64))
            .or_else(|| self.passed_on.recv().ok())
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

impl ListingPages<'_> {
    /// The next page, or `None` after the last; attends to the control connection while the store
    /// is slow.
    ///
    /// # Errors
    /// Why it ends the listing.
    pub fn next(
        &mut self,
        control: &mut dyn Control,
        progress: &Progress,
    ) -> Result<Option<ListPage>, Incomplete> {
        let Some(following) = &mut self.following else { return Ok(None) };
        // Where there is one on the way already, this one is given back.
        let _ = self.pass_on.try_send(self.memory.split_all());
        loop {
            match following[0].try_recv() {
                Ok((page, memory)) => {
                    self.memory = memory;
                    let page = page.map_err(TransferError::from)?;
                    following.rotate_left(1);
                    if page.next.is_none() {
                        self.following = None;
                    }
                    return Ok(Some(page));
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => {
                    let ended = io::Error::other("a bug: the listing's worker panicked");
                    return Err(TransferError::System(ended).into());
                }
            }
            let woken = wait_for(control, self.wake, None, None)?;
            if woken.control
                && let Directive::Interrupt(by) = control.attend(progress)
            {
                return Err(by.into());
            }
        }
    }
}

impl ListingPages<'_> {
    /// Gives the memory of all pages back, as the last of them was written.
    pub fn release(&mut self) {
        self.following = None;
        drop(self.memory.split_all());
    }
}

/// About what a page takes: its entries, and their lines.
fn bytes_of(page: &ListPage) -> u64 {
    const ENTRY_AND_LINE: usize = 512;
    page.entries.iter().map(|entry| (ENTRY_AND_LINE + 3 * entry.name.len()) as u64).sum()
}
