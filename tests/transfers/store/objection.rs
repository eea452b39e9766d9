//! What the S3 API would refuse.

use cos_ftp_server::store::{PartLimits, PartPlace, PartReceipt};

use super::Part;

/// Why the S3 API would not take these parts as an object.
pub(super) fn objection(
    limits: PartLimits,
    parts: &[Part],
    receipts: &[PartReceipt],
) -> Option<String> {
    if !parts.iter().map(|part| &part.receipt).eq(receipts) {
        return Some(format!("{receipts:?} are not the parts that were sent"));
    }
    let mut offset = 0;
    for (index, part) in parts.iter().enumerate() {
        let (size, is_last) = (part.receipt.size, index + 1 == parts.len());
        let place = PartPlace { number: u32::try_from(index).ok()? + 1, offset };
        if part.place != place {
            return Some(format!("{:?} where {place:?} belongs", part.place));
        }
        if place.number > limits.max_parts || size > limits.max_part {
            return Some(format!("part {} of {size} bytes is too much", place.number));
        }
        if size < limits.min_part && !is_last {
            return Some(format!("EntityTooSmall: part {} of {size} bytes", place.number));
        }
        offset += size;
    }
    parts.is_empty().then(|| "no parts".to_owned())
}
