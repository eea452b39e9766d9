//! The domains of one bucket, and which of them a try of a request goes to.

use super::dialect::is_cos;
use super::http::Connections;
use super::http::authorities::Authorities;
use super::request::Address;
use crate::store::Operation;
use crate::store::cos::options::CosOptions;

/// Tries in a row without an answer of the store after which the next ones go to the other domain,
/// and so many again after which they come back. The first may only have met a stale connection.
const UNANSWERED: u32 = 2;

/// All domains that lead to one bucket.
#[derive(Debug)]
pub(super) struct Domains {
    /// The endpoint's.
    pub(super) endpoint: Address,
    /// `cos_download_domain`
    downloads: Option<Domain>,
    /// `cos_accelerate`
    acceleration: Option<Domain>,
    /// `cos_backup_endpoint`
    backup: Option<Domain>,
}

/// One beside the endpoint's, with connections of its own.
#[derive(Debug)]
pub(super) struct Domain {
    pub(super) address: Address,
    pub(super) connections: Connections,
}

impl Domains {
    /// Those that `options` name.
    pub(super) fn of(options: &CosOptions, authorities: &Authorities) -> Self {
        let domain = |address, tells_way| Domain {
            address,
            connections: Connections::new(options.idle_connections, authorities, tells_way),
        };
        let other = |endpoint: &Option<String>| {
            let endpoint = endpoint.clone()?;
            let tells_way = is_cos(&endpoint);
            Some(domain(Address::new(&CosOptions { endpoint, ..options.clone() }), tells_way))
        };
        let own = |address| domain(address, false);
        Self {
            endpoint: Address::new(options),
            downloads: options.download_domain.as_ref().map(Address::of_downloads).map(own),
            acceleration: other(&options.acceleration),
            backup: other(&options.backup_endpoint),
        }
    }

    /// Where a try goes that follows so many `unanswered` ones; `None` for the endpoint.
    pub(super) fn other_for(&self, operation: Operation, unanswered: u32) -> Option<&Domain> {
        let is_away = unanswered / UNANSWERED % 2 == 1;
        let usual = match operation {
            Operation::GetObject => self.downloads.as_ref().or(self.acceleration.as_ref()),
            // What carries bytes. The other operations are not all served there.
            Operation::PutObject | Operation::UploadPart => self.acceleration.as_ref(),
            _ => None,
        };
        usual.or(self.backup.as_ref().filter(|_| is_away))
    }
}
