//! The store of one account section: bucket, endpoint, addressing, credentials.

use crate::store::cos::{AddressingStyle, ArchivePolicy, CosOptions, Scheme, is_cos};
use crate::store::local::LocalOptions;
use crate::users::HomePattern;

use super::credentials::{self, EnvironmentKeys};
use super::endpoint::{self, Acceleration, BackupEndpoint, Endpoint};
use super::forms::{BucketForm, BucketTerms, PlaceForm};
use super::keys::SectionKind;
use super::objects;
use super::overrides::FilesForm;
use super::report::{ConfigReport, Content};
use super::section::Section;
use super::settings::StoreSettings;

/// The region in the signature for stores that have none.
const NO_REGION: &str = "us-east-1";

/// What the general sections and the environment say for all buckets and accounts.
#[derive(Clone, Debug)]
pub(super) struct ForAllBuckets {
    pub(super) environment: EnvironmentKeys,
    pub(super) terms: BucketTerms,
    pub(super) files: FilesForm,
    pub(super) preserve_mtime: bool,
    /// What becomes of files that a section names and that are part of the configuration.
    pub(super) includes: Includes,
}

/// What becomes of files that are part of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Includes {
    /// They are read.
    Read,
    /// They are left alone.
    LeftAlone,
}

/// The store of a section, and where in it each user is.
#[derive(Debug)]
pub(super) struct SharedStore {
    pub(super) settings: StoreSettings,
    pub(super) homes: HomePattern,
}

/// The store of an account section, whichever form.
pub(super) fn read(
    section: &Section,
    all: &ForAllBuckets,
    report: &mut ConfigReport,
) -> Option<SharedStore> {
    let mut place = PlaceForm::default();
    section.read(&mut place, report);
    let (common, homes) = HomePattern::split(&place.prefix);
    place.prefix = common.to_owned();
    let settings = read_place(place, section, all, report)?;
    Some(SharedStore { settings, homes })
}

/// Who names a bucket beside a directory may think that it is used.
fn warn_of_bucket(section: &Section, report: &mut ConfigReport) {
    if section.has_own("cos_bucket") {
        report.warning(
            section.place("cos_bucket"),
            "has no effect beside cos_endpoint = file://, which stores files in a directory: take \
             that line out to have them in the bucket",
        );
    }
}

/// COS may have new regions, and may name them in another way.
fn warn_of_region(region: &str, section: &Section, report: &mut ConfigReport) {
    if !endpoint::is_like_region_of_cos(region) {
        let text = "COS may have no such region: regions have names like ap-guangzhou";
        report.warning(section.place("cos_region"), text);
    }
}

fn read_place(
    place: PlaceForm,
    section: &Section,
    all: &ForAllBuckets,
    report: &mut ConfigReport,
) -> Option<StoreSettings> {
    match place.endpoint {
        // Whatever else the section says of a bucket is not looked at: a sample of which nothing
        // but the endpoint was filled in works.
        Some(Endpoint::Directory(root)) => {
            let root = match place.prefix.as_str() {
                "" => root,
                prefix => root.join(prefix),
            };
            objects::warn_of_directory(section, report);
            warn_of_bucket(section, report);
            Some(StoreSettings::Local(LocalOptions { root }))
        }
        _ => read_bucket(section, all, place, report).map(StoreSettings::Cos),
    }
}

/// Reports what is wrong with what stands beside a `cos_endpoint` that is not understood, and
/// nothing that only follows from that: it may have been meant as a directory, which needs neither
/// bucket nor key pair.
fn read_beside_bad_endpoint(section: &Section, all: &ForAllBuckets, report: &mut ConfigReport) {
    if credentials::are_told(section) {
        let _ = credentials::read(section, &all.environment, report);
    }
    section.read_told(&mut BucketForm::default(), report);
}

fn read_bucket(
    section: &Section,
    all: &ForAllBuckets,
    place: PlaceForm,
    report: &mut ConfigReport,
) -> Option<CosOptions> {
    let has_endpoint = section.has("cos_endpoint");
    if has_endpoint && place.endpoint.is_none() {
        read_beside_bad_endpoint(section, all, report);
        return None;
    }
    let credentials = credentials::read(section, &all.environment, report);
    if !has_endpoint {
        section.require("cos_region", report);
    }
    let mut form = BucketForm::default();
    section.read(&mut form, report);
    if let Some(path) = &form.ca_file {
        report.names_file(section.place("cos_ca_file"), path, Content::Authorities);
    }
    let region = &form.region;
    if let Some(region) = region.as_ref().filter(|_| !has_endpoint) {
        warn_of_region(region, section, report);
    }
    let (named_scheme, authority) = match (place.endpoint, region) {
        (Some(Endpoint::Host { scheme, authority }), _) => (scheme, Some(authority)),
        (_, Some(region)) if !has_endpoint => (None, Some(endpoint::of_region(region))),
        _ => (None, None),
    };
    let bucket = full_name(&form, section, authority.as_deref(), report);
    let scheme = scheme(&form, named_scheme, section, report);

    let (bucket, authority) = (bucket?, authority?);
    let (authority, style) = place_bucket(authority, &bucket, form.addressing);
    if style == AddressingStyle::Virtual && endpoint::is_address(&authority) {
        let text = "a bucket's name cannot be put before an IP address; accepted is path or auto";
        report.problem(section.place("addressing_style"), text);
    }
    if endpoint::is_acceleration(&authority) {
        let text = "is the domain of global acceleration, which serves transfers only: nothing can \
            be listed, copied or deleted there; leave the line out and set cos_region, or name \
            cos.REGION.myqcloud.com";
        report.problem(section.place("cos_endpoint"), text);
        // Other domains would not fit that one.
        return None;
    }
    let acceleration = acceleration(&form, &bucket, &authority, section, report);
    let backup_endpoint = backup_endpoint(&form, &authority, section, report);
    Some(CosOptions {
        region: form.region.unwrap_or_else(|| usual_region(&authority)),
        scheme,
        addressing: style,
        download_domain: form.download_domain,
        acceleration,
        backup_endpoint,
        arch: form.arch,
        prefix: place.prefix,
        ca_file: form.ca_file,
        credentials: credentials?,
        min_part: form.min_part.unwrap_or_else(|| endpoint::usual_min_part(&authority)),
        preserve_mtime: all.preserve_mtime,
        objects: form.objects.settle(&all.terms.objects),
        archive: archive(&all.terms),
        bucket,
        endpoint: authority,
        ..all.terms.options.clone()
    })
}

