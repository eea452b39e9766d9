//! `[OPERATIONS]`.

use std::net::SocketAddr;

use super::key::{Key, row};
use super::readers::{Reader, boolean, number, on_or_off, rate, seconds_or_off};
use super::sections::SectionKind;
use crate::config::forms::{ControlSocket, General};
use crate::config::values;
use crate::limits;
use crate::net::{DataHeader, Networks};

const OPERATIONS: &[SectionKind] = &[SectionKind::Operations];

pub(super) fn rows() -> Vec<Key> {
    [rates(), surroundings(), balancers()].into_iter().flatten().collect()
}

fn rates() -> Vec<Key> {
    let limit = |rate: u64| (rate > 0).then_some(rate);
    vec![
        row(OPERATIONS, "max_rate_transfer", rate().map(limit))
            .example("10M")
            .means(
                "bytes per second of each transfer, see [Bandwidth \
                 limits](docs/operations.md#bandwidth-limits)",
                "单个传输每秒的字节数，见[限速](docs/zh-CN/operations.md#限速)",
            )
            .field(|all: &mut General, rate| all.server.rates.transfer = rate),
        row(OPERATIONS, "max_rate_user", rate().map(limit))
            .example("20M")
            .means(
                "bytes per second of all transfers of one user, in each direction",
                "同一用户全部传输合计每秒的字节数，上传和下载分别计算",
            )
            .field(|all: &mut General, rate| all.server.rates.user = rate),
        row(OPERATIONS, "max_rate_server", rate().map(limit))
            .example("100M")
            .means(
                "bytes per second of all transfers, in each direction",
                "全部传输合计每秒的字节数，上传和下载分别计算",
            )
            .field(|all: &mut General, rate| all.server.rates.server = rate),
    ]
}

fn surroundings() -> Vec<Key> {
    let address: Reader<SocketAddr> = Reader::new(
        "an IP address and a port, such as `127.0.0.1:9121`",
        "IP 地址和端口，如 `127.0.0.1:9121`",
        |text| text.parse().ok(),
    );
    let socket = Reader::new("a path, or `off`", "路径，或 `off`", |text| {
        let is_off = text.eq_ignore_ascii_case("off");
        Some(if is_off { ControlSocket::Nowhere } else { ControlSocket::At(text.into()) })
    });
    vec![
        row(OPERATIONS, "control_socket", socket)
            .example("log/cos-ftp-server.sock")
            .at_start()
            .means(
                "socket that `cos-ftp-server status` asks, open to the server's user only, see \
                 [Status](docs/operations.md#status); not set: `cos-ftp-server.sock` in `log_dir`",
                "`cos-ftp-server status` 查询时使用的套接字，仅运行服务器的用户可以访问，\
                 见[查看运行状态](docs/zh-CN/operations.md#查看运行状态)；\
                 未设置时为 `log_dir` 下的 `cos-ftp-server.sock`",
            )
            .field(|all: &mut General, socket| all.control_socket = Some(socket)),
        row(OPERATIONS, "metrics_listen", address)
            .example("127.0.0.1:9121")
            .at_start()
            .means(
                "where metrics (`/metrics`, for Prometheus), health (`/healthz`, `/readyz`) and a \
                 page to look at (`/`) are served over HTTP, to everybody who can reach it, see [Metrics and \
                 health](docs/operations.md#metrics-and-health); not set: nowhere",
                "以 HTTP 提供监控指标（`/metrics`，Prometheus 格式）、健康检查（`/healthz`、\
                 `/readyz`）和状态页面（`/`）的地址，能访问该地址的人都能读取，\
                 见[监控与健康检查](docs/zh-CN/operations.md#监控与健康检查)；不设置则不提供",
            )
            .field(|all: &mut General, address| all.server.metrics_listen = Some(address)),
        row(OPERATIONS, "status_page_names", on_or_off())
            .default("off")
            .at_start()
            .means(
                "whether the page at `metrics_listen` tells names of users, files and directories, \
                 see [A page to look at](docs/operations.md#a-page-to-look-at)",
                "`metrics_listen` 上的页面是否显示用户名、文件名和目录名，\
                 见[状态页面](docs/zh-CN/operations.md#状态页面)",
            )
            .field(|all: &mut General, on| all.server.status_page_names = on),
        row(OPERATIONS, "abort_unfinished_after", seconds_or_off())
            // A client may send so slowly that the next part gathers for long: 5 MiB in a day are
            // 61 bytes a second.
            .default("24h")
            .at_start()
            .means(
                "time without a new part after which an unfinished upload below an account's \
                 prefix is aborted, at start and daily, see [Unfinished \
                 uploads](docs/reliability.md#unfinished-uploads)",
                "账号前缀下未完成的上传（文件碎片）多久没有新数据后被清理，启动时和每天各检查一次，\
                 见[未完成的上传](docs/zh-CN/reliability.md#未完成的上传文件碎片)",
            )
            .field(|all: &mut General, silence| all.server.abort_unfinished_after = silence),
        row(OPERATIONS, "trace_lines", number(0..=limits::TRACE_LINES))
            .default("64")
            .means(
                "lines of its control connection that each session keeps, passwords masked, and \
                 tells the log when something has failed, see [What went before a \
                 failure](docs/operations.md#what-went-before-a-failure); 0: none",
                "每个会话保留控制连接上最近多少行（密码已遮盖），出现故障时写入日志，\
                 见[故障之前的对话](docs/zh-CN/operations.md#故障之前的对话)；0 表示不保留",
            )
            .field(|all: &mut General, lines| all.server.session.trace_lines = lines),
    ]
}

fn balancers() -> Vec<Key> {
    let balancers: Reader<Networks> = Reader::new(
        "IP addresses and networks (`10.0.0.0/8`) separated by commas",
        "IP 地址和网段（如 `10.0.0.0/8`），用逗号分隔",
        |text| text.parse().ok(),
    );
    vec![
        row(OPERATIONS, "proxy_protocol_from", balancers)
            .may_be_empty()
            .blaming(values::wrong_network)
            .example("10.0.0.10,10.0.0.11")
            .means(
                "balancers: their control connections begin with a PROXY header (version 1 or 2), \
                 and the client's address is the one it announces; one without is dropped, and \
                 nobody else's header is accepted",
                "负载均衡器的地址：来自这些地址的控制连接以 PROXY 头（版本 1 或 2）开始，客户端地址\
                 以其中声明的为准，没有 PROXY 头的连接会被断开；来自其他地址的 PROXY 头一律不予采信",
            )
            .field(|all: &mut General, from| all.server.session.balancers.from = from),
        row(OPERATIONS, "proxy_protocol_data", boolean())
            .default("true")
            .means(
                "whether the data connections of these balancers begin with a PROXY header, too; \
                 `false`: without, so that one of the balancer's clients may take another's \
                 passive port",
                "来自这些负载均衡器的数据连接是否同样以 PROXY 头开始；`false` 表示没有，\
                 此时无法区分同一负载均衡器的不同客户端",
            )
            .field(|all: &mut General, present| {
                all.server.session.balancers.data =
                    if present { DataHeader::Present } else { DataHeader::Absent };
            }),
    ]
}
