//! `cos-ftp-server check`: reads the configuration as the server would, looks at the machine, and
//! tries each account's store for real. Every line tells what was found and what to do about it.

mod machine;
mod report;
mod stores;

pub(crate) use report::Form;

use std::path::{Path, PathBuf};

use cos_ftp_server::config::{self, Finding, FindingKind, LoadedConfig};

use crate::cli::arguments;
use report::{CheckLine, CheckReport};

/// Checks everything and prints what it finds. Whether nothing failed.
pub(crate) fn run(config: Option<PathBuf>, form: Form) -> bool {
    let mut report = CheckReport::new(form);
    report.begin("configuration");
    let loaded = arguments::find_config(config).map_err(|text| {
        let line = CheckLine::failed("file", text, "see above");
        vec![line]
    });
    match loaded.and_then(|file| load(&file, &mut report)) {
        Ok(loaded) => {
            machine::check(&loaded.settings, &mut report);
            stores::check(&loaded.settings, &mut report);
        }
        Err(lines) => lines.into_iter().for_each(|line| report.add(line)),
    }
    report.finish()
}

/// The configuration, told of if it is good.
fn load(file: &Path, report: &mut CheckReport) -> Result<LoadedConfig, Vec<CheckLine>> {
    let loaded = config::load(file).map_err(|problems| {
        let warnings = problems.warnings.iter().map(note);
        let problem = |finding: &Finding| {
            CheckLine::failed(
                "setting",
                finding.to_string(),
                "correct it; the server does not start",
            )
        };
        warnings.chain(problems.problems.iter().map(problem)).collect::<Vec<_>>()
    })?;
    let accounts = loaded.settings.accounts.len();
    report.add(CheckLine::passed("file", format!("{}, {accounts} accounts", file.display())));
    if !loaded.warnings.iter().any(is_exposed) {
        report.add(CheckLine::passed("permissions", "no other user can read it"));
    }
    loaded.warnings.iter().for_each(|warning| report.add(note(warning)));
    Ok(loaded)
}

/// What the server would warn of.
fn note(warning: &Finding) -> CheckLine {
    match &warning.kind {
        FindingKind::Setting => CheckLine::skipped("setting", warning.to_string()),
        FindingKind::Exposed(file) => {
            let fix = format!("chmod 600 {}", file.display());
            CheckLine::failed("permissions", &warning.text, fix)
        }
    }
}

/// Whether it tells that others have access to a file with secrets.
fn is_exposed(warning: &Finding) -> bool {
    matches!(warning.kind, FindingKind::Exposed(_))
}
