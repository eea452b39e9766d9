//! The options of each layer by default: what the table of keys says where a file says nothing, on
//! a machine that does not tell what memory it has. They stand here because the values stand in
//! the table; no layer below asks for them but in its tests.

use std::path::Path;

use crate::access::AccessOptions;
use crate::net::Balancers;
use crate::server::ServerOptions;
use crate::session::SessionOptions;
use crate::store::cos::{CosOptions, CredentialSource, Timeouts};
use crate::transfer::TransferOptions;

use super::bucket::usual_region;
use super::endpoint;
use super::general::{GeneralSections, Settled};
use super::machine::MachineFacts;
use super::report::ConfigReport;

fn settled() -> Settled {
    let mut nothing_wrong = ConfigReport::new(Path::new(""));
    let general = GeneralSections::take(&mut Vec::new());
    general.read(&MachineFacts::default(), &mut nothing_wrong)
}

impl Default for ServerOptions {
    fn default() -> Self {
        settled().server
    }
}

impl Default for SessionOptions {
    fn default() -> Self {
        ServerOptions::default().session
    }
}

impl Default for TransferOptions {
    fn default() -> Self {
        SessionOptions::default().transfer
    }
}

impl Default for AccessOptions {
    fn default() -> Self {
        ServerOptions::default().access
    }
}

impl Default for Balancers {
    fn default() -> Self {
        SessionOptions::default().balancers
    }
}

impl CosOptions {
    /// The bucket `bucket` at `endpoint`, with all else as where a file says no more of it.
    pub fn new(
        bucket: impl Into<String>,
        endpoint: impl Into<String>,
        credentials: CredentialSource,
    ) -> Self {
        let endpoint = endpoint.into();
        Self {
            bucket: bucket.into(),
            region: usual_region(&endpoint),
            addressing: endpoint::usual_addressing(&endpoint),
            credentials,
            min_part: endpoint::usual_min_part(&endpoint),
            endpoint,
            ..settled().buckets.options
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        settled().buckets.options.timeouts
    }
}
