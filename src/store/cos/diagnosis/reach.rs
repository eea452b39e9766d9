//! Whether the store can be reached at all: its name, a connection, an answer, its clock.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use url::Url;

use super::examination::Examination;
use super::trial::{Fault, Trial, TrialVerdict};
use crate::store::cos::s3::answer::Headers;
use crate::store::cos::s3::dialect::Dialect;
use crate::store::cos::s3::failure::refusal_of_tls;
use crate::store::{StoreError, is_private_address};

/// How far clocks may be apart: COS and S3 refuse signatures beyond it. Below it, the server takes
/// the store's time where that matters.
const MAX_SKEW: Duration = Duration::from_secs(15 * 60);

/// How many addresses of a name are shown.
const SHOWN_ADDRESSES: usize = 4;

/// What the store answers to somebody without a key pair; `None` when it does not.
pub(super) fn reach(run: &mut Examination<'_>) -> Option<Headers> {
    let address = run.client.address_of_bucket();
    let url = Url::parse(&address).ok()?;
    let (host, port) = (url.host_str()?.to_owned(), url.port_or_known_default()?);
    let begun = Instant::now();
    let found = resolve(&host, port);
    let (verdict, addresses) = match found {
        Ok(addresses) => (TrialVerdict::Passed(named(&host, &addresses)), addresses),
        Err(error) => {
            let fix = "correct cos_endpoint or cos_region, or this machine's resolver";
            let fault = Fault::new(format!("{host}: {error}"), fix);
            (TrialVerdict::Failed(fault), Vec::new())
        }
    };
    run.tell(Trial::Name, verdict, begun);
    if addresses.is_empty() {
        return None;
    }
    let begun = Instant::now();
    let connected = connect(&addresses, run.client.connect_timeout());
    let is_connected = connected.is_ok();
    let verdict = connected.map_or_else(
        |error| {
            let fix = "allow connections to it in firewalls, or correct cos_endpoint";
            TrialVerdict::Failed(Fault::new(format!("port {port} of {host}: {error}"), fix))
        },
        |address| TrialVerdict::Passed(described(address, run.client.dialect())),
    );
    run.tell(Trial::Connection, verdict, begun);
    if is_connected { greet(run, url.scheme()) } else { None }
}

fn greet(run: &mut Examination<'_>, scheme: &str) -> Option<Headers> {
    let begun = Instant::now();
    match run.client.greet() {
        Ok(headers) => {
            let text = match scheme {
                "https" => "HTTPS, with a valid certificate",
                _ => "HTTP, not encrypted",
            };
            run.tell(Trial::Answer, TrialVerdict::Passed(text.to_owned()), begun);
            compare_clocks(run, &headers);
            Some(headers)
        }
        Err(error) => {
            let fault = match (refusal_of_tls(&error), scheme) {
                (Some((why, fix)), _) => Fault::new(why, fix),
                (None, "https") => Fault::new(
                    error.to_string(),
                    "correct cos_endpoint; a store without TLS needs cos_protocol = http",
                ),
                (None, _) => Fault::new(
                    error.to_string(),
                    "correct cos_endpoint, or set cos_protocol = https",
                ),
            };
            run.tell(Trial::Answer, TrialVerdict::Failed(fault), begun);
            None
        }
    }
}

/// The bucket's region, if the store told one that is not the configured one.
pub(super) fn other_region(run: &Examination<'_>, headers: &Headers) -> Option<String> {
    let told = headers.vendor("bucket-region")?;
    (told != run.client.region()).then(|| told.to_owned())
}

fn compare_clocks(run: &mut Examination<'_>, headers: &Headers) {
    let begun = Instant::now();
    let date = headers.date();
    let verdict = match date.map(|date| (OffsetDateTime::now_utc() - date).unsigned_abs()) {
        None => TrialVerdict::Skipped("the store sends no time".to_owned()),
        Some(apart) if apart > MAX_SKEW => {
            let why =
                format!("this machine's clock differs from the store's by {} s", apart.as_secs());
            TrialVerdict::Failed(Fault::new(why, "set this machine's clock (NTP)"))
        }
        Some(apart) => TrialVerdict::Passed(format!("{} s apart", apart.as_secs())),
    };
    run.tell(Trial::Clock, verdict, begun);
}

fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    // An IPv6 address stands in brackets in a URL.
    let host = host.trim_matches(['[', ']']);
    let addresses: Vec<_> = (host, port).to_socket_addrs()?.collect();
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no address"));
    }
    Ok(addresses)
}

fn named(host: &str, addresses: &[SocketAddr]) -> String {
    let shown: Vec<_> =
        addresses.iter().take(SHOWN_ADDRESSES).map(|address| address.ip().to_string()).collect();
    let more = if addresses.len() > shown.len() { ", …" } else { "" };
    let shown = shown.join(", ");
    if shown == host {
        "an address, not a name".to_owned()
    } else {
        format!("{host} = {shown}{more}")
    }
}

/// The address, and on COS what the way to it costs: that hangs on whether it is private.
fn described(address: SocketAddr, dialect: Dialect) -> String {
    match (dialect, is_private_address(address.ip())) {
        (Dialect::S3, _) => address.to_string(),
        (Dialect::Cos, true) => format!("{address}, a private address: traffic is free"),
        (Dialect::Cos, false) => format!("{address}, a public address: downloads are billed"),
    }
}

/// Connects to the first address that lets us.
fn connect(addresses: &[SocketAddr], timeout: Duration) -> io::Result<SocketAddr> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect_timeout(address, timeout) {
            Ok(_) => return Ok(*address),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What the refusal of the first signed request means for key pair and bucket.
pub(super) fn blame(error: &StoreError) -> Option<(Trial, Fault)> {
    let why = super::trial::brief(error);
    let fault = |fix: &str| Fault::new(why.clone(), fix);
    Some(match error.code.as_deref()? {
        "InvalidAccessKeyId" => {
            (Trial::KeyPair, fault("correct cos_secretid: the store does not know it"))
        }
        "SignatureDoesNotMatch" => (
            Trial::KeyPair,
            fault(
                "correct cos_secretkey: it does not belong to cos_secretid; elsewhere than on COS \
                   it may also be cos_region",
            ),
        ),
        "ExpiredToken" | "InvalidToken" => {
            (Trial::KeyPair, fault("the temporary key pair has expired: get another"))
        }
        "AuthorizationHeaderMalformed" => {
            (Trial::Bucket, fault("correct cos_region: the store expects another one"))
        }
        "NoSuchBucket" | "InvalidBucketName" => (
            Trial::Bucket,
            fault(
                "correct cos_bucket (with -APPID on COS), cos_region or cos_endpoint: there is no \
                 bucket of this name",
            ),
        ),
        "PathStyleDomainForbidden" => (Trial::Bucket, fault("set addressing_style = virtual")),
        "PermanentRedirect" | "TemporaryRedirect" => {
            (Trial::Bucket, fault("correct cos_region or cos_endpoint: the bucket is elsewhere"))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_way_to_cos_costs_is_told_by_its_address() {
        for (address, dialect, expected) in [
            ("10.0.0.1:443", Dialect::Cos, "private"),
            ("169.254.0.47:443", Dialect::Cos, "private"),
            ("100.96.0.1:443", Dialect::Cos, "private"),
            ("100.128.0.1:443", Dialect::Cos, "public"),
            ("203.0.113.1:443", Dialect::Cos, "public"),
            ("[fd00::1]:443", Dialect::Cos, "private"),
            ("10.0.0.1:443", Dialect::S3, "10.0.0.1:443"),
        ] {
            let told = described(address.parse().unwrap(), dialect);
            assert!(told.contains(expected), "{told}");
            assert_eq!(told.contains("address"), dialect == Dialect::Cos, "{told}");
        }
    }
}
