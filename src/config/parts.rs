//! Whether `part_buffer_size` and `single_file_max_size` can work together: the parts of a large
//! file must be large, or 10,000 of them do not hold it, and a part is collected whole before it
//! is sent.

use crate::limits;
use crate::transfer::{Schedule, TransferOptions};

use super::report::ConfigReport;
use super::section::Section;
use super::settings::StoreSettings;
use super::values::{mebibytes, size_at_least, size_at_most};

/// Raises `min_part` to what the stores take, and checks that the parts fit into the memory they
/// may have. `optional`: the section of these keys.
pub(super) fn settle(
    transfer: &mut TransferOptions,
    stores: &[StoreSettings],
    optional: &Section,
    report: &mut ConfigReport,
) {
    raise_min_part(transfer, stores, optional, report);
    let floor = transfer.min_part.max(min_parts(stores).max().unwrap_or_default());
    let largest = Schedule::largest_target(transfer.max_file, floor);
    if let Some(buffer) = transfer.part_buffer.filter(|buffer| *buffer < largest) {
        let text = refusal(buffer, largest, transfer.max_file);
        report.problem(optional.place("part_buffer_size"), text);
    }
    let needed = largest + limits::BLOCK_BYTES as u64;
    if transfer.buffer_memory < needed {
        let text = format!(
            "{} are too little for the parts of a file near single_file_max_size ({}): such an \
             upload needs {}",
            mebibytes(transfer.buffer_memory),
            size_at_most(transfer.max_file),
            size_at_least(needed),
        );
        report.warning(optional.place("buffer_memory"), text);
    }
}

/// No bucket takes parts smaller than its own minimum. What holds for all of them is settled
/// here; what holds for one is the transfer's affair, and told.
fn raise_min_part(
    transfer: &mut TransferOptions,
    stores: &[StoreSettings],
    optional: &Section,
    report: &mut ConfigReport,
) {
    for store in stores {
        let StoreSettings::Cos(cos) = store else { continue };
        if optional.has("min_part_size") && transfer.min_part < cos.min_part {
            let text = format!(
                "the smallest part that bucket {} takes is {}, which is used there instead",
                cos.bucket,
                size_at_least(cos.min_part)
            );
            report.warning(optional.place("min_part_size"), text);
        }
    }
    transfer.min_part = transfer.min_part.max(min_parts(stores).min().unwrap_or_default());
}

fn min_parts(stores: &[StoreSettings]) -> impl Iterator<Item = u64> {
    stores.iter().filter_map(|store| match store {
        StoreSettings::Cos(cos) => Some(cos.min_part),
        StoreSettings::Local(_) => None,
    })
}

/// Why `part_buffer_size` is too small for parts of `largest` bytes.
fn refusal(part_buffer: u64, largest: u64, max_file: u64) -> String {
    let fits = Schedule::largest_file(part_buffer);
    let largest = size_at_least(largest);
    if fits < max_file {
        format!(
            "too small for single_file_max_size = {}: the {} parts of such a file grow to {largest} \
             each; raise part_buffer_size to at least that, or lower single_file_max_size to at \
             most {}",
            size_at_most(max_file),
            limits::PARTS_PER_UPLOAD,
            size_at_most(fits),
        )
    } else {
        format!(
            "smaller than one part, which has {largest}: raise part_buffer_size, or lower \
             min_part_size or store_min_part"
        )
    }
}
