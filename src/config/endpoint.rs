//! Where a bucket is: the forms of `cos_endpoint`, and what an endpoint tells.

use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;

use crate::limits;
use crate::store::cos::{AddressingStyle, DownloadDomain, Scheme, is_cos};

use super::values;

/// A parsed `cos_endpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A store that speaks S3.
    Host {
        /// The scheme, if the endpoint names one.
        scheme: Option<Scheme>,
        /// Host and optional port.
        authority: String,
    },
    /// `file:///dir`
    Directory(PathBuf),
}

/// Parses a `cos_endpoint`.
pub(super) fn parse(text: &str) -> Option<Endpoint> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
            return rest.starts_with('/').then(|| Endpoint::Directory(rest.into()));
        }
        Some((scheme, rest)) => (Some(scheme_of(scheme)?), rest),
        None => (None, text),
    };
    let authority = rest.trim_end_matches('/').to_ascii_lowercase();
    is_authority(&authority).then_some(Endpoint::Host { scheme, authority })
}

/// What is wrong with an endpoint that was meant to be a directory, or that has a bucket behind it.
pub(super) fn blame(text: &str) -> Option<String> {
    if text.starts_with('/') {
        return Some(format!("{text} is a path: as a directory to serve, write file://{text}"));
    }
    let is_file = text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
    (is_file || text.starts_with(['.', '~']))
        .then(|| {
            format!("{text} is no whole path: a directory to serve is written file:///srv/ftp")
        })
        .or_else(|| blame_path(text))
}

/// What is wrong with an endpoint that would be right without its path.
fn blame_path(text: &str) -> Option<String> {
    let host_at = text.find("://").map_or(0, |at| at + 3);
    let path_at = host_at + text[host_at..].find('/')?;
    let (endpoint, path) = text.split_at(path_at);
    matches!(parse(endpoint), Some(Endpoint::Host { .. })).then(|| {
        format!(
            "leave out {path} behind the host: a bucket's name belongs into cos_bucket, and a \
             directory in it into cos_prefix"
        )
    })
}

fn scheme_of(text: &str) -> Option<Scheme> {
    match text.to_ascii_lowercase().as_str() {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        _ => None,
    }
}

/// Parses a `cos_metadata_endpoint`: scheme and host.
pub(super) fn of_metadata(text: &str) -> Option<String> {
    let Endpoint::Host { scheme, authority } = parse(text)? else { return None };
    let scheme = match scheme {
        None | Some(Scheme::Http) => "http",
        Some(Scheme::Https) => "https",
    };
    Some(format!("{scheme}://{authority}"))
}

/// Parses a `cos_download_domain`: a host, with https unless it says http.
pub(super) fn of_downloads(text: &str) -> Option<DownloadDomain> {
    let Endpoint::Host { scheme, authority } = parse(text)? else { return None };
    Some(DownloadDomain { scheme: scheme.unwrap_or(Scheme::Https), authority })
}

/// `cos_backup_endpoint`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BackupEndpoint {
    /// COS's other domain.
    OtherDomain,
    /// This host.
    Host(String),
}

/// Parses a `cos_backup_endpoint`: `auto`, or a host.
pub(super) fn of_backup(text: &str) -> Option<BackupEndpoint> {
    if text.eq_ignore_ascii_case("auto") {
        return Some(BackupEndpoint::OtherDomain);
    }
    match parse(text)? {
        Endpoint::Host { scheme: None, authority } => Some(BackupEndpoint::Host(authority)),
        _ => None,
    }
}

/// The same endpoint under COS's newer domain; `None` where it is not one of the older.
pub(super) fn in_other_domain(authority: &str) -> Option<String> {
    region_of(authority)?;
    let (before, port) = authority.split_once(".myqcloud.com")?;
    (port.is_empty() || port.starts_with(':')).then(|| format!("{before}.tencentcos.cn{port}"))
}

/// `cos_accelerate`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Acceleration {
    /// Everything goes to the endpoint.
    #[default]
    Off,
    /// COS's usual domain.
    Usual,
    /// This host.
    Host(String),
}

impl From<bool> for Acceleration {
    fn from(is_on: bool) -> Self {
        if is_on { Self::Usual } else { Self::Off }
    }
}

/// Parses a `cos_accelerate` that is a host. One word alone is none: it may be a misspelt `on`.
pub(super) fn of_acceleration(text: &str) -> Option<Acceleration> {
    match parse(text)? {
        Endpoint::Host { scheme: None, authority } if authority.contains(['.', ':']) => {
            Some(Acceleration::Host(authority))
        }
        _ => None,
    }
}

/// COS's usual host of global acceleration.
pub(super) const ACCELERATION: &str = "cos.accelerate.myqcloud.com";

/// The public endpoint of a region of COS.
pub(super) fn of_region(region: &str) -> String {
    format!("cos.{region}.myqcloud.com")
}

