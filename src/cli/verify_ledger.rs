//! `verify-ledger`: whether a ledger is as it was written, and whether the stores still have what
//! it tells.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use cos_ftp_server::events::{LedgerStanding, LedgerWalk, ObjectFinding, walk};
use cos_ftp_server::store::ObjectStore;
use cos_ftp_server::store::cos::Buckets;

use super::failure::CommandError;
use super::run;
use super::terminal::{complain, print};
use crate::cli::wiring::ServerPlan;

/// The chain is whole, and a store has something else.
const STORES_DIFFER: u8 = 3;

/// What was found of the files that the ledger says to stand.
#[derive(Debug, Default)]
struct StoreFindings {
    same: u64,
    replaced: Vec<String>,
    missing: Vec<String>,
    /// Of no store that the configuration names.
    elsewhere: u64,
}

/// Verifies the ledger `file`, or the one that the configuration names. The stores are those of the
/// configuration; without one, for a `file` that is named, none is asked.
pub(super) fn run(
    file: Option<PathBuf>,
    config: Option<PathBuf>,
) -> Result<ExitCode, CommandError> {
    let plan = match (&file, config) {
        (Some(_), None) => None,
        (_, config) => Some(run::plan(config)?),
    };
    let named = plan.as_ref().and_then(ServerPlan::ledger).map(Path::to_owned);
    let file = file
        .or(named)
        .ok_or("the configuration names no ledger: name the file")
        .map_err(CommandError::config)?;
    let mut standing = LedgerStanding::default();
    let found = read(&file, &mut standing)
        .map_err(|error| format!("{}: {error}", file.display()))
        .map_err(CommandError::operation)?;
    let mut text = about_chain(&file, &found);
    let mut status = if found.faults.is_empty() { 0 } else { 1 };
    if let Some(plan) = plan {
        let (_, users, _) = plan.wire(&Buckets::default()).map_err(CommandError::config)?;
        let findings = compare(&standing, &users.stores()).map_err(CommandError::operation)?;
        text += &findings.text();
        if status == 0 && !(findings.replaced.is_empty() && findings.missing.is_empty()) {
            status = STORES_DIFFER;
        }
    }
    print(&text)?;
    found.faults.iter().for_each(|fault| complain(&format!("broken: {fault}")));
    Ok(status.into())
}

fn read(file: &Path, standing: &mut LedgerStanding) -> std::io::Result<LedgerWalk> {
    let mut ledger = BufReader::new(File::open(file)?);
    walk(&mut ledger, &mut |line, entry| standing.take(line, entry))
}

fn about_chain(file: &Path, found: &LedgerWalk) -> String {
    let LedgerWalk { lines, number, last, faults, torn, lost, unfinished } = found;
    let verdict = if faults.is_empty() { "whole" } else { "BROKEN" };
    let mut text = format!(
        "{}: the chain is {verdict}, lines: {lines}, the last is number {number} with the hash \
         {last}\n",
        file.display()
    );
    for (count, what) in [
        (torn, "torn by a crash and closed off"),
        (lost, "never written, as the ledger itself tells"),
    ] {
        if *count > 0 {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "lines {what}: {count}");
        }
    }
    if *unfinished > 0 {
        let _ = writeln!(
            text,
            "bytes behind the last line: {unfinished}, of one that is being written or was torn"
        );
    }
    text
}

fn compare(
    standing: &LedgerStanding,
    stores: &[Arc<dyn ObjectStore>],
) -> Result<StoreFindings, String> {
    let mut findings = StoreFindings::default();
    for ((bucket, key), object) in &standing.objects {
        let named = || format!("{:?} ({bucket} {key:?}, line {})", object.path, object.line);
        match object.look(bucket, key, stores).map_err(|error| error.to_string())? {
            ObjectFinding::Same => findings.same += 1,
            ObjectFinding::Replaced => findings.replaced.push(named()),
            ObjectFinding::Missing => findings.missing.push(named()),
            ObjectFinding::Nowhere => findings.elsewhere += 1,
        }
    }
    Ok(findings)
}

impl StoreFindings {
    fn text(&self) -> String {
        let Self { same, replaced, missing, elsewhere } = self;
        let mut text = format!(
            "files that stand by the ledger: as told {same}, replaced {}, missing {}, in no store \
             of the configuration {elsewhere}\n",
            replaced.len(),
            missing.len()
        );
        for (what, files) in [("replaced", replaced), ("missing", missing)] {
            for file in files {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{what}: {file}");
            }
        }
        text
    }
}
