//! `cos-ftp-server check`: reads the configuration as the server would, looks at the machine, and
//! tries each account's store for real. Every line tells what was found and what to do about it.

pub(crate) mod from;
mod machine;
mod masquerade;
mod ports;
mod report;
mod sandbox;
mod service;
mod stores;

pub(crate) use report::Form;
pub(crate) use service::{config_of_service, group_of_reader};

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use cos_ftp_server::config::{self, Finding, FindingKind, LoadedConfig, MachineFacts};

use crate::cli::made::MadeDirectories;
use crate::cli::{locations, shell};
use report::{CheckLine, CheckReport};
use service::Looking;

/// Checks everything and prints what it finds. Whether nothing failed.
pub(crate) fn run(config: Option<PathBuf>, form: Form) -> bool {
    let found = locations::find_config(config);
    let found = found.map(|file| file.path);
    // Before anything is told, as it may be somebody else who does.
    let looking = match found.as_deref().map(|file| service::look_as_its_user(file, form)) {
        Ok(Looking::Done(is_well)) => return is_well,
        Ok(Looking::Here(line)) => line,
        Err(_) => None,
    };
    let mut report = CheckReport::new(form);
    report.begin("configuration");
    let found =
        found.map_err(|missing| vec![CheckLine::failed("file", missing.what(), missing.fix())]);
    match found.and_then(|file| load(&file, &mut report).map(|loaded| (file, loaded))) {
        Ok((file, loaded)) => {
            looking.into_iter().for_each(|line| report.add(line));
            sandbox::check(&file, &loaded.settings, &mut report);
            let made = MadeDirectories::for_service_with(&file);
            machine::check(&loaded.settings, &made, &mut report);
            stores::check(&loaded.settings, &mut report);
        }
        Err(lines) => lines.into_iter().for_each(|line| report.add(line)),
    }
    report.finish()
}

/// The configuration, told of if it is good.
fn load(file: &Path, report: &mut CheckReport) -> Result<LoadedConfig, Vec<CheckLine>> {
    if let Err(error) = readable(file) {
        let fix = match error.kind() {
            ErrorKind::PermissionDenied => service::reading_fix(file),
            ErrorKind::NotFound => format!(
                "name a file that is there, or have it written: {} init --config {}",
                locations::program(),
                shell::file(&locations::anywhere(file)),
            ),
            _ => "name a file that can be read".to_owned(),
        };
        return Err(vec![CheckLine::failed("file", format!("{}: {error}", file.display()), fix)]);
    }
    // The machine has lines of its own, which come only where the file is right.
    let everything = |problems| {
        let all = config::load_for_start(file, &MachineFacts::of_this_machine());
        all.err().unwrap_or(problems)
    };
    let loaded = config::load(file).map_err(everything).map_err(|problems| {
        let warnings = problems.warnings.iter().map(note);
        let problem = |finding: &Finding| {
            let fix = "correct it; the server does not start";
            CheckLine::failed("setting", &finding.text, fix).at(&finding.whereabouts())
        };
        warnings.chain(problems.problems.iter().map(problem)).collect::<Vec<_>>()
    })?;
    let accounts = loaded.settings.accounts.len();
    let noun = if accounts == 1 { "account" } else { "accounts" };
    report.add(CheckLine::passed("file", format!("{}, {accounts} {noun}", file.display())));
    if !loaded.warnings.iter().any(is_exposed) {
        report.add(CheckLine::passed("permissions", "no other user can read it"));
    }
    loaded.warnings.iter().for_each(|warning| report.add(note(warning)));
    Ok(loaded)
}

fn readable(file: &Path) -> io::Result<()> {
    if File::open(file)?.metadata()?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    Ok(())
}

/// What the server would warn of.
fn note(warning: &Finding) -> CheckLine {
    match &warning.kind {
        FindingKind::Setting => {
            CheckLine::skipped("setting", &warning.text).at(&warning.whereabouts())
        }
        FindingKind::Exposed(file) => {
            let fix = format!("chmod 600 {}", shell::file(file));
            CheckLine::failed("permissions", &warning.text, fix)
        }
        FindingKind::Served(_) => {
            let fix = "move it out of the directory, or serve another one";
            CheckLine::failed("permissions", &warning.text, fix)
        }
    }
}

/// Whether it tells that others have access to a file with secrets.
fn is_exposed(warning: &Finding) -> bool {
    matches!(warning.kind, FindingKind::Exposed(_))
}