/// What names of COS's regions begin with.
const CONTINENTS: [&str; 6] = ["af", "ap", "eu", "me", "na", "sa"];

/// Whether `region` has the form of the names that COS gives its regions, such as `ap-guangzhou`
/// and `ap-shanghai-fsi`.
pub fn is_like_region_of_cos(region: &str) -> bool {
    let Some((continent, place)) = region.split_once('-') else { return false };
    let is_word = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    CONTINENTS.contains(&continent)
        && place.starts_with(|c: char| c.is_ascii_lowercase())
        && place.split('-').all(|word| !word.is_empty() && is_word(word))
}

/// The region in an endpoint of COS: `cos.<region>.…`. None in a global one.
pub(super) fn region_of(authority: &str) -> Option<&str> {
    let labels: Vec<&str> = host_of(authority).split('.').collect();
    match labels[..] {
        ["cos" | "cos-internal", region, ..] if is_cos(authority) && region != "accelerate" => {
            Some(region)
        }
        _ => None,
    }
}

/// Whether it is COS's global acceleration, which serves transfers and nothing else.
pub(super) fn is_acceleration(authority: &str) -> bool {
    let mut labels = host_of(authority).split('.');
    is_cos(authority)
        && matches!(labels.next(), Some("cos" | "cos-internal"))
        && labels.next() == Some("accelerate")
}

/// Where the bucket's name goes if nobody says it: COS wants it in the host name.
pub(super) fn usual_addressing(authority: &str) -> AddressingStyle {
    if is_cos(authority) { AddressingStyle::Virtual } else { AddressingStyle::Path }
}

/// The smallest part the store takes if nobody says it.
pub(super) fn usual_min_part(authority: &str) -> u64 {
    if is_cos(authority) { limits::COS_MIN_PART_BYTES } else { limits::S3_MIN_PART_BYTES }
}

/// Whether the host is an address, before which no bucket's name can stand.
pub(super) fn is_address(authority: &str) -> bool {
    host_of(authority).trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// The host, without a port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    }
}

fn is_authority(authority: &str) -> bool {
    let host = host_of(authority);
    let port = authority[host.len()..].strip_prefix(':');
    let port_fits = port.is_none_or(|port| values::number(port, &(1..=u16::MAX)).is_some());
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_fits = match in_brackets {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => values::host_name(host),
    };
    port_fits && host_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acceleration_is_known() {
        for (authority, expected) in [
            ("cos.accelerate.myqcloud.com", true),
            ("cos.accelerate.tencentcos.cn:443", true),
            ("cos-internal.accelerate.tencentcos.cn", true),
            ("cos.ap-guangzhou.myqcloud.com", false),
            ("cos.accelerate.example.com", false),
        ] {
            assert_eq!(is_acceleration(authority), expected, "{authority}");
        }
    }

    #[test]
    fn endpoints() {
        let host = |scheme, authority: &str| {
            Some(Endpoint::Host { scheme, authority: authority.to_owned() })
        };
        for (text, expected) in [
            ("cos.ap-x.tencentcos.cn", host(None, "cos.ap-x.tencentcos.cn")),
            ("COS.ap-x.MyQCloud.com", host(None, "cos.ap-x.myqcloud.com")),
            ("127.0.0.1:9000", host(None, "127.0.0.1:9000")),
            ("http://127.0.0.1:9000", host(Some(Scheme::Http), "127.0.0.1:9000")),
            ("https://s3.example.com/", host(Some(Scheme::Https), "s3.example.com")),
            ("HTTP://[::1]:9000", host(Some(Scheme::Http), "[::1]:9000")),
            ("[::1]", host(None, "[::1]")),
            ("file:///srv/ftp", Some(Endpoint::Directory("/srv/ftp".into()))),
            ("file:///数据", Some(Endpoint::Directory("/数据".into()))),
            ("file://srv/ftp", None),
            ("file:/srv/ftp", None),
            ("ftp://host", None),
            ("http://", None),
            ("http://host/bucket", None),
            ("http://user@host", None),
            ("host:0", None),
            ("host:99999", None),
            ("host:", None),
            ("::1", None),
            ("[::1", None),
            ("a b", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_an_endpoint_tells() {
        for (authority, region, cos, address) in [
            ("cos.ap-beijing.myqcloud.com", Some("ap-beijing"), true, false),
            ("cos-internal.ap-beijing.tencentcos.cn:443", Some("ap-beijing"), true, false),
            ("cos.accelerate.myqcloud.com", None, true, false),
            ("notmyqcloud.com", None, false, false),
            ("cos.ap-beijing.example.com", None, false, false),
            ("127.0.0.1:9000", None, false, true),
            ("[::1]", None, false, true),
        ] {
            assert_eq!(region_of(authority), region, "{authority}");
            assert_eq!(is_cos(authority), cos, "{authority}");
            assert_eq!(is_address(authority), address, "{authority}");
        }
    }
}
