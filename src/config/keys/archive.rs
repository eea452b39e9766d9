//! `[OPTIONAL]`: what the download of an archived file does.

use super::key::{Key, row};
use super::readers::{number, one_of};
use super::sections::SectionKind::{self, Optional};
use crate::config::forms::General;
use crate::store::cos::RestoreTier;

const OPTIONAL: &[SectionKind] = &[Optional];

pub(super) fn rows() -> Vec<Key> {
    let archive = one_of(&[("refuse", false), ("restore", true)]);
    let tier = one_of(&[
        ("expedited", RestoreTier::Expedited),
        ("standard", RestoreTier::Standard),
        ("bulk", RestoreTier::Bulk),
    ]);
    vec![
        row(OPTIONAL, "archive", archive)
            .default("refuse")
            .means(
                "the download of an archived file: `refuse` answers 550; `restore` asks the store \
                 to restore it, for which that charges, and answers 450 until it is there, see \
                 [Archived files](docs/reliability.md#archived-files)",
                "下载归档类型的文件时：`refuse` 回复 550；`restore` 请求存储端恢复该文件\
                 （存储端会为此计费），恢复完成之前回复 450，\
                 见[归档文件](docs/zh-CN/reliability.md#归档文件)",
            )
            .field(|all: &mut General, restores| all.buckets.restores_archived = restores),
        row(OPTIONAL, "restore_days", number(1..=365_u32))
            .default("3")
            .means("days for which a restored file can be read", "恢复后的文件可以读取的天数")
            .field(|all: &mut General, days| all.buckets.restore.days = days),
        row(OPTIONAL, "restore_tier", tier)
            .default("standard")
            .means(
                "how soon it is restored: `expedited` in about 5 min (not from a deep archive), \
                 `standard` in about 5 h, `bulk` in about 12 h",
                "恢复速度：`expedited` 约 5 分钟（不适用于深度归档），`standard` 约 5 小时，\
                 `bulk` 约 12 小时",
            )
            .field(|all: &mut General, tier| all.buckets.restore.tier = tier),
    ]
}
