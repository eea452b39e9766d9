//! Taking in clients: one blocking thread for each listener.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use log::{debug, error, warn};

use super::registry::{Registry, StopRequest};
use super::reload::Rules;
use crate::limits;
use crate::net::{canonical, socket};
use crate::protocol::{Reply, replies};
use crate::session;

/// What an accept thread needs.
#[derive(Clone, Debug)]
pub(super) struct Acceptor {
    pub(super) rules: Arc<Rules>,
    pub(super) registry: Arc<Registry>,
}

impl Acceptor {
    /// Accepts until a stop is requested and the listener is shut down. No error ends it: what
    /// passes is ignored, and when the machine is out of something it waits a little.
    pub(super) fn run(&self, listener: &TcpListener) {
        let mut last_complaint: Option<Instant> = None;
        loop {
            let accepted = listener.accept();
            if self.registry.stop_request() != StopRequest::None {
                return;
            }
            match accepted {
                Ok((control, peer)) => self.admit(control, canonical(peer)),
                Err(error) if socket::is_of_one_connection(&error) => debug!("accept: {error}"),
                Err(error) => {
                    let due = last_complaint
                        .is_none_or(|at| at.elapsed() >= limits::ACCEPT_COMPLAINT_INTERVAL);
                    if due {
                        error!("cannot accept connections now, trying on: {error}");
                        last_complaint = Some(Instant::now());
                    }
                    // The connection stays in the queue, so accept would fail again at once.
                    self.registry.pause(limits::ACCEPT_PAUSE);
                }
            }
        }
    }

    fn admit(&self, control: TcpStream, peer: SocketAddr) {
        let control = Arc::new(control);
        let host = self.rules.host();
        let Some(slot) = host.connections.try_take() else {
            warn!("{peer} refused: max_connection_num is reached");
            refuse(&control, &replies::too_many_connections());
            return;
        };
        let started = self.registry.start(Arc::clone(&control), peer, move |handle| {
            let _slot = slot;
            session::serve(handle, &host);
        });
        if let Err(error) = started {
            error!("{peer} refused: no thread for its session: {error}");
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
