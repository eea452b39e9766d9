//! `[OPTIONAL]`.

use std::ops::RangeInclusive;

use log::LevelFilter;

use super::archive;
use super::key::{Key, row};
use super::readers::{
    Reader, boolean, number, on_or_off, one_of, seconds, seconds_or_off, size, size_of_at_least,
    text,
};
use super::records;
use super::sections::SectionKind;
use crate::config::forms::General;
use crate::config::settings::RotateUnit;
use crate::config::values::{self, MemoryAmount};
use crate::limits;
use crate::store::cos::{ContentType, VerifyUploads};
use crate::transfer::PartialUpload;

const OPTIONAL: &[SectionKind] = &[SectionKind::Optional];

/// Workers of one transfer, at most: the replaced tool allowed eight per processor.
const THREADS: RangeInclusive<usize> = 1..=256;

pub(super) fn rows() -> Vec<Key> {
    let files = [interrupted(), files(), archive::rows()].into_iter().flatten().collect();
    let groups = [memory(), numbers(), files, clients(), stores(), log(), records::rows()];
    groups.into_iter().flatten().collect()
}

fn memory() -> Vec<Key> {
    let memory = Reader::new(
        "a size of at least 8M, or 1% to 90% of the machine's memory",
        "至少 8M，或整机内存的 1% 到 90%",
        |text| {
            values::memory(text).filter(|memory| match memory {
                MemoryAmount::Bytes(bytes) => *bytes >= limits::LEAST_BUFFER_MEMORY_BYTES,
                MemoryAmount::Percent(_) => true,
            })
        },
    );
    vec![
        row(OPTIONAL, "config_check_enable", boolean())
            .default("true")
            .means(
                "at start, refuse settings that need more memory (60 % of what is available), \
                 threads or descriptors than this machine has",
                "启动时检查本机的内存（可用内存的 60%）、线程数和文件描述符是否满足配置，\
                 不满足则拒绝启动",
            )
            .field(|all: &mut General, check| all.config_check = check),
        row(OPTIONAL, "min_part_size", size(1..=limits::MAX_PART_BYTES))
            .default("1M")
            .means(
                "parts that are sent while data still arrives are not smaller; they start at 5 MiB, \
                 and shrink down to this (or to `store_min_part`) where the store is far",
                "数据仍在到达时所发送的分块不小于该值；分块从 5 MiB 开始，\
                 存储端较远时会缩小到该值（或 `store_min_part`）",
            )
            .field(|all: &mut General, bytes| all.server.session.transfer.min_part = bytes),
        row(
            OPTIONAL,
            "part_buffer_size",
            size_of_at_least(limits::FIRST_PART_BYTES..=limits::MAX_PART_BYTES),
        )
        .example("48M")
        .means(
            "hard cap on the memory of one upload; not set: 20 MiB, more where a large file needs \
             it; must fit `single_file_max_size`, which is checked at start",
            "单个上传占用内存的硬上限；未设置时为 20 MiB，大文件需要时会增长；\
             必须与 `single_file_max_size` 匹配，否则启动时会提示",
        )
        .field(|all: &mut General, bytes| all.server.session.transfer.part_buffer = Some(bytes)),
        row(OPTIONAL, "buffer_memory", memory)
            .default("25%")
            .at_start()
            .means(
                "memory that all transfers together may hold; not set, at most 40% of what is \
                 available at start, too",
                "所有传输合计可占用的内存；未设置时还不超过启动时可用内存的 40%",
            )
            .also(|all: &mut General, memory| all.told_memory = Some(memory))
            .field(|all: &mut General, memory| all.default_memory = memory),
    ]
}

