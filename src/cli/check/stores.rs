//! Each store of the accounts, tried for real.

use std::io;
use std::time::Duration;

use cos_ftp_server::config::{ServerSettings, StoreSettings};
use cos_ftp_server::store::cos::{Buckets, CosOptions, Needs, TrialStep, TrialVerdict};
use cos_ftp_server::store::local::{LocalOptions, LocalStore};
use cos_ftp_server::store::{
    Body, ByteRange, Cancel, Expected, FileTree, ListRequest, OnExists, StoreError,
};
use cos_ftp_server::transfer::PartialUpload;
use cos_ftp_server::users::Account;
use cos_ftp_server::vfs::FtpPath;

use super::report::{CheckLine, CheckReport};
use crate::cli::mounts::about;

/// How long a bad moment of the store may last: somebody is waiting.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tries every store.
pub(super) fn check(settings: &ServerSettings, report: &mut CheckReport) {
    let buckets = Buckets::default();
    for (number, store) in settings.stores.iter().enumerate() {
        let users: Vec<_> = settings.terms_of(number).collect();
        let mounts: Vec<_> = settings.mounts_of(number).map(about).collect();
        let names = match mounts.is_empty() {
            true => settings.users_of(number),
            false => format!("{}; mounted at {}", settings.users_of(number), mounts.join(", ")),
        };
        match store {
            StoreSettings::Cos(options) => {
                report.begin(format!(
                    "bucket {}/{} ({}), for {}",
                    options.bucket, options.prefix, options.region, names
                ));
                let user = users.first().map_or("", |account| &account.name);
                try_bucket(options, user, needs(settings, number), &buckets, report);
            }
            StoreSettings::Local(options) => {
                let root = options.root.display();
                report.begin(format!("directory {root}, for {names}"));
                report.add(try_directory(options, settings.is_written(number)));
            }
        }
    }
}

/// What those who use the store of this number need of it.
fn needs(settings: &ServerSettings, number: usize) -> Needs {
    let sees = |user: &&Account<usize>| {
        settings.mounts_of(number).any(|mount| mount.users.include(&user.name))
    };
    let guests = settings.accounts.iter().filter(sees);
    let mut users = settings.terms_of(number).chain(guests);
    Needs {
        writing: settings.is_written(number),
        deleting: settings.permissions_of(number).any(|(own, deletes)| own.writes() && deletes),
        fragments: settings.server.session.transfer.partial == PartialUpload::Keep,
        write_once: users.any(|user| user.files.on_exists != OnExists::Replace),
        parking: settings.server.session.transfer.partial == PartialUpload::Park,
        abort_unfinished_after: settings.server.abort_unfinished_after,
    }
}

/// Tries a bucket as the login `user` has it.
fn try_bucket(
    options: &CosOptions,
    user: &str,
    needs: Needs,
    buckets: &Buckets,
    report: &mut CheckReport,
) {
    let mut options = options.clone();
    options.timeouts.retry_total = options.timeouts.retry_total.min(PATIENCE);
    match buckets.open(options) {
        Ok(store) => store.as_user(user).diagnose(needs, &mut |step| report.add(line(step))),
        Err(error) => report.add(CheckLine::failed(
            "settings",
            error.to_string(),
            "correct the keys of this account that are named here",
        )),
    }
}

fn line(step: TrialStep) -> CheckLine {
    let title = step.trial.title();
    let line = match step.verdict {
        TrialVerdict::Passed(detail) => CheckLine::passed(title, detail),
        TrialVerdict::Skipped(why) => return CheckLine::skipped(title, why),
        TrialVerdict::Failed(fault) => {
            CheckLine::failed(title, fault.why, fault.fix).wanting(fault.action)
        }
    };
    line.taking(u64::try_from(step.took.as_millis()).unwrap_or(u64::MAX))
}

/// `is_written`: whether anybody may store files there. If not, nothing is written.
fn try_directory(options: &LocalOptions, is_written: bool) -> CheckLine {
    let store = match LocalStore::open(options) {
        Ok(store) => store,
        Err(error) => return refused(&error),
    };
    let used = list(&store).map_err(io::Error::other).and_then(|()| {
        if is_written { store.prepare().and_then(|()| store_and_delete(&store)) } else { Ok(()) }
    });
    store.leave_no_trace();
    match used {
        Err(error) => refused(&error),
        Ok(()) if is_written => {
            CheckLine::passed("files", "can be listed, stored, read and deleted")
        }
        Ok(()) => CheckLine::passed("files", "can be listed; nothing was written, as no user may"),
    }
}

fn refused(error: &io::Error) -> CheckLine {
    let fix = match error.kind() {
        io::ErrorKind::NotFound => "make the directory (mkdir -p), or correct cos_endpoint",
        io::ErrorKind::NotADirectory => "it must be a directory; correct cos_endpoint",
        _ => "let the user that runs the server use it, or correct cos_endpoint",
    };
    CheckLine::failed("files", error.to_string(), fix)
}

fn list(store: &LocalStore) -> Result<(), StoreError> {
    let root = ListRequest {
        directory: &FtpPath::root(),
        name_prefix: "",
        after: None,
        with_times: false,
    };
    store.list(&root, None).map(drop)
}

fn store_and_delete(store: &LocalStore) -> io::Result<()> {
    let name = format!(".cos-ftp-server-check-{:08x}", fastrand::u32(..));
    let Some(probe) = FtpPath::root().child(&name) else { return Ok(()) };
    let cancel = Cancel::new();
    let body = Body::new(&[b"probe"], &cancel);
    store.put_object(&probe, &body, &Expected::Anything).map_err(io::Error::other)?;
    let read = store.get_object(&probe, ByteRange::from(0), None);
    store.delete_object(&probe).map_err(io::Error::other)?;
    read.map(drop).map_err(io::Error::other)
}
