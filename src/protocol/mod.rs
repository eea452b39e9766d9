//! The FTP protocol without a network: bytes and lines in, values out, values in, bytes out.
//!
//! - [`LineDecoder`] cuts what arrives into lines, [`Command::parse`] gives a line its meaning.
//! - [`VERBS`] is the one table of what the server understands; login, permission and order are
//!   decided from its rows, FEAT and HELP are derived from them.
//! - [`Reply`] is what a client is told; [`replies`] holds every text of the server.
//! - [`ListingFormat`] writes the lines of LIST, NLST, MLSD and MLST.
//!
//! Nothing here knows sockets, the clock (the present moment is passed in), the log or a store.

mod access;
mod address;
mod arguments;
mod command;
mod encoding;
mod foreign;
mod line;
mod listing;
mod masked;
mod parameter;
mod parse_error;
pub mod replies;
mod reply;
mod time_format;
mod verb;
mod wildcard;
mod word;

pub use access::{Access, Rights};
pub use address::{AddressError, DataAddress, Family, PassiveRequest};
pub use arguments::timed_path;
pub use command::Command;
pub use encoding::{Charset, NameEncoding};
pub use foreign::FirstBytes;
pub use line::{Line, LineDecoder};
pub use listing::{Fact, ListStyle, ListingFormat, MlstFacts, nlst_prefix};
pub use masked::masked;
pub use parameter::{ClientOption, ListTarget, Protection, SiteCommand, TransferType, UploadMode};
pub use parse_error::ParseError;
pub use reply::{Code, Reply, ReplyPart};
pub use time_format::Timestamp;
pub use verb::{Argument, DuringTransfer, PendingState, Switch, Switches, VERBS, Verb, VerbRow};
pub use wildcard::Wildcard;
pub use word::word;
