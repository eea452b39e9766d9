use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cos_ftp_server::server::{Server, ServerOptions, Stopped, Stopper};
use cos_ftp_server::session::SessionOptions;
use cos_ftp_server::store::cos::{CosOptions, CosStore, CredentialSource, Scheme};
use cos_ftp_server::users::{Account, Password, Permission, Users};

use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::{Rgw, access_key, secret_key};
use crate::support::server::{PASSWORD, USER};
use crate::support::stored::Stored;

/// How often a client hears that the store is at work.
const SIGN_OF_LIFE: Duration = Duration::from_millis(300);

/// How long the store works: what a request takes to be there for sure, and several signs.
pub(crate) const WORK: Duration = Duration::from_millis(2600);

/// A server over a bucket behind an injector. It ends with its owner.
pub(crate) struct Brisk {
    pub(crate) address: SocketAddr,
    pub(crate) stored: Stored,
    pub(crate) injector: Injector,
    stopper: Stopper,
    serving: Option<JoinHandle<Stopped>>,
}

impl Brisk {
    /// Whose store takes [`WORK`] for this.
    pub(crate) fn slow_at(request: Request) -> Self {
        let brisk = Self::start();
        brisk.injector.inject(Rule::new(request, Fault::Latency(WORK)));
        brisk
    }

    pub(crate) fn start() -> Self {
        let injector = Injector::before(Rgw::shared().endpoint());
        let bucket = Rgw::shared().new_bucket();
        let store = CosStore::connect(store_options(&bucket, &injector)).expect("a store");
        let password = Password::parse(PASSWORD).expect("a password");
        let account = Account::new(USER, password, Permission::ReadWrite, Arc::new(store));
        let session = SessionOptions {
            reply_timeout: Duration::from_secs(4),
            sign_of_life: SIGN_OF_LIFE,
            preserve_mtime: true,
            ..SessionOptions::default()
        };
        let options = ServerOptions {
            listen_addresses: vec![[127, 0, 0, 1].into()],
            listen_port: 0,
            passive_ports: 40000..=59999,
            abort_unfinished_after: None,
            session,
            ..ServerOptions::default()
        };
        let server = Server::bind(options, Users::new([account], 1)).expect("a port");
        let (address, stopper) = (server.local_addrs()[0], server.stopper());
        let serving = Some(thread::spawn(|| server.run().expect("threads")));
        Self { address, stored: Stored::Bucket(bucket), injector, stopper, serving }
    }

    pub(crate) fn login(&self) -> Ftp {
        let mut ftp = Ftp::connect_to(self.address);
        ftp.log_in();
        ftp
    }

    /// Asks it to stop, and waits for the end.
    pub(crate) fn stop(&mut self) {
        self.stopper.stop();
        let stopped = self.serving.take().map(JoinHandle::join);
        assert!(stopped.is_none_or(|stopped| stopped.is_ok()));
    }
}

impl Drop for Brisk {
    fn drop(&mut self) {
        self.injector.heal();
        self.stopper.stop();
    }
}

fn store_options(bucket: &str, injector: &Injector) -> CosOptions {
    let credentials = CredentialSource::told(access_key(), secret_key());
    CosOptions {
        scheme: Scheme::Http,
        metadata_cache: Duration::ZERO,
        preserve_mtime: true,
        ..CosOptions::new(bucket, injector.endpoint(), credentials)
    }
}
