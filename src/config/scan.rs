//! `[SCAN]`: who is asked whether what arrives may become a file.

use super::forms::ScanForm;
use super::report::ConfigReport;
use super::section::Section;
use crate::scan::{ScanFailed, ScanOptions};
use crate::transfer::PartialUpload;

/// Settles what the section says; without a scanner nothing is checked.
pub(super) fn settle(
    form: ScanForm,
    section: &Section,
    partial: PartialUpload,
    report: &mut ConfigReport,
) -> Option<ScanOptions> {
    let clamd = form.clamd?;
    if partial == PartialUpload::Park {
        let text = "cannot stand beside partial_upload = park, which is the default: what is \
                    parked cannot be read, and a file in pieces cannot be checked; set \
                    partial_upload = discard, or keep";
        report.problem(section.place("clamd"), text);
    }
    let failed = form.failed.unwrap_or(ScanFailed::Refuse);
    Some(ScanOptions { clamd, timeout: form.timeout, failed })
}