fn numbers() -> Vec<Key> {
    let connections = Reader::new(
        "0 for any number, or a number from 2 to 1000000",
        "0 表示不限制，或 2 到 1000000 的数字",
        |text| match values::number(text, &(0..=1_000_000_usize))? {
            0 => Some(None),
            // A transfer takes two.
            1 => None,
            number => Some(Some(number)),
        },
    );
    vec![
        row(OPTIONAL, "upload_thread_num", number(THREADS))
            .default("16")
            .means(
                "parts of one upload sent at once, at most: it begins with 4, and sends more at \
                 once as long as that makes it faster",
                "单个上传同时发送的分块数上限：从 4 个开始，只要能加快速度就同时发送更多",
            )
            .field(|all: &mut General, number| all.server.session.transfer.upload_threads = number),
        row(OPTIONAL, "download_thread_num", number(THREADS))
            .default("16")
            .means(
                "ranges of one download fetched ahead at once when its client waits for the store, \
                 at most: 4 at first, and more as long as that makes it faster; 1: none",
                "客户端等待存储端时，单个下载同时预读的区间数上限：从 4 个开始，\
                 只要能加快速度就同时预读更多；1 表示不预读",
            )
            .field(|all: &mut General, number| {
                all.server.session.transfer.download_threads = number;
            }),
        row(OPTIONAL, "max_connection_num", connections)
            // The replaced tool's.
            .default("512")
            .at_start()
            .means("control and data connections together", "控制连接和数据连接的总数上限")
            .field(|all: &mut General, number| all.server.max_connections = number),
    ]
}

fn files() -> Vec<Key> {
    let entries = Reader::new("a number from 1 on", "1 或更大的数字", |text| {
        values::number(text, &(1..=usize::MAX))
    });
    let verify = one_of(&[
        ("auto", VerifyUploads::Auto),
        ("md5", VerifyUploads::Md5),
        ("off", VerifyUploads::Off),
    ]);
    vec![
        row(OPTIONAL, "max_list_file", entries)
            .example("10000")
            .means(
                "entries after which a listing is cut off, which its reply and the log report; not \
                 set: never",
                "列表最多返回的条目数，被截断时在回复和日志中说明；未设置时不截断",
            )
            .field(|all: &mut General, number| all.server.session.max_list = Some(number)),
        row(OPTIONAL, "ascii_conversion", on_or_off())
            .default("off")
            .means(
                "`on`: `TYPE A` converts line ends; `off`: bytes stay as they are",
                "`on`：`TYPE A`（文本模式）转换换行符；`off`：字节原样传输",
            )
            .field(|all: &mut General, on| all.server.session.ascii_conversion = on),
        row(OPTIONAL, "preserve_mtime", on_or_off())
            .default("off")
            .means(
                "`on`: clients may set the times of files (`MFMT`) and read them back; each change \
                 costs a copy within the store, and listings ask once for the time of each file, see \
                 [Names and \
                 times](docs/reliability.md#names-and-times)",
                "`on`：客户端可以设置文件时间（`MFMT`）并读回；每次设置都要在存储端复制一次对象，\
                 列表会逐个查询文件的时间并记住，见[文件名与时间](docs/zh-CN/reliability.md#文件名与时间)",
            )
            .field(|all: &mut General, on| all.server.session.preserve_mtime = on),
        content_type(),
        row(OPTIONAL, "verify_uploads", verify)
            .default("auto")
            .means(
                "how damage on the way to the store is found: `auto` by CRC-64 where the store \
                 returns one, as COS does, and over plain HTTP by a hash of each small file; `md5` \
                 also by MD5, which costs CPU, see [How bytes are \
                 protected](docs/reliability.md#how-bytes-are-protected-on-their-way)",
                "如何发现传往存储端途中的损坏：`auto`：存储端返回 CRC-64 时（COS 会返回）进行校验，\
                 明文 HTTP 上的小文件另附散列值；`md5`：另外校验 MD5，会消耗 CPU，\
                 见[数据在途中如何得到保护](docs/zh-CN/reliability.md#数据在途中如何得到保护)",
            )
            .field(|all: &mut General, verify| all.buckets.options.verify = verify),
    ]
}

fn interrupted() -> Vec<Key> {
    let partial = one_of(&[
        ("keep", PartialUpload::Keep),
        ("park", PartialUpload::Park),
        ("discard", PartialUpload::Discard),
    ]);
    vec![
        row(OPTIONAL, "partial_upload", partial)
            .default("park")
            .means(
                "an interrupted upload: `park` what arrived until the client goes on, `keep` it as \
                 the object, as the Python tool did, or `discard` it, see \
                 [What happens to an interrupted \
                 upload](docs/reliability.md#what-happens-to-an-interrupted-upload)",
                "上传中断时：`park` 暂存已收到的数据并等待客户端续传，`keep` 像 Python 版那样保留为对象，`discard` 丢弃，\
                 见[上传中断时会怎样](docs/zh-CN/reliability.md#上传中断时会怎样)",
            )
            .field(|all: &mut General, partial| all.server.session.transfer.partial = partial),
    ]
}

