//! What `check` says of the configuration, the machine and directories, in both languages. `{}`
//! stands for what differs; it comes in the same order in both.

/// What is looked at: groups and checks that are named by words.
pub(super) const TITLES: &[(&str, &str)] = &[
    ("configuration", "配置"),
    ("machine", "本机"),
    ("bucket {}/{} ({}), for {}", "存储桶 {}/{}（{}），用户 {}"),
    ("directory {}, for {}", "目录 {}，用户 {}"),
    ("file", "文件"),
    ("clamd", "病毒扫描（clamd）"),
    ("permissions", "文件权限"),
    ("setting", "配置项"),
    ("settings", "配置项"),
    ("user", "用户"),
    ("service", "服务"),
    ("memory", "内存"),
    ("descriptors", "文件描述符"),
    ("threads", "线程"),
    ("log", "日志"),
    ("control port", "控制端口"),
    ("implicit TLS port", "隐式 TLS 端口"),
    ("metrics port", "监控指标端口"),
    ("passive ports", "被动端口"),
    ("masquerade", "对外地址"),
    ("TLS certificate", "TLS 证书"),
    ("TLS versions", "TLS 版本"),
    ("client certificates", "客户端证书"),
    ("files", "文件读写"),
    ("DNS", "域名解析"),
    ("connect", "连接"),
    ("answer", "响应"),
    ("clock", "时钟"),
    ("key pair", "密钥"),
    ("bucket", "存储桶"),
    ("Object Lock", "对象锁定"),
    ("GetObject, range", "GetObject（范围）"),
    ("directory marker", "目录标记"),
    ("pages of a listing", "列表分页"),
    ("CopyObject, one version", "CopyObject（指定版本）"),
    ("on_exists, PutObject", "on_exists（PutObject）"),
    ("on_exists, Complete", "on_exists（Complete）"),
    ("on_exists, CopyObject", "on_exists（CopyObject）"),
    ("clean-up", "清理"),
    // check --from.
    ("server {}, as seen from here", "服务器 {}，从本机看"),
    ("greeting", "欢迎信息"),
    ("TLS", "TLS 加密"),
    ("TLS of transfers", "传输的 TLS"),
    ("certificate", "证书"),
    ("login", "登录"),
    ("transfer", "传输"),
    ("TLS session reuse", "TLS 会话复用"),
    ("upload", "上传"),
    ("download", "下载"),
    ("delete", "删除"),
    ("PASV", "PASV 模式"),
    ("EPSV", "EPSV 模式"),
];

