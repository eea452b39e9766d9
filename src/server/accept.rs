//! Taking in clients: one blocking thread for each listener.

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use log::{debug, error, warn};

use super::registry::{SessionRegistry, StopRequest};
use super::reload::Rules;
use crate::limits;
use crate::net::{canonical, socket};
use crate::protocol::{Reply, replies};
use crate::session::{self, Entrance, refusal_reply};

/// What an accept thread needs.
#[derive(Clone, Debug)]
pub(super) struct Acceptor {
    pub(super) rules: Arc<Rules>,
    pub(super) registry: Arc<SessionRegistry>,
}

impl Acceptor {
    /// Accepts until a stop is requested and the listener is shut down. No error ends it: what
    /// passes is ignored, and when the machine is out of something it waits a little.
    pub(super) fn run(&self, listener: &TcpListener, entrance: Entrance) {
        loop {
            let accepted = listener.accept();
            if self.registry.stop_request() != StopRequest::None {
                return;
            }
            match accepted {
                Ok((control, peer)) => {
                    self.admit(control, canonical(peer), entrance);
                }
                // Nobody has come for a while.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if socket::is_of_one_connection(&error) => debug!("accept: {error}"),
                Err(error) => {
                    if self.rules.host().access.may_tell_of_all("cannot accept connections") {
                        error!("cannot accept connections now, trying on: {error}");
                    }
                    // The connection stays in the queue, so accept would fail again at once.
                    self.registry.pause(limits::ACCEPT_PAUSE);
                }
            }
        }
    }

    /// Begins a session, or says why not. Nothing is spent on a client before access control and
    /// the number of connections have let it in.
    fn admit(&self, control: TcpStream, peer: SocketAddr, entrance: Entrance) {
        let host = self.rules.host();
        let access = Arc::clone(&host.access);
        // A balancer speaks for others: its session asks for access when it knows for whom.
        let is_relayed = host.options.balancers.from.contain(peer.ip());
        let admitted = (!is_relayed).then(|| host.access.admit(peer.ip())).transpose();
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return refuse(&control, &refusal_reply(refusal)),
        };
        let Some(slot) = host.connections.try_take() else {
            if host.access.may_tell_of_all("max_connection_num is reached") {
                warn!("{peer} refused: max_connection_num is reached");
            }
            // It does not count itself as one of those who wait.
            drop(admitted);
            access.make_room(peer.ip());
            return refuse(&control, &replies::too_many_connections());
        };
        let control = Arc::new(control);
        let started = self.registry.start(Arc::clone(&control), peer, move |handle| {
            let _slot = slot;
            session::serve(handle, &host, entrance, admitted);
        });
        if let Err(error) = started {
            if access.may_tell_of_all("no thread for a session") {
                error!("{peer} refused: no thread for its session: {error}");
            }
            refuse(&control, &replies::server_busy());
        }
    }
}

/// Says why and closes. Never blocks: nothing was written to this connection before, so the
/// reply fits the kernel's buffer.
fn refuse(control: &TcpStream, reply: &Reply) {
    // Whoever has left needs no reply.
    let _ = (&mut &*control).write_all(&reply.to_bytes());
    let _ = control.shutdown(Shutdown::Write);
}
