//! What the workers of an upload do, one request to the store each, and what became of it.

use std::time::Duration;

use crate::store::{
    CopySource, Expected, PartPlace, PartReceipt, Result as StoreResult, Stat, Stored,
};
use crate::transfer::block::Block;

/// One request to the store.
#[derive(Debug)]
pub(super) enum Job {
    /// Ask whether a file may come to stand under the name.
    CheckName,
    /// Begin the upload in parts.
    Create,
    /// The same, and look what stands under the name, for the case that the upload is interrupted.
    CreateAndLook,
    /// Store these blocks as a part.
    Part(PartPlace, Vec<Block>),
    /// Copy a range of the object that stands under the name now.
    Copy(PartPlace, CopySource),
    /// Add a range of the object that stands under the name now to these blocks.
    Refill(CopySource, Vec<Block>),
    /// Store these blocks as the whole object.
    Put(Vec<Block>, Publication),
    /// Publish the object.
    Complete(Vec<PartReceipt>, Publication),
}

/// How an object comes to stand under its name.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    /// In place of what.
    pub(super) expected: Expected,
    /// Bytes of it that were there before.
    pub(super) kept: u64,
    /// Whether its upload was interrupted.
    pub(super) is_partial: bool,
}

/// What became of a [`Job`], and its blocks.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) outcome: StoreResult<JobOutcome>,
    pub(super) blocks: Vec<Block>,
    /// How long the store took for it, if it was a part from here.
    pub(super) taken: Option<Duration>,
}

#[derive(Debug)]
pub(super) enum JobOutcome {
    NameAdmitted,
    Created,
    /// And what stood under the name then, if that could be told.
    CreatedAndLooked(Option<Option<Stat>>),
    Part(PartReceipt),
    /// The blocks hold the range, too.
    Refilled,
    Stored(Stored),
}
