//! Several stores in one tree: below a mount point stands another store, or a part of one, over any
//! store for the rest. Paths are routed, and nothing else: what a store keeps, remembers and parks
//! is its own affair.
//!
//! Mount points are there whatever the stores say, and never change: `/` can be listed while the
//! store of `/archive` is away. What is moved from one store to another is read and stored anew
//! ([`crossing`]).

mod copies;
mod crossing;
mod files;
mod merging;
mod route;
mod uploads;

pub use copies::CopyPlaces;
pub use route::MountRights;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use time::OffsetDateTime;

use self::route::{ABOVE, MOUNT_POINT, MountDeed, MountedPath, refused};
use super::{
    Cancel, ErrorKind, ObjectPlace, ObjectStore, Operation, ReplyWait, Requester, Result,
    StoreAnswer, StoreError,
};
use crate::vfs::{FtpPath, NamePatterns};

/// A store below a mount point.
#[derive(Clone)]
pub struct Mount {
    /// The mount point, which is not the root.
    pub path: FtpPath,
    /// What stands below it.
    pub store: Arc<dyn ObjectStore>,
    /// What may be done there.
    pub rights: MountRights,
    /// Names that are as good as absent there, with all below them.
    pub hidden: NamePatterns,
}

/// What holds for all mounts of a tree.
#[derive(Clone, Debug)]
pub struct MountTerms {
    /// Largest file that is moved from one mount to another, in bytes; 0 for none.
    pub largest_move: u64,
    /// How many are moved at once.
    pub copies: CopyPlaces,
    /// A directory of the root in which the whole tree stands once more: `/x/archive/a` is `/x/a`
    /// of the store that is mounted at `/archive`.
    pub mirrored: Option<&'static str>,
}

/// A tree made of several stores.
#[derive(Clone)]
pub struct MountStore {
    base: Arc<dyn ObjectStore>,
    /// The longest paths first.
    mounts: Arc<[MountedStore]>,
    terms: MountTerms,
    command: Option<Arc<CommandTerms>>,
    /// Whose clock and sizes are told; `None` for those of the base.
    focus: Option<usize>,
}

/// A mount, and its store as it works for the present command, once that needs it.
struct MountedStore {
    mount: Mount,
    at_work: OnceLock<Arc<dyn ObjectStore>>,
}

/// For whom stores work.
struct CommandTerms {
    wait: ReplyWait,
    user: String,
    peer: IpAddr,
    session: u64,
}

impl CommandTerms {
    fn requester(&self) -> Requester<'_> {
        Requester { user: &self.user, peer: self.peer, session: self.session }
    }
}

impl MountStore {
    /// `base`, with the `mounts` in it, of which no two are at one path.
    pub fn over(base: Arc<dyn ObjectStore>, mounts: Vec<Mount>, terms: MountTerms) -> Self {
        let mut mounts = mounts;
        // One may lie below another.
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.path.as_str().len()));
        Self { base, mounts: idle(mounts), terms, command: None, focus: None }
    }

    /// The store of this number as it works now; the base without one.
    fn store(&self, number: Option<usize>) -> &dyn ObjectStore {
        let Some(mounted) = number.and_then(|number| self.mounts.get(number)) else {
            return &*self.base;
        };
        let Some(command) = &self.command else { return &*mounted.mount.store };
        let at_work = mounted.at_work.get_or_init(|| {
            let store = &mounted.mount.store;
            let working = store.for_command(&command.wait, command.requester());
            working.unwrap_or_else(|| Arc::clone(store))
        });
        &**at_work
    }

    fn focused(&self) -> &dyn ObjectStore {
        self.store(self.focus)
    }
}

impl MountStore {
    /// The mount that `path` lies in, its number, and the path as its store sees it.
    fn mount_of(&self, path: &FtpPath) -> Option<(usize, FtpPath, &Mount)> {
        self.mounts.iter().enumerate().find_map(|(number, mounted)| {
            let inner = path.seen_from(&mounted.mount.path)?;
            Some((number, inner, &mounted.mount))
        })
    }

