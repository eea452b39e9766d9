//! What all sessions share.

use std::sync::Arc;
use std::time::Duration;

use crate::access::AccessControl;
use crate::events::Chronicle;
use crate::net::tls::{PresentTls, TlsContext};
use crate::net::{ConnectionSlots, PassivePorts, PublicAddress, Wake};
use crate::session::{SessionOptions, StopSignal, TlsDemand};
use crate::transfer::{
    Budget, Downloads, EarlierUploads, EndingThreads, LeftUpload, LeftUploads, Rates, Resources,
};
use crate::users::{Account, Directory};

/// What a session needs from the process it lives in. Clones share all but the options.
#[derive(Clone, Debug)]
pub struct Host {
    /// Who may come in, and how much.
    pub access: Arc<AccessControl>,
    /// Who may log in now.
    pub users: Arc<Directory>,
    /// How sessions behave that began with it.
    pub options: SessionOptions,
    /// Whether everybody must encrypt now, whatever the options of a session say.
    pub tls_demand: TlsDemand,
    /// Certificate and rules of TLS; `None` without TLS.
    pub tls: Option<Arc<TlsContext>>,
    /// The same of sessions that begin now.
    pub present_tls: PresentTls,
    /// Ports for PASV and EPSV.
    pub passive_ports: Arc<PassivePorts>,
    /// The public address of the machine, where it is wanted.
    pub public_address: Arc<PublicAddress>,
    /// Connections against `max_connection_num`; data connections take their slot here.
    pub connections: ConnectionSlots,
    /// Bytes that transfers may hold.
    pub budget: Budget,
    /// How fast transfers may be.
    pub rates: Arc<Rates>,
    /// The downloads that run.
    pub downloads: Arc<Downloads>,
    /// Transfer workers that outlived their transfer; the server joins them before it ends.
    pub ending_threads: Arc<EndingThreads>,
    /// Parked uploads that are published unless somebody comes back.
    pub left_uploads: Arc<LeftUploads>,
    /// Uploads that came to nothing a short while ago.
    pub earlier_uploads: Arc<EarlierUploads>,
    /// Who wants to know what happens to files.
    pub chronicle: Arc<Chronicle>,
    /// Whether the server is stopping.
    pub stop: StopSignal,
}

impl Host {
    /// What a transfer of the session that `wake` wakes may use, with its user's `budget`.
    pub(super) fn resources<'a>(&'a self, budget: &'a Budget, wake: &'a Wake) -> Resources<'a> {
        Resources {
            options: &self.options.transfer,
            budget,
            ending_threads: &self.ending_threads,
            wake,
        }
    }

    /// Publishes `upload` after `patience`, unless its client comes back; at once when the server
    /// stops, as nobody waits any more.
    pub(super) fn publish_left(&self, upload: LeftUpload, patience: Duration) {
        if let Some(next) = self.left_uploads.add(upload, patience) {
            self.left_uploads.publish_early(next);
        }
    }

    /// Whether plain connections are refused now, to everybody or to `account`. The rules may have
    /// changed since its session began.
    pub(super) fn demands_tls(&self, account: Option<&Arc<Account>>) -> bool {
        let needs_tls = |name: &str| self.users.current().needs_tls(name);
        self.tls_demand.holds() || account.is_some_and(|account| needs_tls(&account.name))
    }
}
