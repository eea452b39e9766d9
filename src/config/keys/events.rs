//! `[EVENTS]`.

use std::path::PathBuf;

use super::key::{Key, row};
use super::readers::{
    Reader, absolute_path, number, one_of, program, seconds, seconds_or_off, service,
};
use super::sections::SectionKind;
use crate::config::forms::General;
use crate::events::{EventKind, PathPatterns, QueueFull};

const EVENTS: &[SectionKind] = &[SectionKind::Events];

pub(super) fn rows() -> Vec<Key> {
    [told(), receiver(), delivery(), queue()].into_iter().flatten().collect()
}

fn told() -> Vec<Key> {
    let kinds: Reader<Vec<EventKind>> = Reader::new(
        "names of events, separated by commas: `upload`, `upload_partial`, `parked`, `rename`, \
         `delete`, `download`, `infected`",
        "事件名称，用逗号分隔：`upload`、`upload_partial`、`parked`、`rename`、`delete`、`download`、`infected`",
        |text| {
            let find = |word: &str| EventKind::ALL.iter().find(|(name, _)| *name == word.trim());
            text.split(',').map(|word| find(word).map(|(_, kind)| *kind)).collect()
        },
    );
    let names: Reader<PathPatterns> = Reader::new(
        "patterns such as `*.jpg`, separated by commas; `!*.part` leaves names out, and one with \
         a `/` is of the whole path",
        "匹配模式，如 `*.jpg`，用逗号分隔；`!*.part` 表示排除；含 `/` 的模式匹配完整路径",
        |text| text.parse().ok(),
    );
    vec![
        row(EVENTS, "on", kinds)
            .default("upload, upload_partial, rename, delete, infected")
            .at_start()
            .means(
                "what is told, see [Events](docs/events.md#what-is-told)",
                "通知哪些事件，见[事件通知](docs/zh-CN/events.md#通知的内容)",
            )
            .field(|all: &mut General, kinds| all.events.on = kinds),
        row(EVENTS, "names", names)
            .default("*")
            .at_start()
            .means(
                "of which files; of a rename the new name counts",
                "通知哪些文件；重命名时以新名称为准",
            )
            .field(|all: &mut General, names| all.events.names = names),
    ]
}

fn receiver() -> Vec<Key> {
    vec![
        row(EVENTS, "command", program())
            .example("/usr/local/bin/file-stored")
            .at_start()
            .means(
                "program that is run for each event, without a shell, with the event as JSON on \
                 its standard input; not with `url`",
                "每个事件运行一次的程序，不经过 shell，事件以 JSON 从标准输入传入；不与 `url` 同时使用",
            )
            .field(|all: &mut General, words| all.events.command = Some(words)),
        row(EVENTS, "url", service())
            .example("https://hooks.example.com/ftp")
            .at_start()
            .means(
                "HTTP service to which each event is sent by POST, as JSON",
                "以 POST 接收每个事件（JSON）的 HTTP 服务",
            )
            .field(|all: &mut General, url| all.events.url = Some(url)),
        row(EVENTS, "secret_file", absolute_path())
            .example("/etc/cos-ftp-server/events.secret")
            .at_start()
            .means(
                "file with the secret that signs what is sent to `url`, see \
                 [Events](docs/events.md#a-service)",
                "保存密钥的文件，用于对发往 `url` 的内容签名，见[事件通知](docs/zh-CN/events.md#http-服务)",
            )
            .field(|all: &mut General, path: PathBuf| all.events.secret_file = Some(path)),
    ]
}

fn delivery() -> Vec<Key> {
    vec![
        row(EVENTS, "timeout", seconds(1))
            .default("10")
            .at_start()
            .means(
                "time for one delivery; a program that takes longer is killed with all that it has \
                 started",
                "单次通知的时间上限；超时的程序连同它启动的全部进程一起被结束",
            )
            .field(|all: &mut General, time| all.events.timeout = time),
        row(EVENTS, "give_up_after", seconds_or_off())
            .default("72h")
            .at_start()
            .means(
                "for how long an event is tried again that the receiver does not take",
                "接收方未收下的事件重试多长时间",
            )
            .field(|all: &mut General, time| all.events.give_up_after = time),
        row(EVENTS, "workers", number(1..=64_usize))
            .default("2")
            .at_start()
            .means("deliveries at once", "同时进行的通知数")
            .field(|all: &mut General, workers| all.events.workers = workers),
    ]
}

fn queue() -> Vec<Key> {
    let full = one_of(&[("refuse", QueueFull::Refuse), ("drop", QueueFull::Drop)]);
    vec![
        row(EVENTS, "queue_dir", absolute_path())
            .example("/var/lib/cos-ftp-server/events")
            .at_start()
            .means(
                "directory of the journal of what is not told yet, on a disk that survives a \
                 restart, for this server alone; made if it is not there; required beside \
                 `command` or `url`",
                "保存尚未通知的事件的目录，应位于重启后仍存在的磁盘上，由本服务独占，不存在时自动创建；\
                 设置 `command` 或 `url` 时必填",
            )
            .field(|all: &mut General, path: PathBuf| all.events.queue_dir = Some(path)),
        row(EVENTS, "queue_max", number(1..=10_000_000_usize))
            .default("100000")
            .at_start()
            .means(
                "events that may wait, at about 1 KB of disk each",
                "允许等待的事件数，每个约占 1 KB 磁盘空间",
            )
            .field(|all: &mut General, most| all.events.queue_max = most),
        row(EVENTS, "queue_full", full)
            .default("refuse")
            .at_start()
            .means(
                "when more would wait: clients are refused what would have to be told (450), or it \
                 is done and not told",
                "等待的事件达到上限时：拒绝客户端需要通知的操作（450），或照常执行但不通知",
            )
            .field(|all: &mut General, full| all.events.queue_full = Some(full)),
    ]
}
