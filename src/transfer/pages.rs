//! The pages of a listing, the next one fetched by a worker while the present one is sent. At most
//! three pages are held, whatever the size of the directory.

use std::io;
use std::sync::Arc;
use std::thread::Builder;

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
    /// `None` when the first page was the only one.
    following: Option<Receiver<Result<ListPage, StoreError>>>,
}

impl Listing {
    /// The first page, asked for in the caller's thread: it tells whether there is anything to
    /// list at all.
    ///
    /// # Errors
    /// As [`ObjectStore::list`].
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
        let (give, following) = bounded(1);
        let rung = wake.clone();
        let thread = Builder::new()
            .name(std::thread::current().name().unwrap_or("listing").to_owned())
            .stack_size(WORKER_STACK_BYTES)
            .spawn(move || self.fetch(next, &give, &rung))
            .map_err(|error| Verdict::Failed(TransferError::System(error)))?;
        resources.stragglers.adopt(vec![thread]);
        Ok(Pages { wake, following: Some(following) })
    }

    fn page(&self, after: Option<&PageToken>) -> Result<ListPage, StoreError> {
        let (directory, name_prefix) = (&self.directory, self.name_prefix.as_str());
        self.store.list(&ListRequest { directory, name_prefix, after })
    }

    fn fetch(&self, mut next: PageToken, give: &Sender<Result<ListPage, StoreError>>, wake: &Wake) {
        loop {
            let page = self.page(Some(&next));
            let following = page.as_ref().ok().and_then(|page| page.next.clone());
            // Waits while the page before is still being sent; fails when nobody wants any more.
            if give.send(page).is_err() {
                return;
            }
            wake.notify();
            match following {
                Some(token) => next = token,
                None => return,
            }
        }
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
        let Some(following) = &self.following else { return Ok(None) };
        loop {
            match following.try_recv() {
                Ok(page) => {
                    let page = page.map_err(|error| Verdict::Failed(error.into()))?;
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
