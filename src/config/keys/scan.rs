//! `[SCAN]`.

use super::key::{Key, row};
use super::readers::{Reader, one_of, seconds};
use super::sections::SectionKind;
use crate::config::forms::General;
use crate::scan::{ScanFailed, ScannerAddress};

const SCAN: &[SectionKind] = &[SectionKind::Scan];

pub(super) fn rows() -> Vec<Key> {
    let address: Reader<ScannerAddress> = Reader::new(
        "the absolute path of a socket, or `host:port`",
        "套接字的绝对路径，或 `host:port`",
        |text| text.parse().ok(),
    );
    let failed = one_of(&[("refuse", ScanFailed::Refuse), ("publish", ScanFailed::Publish)]);
    vec![
        row(SCAN, "clamd", address)
            .example("/run/clamav/clamd.ctl")
            .means(
                "where clamd listens, which checks every upload before it becomes a file, see \
                 [Checking uploads](docs/scanning.md); not with `partial_upload = park`",
                "clamd 的监听位置，每个上传在成为文件之前由它检查，\
                 见[检查上传](docs/zh-CN/scanning.md)；不能与 `partial_upload = park` 同时使用",
            )
            .field(|all: &mut General, address| all.scan.clamd = Some(address)),
        row(SCAN, "scan_timeout", seconds(1))
            .default("15")
            .means(
                "how long clamd may take to answer after the last byte, or to take what it is sent",
                "clamd 在收到最后一个字节之后作出回答、以及收下所发内容的时间上限",
            )
            .field(|all: &mut General, time| all.scan.timeout = time),
        row(SCAN, "scan_failed", failed)
            .default("refuse")
            .means(
                "when clamd cannot be asked, or does not check a file, as one that is too large \
                 for it: the upload is refused (451), or stored all the same, with a warning in \
                 the log",
                "无法询问 clamd，或 clamd 未检查文件（例如文件超过其大小限制）时：拒绝该上传（451），\
                 或照常存入并在日志中警告",
            )
            .field(|all: &mut General, failed| all.scan.failed = Some(failed)),
    ]
}
