//! Sockets: data connections, passive ports, waiting for several things at once.

mod masquerade;
mod passive;
mod slots;
mod wake;

pub use masquerade::Masquerade;
pub use passive::PassivePorts;
pub use slots::{ConnectionSlots, Slot};
pub use wake::Wake;
