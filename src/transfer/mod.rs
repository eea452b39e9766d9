//! Moving bytes between a data connection and a store.

mod budget;
mod options;
mod stragglers;

pub use budget::Budget;
pub use options::{PartialUpload, TransferOptions};
pub use stragglers::Stragglers;
