//! The store of one account section: bucket, endpoint, addressing, credentials.

use std::path::PathBuf;
use std::time::Duration;

use crate::limits;
use crate::store::cos::{AddressingStyle, CosOptions, Scheme, Timeouts, VerifyUploads};
use crate::store::local::LocalOptions;

use super::credentials::{self, EnvironmentKeys};
use super::endpoint::{self, Endpoint};
use super::files::Content;
use super::keys::SectionKind;
use super::report::Report;
use super::section::Section;
use super::settings::StoreSettings;
use super::values;

/// The region in the signature for stores that have none.
const NO_REGION: &str = "us-east-1";

/// What `[OPTIONAL]` and the environment say for all buckets.
#[derive(Clone, Debug)]
pub(super) struct ForAllBuckets {
    pub(super) environment: EnvironmentKeys,
    pub(super) verify: VerifyUploads,
    pub(super) metadata_cache: Duration,
    pub(super) preserve_mtime: bool,
    pub(super) timeouts: Timeouts,
}

/// Host and optional port of an endpoint, with its scheme if it names one.
type Host = (Option<Scheme>, String);

/// The store of an account section, whichever form.
pub(super) fn read(
    section: &Section,
    all: &ForAllBuckets,
    report: &mut Report,
) -> Option<StoreSettings> {
    let endpoint = section.get("cos_endpoint", report, endpoint::parse);
    let prefix = section.get_or("cos_prefix", String::new(), report, values::prefix);
    let host = match endpoint {
        // Whatever else the section says of a bucket is not looked at: a sample of which nothing
        // but the endpoint was filled in works.
        Some(Endpoint::Directory(root)) => {
            return Some(StoreSettings::Local(LocalOptions { root: root.join(prefix) }));
        }
        Some(Endpoint::Host { scheme, authority }) => Some((scheme, authority)),
        None => None,
    };
    read_bucket(section, all, host, prefix, report).map(StoreSettings::Cos)
}

/// `host`: what `cos_endpoint` names, if it is there and good.
fn read_bucket(
    section: &Section,
    all: &ForAllBuckets,
    host: Option<Host>,
    prefix: String,
    report: &mut Report,
) -> Option<CosOptions> {
    let has_endpoint = section.has("cos_endpoint");
    let ca_file = ca_file(section, report);
    let credentials = credentials::read(section, &all.environment, report);
    let region = if has_endpoint {
        section.get("cos_region", report, region)
    } else {
        section.require("cos_region", report, region)
    };
    if !has_endpoint && region.as_ref().is_some_and(|region| !region.contains('-')) {
        let text = "no region of COS is called so: their names are like ap-guangzhou";
        report.warning(section.place("cos_region"), text);
    }
    let (named_scheme, authority) = match (host, &region) {
        (Some((scheme, authority)), _) => (scheme, Some(authority)),
        (None, Some(region)) if !has_endpoint => (None, Some(endpoint::of_region(region))),
        (None, _) => (None, None),
    };
    let bucket = bucket(section, authority.as_deref(), report);
    let scheme = scheme(section, named_scheme, report);
    let range = limits::COS_MIN_PART_BYTES..=limits::MAX_PART_BYTES;
    let min_part = section.get("store_min_part", report, |text| {
        values::size(text).filter(|size| range.contains(size))
    });
    // Even where the endpoint is bad, a bad style is told.
    let style = section.get("addressing_style", report, values::addressing).flatten();

    let (bucket, authority) = (bucket?, authority?);
    let (authority, style) = place_bucket(authority, &bucket, style);
    if style == AddressingStyle::Virtual && endpoint::is_address(&authority) {
        let text = "a bucket's name cannot stand before an IP address; path or auto is accepted";
        report.problem(section.place("addressing_style"), text);
    }
    Some(CosOptions {
        region: region
            .or_else(|| endpoint::region_of(&authority).map(str::to_owned))
            .unwrap_or_else(|| NO_REGION.to_owned()),
        scheme,
        addressing: style,
        prefix,
        ca_file,
        credentials: credentials?,
        verify: all.verify,
        min_part: min_part.unwrap_or_else(|| endpoint::usual_min_part(&authority)),
        idle_connections: limits::IDLE_STORE_CONNECTIONS,
        metadata_cache: all.metadata_cache,
        preserve_mtime: all.preserve_mtime,
        timeouts: all.timeouts,
        bucket,
        endpoint: authority,
    })
}

/// An endpoint may have been copied from the console with the bucket in front: it is taken off,
/// and shows where the bucket's name belongs.
fn place_bucket(
    authority: String,
    bucket: &str,
    style: Option<AddressingStyle>,
) -> (String, AddressingStyle) {
    let bare = authority
        .strip_prefix(&bucket.to_ascii_lowercase())
        .and_then(|rest| rest.strip_prefix('.'))
        .map(str::to_owned);
    match bare {
        Some(bare) => (bare, style.unwrap_or(AddressingStyle::Virtual)),
        None => {
            let style = style.unwrap_or_else(|| endpoint::usual_addressing(&authority));
            (authority, style)
        }
    }
}

fn region(text: &str) -> Option<String> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    fits.then(|| text.to_owned())
}

/// The scheme the endpoint names, or `cos_protocol`; both only if they agree.
fn scheme(section: &Section, named: Option<Scheme>, report: &mut Report) -> Scheme {
    let protocol = section.get("cos_protocol", report, values::scheme);
    if let (Some(named), Some(protocol)) = (named, protocol)
        && named != protocol
    {
        let text = "contradicts the scheme of cos_endpoint; give only one of them";
        report.problem(section.place("cos_protocol"), text);
    }
    named.or(protocol).unwrap_or(Scheme::Https)
}

/// The file of certificate authorities.
fn ca_file(section: &Section, report: &mut Report) -> Option<PathBuf> {
    let path = section.get("cos_ca_file", report, values::absolute_path)?;
    report.names_file(section.place("cos_ca_file"), &path, Content::Authorities);
    Some(path)
}

/// The full bucket name. `authority` is the endpoint, where it is known.
fn bucket(section: &Section, authority: Option<&str>, report: &mut Report) -> Option<String> {
    let name = section.require("cos_bucket", report, bucket_name);
    let appid = section.get("cos_appid", report, |text| {
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.to_owned())
    });
    let name = name?;
    let full = match appid {
        Some(appid) if !name.ends_with(&format!("-{appid}")) => format!("{name}-{appid}"),
        _ => name,
    };
    let has_appid = full
        .rsplit_once('-')
        .is_some_and(|(_, id)| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
    // A bad appid was told of already.
    if authority.is_some_and(endpoint::is_cos) && !has_appid && !section.has("cos_appid") {
        let text = match section.kind {
            SectionKind::CosAccount => "on COS the key cos_appid is required beside this name",
            _ => "on COS a bucket's full name ends in -APPID, such as name-1250000000",
        };
        report.problem(section.place("cos_bucket"), text);
        return None;
    }
    Some(full)
}

fn bucket_name(text: &str) -> Option<String> {
    let fits = text.len() <= 255
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    fits.then(|| text.to_owned())
}
