//! `[OPTIONAL]`: what is written of transfers and files, for programs.

use std::path::PathBuf;

use super::key::{Key, row};
use super::readers::{absolute_path, one_of};
use super::sections::SectionKind;
use crate::config::forms::General;
use crate::config::settings::LogFormat;
use crate::events::TransferLogFormat;

const OPTIONAL: &[SectionKind] = &[SectionKind::Optional];

pub(super) fn rows() -> Vec<Key> {
    let lines = one_of(&[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    let transfers =
        one_of(&[("xferlog", TransferLogFormat::Xferlog), ("json", TransferLogFormat::Json)]);
    vec![
        row(OPTIONAL, "log_format", lines)
            .default("text")
            .at_start()
            .means(
                "how lines of the log are written: for people, or one JSON object each, see \
                 [Records](docs/records.md#the-log-as-json)",
                "日志行的格式：供人阅读，或每行一个 JSON 对象，\
                 见[记录](docs/zh-CN/records.md#json-格式的日志)",
            )
            .field(|all: &mut General, format| all.log.format = format),
        row(OPTIONAL, "transfer_log", absolute_path())
            .example("/var/log/cos-ftp-server/xferlog")
            .at_start()
            .means(
                "file that gets a line for each transfer, rotated with the log, see \
                 [Records](docs/records.md#the-transfer-log)",
                "每次传输写入一行的文件，与日志一同轮转，\
                 见[记录](docs/zh-CN/records.md#传输日志)",
            )
            .field(|all: &mut General, path: PathBuf| all.log.transfers = Some(path)),
        row(OPTIONAL, "transfer_log_format", transfers)
            .default("xferlog")
            .at_start()
            .means(
                "its lines are those of wu-ftpd and ProFTPD, or one JSON object each",
                "其格式与 wu-ftpd、ProFTPD 相同，或每行一个 JSON 对象",
            )
            .field(|all: &mut General, format| all.log.transfer_format = format),
        row(OPTIONAL, "ledger", absolute_path())
            .example("/var/lib/cos-ftp-server/ledger.jsonl")
            .at_start()
            .means(
                "file that gets a line, chained to the one before it by its hash, for each file \
                 that was stored, renamed, deleted or fetched, for this server alone, see \
                 [Records](docs/records.md#the-ledger)",
                "文件存入、重命名、删除或取走时各写入一行，各行以哈希值与前一行相连；由本服务独占，\
                 见[记录](docs/zh-CN/records.md#账本)",
            )
            .field(|all: &mut General, path: PathBuf| all.log.ledger = Some(path)),
    ]
}
