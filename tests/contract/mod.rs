//! What every store promises, as cases that run on any of them: the documentation of
//! [`ObjectStore`] sentence by sentence. Each case works in a fresh directory of its own, so that
//! a store shared with others will do.

mod aside;
mod changing;
mod expecting;
mod looking;
mod multipart;
mod reading;
/// The stores that promise it.
mod stores;
mod writing;

use std::collections::BTreeSet;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cos_ftp_server::store::{
    Body, ByteRange, Cancel, ErrorKind, Expected, Freshness, ListRequest, ObjectStore, Result,
    Stored,
};
use cos_ftp_server::vfs::{Entry, FtpPath};

/// One promise.
pub(crate) type Case = (&'static str, fn(&Subject<'_>));

/// All promises, by what they are about.
pub(crate) const CONTRACT: &[&[Case]] = &[
    looking::CASES,
    reading::CASES,
    writing::CASES,
    multipart::CASES,
    changing::CASES,
    expecting::CASES,
    aside::CASES,
];

/// The store under test, and a directory in it that holds nothing yet.
pub(crate) struct Subject<'a> {
    /// The store.
    pub(crate) store: &'a dyn ObjectStore,
    /// The case's own directory.
    pub(crate) directory: FtpPath,
    /// Whether the store remembers what it was told a moment ago.
    pub(crate) remembers: bool,
}

/// Runs every case, then fails if one failed, naming all of them.
pub(crate) fn run(store: &dyn ObjectStore, remembers: bool) {
    run_in(store, "/", remembers);
}

/// The same in a directory of the store.
pub(crate) fn run_in(store: &dyn ObjectStore, directory: &str, remembers: bool) {
    let base = format!("{directory}/contract-{:016x}", fastrand::u64(..));
    let base = FtpPath::root().join(&base).unwrap();
    let mut failed = Vec::new();
    for (name, case) in CONTRACT.iter().copied().flatten() {
        let directory = base.child(name).unwrap();
        store.create_directory(&directory).unwrap();
        let subject = Subject { store, directory, remembers };
        if catch_unwind(AssertUnwindSafe(|| case(&subject))).is_err() {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "{} breaks: {failed:#?}", store.describe());
}

impl Subject<'_> {
    /// A path below the case's directory.
    pub(crate) fn at(&self, name: &str) -> FtpPath {
        self.directory.join(name).unwrap()
    }

    /// Stores `bytes` in one piece.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Stored {
        self.store
            .put_object(&self.at(name), &Body::new(&[bytes], &Cancel::new()), &Expected::Anything)
            .unwrap()
    }

    /// The whole content of a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        self.read_range(name, ByteRange::from(0))
    }

    /// A range of a file.
    pub(crate) fn read_range(&self, name: &str, range: ByteRange) -> Vec<u8> {
        let mut object = self.store.get_object(&self.at(name), range, None).unwrap();
        let mut bytes = Vec::new();
        object.body.read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// Fails unless `name` is a file of exactly these bytes; the bytes are not printed.
    pub(crate) fn assert_holds(&self, name: &str, expected: &[u8]) {
        let stat = self.store.stat(&self.at(name), Freshness::Recent).unwrap();
        assert!(!stat.metadata.is_directory(), "{name} is a directory");
        assert_eq!(
            self.store
                .stat(&self.at(name), Freshness::Listed)
                .map(|stat| stat.metadata.is_directory())
                .ok(),
            Some(false),
            "{name}"
        );
        assert_eq!(stat.metadata.size, expected.len() as u64, "size of {name}");
        assert!(self.read(name) == expected, "{name} holds other bytes");
    }

    /// Fails unless nothing stands under `name`.
    pub(crate) fn assert_absent(&self, name: &str) {
        assert_eq!(
            kind(
                self.store
                    .stat(&self.at(name), Freshness::Listed)
                    .map(|stat| stat.metadata.is_directory())
            ),
            ErrorKind::NotFound,
            "{name}"
        );
        assert_eq!(
            kind(self.store.stat(&self.at(name), Freshness::Recent)),
            ErrorKind::NotFound,
            "{name} exists"
        );
    }

    /// Fails unless `name` is a directory.
    pub(crate) fn assert_directory(&self, name: &str) {
        assert!(
            self.store
                .stat(&self.at(name), Freshness::Listed)
                .map(|stat| stat.metadata.is_directory())
                .unwrap(),
            "{name}"
        );
        assert!(
            self.store.stat(&self.at(name), Freshness::Recent).unwrap().metadata.is_directory(),
            "{name}"
        );
    }

    /// All entries of a directory, page by page, in the store's order.
    pub(crate) fn list(&self, name: &str) -> Vec<Entry> {
        self.pages(name, "").concat()
    }

    /// The names of a directory's entries.
    pub(crate) fn names(&self, name: &str) -> BTreeSet<String> {
        self.list(name).into_iter().map(|entry| entry.name).collect()
    }

    /// The pages of a directory.
    pub(crate) fn pages(&self, name: &str, name_prefix: &str) -> Vec<Vec<Entry>> {
        let directory = &self.at(name);
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let request =
                ListRequest { directory, name_prefix, after: after.as_ref(), with_times: false };
            let page = self.store.list(&request, None).unwrap();
            assert!(page.entries.len() <= 1000, "a page of {}", page.entries.len());
            let mut told = Vec::new();
            let ahead = self.store.list(&request, Some(&mut |next| told.push(next.clone())));
            assert_eq!(ahead.unwrap().entries, page.entries);
            assert!(
                told.is_empty() || Some(&told) == page.next.clone().map(|next| vec![next]).as_ref()
            );
            pages.push(page.entries);
            after = page.next;
            if after.is_none() {
                return pages;
            }
        }
    }
}

/// The kind of a failure that was expected.
pub(crate) fn kind<T>(result: Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.kind,
    }
}

/// Bytes that differ from offset to offset and from seed to seed, the same at every run.
pub(crate) fn pattern(seed: u64, length: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(length).unwrap()];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

/// Names that some layer below is likely to treat specially.
pub(crate) fn odd_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "with space",
        " space first",
        "space last ",
        "hash#tag",
        "per%cent",
        "per%20cent%2F",
        "plus+plus",
        "what?",
        "a&b=c;d",
        "it's",
        "say \"hello\"",
        "back\\slash",
        "\\",
        "-dash",
        "--help",
        "...",
        "..two",
        ".hidden",
        "~tilde",
        "*",
        "<xml>&amp;",
        "colon:name",
        "comma,name",
        "[a]{b}",
        "$HOME",
        "数据",
        "文件 名.txt",
        "emoji-😀",
        "e\u{301}",
        "\u{e9}",
        "?uploads",
        "a=b",
        "|pipe",
        "@",
        "^",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("a".repeat(200));
    names.push("中".repeat(66));
    names
}
