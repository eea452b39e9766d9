//! Sockets: data connections, passive ports, waiting for several things at once.
//!
//! Knows addresses, ports and time; knows no FTP command and no reply code.

mod address;
mod arrival;
mod balancers;
mod claim;
mod data;
mod endpoints;
mod leases;
mod local_socket;
mod log_rule;
mod masquerade;
mod masquerade_networks;
mod networks;
mod own_address;
mod passive;
mod passive_address;
mod poll;
mod proxy_header;
mod public_address;
mod receipt;
mod shared_port;
mod slots;
pub mod socket;
mod stream;
mod tcp_state;
pub mod tls;
mod unused;
mod wake;

pub use address::canonical;
pub use arrival::{Arrival, Arrived, PeerCheck};
pub use balancers::{Balancers, DataHeader};
pub use claim::Claim;
pub use data::{ActiveConnect, DataPort, OpenError, Opened, Opening};
pub use endpoints::{Endpoints, EndpointsError};
pub use local_socket::{LocalSocket, connect_local};
pub use log_rule::LogRule;
pub use masquerade::{Masquerade, MasqueradeError};
pub use masquerade_networks::{MasqueradeNetworks, PassiveTarget};
pub use networks::{Networks, NotNetworks};
pub use own_address::own_address;
pub use passive::{LeaseError, PassiveListener, PassivePorts};
pub use passive_address::{PassiveNaming, passive_address};
pub use poll::{Interest, wait, wait_for_any};
pub use proxy_header::{Announced, HeaderError, HeaderReader, read_proxy_header};
pub use public_address::{AddressNews, PublicAddress};
pub use receipt::{Receipt, Received};
pub use slots::{ConnectionSlot, ConnectionSlots};
pub use stream::{Stream, TlsStream};
pub use unused::Unused;
pub use wake::Wake;
