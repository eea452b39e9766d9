//! What lies below a prefix, one page after another, corrected by our own recent changes.

use std::collections::BTreeMap;

use super::corrected::{Corrected, Truth};
use super::overlay::Overlay;
use super::{Depth, KeyEntry, KeyPage, Moment, Objects, PAGE_KEYS, Window};
use crate::store::{ErrorKind, Result};

/// A page with our changes in it, which are not held against later listings where this one shows
/// them.
pub(crate) fn resolved(objects: &dyn Objects, overlay: Overlay) -> Result<Corrected> {
    let page = overlay.resolve(objects)?;
    for (key, note) in &page.settled {
        objects.cache().own_changes.settle(key, note);
    }
    Ok(page)
}

/// Whether any object but its own marker lies in the directory with this prefix.
pub(crate) fn holds_anything(objects: &dyn Objects, prefix: &str) -> Result<bool> {
    let is_within = |key: &str| key != prefix;
    let own_changes = &objects.cache().own_changes;
    let mut after: Option<String> = None;
    // Two keys suffice: the marker and one more. Only what was just deleted or stored may make it
    // necessary to look further.
    let mut max_keys = 2;
    loop {
        let window = Window { prefix, after: after.as_deref() };
        let asked = own_changes.moment();
        let page = match objects.list(window, Depth::Everything, max_keys) {
            // A directory is real that can be missing.
            Err(error) if error.kind == ErrorKind::NotFound => KeyPage::default(),
            page => page?,
        };
        // Real directories are listed level by level.
        if page.prefixes.iter().any(|directory| is_within(directory)) {
            return Ok(true);
        }
        let mut notes = own_changes.open_below(prefix);
        notes.remove(prefix);
        let overlay = Overlay::new(window, None, page, notes, asked);
        if overlay.is_certain(is_within) {
            return Ok(true);
        }
        let page = resolved(objects, overlay)?;
        if page.objects.keys().any(|key| is_within(key)) {
            return Ok(true);
        }
        if page.next.is_none() {
            return Ok(false);
        }
        after = page.next;
        max_keys = PAGE_KEYS;
    }
}

impl Truth for dyn Objects + '_ {
    fn object(&self, key: &str) -> Result<Option<KeyEntry>> {
        Ok(self.head(key)?.map(|head| KeyEntry {
            key: key.to_owned(),
            size: head.size,
            modified: head.modified(),
            etag: head.etag().map(|etag| etag.0),
        }))
    }

    fn has_directory(&self, prefix: &str) -> Result<bool> {
        Ok(self.head(prefix)?.is_some() || holds_anything(self, prefix)?)
    }
}

/// The objects below a prefix in the order of the store, without the prefix's own marker. Holds one
/// page.
pub(crate) struct KeyStream<'a> {
    objects: &'a dyn Objects,
    prefix: &'a str,
    /// What is left of the present page.
    page: BTreeMap<String, KeyEntry>,
    /// When it was asked for.
    asked: Moment,
    /// How many objects it had.
    page_objects: usize,
    /// How many were looked for on it.
    sought: usize,
    after: Option<String>,
    is_last_page: bool,
    last: Option<String>,
}

impl<'a> KeyStream<'a> {
    /// The objects below `prefix`. Nothing is asked yet.
    pub(crate) fn new(objects: &'a dyn Objects, prefix: &'a str) -> Self {
        Self {
            objects,
            prefix,
            page: BTreeMap::new(),
            asked: objects.cache().own_changes.moment(),
            page_objects: 0,
            sought: 0,
            after: None,
            is_last_page: false,
            last: None,
        }
    }

    /// The next object.
    pub(crate) fn next(&mut self) -> Result<Option<KeyEntry>> {
        while self.page.is_empty() && !self.is_last_page {
            self.turn_page()?;
        }
        let object = self.page.pop_first().map(|(_, object)| object);
        if let Some(object) = &object {
            self.last = Some(object.key.clone());
        }
        Ok(object)
    }

    /// The key of the last object that was handed out.
    pub(crate) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The object `key`, for somebody who looks for one after the other as another listing of the
    /// same names tells them. `None` may mean that it stands on another page.
    pub(crate) fn find(&mut self, key: &str) -> Result<Option<KeyEntry>> {
        if self.sought >= self.page_objects && !self.page.contains_key(key) && !self.is_last_page {
            self.turn_page()?;
        }
        self.sought += 1;
        Ok(self.page.remove(key))
    }

    /// When the present page was asked for.
    pub(crate) fn asked(&self) -> Moment {
        self.asked
    }

    fn turn_page(&mut self) -> Result<()> {
        let window = Window { prefix: self.prefix, after: self.after.as_deref() };
        let own_changes = &self.objects.cache().own_changes;
        let asked = own_changes.moment();
        let page = self.objects.list(window, Depth::Everything, PAGE_KEYS)?;
        let overlay = Overlay::new(window, None, page, own_changes.open_below(self.prefix), asked);
        let mut page = resolved(self.objects, overlay)?;
        page.objects.remove(self.prefix);
        self.asked = asked;
        (self.page_objects, self.sought) = (page.objects.len(), 0);
        self.page = page.objects;
        self.is_last_page = page.next.is_none();
        self.after = page.next;
        Ok(())
    }
}
