//! A look at what is going on: `cos-ftp-server status` asks the running server over a socket in the
//! file system.
//!
//! The server says all it knows to whoever connects, as one JSON document in a line. To those who
//! stay it says in another one how it ends. What they say is an [order](super::orders), if they are
//! the server's own user or root.

mod ask;
mod asked;
mod page;
mod report;
mod shown;
mod standing;
mod staying;
mod table;
mod tell;

pub(crate) use ask::{
    Answerer, EndWatch, ServerEnd, ask, order, process, reloads, transfers_left, watch,
    who_answers, who_runs,
};
pub(crate) use asked::ServerSocket;
pub(crate) use page::page;
pub(crate) use report::{ListenAddresses, ReloadChanges, ReloadRecord};
pub(crate) use tell::tell;
