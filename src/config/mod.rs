//! The configuration file: INI text → raw strings → the option structs that each layer defines
//! for itself. Both forms of the replaced tool's `vsftpd.conf` are read unchanged.
//!
//! Stands above everything but `cli`: no layer imports it. Reading a file opens nothing but the
//! file; whether the machine can carry the settings is [`check_machine`]'s question.
//!
//! The way of a file: `text` (bytes to text), `ini` (text to raw strings, by `configparser`),
//! `section` (known keys, whose values the table in `keys` puts into the fields of `forms`), then
//! `general` and `accounts`, which settle what hangs on several keys. All problems are gathered, so
//! that one start tells of every one of them.

mod accounts;
mod bucket;
mod cgroup;
mod changes;
mod comment;
mod credentials;
mod defaults;
mod endpoint;
mod events;
mod files;
mod fitness;
mod foreign;
mod forms;
mod general;
mod ini;
mod keys;
mod logins;
mod machine;
mod mounts;
mod object_values;
mod objects;
mod overrides;
mod parts;
mod report;
mod scan;
mod section;
mod settings;
mod text;
mod tls;
mod users_file;
mod values;
mod within_reach;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub use changes::ConfigMarks;
pub use credentials::EnvironmentKeys;
pub use endpoint::is_like_region_of_cos;
pub use fitness::{Resource, check_machine, check_resource, connections_that_fit};
pub use keys::{ALL_SECTIONS, Applies, KEYS, Key, Nature, SectionKind, WhenAbsent, Words, plain};
pub use machine::MachineFacts;
pub use report::{Finding, FindingKind, Place, Problems};
pub use settings::{
    LogFormat, LogOptions, RotateUnit, Rotation, ServerSettings, StoreSettings, TransferLogOptions,
};
pub use tls::certificate_finding;
pub use users_file::{UserLine, user_lines};

use crate::net::tls::TlsContext;
use bucket::{ForAllBuckets, Includes};
use files::read_file;
use general::{GeneralSections, Settled};
use report::ConfigReport;
use section::Section;
use text::Encoding;

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct LoadedConfig {
    /// What it says.
    pub settings: ServerSettings,
    /// What the operator should know, in the order of the file.
    pub warnings: Vec<Finding>,
}

/// Reads and checks the file at `path`.
///
/// # Errors
/// All problems of the file, or why it cannot be read.
pub fn load(path: &Path) -> Result<LoadedConfig, Problems> {
    let (settings, found) = load_whole(path)?;
    Ok(LoadedConfig { warnings: found?, settings })
}

/// The same for a server that is to start on `machine`: whatever is wrong is told at once, also
/// that the machine cannot carry it, or that the certificate cannot be used.
///
/// # Errors
/// As [`load`], and what does not fit.
pub fn load_for_start(path: &Path, machine: &MachineFacts) -> Result<LoadedConfig, Problems> {
    let (settings, found) = load_whole(path)?;
    let mut all = Problems::default();
    all.take(found);
    all.take(check_machine(&settings, machine));
    let is_of_tls = |problem: &Finding| problem.place.section == SectionKind::Tls.name();
    let is_tls_right = !all.problems.iter().any(is_of_tls);
    if let Some(options) = settings.tls.clone().filter(|_| is_tls_right) {
        let finding = |error| Problems::of(certificate_finding(path, &error));
        all.take(TlsContext::open(options).map(|_| Vec::new()).map_err(finding));
    }
    match all.problems.is_empty() {
        true => Ok(LoadedConfig { warnings: all.warnings, settings }),
        false => Err(all),
    }
}

/// What was found in a file: warnings, if there is nothing worse.
type Found = Result<Vec<Finding>, Problems>;

/// What the file at `path` says, as far as it can be understood, and what was found in it.
fn load_whole(path: &Path) -> Result<(ServerSettings, Found), Problems> {
    let (bytes, mode) = read_file(path)
        .map_err(|error| Problems::of_file(path, format!("cannot be read: {error}")))?;
    let machine = MachineFacts::of_this_machine();
    let environment = EnvironmentKeys::of_this_process();
    let (settings, mut report) = examine(&bytes, path, &machine, &environment, Includes::Read)?;
    report.check_files();
    let found = report.finish().map(|mut warnings| {
        if mode & 0o006 != 0 {
            let text = exposure(&settings);
            warnings.push(Finding::of_exposed(path, Place::default(), path, text));
        }
        warnings.extend(within_reach::find(path, &settings));
        warnings
    });
    Ok((settings, found))
}

/// Where the server that runs by the file at `path` is asked, whatever else is wrong with that.
///
/// # Errors
/// When it cannot be read, or what is wrong may be what says where: another server could be there.
pub fn control_socket_of(path: &Path) -> Result<Option<PathBuf>, Problems> {
    let (settings, found) = load_whole(path)?;
    let says_where = |problem: &Finding| {
        let Place { section, key, .. } = &problem.place;
        key.is_empty() || section.is_empty() || ["control_socket", "log_dir"].contains(&&**key)
    };
    match found {
        Err(problems) if problems.problems.iter().any(says_where) => Err(problems),
        _ => Ok(settings.control_socket),
    }
}

