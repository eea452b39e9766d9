use std::collections::{BTreeMap, HashMap};

use crc_fast::CrcAlgorithm::Crc64Xz;

use super::Request;
use super::http::RequestHead;

/// CRC-64/XZ and length of some bytes.
pub(super) type Sum = (u64, u64);

/// What the store was sent, so that its checksums can be told.
#[derive(Default)]
pub(super) struct Sums {
    objects: HashMap<String, Sum>,
    /// By upload id and part number.
    parts: HashMap<String, BTreeMap<u32, Option<Sum>>>,
}

impl Sums {
    /// The checksum that the answer to `head` tells, after the store took `sent`.
    pub(super) fn answer(&mut self, head: &RequestHead, sent: Sum) -> Option<u64> {
        let upload = head.parameter("uploadId").unwrap_or_default();
        let number = head.parameter("partNumber").and_then(|number| number.parse().ok());
        match head.request? {
            Request::PutObject => {
                self.objects.insert(head.key.clone(), sent);
                Some(sent.0)
            }
            Request::UploadPart => {
                self.parts.entry(upload.to_owned()).or_default().insert(number?, Some(sent));
                Some(sent.0)
            }
            Request::UploadPartCopy => {
                // Of which bytes it is, only the store knows.
                self.parts.entry(upload.to_owned()).or_default().insert(number?, None);
                None
            }
            Request::CompleteMultipartUpload => {
                let whole = combined(self.parts.get(upload)?);
                match whole {
                    Some(sum) => self.objects.insert(head.key.clone(), sum),
                    None => self.objects.remove(&head.key),
                };
                whole.map(|(crc, _)| crc)
            }
            Request::CopyObject => {
                match self.objects.get(head.copied_key()?).copied() {
                    Some(sum) => self.objects.insert(head.key.clone(), sum),
                    None => self.objects.remove(&head.key),
                };
                None
            }
            Request::GetObject | Request::HeadObject => {
                self.objects.get(&head.key).map(|(crc, _)| *crc)
            }
            _ => None,
        }
    }
}

fn combined(parts: &BTreeMap<u32, Option<Sum>>) -> Option<Sum> {
    parts.values().try_fold((0, 0), |(crc, length), part| {
        let (next, more) = (*part)?;
        Some((crc_fast::checksum_combine(Crc64Xz, crc, next, more), length + more))
    })
}