fn content_type() -> Key {
    let content_type = one_of(&[("by-name", ContentType::ByName), ("off", ContentType::Off)]);
    row(OPTIONAL, "content_type", content_type)
        .default("by-name")
        .means(
            "the `Content-Type` of a new file: `by-name`, by the ending of its name, so that a \
             browser shows a `.jpg` that it is sent from the bucket; `off`, or an ending that \
             nobody knows: what the store makes of it, see [What a file is beside its \
             bytes](docs/reliability.md#what-a-file-is-beside-its-bytes)",
            "新文件的 `Content-Type`：`by-name` 按文件名后缀确定，浏览器可以直接显示存储桶中的 \
             `.jpg`；`off` 或后缀未知时由存储端决定，\
             见[文件内容之外的属性](docs/zh-CN/reliability.md#文件内容之外的属性)",
        )
        .field(|all: &mut General, by| all.buckets.options.content_type = by)
}

fn clients() -> Vec<Key> {
    vec![
        row(OPTIONAL, "idle_timeout", seconds(1))
            // RFC 1123 4.1.3.2: at least five minutes.
            .default("300")
            .means(
                "how long a client may be idle outside transfers",
                "传输之外客户端无操作的最长时间",
            )
            .field(|all: &mut General, time| all.server.session.idle = time),
        row(OPTIONAL, "login_timeout", seconds(1))
            .default("60")
            .means("from connect to login", "从建立连接到登录的最长时间")
            .field(|all: &mut General, time| all.server.session.login = time),
        row(OPTIONAL, "data_connect_timeout", seconds(1))
            .default("30")
            .means("waiting for a data connection", "等待数据连接建立的最长时间")
            .field(|all: &mut General, time| all.server.session.data_connect = time),
        row(OPTIONAL, "data_idle_timeout", seconds(1))
            .default("300")
            .means(
                "how long a client may be idle during a transfer",
                "传输过程中客户端无数据的最长时间",
            )
            .field(|all: &mut General, time| all.server.session.transfer.data_idle = time),
        row(OPTIONAL, "shutdown_grace", seconds(0))
            .default("30")
            .means(
                "how long a stop may take: running transfers go on, and are interrupted shortly \
                 before; only a store that answers is waited for longer",
                "停止服务最多用多久：传输继续进行，快到时间才中断；\
                 只有存储端仍有响应时才会等得更久",
            )
            .field(|all: &mut General, time| all.server.shutdown_grace = time),
    ]
}

