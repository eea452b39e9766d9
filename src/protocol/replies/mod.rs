//! Every text the server tells a client, by meaning. Nothing else in the server spells a reply.
//! No text names the software's version or what lies behind the tree.

mod failures;
mod parameters;
mod security;
mod service;
mod transfers;
mod tree;

pub use failures::*;
pub use parameters::*;
pub use security::*;
pub use service::*;
pub use transfers::*;
pub use tree::*;