    /// Where `path` leads.
    fn route(&self, path: &FtpPath) -> MountedPath<'_> {
        let seen = self.seen(path);
        let found = self.mount_of(seen.as_ref().unwrap_or(path));
        let Some((number, inner, mount)) = found else {
            let (store, path) = (self.store(None), path.clone());
            return MountedPath { store, path, number: None, rights: None, is_hidden: false };
        };
        let is_hidden = inner.components().any(|name| mount.hidden.fit(name));
        let rights = Some(mount.rights);
        let path = match (seen, self.mirror()) {
            (Some(_), Some(mirror)) => inner.below(&mirror),
            _ => inner,
        };
        let store = self.store(Some(number));
        MountedPath { store, path, number: Some(number), rights, is_hidden }
    }

    /// The same for somebody who looks at what is there: what is hidden is as good as absent.
    fn see(&self, operation: Operation, path: &FtpPath) -> Result<MountedPath<'_>> {
        let place = self.route(path);
        match place.is_hidden {
            true => Err(StoreError::new(ErrorKind::NotFound, operation, path.as_str())),
            false => Ok(place),
        }
    }

    /// The same for somebody who is about to do something there that has to be allowed.
    fn admit(
        &self,
        deed: MountDeed,
        operation: Operation,
        path: &FtpPath,
    ) -> Result<MountedPath<'_>> {
        let place = self.route(path);
        if place.is_hidden {
            // Nothing new is called so either.
            let kind =
                if deed == MountDeed::Write { ErrorKind::BadName } else { ErrorKind::NotFound };
            return Err(StoreError::new(kind, operation, path.as_str()));
        }
        if deed != MountDeed::Read {
            self.keep_mount_points(operation, path)?;
        }
        match place.forbids(deed) {
            Some(why) => Err(refused(operation, path, why)),
            None => Ok(place),
        }
    }

    /// Fails for what must stay where it is: mount points, and what lies above them.
    fn keep_mount_points(&self, operation: Operation, path: &FtpPath) -> Result<()> {
        let seen = self.seen(path);
        let path = seen.as_ref().unwrap_or(path);
        match self.mounts.iter().any(|mounted| mounted.mount.path == *path) {
            true => Err(refused(operation, path, MOUNT_POINT)),
            // What cannot be done to any root, the base tells.
            false if !path.is_root() && self.leads_to_mount(path) => {
                Err(refused(operation, path, ABOVE))
            }
            false => Ok(()),
        }
    }

    /// Whether `path` is a mount point, or lies above one: then it is a directory, whatever stands
    /// there in any store.
    fn leads_to_mount(&self, path: &FtpPath) -> bool {
        self.mounts.iter().any(|mounted| mounted.mount.path.is_within(path))
    }

    /// The path that one in the mirrored directory is of.
    fn seen(&self, path: &FtpPath) -> Option<FtpPath> {
        path.seen_from(&self.mirror()?).filter(|seen| !seen.is_root())
    }

    fn mirror(&self) -> Option<FtpPath> {
        FtpPath::root().child(self.terms.mirrored?)
    }

    /// Whether the name `name` in `directory` is hidden by the mount that is there.
    fn hides(&self, directory: &FtpPath, name: &str) -> bool {
        directory.child(name).is_some_and(|path| self.route(&path).is_hidden)
    }
}

fn idle(mounts: impl IntoIterator<Item = Mount>) -> Arc<[MountedStore]> {
    let idle = |mount| MountedStore { mount, at_work: OnceLock::new() };
    mounts.into_iter().map(idle).collect()
}

impl ObjectStore for MountStore {
    fn describe(&self) -> String {
        self.base.describe()
    }

    fn place_of(&self, path: &FtpPath) -> ObjectPlace {
        let place = self.route(path);
        place.store.place_of(&place.path)
    }

    fn whole_name(&self, path: &FtpPath) -> String {
        let place = self.route(path);
        place.store.whole_name(&place.path)
    }

    fn for_command(
        &self,
        wait: &ReplyWait,
        requester: Requester<'_>,
    ) -> Option<Arc<dyn ObjectStore>> {
        let Requester { user, peer, session } = requester;
        let command = CommandTerms { wait: wait.clone(), user: user.to_owned(), peer, session };
        let base = self.base.for_command(wait, requester);
        Some(Arc::new(Self {
            base: base.unwrap_or_else(|| Arc::clone(&self.base)),
            // Most commands need none of them.
            mounts: idle(self.mounts.iter().map(|mounted| mounted.mount.clone())),
            command: Some(Arc::new(command)),
            ..self.clone()
        }))
    }

    fn for_path(&self, path: &FtpPath) -> Option<Arc<dyn ObjectStore>> {
        let focus = self.route(path).number;
        (focus != self.focus).then(|| Arc::new(Self { focus, ..self.clone() }) as _)
    }

    fn rights_at(&self, path: &FtpPath) -> MountRights {
        let seen = self.seen(path);
        let found = self.mount_of(seen.as_ref().unwrap_or(path));
        found.map_or(MountRights::ALL, |(_, _, mount)| mount.rights)
    }

    fn mounted_in(&self, directory: &FtpPath) -> Vec<String> {
        let name = |path: &FtpPath| {
            let rest = path.seen_from(directory)?;
            rest.components().next().map(str::to_owned)
        };
        let mut names: Vec<_> =
            self.mounts.iter().filter_map(|mounted| name(&mounted.mount.path)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn keeps_deleted(&self) -> bool {
        let mut mounted = self.mounts.iter().map(|mounted| &mounted.mount.store);
        self.base.keeps_deleted() || mounted.any(|store| store.keeps_deleted())
    }

    fn answers(&self, cancel: &Cancel) -> Result<()> {
        self.base.answers(cancel)
    }

    fn last_answer(&self) -> Option<StoreAnswer> {
        self.base.last_answer()
    }

    fn now(&self) -> OffsetDateTime {
        self.focused().now()
    }

    fn connect_ahead(&self) {
        self.focused().connect_ahead();
    }

    fn slowdowns(&self) -> u64 {
        self.focused().slowdowns()
    }

    fn copies_nothing(&self) -> Result<bool> {
        self.focused().copies_nothing()
    }

    fn retains_objects(&self) -> bool {
        self.focused().retains_objects()
    }

    fn look_for_retention(&self) -> Result<bool> {
        self.focused().look_for_retention()
    }
}
