//! What is said of a wrong word of the command line, in both languages. `{}` stands for what
//! differs; it comes in the same order in both.

/// What is wrong, and what may be meant.
pub(super) const TEXTS: &[(&str, &str)] = &[
    ("{}; see cos-ftp-server --help", "{}；见 cos-ftp-server --help"),
    ("unknown command {}", "未知的命令 {}"),
    ("unknown command {} (did you mean {}?)", "未知的命令 {}（是否要用：{}？）"),
    ("{} (did you mean {}?)", "{}（是否要用：{}？）"),
    ("cos-ftp-server alone, which starts the server", "不带命令的 cos-ftp-server，即启动服务器"),
    (
        "stop, and then cos-ftp-server alone, which starts the server",
        "stop，然后执行不带命令的 cos-ftp-server，即启动服务器",
    ),
    ("kick, or stop for the whole server", "kick，停止整个服务器则用 stop"),
    ("user passwd NAME, or hash-password", "user passwd NAME 或 hash-password"),
    // What the reader of the command line says.
    ("missing argument for option {}", "选项 {} 缺少参数"),
    ("invalid option {}", "无效的选项 {}"),
    ("unexpected argument {}", "多余的参数 {}"),
    ("unexpected argument for option {}: {}", "选项 {} 不带参数：{}"),
    ("argument is invalid unicode: {}", "参数不是有效的 Unicode 文本：{}"),
    ("cannot parse argument {}: {}", "无法识别参数 {}：{}"),
    // Options with a value.
    (
        "needs a port, or address and port, as in 2121, 127.0.0.1:2121 or [::]:2121",
        "应为端口，或地址和端口，例如 2121、127.0.0.1:2121 或 [::]:2121",
    ),
    ("needs two ports, as in 60000-60009", "应为两个端口，例如 60000-60009"),
    (
        "needs a name of 1 to 64 bytes without slashes, colons and control characters that does \
         not begin with . # or -; the password does not belong here",
        "应为用户名：长度为 1 到 64 字节，不含斜线、冒号和控制字符，且不以 . # 或 - 开头；\
         密码不写在此处",
    ),
    ("needs the number of a process", "应为进程号"),
    ("needs R, W or RW", "应为 R、W 或 RW"),
    (
        "--from needs a host, as in ftp.example.com, 192.0.2.1:2121, [2001:db8::1]:21 or \
         ftp://user@ftp.example.com:2121/",
        "--from 之后应为主机，例如 ftp.example.com、192.0.2.1:2121、[2001:db8::1]:21 或 \
         ftp://user@ftp.example.com:2121/",
    ),
    (
        "--from takes no path behind the host: the file of this check is stored where the login \
         begins",
        "--from 的主机之后不能有路径：检查用的文件存放在登录后的起始目录中",
    ),
    (
        "--from takes no password, which others could see here: it is asked for, or taken from \
         COS_FTP_PASSWORD",
        "--from 中不能写密码，因为其他用户能看到命令行：密码会在运行时询问，或取自 COS_FTP_PASSWORD",
    ),
    ("--from needs the name of a user in front of the @", "--from 的 @ 之前应为用户名"),
    (
        "--from needs ftp:// or ftps://: SFTP is another protocol, that of SSH",
        "--from 需要 ftp:// 或 ftps://：SFTP 是另一种协议，属于 SSH",
    ),
    (
        "--from needs ftp:// or ftps:// in front of the host, or nothing",
        "--from 的主机之前应为 ftp:// 或 ftps://，或者什么都不写",
    ),
    // What cannot stand together.
    (
        "serve needs a directory to serve: cos-ftp-server serve DIR",
        "serve 需要指定目录：cos-ftp-server serve DIR",
    ),
    (
        "--from takes no configuration: it is run where a client is",
        "--from 不使用配置文件：它在客户端所在的机器上运行",
    ),
    (
        "a server is named behind --from: check --from URL",
        "服务器写在 --from 之后：check --from URL",
    ),
    (
        "--implicit-tls is for a server: check --from HOST",
        "--implicit-tls 用于检查服务器：check --from HOST",
    ),
    ("--watch and --json cannot be combined", "--watch 和 --json 不能同时使用"),
    (
        "reload takes no --socket: a server that was started by serve has no configuration to read \
         again",
        "reload 不能使用 --socket：由 serve 启动的服务器没有配置文件可供重新读取",
    ),
    (
        "--socket is for a server without a configuration: give one of the two",
        "--socket 用于没有配置文件的服务器：两者只能写其一",
    ),
    // Orders, and `user`.
    (
        "kick needs a SESSION or USER that `status` tells",
        "kick 需要 SESSION 或 USER，即 `status` 显示的会话或用户",
    ),
    (
        "ban needs an ADDRESS or USER, and may have for TIME",
        "ban 需要 ADDRESS 或 USER（地址或用户），之后可加 for TIME（时长）",
    ),
    ("ban needs a time such as 90s, 30m, 2h or 7d", "ban 的时长应写作 90s、30m、2h 或 7d 的形式"),
    ("unban needs an ADDRESS or USER", "unban 需要 ADDRESS 或 USER（地址或用户）"),
    (
        "log-level needs one of DEBUG, INFO, WARNING, ERROR and OFF",
        "log-level 需要 DEBUG、INFO、WARNING、ERROR 或 OFF",
    ),
    (
        "user needs one of add NAME, passwd NAME and list",
        "user 之后应为 add NAME、passwd NAME 或 list",
    ),
    (
        "--prefix needs --permission, behind which it stands in the file",
        "--prefix 需要与 --permission 一起使用，它在文件中写在权限之后",
    ),
];
