//! Each store of the accounts, tried for real.

use std::time::Duration;

use cos_ftp_server::config::{ServerSettings, StoreSettings};
use cos_ftp_server::store::cos::{Buckets, CosOptions, Needs, TrialStep, TrialVerdict};
use cos_ftp_server::store::local::{LocalOptions, LocalStore};
use cos_ftp_server::store::{Body, ByteRange, Cancel, Expected, FileTree, ListRequest, StoreError};
use cos_ftp_server::transfer::PartialUpload;
use cos_ftp_server::users::Account;
use cos_ftp_server::vfs::FtpPath;

use super::report::{CheckLine, CheckReport};

/// How long a bad moment of the store may last: somebody is waiting.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tries every store.
pub(super) fn check(settings: &ServerSettings, report: &mut CheckReport) {
    let buckets = Buckets::default();
    for (number, store) in settings.stores.iter().enumerate() {
        let users: Vec<_> =
            settings.accounts.iter().filter(|account| account.store == number).collect();
        let names: Vec<_> = users.iter().map(|account| account.name.as_str()).collect();
        match store {
            StoreSettings::Cos(options) => {
                report.begin(format!(
                    "bucket {}/{} ({}), for {}",
                    options.bucket,
                    options.prefix,
                    options.region,
                    names.join(", ")
                ));
                try_bucket(options, needs(settings, &users), &buckets, report);
            }
            StoreSettings::Local(options) => {
                let root = options.root.display();
                report.begin(format!("directory {root}, for {}", names.join(", ")));
                try_directory(options, report);
            }
        }
    }
}

/// What those who use the store need of it.
fn needs(settings: &ServerSettings, users: &[&Account<usize>]) -> Needs {
    Needs {
        writing: users.iter().any(|user| user.permission.writes()),
        deleting: users.iter().any(|user| user.permission.writes() && user.delete_enabled),
        fragments: settings.server.session.transfer.partial == PartialUpload::Keep,
        abort_unfinished_after: settings.server.abort_unfinished_after,
    }
}

fn try_bucket(options: &CosOptions, needs: Needs, buckets: &Buckets, report: &mut CheckReport) {
    let mut options = options.clone();
    options.timeouts.retry_total = options.timeouts.retry_total.min(PATIENCE);
    match buckets.open(options) {
        Ok(store) => store.diagnose(needs, &mut |step| report.add(line(step))),
        Err(error) => report.add(CheckLine::failed(
            "settings",
            error.to_string(),
            "correct the keys of this account that are named",
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

fn try_directory(options: &LocalOptions, report: &mut CheckReport) {
    let used = LocalStore::open(options)
        .map_err(|error| error.to_string())
        .and_then(|store| use_directory(&store).map_err(|error| error.to_string()));
    report.add(match used {
        Ok(()) => CheckLine::passed("files", "can be listed, stored, read and deleted"),
        Err(error) => {
            let fix = "let the user that runs the server write there, or correct cos_endpoint";
            CheckLine::failed("files", error, fix)
        }
    });
}

fn use_directory(store: &LocalStore) -> Result<(), StoreError> {
    let root = FtpPath::root();
    store.list(&ListRequest { directory: &root, name_prefix: "", after: None }, None)?;
    let name = format!(".cos-ftp-server-check-{:08x}", fastrand::u32(..));
    let Some(probe) = root.child(&name) else { return Ok(()) };
    store.put_object(&probe, &Body::new(&[b"probe"], &Cancel::new()), &Expected::Anything)?;
    let read = store.get_object(&probe, ByteRange::from(0), None);
    store.delete_object(&probe)?;
    read.map(drop)
}
