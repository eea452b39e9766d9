//! What is told of a server that runs, in both languages: by `status`, by `stop` and `reload`, and
//! the answers to orders. `{}` stands for what differs; it comes in the same order in both.

/// Lines, headings and answers.
pub(super) const TEXTS: &[(&str, &str)] = &[
    // `stop` and `reload`.
    ("stopping", "正在停止"),
    ("stopping, transfers left: {}", "正在停止，剩余传输：{}"),
    ("stopped", "已停止"),
    (
        "stopping within {} s, or up to {} min later if a store that answers is still completing a \
         file",
        "将在 {} 秒内停止；如果存储端仍有响应且正在合并文件，最多再等 {} 分钟",
    ),
    (
        "stopped early: not everything had ended in time; the log tells what was left",
        "提前停止：未能全部按时结束，剩余的内容见日志",
    ),
    (
        "process {} has ended, but not by a stop: was it killed? See its log",
        "进程 {} 已经结束，但不是正常停止：是否被强行终止？请查看其日志",
    ),
    ("the server has not done so within {} s", "服务器在 {} 秒内没有完成"),
    ("process {} cannot be found: {}", "找不到进程 {}：{}"),
    (
        "process {} runs {} and not {}: it is sent no signal",
        "进程 {} 运行的是 {}，而不是 {}：不向它发送信号",
    ),
    ("the server cannot be told: {}", "无法通知服务器：{}"),
    ("no server answers: {}\n{}", "没有服务器响应：{}\n{}"),
    // Answers to orders.
    ("orders are for the server's user and root only", "只有运行服务器的用户和 root 可以发出指令"),
    ("no order that this server knows: {}", "该服务器没有这个指令：{}"),
    (
        "no session of {}: `status` tells which there are",
        "没有 {} 的会话：用 `status` 可以查看现有会话",
    ),
    ("kicked: 1 session", "已结束：1 个会话"),
    ("kicked: {} sessions", "已结束：{} 个会话"),
    ("banned {} until the server ends; ended: {}", "已封禁 {}，直到服务器退出；已结束：{}"),
    (
        "banned user {} until the server ends; ended: {}",
        "已封禁用户 {}，直到服务器退出；已结束：{}",
    ),
    (
        "banned {} for {} s, at most until the server ends; ended: {}",
        "已封禁 {}，时长 {} 秒，最迟到服务器退出；已结束：{}",
    ),
    (
        "banned user {} for {} s, at most until the server ends; ended: {}",
        "已封禁用户 {}，时长 {} 秒，最迟到服务器退出；已结束：{}",
    ),
    ("1 session", "1 个会话"),
    ("{} sessions", "{} 个会话"),
    ("not banned any more: {}", "已解除封禁：{}"),
    ("not banned any more: user {}", "已解除封禁：用户 {}"),
    ("{} is not banned", "{} 没有被封禁"),
    ("user {} is not banned", "用户 {} 没有被封禁"),
    (
        "{} are banned already, which is the most: deny_addresses takes more",
        "已封禁 {} 个，达到上限：更多地址请写入 deny_addresses",
    ),
    (
        "{} is no single address: deny_addresses in [SECURITY] keeps networks out, and reload has \
         it take effect",
        "{} 不是单个地址：要拒绝整个网段，请使用 [SECURITY] 中的 deny_addresses，再用 reload 使其生效",
    ),
    ("{} is neither an address nor the name of a user", "{} 既不是地址，也不是用户名"),
    (
        "{} is none of DEBUG, INFO, WARNING, ERROR and OFF",
        "{} 不是 DEBUG、INFO、WARNING、ERROR 或 OFF",
    ),
    ("log level: {}, until the configuration is read again", "日志级别：{}，直到重新读取配置为止"),
    ("the configuration is read again: see the log", "正在重新读取配置：见日志"),
    // `status`: the lines above the sessions.
    ("cos-ftp-server {}, process {}, since {}", "cos-ftp-server {}，进程 {}，启动于 {}"),
    (
        "cos-ftp-server {}, process {}, since {}, stopping",
        "cos-ftp-server {}，进程 {}，启动于 {}，正在停止",
    ),
    ("listening on {}", "监听 {}"),
    ("listening for implicit TLS on {}", "隐式 TLS 监听 {}"),
    ("metrics and page at http://{}/", "指标和状态页面：http://{}/"),
    (
        "sessions: {}, transfers: {}, {} MB/s up, {} MB/s down",
        "会话 {} 个，传输 {} 个，上传 {} MB/s，下载 {} MB/s",
    ),
    (
        "total: {} up ({}), {} down ({}), {} interrupted, {} failed",
        "累计：上传 {} 个（{}），下载 {} 个（{}），中断 {} 个，失败 {} 个",
    ),
    ("store {}: {} to {}, {} ago", "存储端 {}：{}（{}），{}前"),
    ("more stores, which --json tells: {}", "另有存储端（见 --json）：{} 个"),
    ("certificate: ended {}", "证书：已于 {} 到期"),
    ("certificate: {} days left", "证书：剩余 {} 天"),
    ("events waiting: {}, the oldest for {}", "等待的事件：{} 个，最早的已等待 {}"),
    ("failed {} ago, {}: {}", "{}前失败，{}：{}"),
    ("banned: {} until the server ends, {}", "已封禁：{}，直到服务器退出，{}"),
    ("banned: user {} until the server ends, {}", "已封禁：用户 {}，直到服务器退出，{}"),
    ("banned: {} for another {}, {}", "已封禁：{}，还有 {}，{}"),
    ("banned: user {} for another {}, {}", "已封禁：用户 {}，还有 {}，{}"),
    ("by the operator", "由运维人员封禁"),
    ("after failed logins", "因登录失败"),
    // Its table.
    ("SESSION", "会话"),
    ("USER", "用户"),
    ("ADDRESS", "地址"),
    ("SINCE", "已连接"),
    ("IDLE", "空闲"),
    ("DIRECTORY", "目录"),
    ("COMMAND", "命令"),
    ("yes", "是"),
    ("no", "否"),
    ("upload: {} in {}, {} MB/s", "上传：{}，用时 {}，{} MB/s"),
    ("upload: {} in {}, {} MB/s, {} stored", "上传：{}，用时 {}，{} MB/s，已存储 {}"),
    ("download: {} in {}, {} MB/s", "下载：{}，用时 {}，{} MB/s"),
    ("{} of {} ({} %)", "{} / {}（{} %）"),
    ("{} min", "{} 分钟"),
    ("1 part", "1 个分块"),
    ("{} parts", "{} 个分块"),
];
