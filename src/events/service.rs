//! `url`: an HTTP service that gets each event by POST.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use ureq::Agent;
use ureq::unversioned::transport::DefaultConnector;

use super::not_taken::NotTaken;
use super::record::Event;
use crate::addresses::{Addresses, RememberingResolver};
use crate::limits;
use crate::secret::Secret;

/// The header with the signature: `sha256=` and the HMAC of the body in hexadecimal digits.
const SIGNATURE: &str = "X-Event-Signature";

/// The header with the event's id.
const ID: &str = "X-Event-Id";

/// A service, and the connections to it.
pub(super) struct EventService {
    url: String,
    secret: Option<Secret>,
    agent: Agent,
    addresses: Addresses,
}

impl EventService {
    /// The one at `url`, which may take `timeout` for each event and gets `workers` of them at
    /// once.
    ///
    /// # Errors
    /// When the file of the secret cannot be read.
    pub(super) fn new(
        url: &str,
        secret_file: Option<&Path>,
        timeout: Duration,
        workers: usize,
    ) -> io::Result<Self> {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            // Events go where the configuration says and nowhere else.
            .proxy(None)
            .user_agent("cos-ftp-server")
            .max_idle_connections(workers)
            .max_idle_connections_per_host(workers)
            .build();
        let addresses = Addresses::default();
        let resolver = RememberingResolver::new(addresses.clone());
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        let secret = secret_file.map(read_event_secret).transpose()?;
        Ok(Self { url: url.to_owned(), secret, agent, addresses })
    }

    /// Sends `event`.
    ///
    /// # Errors
    /// When it is not answered with a status from 200 to 299.
    pub(super) fn tell(&self, event: &Event) -> Result<(), NotTaken> {
        let body = event.to_json();
        let mut request = self.agent.post(&self.url);
        request = request.content_type("application/json").header(ID, &event.id);
        if let Some(secret) = &self.secret {
            request = request.header(SIGNATURE, signature(secret, &body));
        }
        let mut answer = request.send(&body[..]).map_err(|error| {
            self.addresses.doubt();
            NotTaken::because(error)
        })?;
        let status = answer.status();
        // Read to its end, so that the connection serves again.
        let read = answer.body_mut().with_config().limit(limits::EVENT_ANSWER_BYTES).read_to_vec();
        if !status.is_success() {
            return Err(NotTaken::because(format!("HTTP status {status}")));
        }
        // Who has said that it has the event has it, whatever it says then.
        read.map(drop).or_else(|error| {
            log::debug!("events: {error}");
            Ok(())
        })
    }
}

/// The secret in the file at `path`: its content without the end of its line.
///
/// # Errors
/// When it cannot be read, or is empty.
pub fn read_event_secret(path: &Path) -> io::Result<Secret> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(named)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(io::Error::other(format!("{}: it is empty", path.display())));
    }
    Ok(Secret::new(secret.to_owned()))
}

fn signature(secret: &Secret, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(body);
    let mut text = "sha256=".to_owned();
    for byte in mac.finalize().into_bytes() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn a_signature_is_the_hmac_of_the_body() {
        let secret = Secret::new("Jefe".to_owned());
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature(&secret, b"what do ya want for nothing?"), expected);
    }
}