fn stores() -> Vec<Key> {
    vec![
        row(OPTIONAL, "connect_timeout", seconds(1))
            .default("10")
            .means("connecting to the store", "连接存储端的超时")
            .field(|all: &mut General, time| all.buckets.options.timeouts.connect = time),
        row(OPTIONAL, "send_timeout", seconds(1))
            .default("150")
            .means(
                "sending one request to the store; COS cuts a request off after about 200 s",
                "向存储端发送单个请求的超时；COS 约 200 秒会中断请求",
            )
            .field(|all: &mut General, time| all.buckets.options.timeouts.send_body = time),
        row(OPTIONAL, "response_timeout", seconds(1))
            .default("60")
            .means("how long the store may be silent", "存储端无响应的最长时间")
            .field(|all: &mut General, time| all.buckets.options.timeouts.response = time),
        row(OPTIONAL, "retry_timeout", seconds(1))
            .default("60")
            .means(
                "a failed request to the store is not tried again after this time; an attempt in \
                 progress is not cut off. Requests that only read are given up after six tries",
                "对存储端的请求失败后，超过此时间不再开始新的重试；正在进行的重试不会被中断。\
                 只查询的请求最多尝试六次",
            )
            .field(|all: &mut General, time| all.buckets.options.timeouts.retry_total = time),
        row(OPTIONAL, "metadata_cache_time", seconds_or_off())
            // Long enough for a client that lists a directory and asks for each entry, short enough
            // that what others write is seen soon.
            .default("10")
            .at_start()
            .means(
                "how long size and time of a name are cached after the store has reported them (a \
                 listing reports those of all its names); the server's own changes are visible at \
                 once, those of others after this time",
                "存储端返回的文件大小和时间的缓存时长（目录列表会返回其中所有文件的信息）；\
                 本服务自己的修改立即可见，其他途径的修改最迟在此时间后可见",
            )
            .field(|all: &mut General, time| {
                all.buckets.options.metadata_cache = time.unwrap_or_default();
            }),
        row(OPTIONAL, "mtime_cache_entries", number(0..=100_000_000_usize))
            // 10 MB.
            .default("100000")
            .at_start()
            .means(
                "with `preserve_mtime = on`, the files of a bucket whose times are remembered for \
                 listings, at most 100 bytes each; the store is asked for each of the others in \
                 every listing, see [Names and times](docs/reliability.md#names-and-times)",
                "`preserve_mtime = on` 时，每个存储桶为列表记住多少个文件的时间，每个最多占 100 字节；\
                 其余文件每次列目录都要逐个查询存储端，\
                 见[文件名与时间](docs/zh-CN/reliability.md#文件名与时间)",
            )
            .field(|all: &mut General, entries| all.buckets.options.mtime_cache_entries = entries),
        row(OPTIONAL, "complete_timeout", seconds(1))
            .default("1200")
            .means(
                "how long the store may be silent while it assembles an object or copies one",
                "存储端合并分块或复制对象时无响应的最长时间",
            )
            .field(|all: &mut General, time| all.buckets.options.timeouts.complete = time),
        row(OPTIONAL, "reply_timeout", seconds(1))
            // The least patient clients give up after 15 to 20 s.
            .default("15")
            .means(
                "a client that waits for a reply gets one within this time even if the store fails \
                 or is silent; FileZilla gives up after 20 s, WinSCP after 15 s, cameras after 10 \
                 to 30 s, see [How long a client \
                 waits](docs/reliability.md#how-long-a-client-waits)",
                "存储端出错或没有响应时，等待回复的客户端最迟在此时间内得到回复；FileZilla 等待 \
                 20 秒，WinSCP 等待 15 秒，摄像机等待 10 到 30 秒，\
                 见[客户端要等多久](docs/zh-CN/reliability.md#客户端要等多久)",
            )
            .field(|all: &mut General, time| all.server.session.reply_timeout = time),
    ]
}

fn log() -> Vec<Key> {
    // Also under Python's names.
    let level = one_of(&[
        ("DEBUG", LevelFilter::Debug),
        ("INFO", LevelFilter::Info),
        ("WARNING|WARN", LevelFilter::Warn),
        ("ERROR|CRITICAL|FATAL", LevelFilter::Error),
        ("OFF", LevelFilter::Off),
    ]);
    // `midnight` is the replaced tool's other word for a day.
    let every = one_of(&[
        ("S", RotateUnit::Second),
        ("M", RotateUnit::Minute),
        ("H", RotateUnit::Hour),
        ("D|midnight", RotateUnit::Day),
    ]);
    vec![
        row(OPTIONAL, "log_level", level)
            .default("INFO")
            .means("the lowest level that is logged", "日志级别")
            .field(|all: &mut General, level| all.log.level = level),
        row(OPTIONAL, "log_dir", text("a directory", "目录"))
            .default("log")
            .at_start()
            .means(
                "where `cos_v5.log` is written; relative to the working directory",
                "日志文件 `cos_v5.log` 所在目录；相对路径以当前工作目录为准",
            )
            .field(|all: &mut General, directory| all.log.directory = directory.into()),
        row(OPTIONAL, "log_rotate_enabled", boolean())
            .default("false")
            .means(
                "whether log files are rotated, see [Logs](docs/operations.md#logs)",
                "是否轮转日志文件，见[日志](docs/zh-CN/operations.md#日志)",
            )
            .field(|all: &mut General, enabled| all.log.rotates = enabled),
        row(OPTIONAL, "log_rotate_when", every)
            .default("D")
            .means("a new log file each second, minute, hour or day", "每秒、分、小时或天轮转一次")
            .field(|all: &mut General, every| all.log.every = every),
        row(OPTIONAL, "log_backup_count", number(0..=10_000))
            .default("7")
            .means("old log files kept; 0 keeps all", "保留的旧日志文件数，0 表示全部保留")
            .field(|all: &mut General, number| all.log.backups = number),
    ]
}
