use std::time::Duration;

use crate::support::injector::{Fault, Request};

/// What a session does next. Everything that chance decides is in it, so that what comes after
/// does not depend on how it ends.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    pub(crate) action: Action,
    /// Which file.
    pub(crate) name: String,
    /// Another one, or the same.
    pub(crate) other: String,
    /// Whose bytes are sent.
    pub(crate) noise: u64,
    pub(crate) size: usize,
    /// Where something begins or breaks off, as a fraction of what there is.
    pub(crate) fraction: f64,
    pub(crate) trouble: Trouble,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Store,
    Append,
    Resume,
    Retrieve,
    RetrieveRest,
    Size,
    List,
    Delete,
    Rename,
    Reset,
    MakeDirectory,
    RemoveDirectory,
    RenameDirectory,
    StoreShared,
    RetrieveShared,
    DeleteShared,
}

/// How the store fails meanwhile.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    None,
    /// It passes: nobody notices.
    Once(Request, Fault),
    /// It stays: the command may fail.
    ForGood(Request, Fault),
}

/// How often a session does what, of a hundred times.
const ACTIONS: &[(u32, Action)] = &[
    (24, Action::Store),
    (9, Action::Append),
    (5, Action::Resume),
    (15, Action::Retrieve),
    (6, Action::RetrieveRest),
    (6, Action::Size),
    (6, Action::List),
    (7, Action::Delete),
    (7, Action::Rename),
    (4, Action::Reset),
    (2, Action::MakeDirectory),
    (2, Action::RemoveDirectory),
    (2, Action::RenameDirectory),
    (2, Action::StoreShared),
    (2, Action::RetrieveShared),
    (1, Action::DeleteShared),
];

/// What every request survives once.
const FAULTS: &[Fault] = &[
    Fault::RefuseEarly(500, "InternalError"),
    Fault::Refuse(503, "SlowDown"),
    Fault::Refuse(500, "InternalError"),
    Fault::ResetBeforeReply,
    Fault::ResetInRequest(100),
    Fault::ResetInAnswer(50),
    Fault::LoseAnswer,
    Fault::Latency(Duration::from_millis(200)),
    Fault::Bandwidth(8 << 20),
    Fault::FlipInRequest(50),
    Fault::Stale,
];

/// Files of a session.
const FILES: usize = 8;

/// Directories of a session.
const DIRECTORIES: usize = 3;

impl Draw {
    /// The next one of a session.
    pub(crate) fn from(random: &mut fastrand::Rng) -> Self {
        let action = pick(random);
        let is_of_directory = matches!(
            action,
            Action::MakeDirectory | Action::RemoveDirectory | Action::RenameDirectory
        );
        let name = |random: &mut fastrand::Rng| match random.usize(..FILES) {
            number if is_of_directory => format!("d{}", number % DIRECTORIES),
            // Some files lie in a directory, which they imply if nobody made it.
            number if number < DIRECTORIES => format!("d{number}/f"),
            number => format!("f{number}"),
        };
        let (first, other) = (name(random), name(random));
        Self {
            action,
            name: first,
            other,
            noise: random.u64(..),
            size: size(random),
            fraction: random.f64(),
            trouble: trouble(action, random),
        }
    }

    /// A part of `whole`, by chance.
    pub(crate) fn share(&self, whole: usize) -> usize {
        (whole as f64 * self.fraction) as usize
    }
}

fn pick(random: &mut fastrand::Rng) -> Action {
    let all: u32 = ACTIONS.iter().map(|(share, _)| share).sum();
    let mut left = random.u32(..all);
    for (share, action) in ACTIONS {
        match left.checked_sub(*share) {
            Some(rest) => left = rest,
            None => return *action,
        }
    }
    unreachable!("the number is below the sum")
}

fn size(random: &mut fastrand::Rng) -> usize {
    match random.u32(..100) {
        0..6 => 0,
        6..64 => random.usize(1..=64 << 10),
        64..92 => random.usize(1..=1536 << 10),
        // More than one request takes.
        _ => random.usize(5 << 20..=8 << 20),
    }
}

fn trouble(action: Action, random: &mut fastrand::Rng) -> Trouble {
    let requests = requests(action);
    let request = requests[random.usize(..requests.len())];
    let fault = match random.usize(..40) {
        0 => Fault::Stall,
        number => FAULTS[number % FAULTS.len()],
    };
    // Nobody can find the upload that was begun then.
    let is_lost_upload = request == Request::CreateMultipartUpload
        && matches!(fault, Fault::LoseAnswer | Fault::ResetInAnswer(_));
    match random.u32(..100) {
        0..25 if !is_lost_upload => Trouble::Once(request, fault),
        25..33 if !is_lost_upload => Trouble::ForGood(request, fault),
        _ => Trouble::None,
    }
}

/// What an action asks of the store.
fn requests(action: Action) -> &'static [Request] {
    use Request as R;
    match action {
        Action::Store => &[R::PutObject, R::CreateMultipartUpload, R::UploadPart],
        Action::Append | Action::Resume => {
            &[R::HeadObject, R::GetObject, R::PutObject, R::UploadPartCopy]
        }
        Action::Retrieve | Action::RetrieveRest => &[R::GetObject],
        Action::Size => &[R::HeadObject],
        Action::List => &[R::ListObjects],
        Action::Delete => &[R::HeadObject, R::DeleteObject, R::ListObjects],
        Action::Rename => &[R::HeadObject, R::CopyObject, R::DeleteObject],
        Action::Reset => &[R::CompleteMultipartUpload],
        Action::MakeDirectory => &[R::HeadObject, R::ListObjects, R::PutObject],
        Action::RemoveDirectory => &[R::HeadObject, R::ListObjects, R::DeleteObject],
        Action::RenameDirectory => &[R::CopyObject, R::DeleteObject],
        Action::StoreShared => &[R::PutObject, R::CompleteMultipartUpload],
        Action::RetrieveShared | Action::DeleteShared => &[R::GetObject, R::DeleteObject],
    }
}
