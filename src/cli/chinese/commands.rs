//! What `init`, `serve` and `user` say, in both languages. `{}` stands for what differs; it comes
//! in the same order in both.

/// Questions, what is wrong with answers, and what to do next.
pub(super) const TEXTS: &[(&str, &str)] = &[
    (
        "a server that runs is found by its socket, too: --socket FILE",
        "正在运行的服务器也可以通过其套接字找到：--socket FILE",
    ),
    // Users.
    ("users of {}", "{} 的用户"),
    ("{} and {} others", "{} 等，另有 {} 个"),
    (
        "the configuration has no users_file: put this key into an account section, in place of \
         its login",
        "配置文件中没有 users_file：请在账号配置段中添加该配置项，代替其中的登录用户",
    ),
    ("name one of them with --users-file: {}", "请用 --users-file 指定其中一个：{}"),
    (
        "{} cannot be a user name: accepted are 1 to 64 bytes without slashes, colons and control \
         characters that do not begin with . # or -",
        "{} 不能作为用户名：长度为 1 到 64 字节，不含斜线、冒号和控制字符，且不以 . # 或 - 开头",
    ),
    (
        "the prefix is a path such as team/a without . and .., or /",
        "前缀应为路径，例如 team/a，不含 . 和 ..，或者为 /",
    ),
    (
        "{} is there already; user passwd changes the password",
        "{} 已经存在；修改密码请用 user passwd",
    ),
    ("the password is empty", "密码为空"),
    ("{} is not in {}; user add adds it", "{} 不在 {} 中；添加用户请用 user add"),
    ("there is no file {}", "文件 {} 不存在"),
    ("{} is a login of the configuration already: {}", "{} 已经是配置文件中的登录用户：{}"),
    (
        "{} is no user of a users_file: the password stands in {}, {} {}. Replace it there, best by \
         a hash (cos-ftp-server hash-password prints it), and then: {}",
        "{} 不是 users_file 中的用户：密码在 {} 的 {} {} 中。请在该处修改，建议使用哈希\
         （cos-ftp-server hash-password 可生成），然后执行：{}",
    ),
    (
        "- : the permission is that of the section (authority), the prefix the user's name",
        "- ：权限以配置段的 authority 为准，前缀为用户名",
    ),
    ("A running server uses it after this command:", "运行中的服务器在执行以下命令后生效："),
    (
        "A server whose users_file this is uses it after its next reload.",
        "以该文件为 users_file 的服务器在下次重新读取配置后生效。",
    ),
    // `status`, `stop` and `reload`.
    (
        "no server answers at {}: none is running with this configuration\n{}",
        "{} 没有服务器响应：没有使用该配置的服务器在运行\n{}",
    ),
    ("no server answers at {}: {}\n{}", "{} 没有服务器响应：{}\n{}"),
    ("there is no such file", "没有这个文件"),
    ("the server that listened there has ended", "在此监听的服务器已经结束"),
    ("{} is for the server's user and root only", "{} 只允许运行服务器的用户和 root 使用"),
    ("{}: the server has not answered within {} s", "{}：服务器在 {} 秒内没有响应"),
    ("{}: the server has ended, or takes no orders", "{}：服务器已经结束，或不接受指令"),
    (
        "control_socket = off: this server cannot be asked or told anything; it obeys signals",
        "control_socket = off：无法查询该服务器，也无法向它发出指令；它只响应信号",
    ),
    (
        "the configuration is right, and the server was told by SIGHUP: its log says whether it has \
         taken it",
        "配置正确，已用 SIGHUP 通知服务器：是否采用见其日志",
    ),
    (
        "no server answers: there is no configuration. These places were searched:\n{}\n\
         cos-ftp-server init asks some questions and writes one; cos-ftp-server serve DIR needs \
         none; or name yours with --config FILE.\n{}",
        "没有服务器响应：没有配置文件。已查找：\n{}\n用 cos-ftp-server init 通过问答生成；\
         cos-ftp-server serve DIR 不需要配置文件；或用 --config FILE 指定已有的配置。\n{}",
    ),
    (
        "a server that was started by serve has no configuration: name the --socket FILE that it \
         printed",
        "由 serve 启动的服务器没有配置文件：请用 --socket FILE 指定它启动时打印的套接字",
    ),
    (
        "a server that was started by serve has no configuration: name the --socket FILE that it \
         printed, one of: {}",
        "由 serve 启动的服务器没有配置文件：请用 --socket FILE 指定它启动时打印的套接字，现有：{}",
    ),
    (
        "there is no configuration. These places were searched:\n{}\ncos-ftp-server init asks some \
         questions and writes one; cos-ftp-server serve DIR needs none; or name yours with --config \
         FILE.",
        "没有配置文件。已查找：\n{}\n用 cos-ftp-server init 通过问答生成；cos-ftp-server serve DIR \
         不需要配置文件；或用 --config FILE 指定已有的配置。",
    ),
    (
        "this user may not look whether there is {}, which would tell where its server is asked: \
         call this as root or as the user of the server\n{}",
        "当前用户无权查看 {} 是否存在，而查询服务器所用的套接字写在其中：请以 root 或运行服务器的用户身份执行\n{}",
    ),
    (
        "{} may not be read by this user, and only that tells where its server is asked: call this \
         as root or as the user of the server\n{}",
        "当前用户无权读取 {}，而查询服务器所用的套接字写在其中：请以 root 或运行服务器的用户身份执行\n{}",
    ),
    (
        "this user can ask a server by --socket FILE, one of: {}",
        "当前用户可以用 --socket FILE 查询服务器，现有：{}",
    ),
    (
        "no other server answers this user; one that does is named by --socket FILE",
        "没有其他服务器响应当前用户；可用 --socket FILE 指定能够响应的服务器",
    ),
    ("this user may not look whether there is {}", "当前用户无权查看 {} 是否存在"),
    (
        "call this as root or as the user of the server, or name your own configuration with \
         --config FILE",
        "请以 root 或运行服务器的用户身份执行，或用 --config FILE 指定您自己的配置文件",
    ),
    ("configuration read again: nothing has changed", "已重新读取配置：没有改动"),
    ("configuration read again: nothing has taken effect", "已重新读取配置：没有立即生效的改动"),
    (
        "configuration read again, these changes have taken effect:",
        "已重新读取配置，以下改动已生效：",
    ),
    ("these wait for a restart of the server:", "以下改动需要重启服务器才能生效："),
    (
        "configuration not taken: the reason is in the server's log",
        "未采用新配置：原因见服务器日志",
    ),
    // `init`.
    ("This writes the configuration {}.", "将写入配置文件 {}。"),
    (
        "This replaces the sample {}, which is as it was installed.",
        "将替换安装时的示例配置 {}，它未被修改过。",
    ),
    (
        "This replaces {}, which init wrote and which did not pass its check.",
        "将替换由 init 写入、但未通过检查的 {}。",
    ),
    (
        "{} exists already, and may hold settings of your own: it is left as it is. Name another \
         file with --config FILE, or move this one away: mv {} {}",
        "{} 已经存在，可能含有您自己的设置，因此保持原样。请用 --config FILE 指定另一个文件，\
         或把这个文件移走：mv {} {}",
    ),
    (
        "{} is the configuration of this machine, and this user may not replace it. To do so as \
         root: sudo {} init; to write one of your own: {} init --config {}",
        "{} 是本机的配置文件，当前用户无权替换它。以 root 身份替换：sudo {} init；\
         写入您自己的配置文件：{} init --config {}",
    ),
    (
        "{} is a directory without cos-ftp-server.conf and vsftpd.conf",
        "{} 是目录，其中没有 cos-ftp-server.conf 和 vsftpd.conf",
    ),
    ("name the file, perhaps one of these: {}", "请指定文件，可能是其中之一：{}"),
    (
        "name the file, or have it written: {} init --config {}",
        "请指定文件，或者生成一个：{} init --config {}",
    ),
    (
        "{} is a directory without cos-ftp-server.conf and vsftpd.conf: name the file, {}",
        "{} 是目录，其中没有 cos-ftp-server.conf 和 vsftpd.conf：请指定文件，{}",
    ),
    ("perhaps one of these: {}", "可能是其中之一：{}"),
    ("or have it written: {} init --config {}", "或者生成一个：{} init --config {}"),
    ("name the file with --config FILE", "请用 --config FILE 指定文件"),
    ("Wrote {}", "已写入 {}"),
    ("Password of {}, of which only a hash is stored: {}", "{} 的密码（只保存哈希）：{}"),
    ("Start the server (Ctrl+C stops it):", "启动服务器（按 Ctrl+C 停止）："),
    (
        "Let systemd run the server, now and after each start of the machine:",
        "由 systemd 运行服务器，立即启动并开机自启：",
    ),
    ("and upload a file from another terminal:", "并在另一个终端中上传一个文件："),
    (
        "What is to be served? 1: a bucket on Tencent COS, 2: a bucket on another S3 store, 3: a \
         directory",
        "要提供什么？1：腾讯云 COS 的存储桶，2：其他 S3 存储端的存储桶，3：目录",
    ),
    ("1, 2 or 3", "1、2 或 3"),
    ("Directory", "目录"),
    ("the name of a directory", "请输入目录名"),
    ("Endpoint, as in https://s3.example.com", "访问地址，例如 https://s3.example.com"),
    ("Bucket", "存储桶"),
    ("Access key id", "访问密钥 ID（Access key id）"),
    ("Secret access key", "访问密钥（Secret access key）"),
    (
        "Bucket with its APPID, as in files-1250000000",
        "带 APPID 的存储桶名称，例如 files-1250000000",
    ),
    ("Region", "地域"),
    ("Region, as in ap-guangzhou", "地域，例如 ap-guangzhou"),
    ("FTP user", "FTP 用户"),
    ("Password (leave empty to generate one)", "密码（留空则自动生成）"),
    ("Once more", "再输入一次"),
    ("the two passwords differ", "两次输入的密码不一致"),
    ("cannot hash it: {}", "无法计算哈希：{}"),
    ("{} is a word without spaces", "{} 不能为空，也不能含有空格"),
    ("the user", "用户"),
    ("the endpoint", "访问地址"),
    ("the bucket", "存储桶"),
    ("the region", "地域"),
    ("the id", "密钥 ID"),
    ("# and ; cannot be used here", "此处不能使用 # 和 ;"),
    (
        "on COS a bucket's full name ends in -APPID, a number",
        "COS 存储桶的完整名称以 -APPID（数字）结尾",
    ),
    (
        "the endpoint is https:// or http://, a host and perhaps a port, with nothing behind them: \
         the bucket is asked for next",
        "访问地址由 https:// 或 http://、主机名以及可选的端口组成，后面没有其他内容；存储桶在下一步填写",
    ),
    (
        "a bucket's name has letters, digits, hyphens and dots, as in files",
        "存储桶名称由字母、数字、连字符和点组成，例如 files",
    ),
    (
        "before -APPID the name of a bucket of COS has small letters, digits and hyphens, as in \
         files-1250000000",
        "COS 存储桶名称在 -APPID 之前由小写字母、数字和连字符组成，例如 files-1250000000",
    ),
    (
        "a region has letters, digits and hyphens, as in us-east-1",
        "地域由字母、数字和连字符组成，例如 us-east-1",
    ),
    (
        "a region of COS is named by the code of the console, as in ap-guangzhou",
        "COS 的地域使用控制台中的地域代码，例如 ap-guangzhou",
    ),
    ("the key", "密钥"),
    ("{} does not exist. Create it? y or n", "{} 不存在。是否创建？y 或 n"),
    ("y or n", "y 或 n"),
    ("Created the directory {}", "已创建目录 {}"),
    ("{} cannot be written, so nothing is asked: {}", "{} 无法写入，因此不再提问：{}"),
    ("its name is not UTF-8", "目录名不是 UTF-8"),
    ("there is no answer: standard input has ended", "没有得到回答：标准输入已结束"),
    ("cannot read from the terminal: {}", "无法从终端读取：{}"),
    ("the machine gives no randomness: {}", "本机无法提供随机数：{}"),
    (
        "Written by cos-ftp-server init. man cos-ftp-server.conf explains every key.",
        "由 cos-ftp-server init 写入。全部配置项见 man cos-ftp-server.conf。",
    ),
    (
        "A hash: cos-ftp-server hash-password makes another.",
        "哈希：用 cos-ftp-server hash-password 可以生成新的。",
    ),
    (
        "Some checks failed. Correct what is marked with a cross, then check again:",
        "有检查未通过，请先处理带叉号的各项，然后重新检查：",
    ),
    ("or answer the questions again:", "或重新回答问题："),
    // `serve`.
    ("Serving {} until Ctrl+C", "正在提供目录 {}，按 Ctrl+C 停止"),
    (
        "Serving {} read-only until Ctrl+C: this process may not write to it",
        "正在以只读方式提供目录 {}（本进程没有写权限），按 Ctrl+C 停止",
    ),
    (
        "there is no directory {}: create it (mkdir -p), or serve another one",
        "目录 {} 不存在：请创建（mkdir -p），或提供其他目录",
    ),
    ("{} is not a directory: serve the directory that it is in", "{} 不是目录：请提供它所在的目录"),
    (
        "the password contains a control character, which no client can send",
        "密码含有控制字符，客户端无法发送",
    ),
    ("the answer has more than {} bytes", "回答超过 {} 字节"),
    ("cannot read the answer: {}", "无法读取回答：{}"),
    ("List what is there:", "列出目录："),
    ("See what it is doing, or stop it, from another terminal:", "在另一个终端中查看状态或停止："),
    ("FTP user: {}", "FTP 用户：{}"),
    ("Password: {}", "密码：{}"),
    ("Store a file, and list what is there:", "上传一个文件，并列出目录："),
    ("From other machines of the network: {}", "网络中的其他机器请使用：{}"),
    (
        "The connection is not encrypted: passwords and files can be read on their way.",
        "连接没有加密：密码和文件在途中可能被读取。",
    ),
];
