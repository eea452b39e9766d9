//! A store in which what is deleted or replaced by a rename goes to a directory of its own, over
//! any other store: `/.trash/2026-11-28/a/b.csv` is what was `/a/b.csv` and was deleted that day.
//!
//! Nothing in there is ever replaced: a name that is taken gets a number, and where a file stands
//! in the way of a directory, the day does. Emptying it is left to the bucket's lifecycle rules.

mod files;
mod uploads;

use std::sync::Arc;

use time::{OffsetDateTime, Time};

use super::{
    Cancel, ErrorKind, ObjectPlace, ObjectStore, Operation, ReplyWait, Requester, Result,
    StoreAnswer, StoreError,
};
use crate::vfs::FtpPath;

/// Directories of one day: another one is begun where a file has a name that a directory needs.
const DIRECTORIES_OF_A_DAY: u64 = 9;

/// Names that are tried in order before the time of the day makes one.
const NUMBERS_IN_ORDER: u64 = 3;

/// Numbers made of the time that are tried: others are as fast only by chance.
const NUMBERS_BY_TIME: u64 = 4;

/// Where the trash of an account is, and whether its clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrashTerms {
    /// `trash_prefix`: the name of a directory in the account's root, without slashes.
    pub directory: String,
    /// `trash_visible`: whether clients may list and read it, rename what is in it back, and delete
    /// that for good.
    pub is_visible: bool,
}

/// A store with a trash.
#[derive(Clone)]
pub struct TrashStore {
    store: Arc<dyn ObjectStore>,
    /// Its path.
    trash: FtpPath,
    is_visible: bool,
}

impl TrashStore {
    /// `store`, with the trash that `terms` name. `None` if nothing can be called so.
    pub fn over(store: Arc<dyn ObjectStore>, terms: &TrashTerms) -> Option<Self> {
        let trash = FtpPath::root().child(&terms.directory)?;
        Some(Self { store, trash, is_visible: terms.is_visible })
    }

    fn same(&self, store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        Arc::new(Self { store, ..self.clone() })
    }

    fn is_trash(&self, path: &FtpPath) -> bool {
        path.is_within(&self.trash)
    }

    /// Whether `path` is in a trash that nobody sees.
    fn is_hidden(&self, path: &FtpPath) -> bool {
        !self.is_visible && self.is_trash(path)
    }

    /// What nobody sees is as missing.
    fn see(&self, operation: Operation, path: &FtpPath) -> Result<()> {
        match self.is_hidden(path) {
            true => Err(StoreError::new(ErrorKind::NotFound, operation, path.as_str())),
            false => Ok(()),
        }
    }

    /// The same, and nothing in the trash is stored, made or changed by a client.
    fn admit(&self, operation: Operation, path: &FtpPath) -> Result<()> {
        self.see(operation, path)?;
        match self.is_trash(path) {
            true => Err(StoreError::new(ErrorKind::NameKept, operation, path.as_str())
                .with_source("Nothing is stored or changed in the trash.")),
            false => Ok(()),
        }
    }

    /// The trash itself is not renamed.
    fn stay(&self, path: &FtpPath) -> Result<()> {
        match *path == self.trash {
            true => Err(StoreError::new(ErrorKind::NameKept, Operation::CopyObject, path.as_str())
                .with_source("The trash stays where it is.")),
            false => Ok(()),
        }
    }

    /// Has `put` put what was `path` under the first free name in the trash.
    fn put_away(&self, path: &FtpPath, put: impl Fn(&FtpPath) -> Result<()>) -> Result<()> {
        let now = self.store.now();
        for directory in self.directories_of(now) {
            let Some(place) = below(&directory, path) else { break };
            for number in numbers(now) {
                let place = if number == 1 { place.clone() } else { place.numbered(number) };
                match put(&place) {
                    Err(error) if error.kind == ErrorKind::AlreadyExists => {}
                    Err(error) if error.kind == ErrorKind::NotADirectory => break,
                    done => {
                        done?;
                        log::info!("trash from={path:?} to={place:?}");
                        return Ok(());
                    }
                }
            }
        }
        Err(StoreError::new(ErrorKind::Unavailable, Operation::CopyObject, path.as_str())
            .with_source("no free name was found in the trash"))
    }

    /// Keeps a directory that was removed, and held nothing: what was in it lies there already, or
    /// will be looked for there.
    fn keep_directory(&self, path: &FtpPath) -> Result<()> {
        for directory in self.directories_of(self.store.now()) {
            let Some(place) = below(&directory, path) else { break };
            match self.store.create_directory(&place) {
                Err(error) if error.kind == ErrorKind::AlreadyExists => {
                    if self.store.find_file(&place)?.is_none() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind == ErrorKind::NotADirectory => {}
                made => return made,
            }
        }
        Ok(())
    }

    /// `/.trash/2026-11-28`, `/.trash/2026-11-28 (2)` and so on: the day is UTC's.
    fn directories_of(&self, now: OffsetDateTime) -> impl Iterator<Item = FtpPath> + use<> {
        let day = self.trash.child(&now.date().to_string());
        let first = day.clone().into_iter();
        let others = day
            .into_iter()
            .flat_map(|day| (2..=DIRECTORIES_OF_A_DAY).map(move |number| day.numbered(number)));
        first.chain(others)
    }
}

/// What `path` is below `directory`.
fn below(directory: &FtpPath, path: &FtpPath) -> Option<FtpPath> {
    directory.join(path.key()).ok()
}

/// The numbers that a name gets in turn where it is taken: a few in order, then those of the
/// moment, so that the ten thousandth of a name finds its own as fast as the fourth.
fn numbers(now: OffsetDateTime) -> impl Iterator<Item = u64> {
    let today = now.time() - Time::MIDNIGHT;
    let moment = u64::try_from(today.whole_microseconds()).unwrap_or_default();
    let by_time = (0..NUMBERS_BY_TIME).map(move |_| moment * 1000 + fastrand::u64(..1000));
    (1..=NUMBERS_IN_ORDER).chain(by_time)
}

impl ObjectStore for TrashStore {
    fn describe(&self) -> String {
        self.store.describe()
    }

    fn place_of(&self, path: &FtpPath) -> ObjectPlace {
        self.store.place_of(path)
    }

    fn whole_name(&self, path: &FtpPath) -> String {
        self.store.whole_name(path)
    }

    fn below(&self, home: &str) -> Result<Arc<dyn ObjectStore>> {
        Ok(self.same(self.store.below(home)?))
    }

    fn for_command(
        &self,
        wait: &ReplyWait,
        requester: Requester<'_>,
    ) -> Option<Arc<dyn ObjectStore>> {
        self.store.for_command(wait, requester).map(|store| self.same(store))
    }

    fn keeps_deleted(&self) -> bool {
        true
    }

    fn answers(&self, cancel: &Cancel) -> Result<()> {
        self.store.answers(cancel)
    }

    fn last_answer(&self) -> Option<StoreAnswer> {
        self.store.last_answer()
    }

    fn now(&self) -> OffsetDateTime {
        self.store.now()
    }

    fn connect_ahead(&self) {
        self.store.connect_ahead();
    }

    fn slowdowns(&self) -> u64 {
        self.store.slowdowns()
    }

    fn copies_nothing(&self) -> Result<bool> {
        self.store.copies_nothing()
    }

    fn retains_objects(&self) -> bool {
        self.store.retains_objects()
    }

    fn look_for_retention(&self) -> Result<bool> {
        self.store.look_for_retention()
    }
}
