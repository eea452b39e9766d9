//! What all sessions share.

use crate::net::{ConnectionSlots, PassivePorts};
use crate::session::{SessionOptions, StopSignal};
use crate::transfer::{Budget, Stragglers};
use crate::users::Users;

/// What a session needs from the process it lives in. Made once by the server.
#[derive(Debug)]
pub struct Host {
    /// Who may log in.
    pub users: Users,
    /// How sessions behave.
    pub options: SessionOptions,
    /// Ports for PASV and EPSV.
    pub passive_ports: PassivePorts,
    /// Connections against `max_connection_num`; data connections take their slot here.
    pub connections: ConnectionSlots,
    /// Bytes that transfers may hold.
    pub budget: Budget,
    /// Transfer workers that outlived their transfer; the server joins them before it ends.
    pub stragglers: Stragglers,
    /// Whether the server is stopping.
    pub stop: StopSignal,
}