/// The domain of acceleration beside the endpoint `authority`.
fn acceleration(
    form: &BucketForm,
    bucket: &str,
    authority: &str,
    section: &Section,
    report: &mut ConfigReport,
) -> Option<String> {
    let host = match &form.acceleration {
        Acceleration::Off => return None,
        Acceleration::Usual => endpoint::ACCELERATION,
        Acceleration::Host(host) => host,
    };
    if form.acceleration == Acceleration::Usual && endpoint::region_of(authority).is_none() {
        let text = "on is for an endpoint of COS in its region: set cos_region, or name \
                    cos.REGION.myqcloud.com in cos_endpoint; with another store, name the host of \
                    its acceleration here";
        report.problem(section.place("cos_accelerate"), text);
    }
    // Below the bucket's name in host and path, objects would be others than at the endpoint.
    if without_bucket(host, bucket).is_some() {
        let text = "leave out the bucket's name before the host: addressing_style = virtual, which \
                    is usual with COS, puts it there";
        report.problem(section.place("cos_accelerate"), text);
    }
    Some(host.to_owned())
}

/// Where a request goes that the endpoint `authority` does not answer.
fn backup_endpoint(
    form: &BucketForm,
    authority: &str,
    section: &Section,
    report: &mut ConfigReport,
) -> Option<String> {
    match form.backup.as_ref()? {
        BackupEndpoint::Host(host) => Some(host.clone()),
        BackupEndpoint::OtherDomain => endpoint::in_other_domain(authority).or_else(|| {
            let text = "auto is for cos.REGION.myqcloud.com, which has another domain; name the \
                        host here";
            report.problem(section.place("cos_backup_endpoint"), text);
            None
        }),
    }
}

fn archive(terms: &BucketTerms) -> ArchivePolicy {
    match terms.restores_archived {
        true => ArchivePolicy::Restore(terms.restore),
        false => ArchivePolicy::Refuse,
    }
}

/// The region in the signature if nobody says it.
pub(super) fn usual_region(authority: &str) -> String {
    endpoint::region_of(authority).unwrap_or(NO_REGION).to_owned()
}

/// The host behind the bucket's name; `None` if that does not stand before it.
fn without_bucket<'a>(authority: &'a str, bucket: &str) -> Option<&'a str> {
    authority.strip_prefix(&bucket.to_ascii_lowercase())?.strip_prefix('.')
}

/// An endpoint may have been copied from the console with the bucket in front: it is taken off,
/// and shows where the bucket's name belongs.
fn place_bucket(
    authority: String,
    bucket: &str,
    style: Option<AddressingStyle>,
) -> (String, AddressingStyle) {
    match without_bucket(&authority, bucket) {
        Some(bare) => (bare.to_owned(), style.unwrap_or(AddressingStyle::Virtual)),
        None => {
            let style = style.unwrap_or_else(|| endpoint::usual_addressing(&authority));
            (authority, style)
        }
    }
}

/// The scheme the endpoint names, or `cos_protocol`; both only if they agree.
fn scheme(
    form: &BucketForm,
    named: Option<Scheme>,
    section: &Section,
    report: &mut ConfigReport,
) -> Scheme {
    if let (Some(named), Some(told)) = (named, form.told_protocol)
        && named != told
    {
        let text = "contradicts the scheme of cos_endpoint; give only one of them";
        report.problem(section.place("cos_protocol"), text);
    }
    named.or(form.protocol).unwrap_or(Scheme::Https)
}

/// The full bucket name. `authority` is the endpoint, where it is known.
fn full_name(
    form: &BucketForm,
    section: &Section,
    authority: Option<&str>,
    report: &mut ConfigReport,
) -> Option<String> {
    let name = form.bucket.clone()?;
    let full = match &form.appid {
        Some(appid) if !name.ends_with(&format!("-{appid}")) => format!("{name}-{appid}"),
        _ => name,
    };
    let has_appid = full
        .rsplit_once('-')
        .is_some_and(|(_, id)| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
    // A bad appid was told of already.
    if authority.is_some_and(is_cos) && !has_appid && !section.has("cos_appid") {
        let text = match section.kind {
            SectionKind::CosAccount => "on COS the key cos_appid is required beside this name",
            _ => "on COS a bucket's full name ends in -APPID, such as name-1250000000",
        };
        report.problem(section.place("cos_bucket"), text);
        return None;
    }
    Some(full)
}