/// What was found, and what to do about it.
pub(super) const TEXTS: &[(&str, &str)] = &[
    ("make room on that disk", "请在该磁盘上腾出空间"),
    ("make the directory, or correct {}", "请创建该目录，或更正 {}"),
    (
        "{} is not there yet: systemd makes it when the service starts ({} in {}); who starts the \
         server without systemd makes it first",
        "{} 尚不存在：服务启动时由 systemd 创建（{}，见 {}）；不用 systemd 启动服务器时请先自行创建",
    ),
    (
        "add {}={} to {} (systemctl edit), or correct {}",
        "请（用 systemctl edit）把 {}={} 加入 {}，或更正 {}",
    ),
    ("{} is a directory", "{} 是目录"),
    ("name a file, or correct {}", "请指定文件，或更正 {}"),
    // Who uses a store.
    ("{}; mounted at {}", "{}；挂载于 {}"),
    // The sum.
    ("all is well: {} checks", "一切正常：共 {} 项检查"),
    (
        "{} of {} checks failed; the arrows show what to do",
        "{} 项失败（共 {} 项检查）；处理方法见箭头后的说明",
    ),
    // The configuration.
    ("there is none, neither {}", "没有配置文件，已查找：{}"),
    ("{} nor {}", "{}、{}"),
    (
        "cos-ftp-server init writes one; or name yours with --config FILE",
        "用 cos-ftp-server init 生成配置，或用 --config FILE 指定已有的配置",
    ),
    (
        "name a file that is there, or have it written: {} init --config {}",
        "请指定一个存在的文件，或生成它：{} init --config {}",
    ),
    ("name a file that can be read", "请指定可以读取的文件"),
    ("it must be a directory; correct cos_endpoint", "它必须是目录；请更正 cos_endpoint"),
    ("run this as root, or as the user of the server", "请以 root 或运行服务器的用户执行"),
    ("correct it; the server does not start", "请更正；否则服务器无法启动"),
    ("{}, {} account", "{}，{} 个账号"),
    ("{}, {} accounts", "{}，{} 个账号"),
    ("no other user can read it", "其他用户无法读取"),
    ("chmod 600 {}", "执行 chmod 600 {}"),
    (
        "looked at as root; the service in {} runs as {}, and {}: {}; sudo -u {} {} check --config \
         {}",
        "以 root 身份检查；{} 中的服务以 {} 身份运行，而{}。请改用：{}; sudo -u {} {} check --config {}",
    ),
    ("looked as {}", "以 {} 身份检查"),
    ("chgrp {} {}; chmod 640 {}", "执行 chgrp {} {}; chmod 640 {}"),
    ("let {}, who runs the service, read it: {}", "请允许运行服务的用户 {} 读取它：{}"),
    ("it has another program or configuration", "其程序或配置文件与此不同"),
    ("setpriv cannot be run: {}", "无法运行 setpriv：{}"),
    ("it is not in /etc/passwd", "该用户不在 /etc/passwd 中"),
    ("{} lets the service write {} only", "{} 只允许服务写入 {}"),
    ("{} lets the service write {} only, not {}", "{} 只允许服务写入 {}，不包括 {}"),
    (
        "add ReadWritePaths={} to it (systemctl edit), or choose another directory",
        "请（用 systemctl edit）为它加上 ReadWritePaths={}，或改用其他目录",
    ),
    // The machine.
    ("any number of connections", "不限连接数"),
    ("{} connections", "{} 个连接"),
    ("an unknown amount", "数量未知"),
    ("{} MiB of buffers and {}; {} available", "缓冲区 {} MiB，{}；可用 {}"),
    ("{}; note: {}", "{}；注意：{}"),
    ("no limit", "无上限"),
    ("limit {}", "上限 {}"),
    ("{}; {}", "{}；{}"),
    ("{} is not a directory", "{} 不是目录"),
    ("correct log_dir", "请更正 log_dir"),
    ("{} cannot be used: {}; {}", "{} 无法使用：{}；{}"),
    (
        "let the user that runs the server write there, or correct log_dir",
        "请允许运行服务器的用户写入该目录，或更正 log_dir",
    ),
    (
        "let the user that runs the server write there, or correct {}",
        "请允许运行服务器的用户写入该处，或更正 {}",
    ),
    (
        "give the file to the user that runs the server (chown)",
        "请把该文件的属主改为运行服务器的用户（chown）",
    ),
    ("{} can be written", "{} 可以写入"),
    (
        "start clamd, let the user that runs the server use its socket, or correct clamd in [SCAN]",
        "请启动 clamd，允许运行服务器的用户使用其套接字，或更正 [SCAN] 中的 clamd",
    ),
    ("listen_address or listen_port", "listen_address 或 listen_port"),
    ("listen_address or implicit_listen_port", "listen_address 或 implicit_listen_port"),
    (
        "{} is in use by this server, which runs as process {}",
        "{} 由本服务器使用，它正在运行，进程号 {}",
    ),
    ("{} is in use by {}", "{} 已被占用：{}"),
    (
        "{} is in use by {}; it is not known whose server that is: {}",
        "{} 已被占用：{}；无法得知是否为本服务器：{}",
    ),
    ("another program", "另一个程序"),
    (
        "{} is in use by an outgoing connection; no program listens there",
        "{} 被一个对外连接占用；没有程序在此监听",
    ),
    (
        "choose another {}, outside of net.ipv4.ip_local_port_range, or put it into \
         net.ipv4.ip_local_reserved_ports",
        "请换一个不在 net.ipv4.ip_local_port_range 范围内的 {}，\
         或将该端口加入 net.ipv4.ip_local_reserved_ports",
    ),
    ("process {} ({})", "进程 {}（{}）"),
    ("control_socket is off", "control_socket 已关闭"),
    ("stop it, or choose another {}", "请停止该程序，或改用其他 {}"),
    (
        "find it as root (ss -ltnp) and stop it, or choose another {}",
        "请以 root 身份查找（ss -ltnp）并停止该程序，或改用其他 {}",
    ),
    (
        "take a {} from 1024 up, or give the server CAP_NET_BIND_SERVICE",
        "请把 {} 设为 1024 或更大，或授予服务器 CAP_NET_BIND_SERVICE",
    ),
    ("correct {}", "请更正 {}"),
    ("{} port {}: {}", "{} 端口 {}：{}"),
    ("{} is free", "{} 空闲"),
    ("{} of {} free ({}-{})", "空闲 {} 个，共 {} 个（{}-{}）"),
    (
        "widen passive_ports, or stop the programs that listen there",
        "请扩大 passive_ports，或停止占用这些端口的程序",
    ),
    (
        "{}; fewer than the {} transfers that max_connection_num allows",
        "{}；少于 max_connection_num 允许的 {} 个传输",
    ),
    (
        "masquerade_address is not set: passive replies name the address that the client connected \
         to",
        "未设置 masquerade_address：被动模式的回复使用客户端所连接的地址",
    ),
    (
        "correct masquerade_address, or /etc/hosts: clients cannot connect to a loopback address",
        "请更正 masquerade_address 或 /etc/hosts：客户端无法连接回环地址",
    ),
    (
        "correct masquerade_address; PASV answers 425 until it has an IPv4 address",
        "请更正 masquerade_address；在它解析出 IPv4 地址之前，PASV 一律回复 425",
    ),
    (
        "let the user that runs the server read it, and nobody else (chgrp, chmod 640)",
        "请只允许运行服务器的用户读取它（chgrp、chmod 640）",
    ),
    (
        "let the user that runs the server read it, and the directories around it; it is no secret",
        "请让运行服务器的用户能够读取它及其上级目录；其中没有秘密",
    ),
    ("renew it, or correct {}", "请更新证书，或更正 {}"),
    ("correct tls_cert_file", "请更正 tls_cert_file"),
    ("correct tls_client_ca", "请更正 tls_client_ca"),
    ("correct tls_client_crl", "请更正 tls_client_crl"),
    (
        "a list of revoked certificates ended on {}: nobody whose authority that is logs in by \
         certificate",
        "证书吊销列表已于 {} 到期：由该机构签发的证书都不能登录",
    ),
    (
        "have a newer list issued, into the file that tls_client_crl names",
        "请签发新的吊销列表，写入 tls_client_crl 指定的文件",
    ),
    ("not asked for (tls_client_cert = off)", "不要求（tls_client_cert = off）"),
    ("{}; authorities {}", "{}；签发机构的证书{}"),
    ("required, {}", "必须出示，{}"),
    ("optional, {}", "可以出示，{}"),
    ("{}, with the password", "{}，仍需密码"),
    ("{}, without a password", "{}，无需密码"),
    ("the user by CN", "按 CN 确定用户"),
    (
        "the user by an e-mail address of subjectAltName",
        "按 subjectAltName 中的电子邮件地址确定用户",
    ),
    ("the user by a DNS name of subjectAltName", "按 subjectAltName 中的 DNS 名称确定用户"),
    ("for any user", "可以是任何用户"),
    ("TLS {} to TLS {}", "TLS {} 至 TLS {}"),
    (
        "{} to {}, with tls_require_session_reuse {} where a client can, unless tls_max_version = \
         1.3: some resume a session of TLS 1.3 only once",
        "{} 至 {}；启用 tls_require_session_reuse 时，客户端支持则使用 {}（除非 tls_max_version = 1.3），\
         因为有的客户端只能复用一次 TLS 1.3 会话",
    ),
    ("valid until {}, {} days from now", "有效期至 {}，还有 {} 天"),
    ("{}: renew it; a new file needs no restart", "{}：请更新证书；换上新文件后无需重启"),
    // Directories.
    ("correct the keys of this account that are named here", "请更正该账号中上述配置项"),
    ("can be listed, stored, read and deleted", "可以列出、上传、下载和删除"),
    (
        "can be listed; nothing was written, as no user may",
        "可以列出；没有用户有写权限，因此未尝试写入",
    ),
    (
        "make the directory (mkdir -p), or correct cos_endpoint",
        "请创建该目录（mkdir -p），或更正 cos_endpoint",
    ),
    (
        "let the user that runs the server use it, or correct cos_endpoint",
        "请允许运行服务器的用户使用它，或更正 cos_endpoint",
    ),
    (
        "move it out of the directory, or serve another one",
        "请将其移出该目录，或改为提供另一个目录",
    ),
    // The address that clients hear.
    ("clients from {} are told {}", "来自 {} 的客户端将得到 {}"),
    ("the address that they connect to", "它们所连接的地址"),
    (
        "private networks, unless masquerade_networks names them",
        "私有网段（masquerade_networks 另有规定的除外）",
    ),
    ("clients from {} are told no address: {}", "来自 {} 的客户端得不到地址：{}"),
    ("the public address could not be found out", "没有得到公网地址"),
    ("no answer from {}: {}", "{} 没有响应：{}"),
    ("{} answers status {}", "{} 的响应状态为 {}"),
    ("{} answers no public IPv4 address", "{} 没有给出公网 IPv4 地址"),
    ("it has no IPv4 address", "没有 IPv4 地址"),
    (
        "correct public_address_url, or name the address instead of auto; PASV answers 425 until \
         it is known",
        "请更正 public_address_url，或写出地址代替 auto；在得到公网地址之前，PASV 一律回复 425",
    ),
    (
        "correct masquerade_networks; PASV answers 425 until it has an IPv4 address",
        "请更正 masquerade_networks；在它解析出 IPv4 地址之前，PASV 一律回复 425",
    ),
];
