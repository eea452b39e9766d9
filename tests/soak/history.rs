use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Directories of the bucket.
const DIRECTORIES: usize = 4;

/// Names of files in each.
const FILES: usize = 6;

/// What every name of the bucket held, and when. Whoever changes a name has its turn, so its
/// changes are in order; whoever only looks waits for nobody, and may see the outcome of any change
/// between the last one confirmed before and the last one begun by the time of the answer.
pub(crate) struct History {
    directories: BTreeMap<String, RwLock<()>>,
    names: BTreeMap<String, Name>,
    next_size: AtomicUsize,
}

#[derive(Default)]
struct Name {
    turn: Mutex<()>,
    course: Mutex<Course>,
}

/// Changes of one name. A size stands for a content: none is used twice.
#[derive(Default)]
struct Course {
    begun: Vec<Change>,
    confirmed: usize,
}

struct Change {
    size: Option<usize>,
    by: String,
}

/// How many changes of each name were confirmed at a moment.
pub(crate) struct Moment(BTreeMap<String, usize>);

/// The turn to change some files.
pub(crate) struct FileTurn<'a> {
    _directories: Vec<RwLockReadGuard<'a, ()>>,
    _names: Vec<MutexGuard<'a, ()>>,
}

/// The turn to change whole directories.
pub(crate) struct DirectoryTurn<'a> {
    _directories: Vec<RwLockWriteGuard<'a, ()>>,
}

impl History {
    pub(crate) fn new() -> Self {
        let directories: Vec<String> = (0..DIRECTORIES).map(|n| format!("d{n}")).collect();
        let files = |directory: &String| {
            let directory = directory.clone();
            (0..FILES).map(move |n| (format!("{directory}/f{n}"), Name::default()))
        };
        Self {
            names: directories.iter().flat_map(files).collect(),
            directories: directories.into_iter().map(|name| (name, RwLock::default())).collect(),
            next_size: AtomicUsize::new(1),
        }
    }

    pub(crate) fn directories(&self) -> impl Iterator<Item = &str> {
        self.directories.keys().map(String::as_str)
    }

    /// The files of a directory that there are or could be.
    pub(crate) fn files(&self, directory: &str) -> impl Iterator<Item = &str> {
        let begin = format!("{directory}/");
        self.names.keys().map(String::as_str).filter(move |name| name.starts_with(&begin))
    }

    pub(crate) fn any_directory(&self, random: &mut fastrand::Rng) -> &str {
        random.choice(self.directories.keys()).expect("there are some")
    }

    pub(crate) fn any_file(&self, random: &mut fastrand::Rng) -> &str {
        random.choice(self.names.keys()).expect("there are some")
    }

    /// A size that nothing has had yet.
    pub(crate) fn new_size(&self) -> usize {
        self.next_size.fetch_add(1, Ordering::SeqCst)
    }

    /// Waits for the turn to change these files.
    pub(crate) fn turn(&self, files: &[&str]) -> FileTurn<'_> {
        let sorted = |names: Vec<&str>| {
            let mut names = names;
            names.sort_unstable();
            names.dedup();
            names.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let directories = sorted(files.iter().map(|file| directory_of(file)).collect());
        let read =
            |name: &String| self.directories[name].read().unwrap_or_else(PoisonError::into_inner);
        let lock =
            |name: &String| self.names[name].turn.lock().unwrap_or_else(PoisonError::into_inner);
        FileTurn {
            _directories: directories.iter().map(read).collect(),
            _names: sorted(files.to_vec()).iter().map(lock).collect(),
        }
    }

    /// Waits for the turn to change these directories and all that is in them.
    pub(crate) fn directory_turn(&self, names: &[&str]) -> DirectoryTurn<'_> {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        let write =
            |&name: &&str| self.directories[name].write().unwrap_or_else(PoisonError::into_inner);
        DirectoryTurn { _directories: names.iter().map(write).collect() }
    }

    /// What a name holds. For who has its turn.
    pub(crate) fn held(&self, name: &str) -> Option<usize> {
        let course = self.course(name);
        course.held(course.confirmed)
    }

    /// Does what changes these names, and takes it down.
    pub(crate) fn change(&self, by: &str, changes: &[(&str, Option<usize>)], act: impl FnOnce()) {
        for (name, size) in changes {
            self.course(name).begun.push(Change { size: *size, by: by.to_owned() });
        }
        act();
        for (name, _) in changes {
            let mut course = self.course(name);
            course.confirmed = course.begun.len();
        }
    }

    /// This moment.
    pub(crate) fn now(&self) -> Moment {
        let confirmed = |name: &String| (name.clone(), self.course(name).confirmed);
        Moment(self.names.keys().map(confirmed).collect())
    }

    /// Checks what `who` saw of a name, having asked at `asked`.
    pub(crate) fn check(&self, asked: &Moment, name: &str, seen: Option<usize>, who: &str) {
        let course = self.course(name);
        let first = asked.0[name];
        let is_possible = (first..=course.begun.len()).any(|number| course.held(number) == seen);
        assert!(
            is_possible,
            "{who} sees {seen:?} as {name}, which held since:{}",
            course.since(first)
        );
    }

    fn course(&self, name: &str) -> MutexGuard<'_, Course> {
        self.names[name].course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Course {
    /// What the name held after so many changes.
    fn held(&self, number: usize) -> Option<usize> {
        number.checked_sub(1).and_then(|last| self.begun[last].size)
    }

    fn since(&self, first: usize) -> String {
        let from = first.saturating_sub(4);
        let line = |(number, change): (usize, &Change)| format!("\n{number}: {change}");
        self.begun.iter().enumerate().skip(from).map(line).collect()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} by {}", self.size, self.by)
    }
}

fn directory_of(file: &str) -> &str {
    file.split('/').next().unwrap_or_default()
}