/// Reads and checks the file at `path`, but none of those that it names.
///
/// # Errors
/// All problems of the file, or why it cannot be read.
pub fn load_alone(path: &Path) -> Result<ServerSettings, Problems> {
    let (bytes, _) = read_file(path)
        .map_err(|error| Problems::of_file(path, format!("cannot be read: {error}")))?;
    let environment = EnvironmentKeys::of_this_process();
    let loaded = parse(&bytes, path, &MachineFacts::of_this_machine(), &environment)?;
    Ok(loaded.settings)
}

/// What it means that other users of the machine have access to the file.
fn exposure(settings: &ServerSettings) -> String {
    let mut text =
        "contains secrets, and other users of this machine may read or change it: chmod \
        600 it"
            .to_owned();
    let efforts = settings.accounts.iter().map(|account| account.password.effort());
    let plain = efforts.filter(Option::is_none).count();
    if plain > 0 {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            ". Passwords in plain text: {plain}; cos-ftp-server hash-password makes hashes to put \
             in their place"
        );
    }
    text
}

/// Checks the text of a file. `file_name` is what messages call it; `machine` is
/// asked for its memory, of which `buffer_memory` is a share, and `environment` for the keys of
/// buckets that tell none. Files that the text names are not opened.
///
/// # Errors
/// All problems of the file.
pub fn parse(
    bytes: &[u8],
    file_name: &Path,
    machine: &MachineFacts,
    environment: &EnvironmentKeys,
) -> Result<LoadedConfig, Problems> {
    let (settings, report) = examine(bytes, file_name, machine, environment, Includes::LeftAlone)?;
    Ok(LoadedConfig { warnings: report.finish()?, settings })
}

fn examine(
    bytes: &[u8],
    file_name: &Path,
    machine: &MachineFacts,
    environment: &EnvironmentKeys,
    includes: Includes,
) -> Result<(ServerSettings, ConfigReport), Problems> {
    let not_text = || "the file is neither UTF-8 nor GB18030 text: save it as UTF-8".to_owned();
    let (text, encoding) =
        text::decode(bytes).ok_or_else(|| Problems::of_file(file_name, not_text()))?;
    if foreign::is_of_vsftpd(&text) {
        let text = "this is a configuration of the FTP server vsftpd, which cannot be used here: \
            this server's file has sections, such as [COS_ACCOUNT_0]. cos-ftp-server init writes \
            one; it may be called cos-ftp-server.conf";
        return Err(Problems::of_file(file_name, text.to_owned()));
    }
    let mut report = ConfigReport::new(file_name);
    if encoding == Encoding::Gb18030 {
        let text = "the file is not UTF-8 and was read as GB18030: make sure that names and \
            passwords with Chinese characters are right, or save it as UTF-8";
        report.warning(Place::default(), text);
    }
    let mut sections = section::classify(ini::read(&text, &mut report), &mut report);
    let outside = Outside { machine, environment, includes };
    let settings = settings(&mut sections, file_name, &outside, &mut report);
    Ok((settings, report))
}

/// What beside the file decides what it says.
struct Outside<'a> {
    machine: &'a MachineFacts,
    environment: &'a EnvironmentKeys,
    includes: Includes,
}

fn settings(
    sections: &mut Vec<Section>,
    file: &Path,
    outside: &Outside<'_>,
    report: &mut ConfigReport,
) -> ServerSettings {
    let at_start = section::at_start(sections);
    let mut marks = section::marks(sections);
    let general = GeneralSections::take(sections);
    let Settled {
        mut server,
        tls,
        events,
        buckets,
        files,
        log,
        transfer_log,
        ledger,
        control_socket,
        password_checks,
        config_check,
        mount_rename_limit,
    } = general.read(outside.machine, report);
    let all = ForAllBuckets {
        environment: outside.environment.clone(),
        terms: buckets,
        files,
        preserve_mtime: server.session.preserve_mtime,
        includes: outside.includes,
    };
    let tls_for_accounts = general.tls_for_accounts(server.session.tls);
    let accounts = accounts::read(sections, &all, tls_for_accounts, report);
    accounts.users_texts.iter().for_each(|(path, mark)| marks.add_users(path, *mark));
    let mounts = mounts::read(sections, &accounts, server.session.tls, report);
    general.settle_parts(&mut server, &accounts.stores, report);
    if accounts.are_whole(sections) {
        general.warn_of_directories(&accounts.stores, report);
    }
    ServerSettings {
        file: file.to_owned(),
        server,
        tls: tls.options,
        events,
        control_socket,
        log,
        transfer_log,
        ledger,
        stores: accounts.stores,
        accounts: accounts.accounts,
        mounts,
        mount_rename_limit,
        login_places: accounts.names,
        users_files: accounts.users_files,
        hook: accounts.hook,
        password_checks,
        config_check,
        at_start,
        marks,
    }
}
