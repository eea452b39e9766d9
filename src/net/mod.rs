//! Sockets: data connections, passive ports, waiting for several things at once.
//!
//! Knows addresses, ports and time; knows no FTP command and no reply code.

mod address;
mod data;
mod masquerade;
mod passive;
mod poll;
mod slots;
pub mod socket;
mod stream;
mod wake;

pub use address::canonical;
pub use data::{ActiveConnect, DataPort, OpenError, Opened, Opening};
pub use masquerade::{AddressError, Masquerade, passive_address};
pub use passive::{LeaseError, PassiveListener, PassivePorts};
pub use poll::{Interest, wait};
pub use slots::{ConnectionSlots, Slot};
pub use stream::Stream;
pub use wake::Wake;
