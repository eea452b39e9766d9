//! Events: a receiver of the operator's is told what happened to files, at least once, also where
//! the server is killed in between.
//!
//! Before a store is asked for a change that is to be told, the [`Witness`] of who asks writes an
//! [`Intent`] to the journal on the disk; what the store confirmed becomes an event there, which
//! waits until the receiver has taken it. What a crash leaves open is settled by a look at the
//! store. Knows nothing of FTP, sockets or who is logged in.
//!
//! The same record goes to the [`Ledger`], which is a chain of hashes, and of a transfer that has
//! ended to the log and to the [`TransferLog`]. [`Chronicle`] is all who want to know.
//!
//! From the cellar up: [`record`] and [`mod@line`] are what stands in the journal, [`segments`] its
//! files, [`waiting`] what of it is not told yet, [`journal`] all of them together, [`queue`] where
//! threads meet over it: [`witness`] is the side of those who have something to tell, [`courier`]
//! are those that tell it.

mod chronicle;
mod command;
mod courier;
mod journal;
mod ledger;
mod line;
mod not_taken;
mod options;
mod path_patterns;
mod queue;
mod record;
mod replay;
mod segments;
mod service;
mod settling;
mod sole_use;
mod transfer_line;
mod transfer_log;
mod waiting;
mod witness;

pub use chronicle::Chronicle;
pub use courier::Couriers;
pub use ledger::{
    Ledger, LedgerEntry, LedgerFault, LedgerObject, LedgerStanding, LedgerWalk, ObjectFinding, walk,
};
pub use options::{EventKind, EventOptions, EventReceiver, QueueFull};
pub use path_patterns::PathPatterns;
pub use queue::{EventBacklog, EventQueue};
pub use record::{Actor, TransferFacts};
pub use service::read_event_secret;
pub use transfer_log::{TransferLog, TransferLogFormat};
pub use witness::{FileDeed, Intent, Witness};
