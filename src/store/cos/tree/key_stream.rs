//! All keys below a prefix, one page after another, corrected by our own recent changes.

use std::collections::btree_map;
use std::iter::Peekable;

use crate::store::Result;
use crate::store::cos::CosStore;
use crate::store::cos::objects::overlay::Overlay;
use crate::store::cos::s3::key_page::{Depth, PAGE_KEYS, Window};
use crate::store::cos::s3::xml::KeyEntry;

/// The objects below a prefix in the order of their keys, without the prefix's own marker. Holds
/// one page.
pub(crate) struct KeyStream<'a> {
    store: &'a CosStore,
    prefix: &'a str,
    page: Peekable<btree_map::IntoValues<String, KeyEntry>>,
    after: Option<String>,
    is_last_page: bool,
    last: Option<String>,
}

impl<'a> KeyStream<'a> {
    /// The objects below `prefix`. Nothing is asked yet.
    pub(crate) fn new(store: &'a CosStore, prefix: &'a str) -> Self {
        let page = btree_map::BTreeMap::new().into_values().peekable();
        Self { store, prefix, page, after: None, is_last_page: false, last: None }
    }

    /// The next object.
    pub(crate) fn next(&mut self) -> Result<Option<KeyEntry>> {
        self.fill()?;
        let object = self.page.next();
        if let Some(object) = &object {
            self.last = Some(object.key.clone());
        }
        Ok(object)
    }

    /// The key of the last object that was handed out.
    pub(crate) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The object `key`, passing over all before it.
    pub(crate) fn find(&mut self, key: &str) -> Result<Option<KeyEntry>> {
        loop {
            self.fill()?;
            let Some(object) = self.page.next_if(|object| object.key.as_str() <= key) else {
                return Ok(None);
            };
            if object.key == key {
                return Ok(Some(object));
            }
        }
    }

    fn fill(&mut self) -> Result<()> {
        while self.page.peek().is_none() && !self.is_last_page {
            let window = Window { prefix: self.prefix, after: self.after.as_deref() };
            let recent = &self.store.client.bucket.recent;
            let asked = recent.moment();
            let page = self.store.key_page(window, Depth::Everything, PAGE_KEYS)?;
            let overlay = Overlay::new(window, None, page, recent.open_below(self.prefix), asked);
            let mut page = self.store.resolved(overlay)?;
            page.objects.remove(self.prefix);
            self.page = page.objects.into_values().peekable();
            self.is_last_page = page.next.is_none();
            self.after = page.next;
        }
        Ok(())
    }
}
