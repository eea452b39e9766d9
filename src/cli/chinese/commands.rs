//! What `init`, `serve` and `user` say, in both languages. `{}` stands for what differs; it comes
//! in the same order in both.

/// Questions, what is wrong with answers, and what to do next.
pub(super) const TEXTS: &[(&str, &str)] = &[
    // Users.
    ("users of {}", "{} 的用户"),
    ("{} and {} others", "{} 等，另有 {} 个"),
    (
        "the configuration has no users_file: put the key into an account section, in place of \
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
    ("{} is not there; user add adds it", "{} 不存在；添加用户请用 user add"),
    ("{} is a login of the configuration already", "{} 已经是配置文件中的登录用户"),
    ("A running server takes it when it is told to:", "运行中的服务器在执行以下命令后生效："),
    // `init`.
    ("This writes the configuration {}.", "将写入配置文件 {}。"),
    (
        "This replaces the sample {}, which is as it was installed.",
        "将替换安装时的示例配置 {}，它未被修改过。",
    ),
    (
        "{} exists already, and is not as an installer has made it: it is left as it is. Name \
         another one with --config FILE, or move this one away: mv {} {}",
        "{} 已经存在，并且与安装时的不同，因此保持原样。请用 --config FILE 指定另一个文件，\
         或把这个文件移走：mv {} {}",
    ),
    ("name the file with --config FILE", "请用 --config FILE 指定文件"),
    ("Wrote {}", "已写入 {}"),
    ("Password of {}, which is kept as a hash only: {}", "{} 的密码（只保存哈希）：{}"),
    ("Start the server (Ctrl+C stops it):", "启动服务器（按 Ctrl+C 停止）："),
    (
        "Let systemd run the server, now and after each start of the machine:",
        "由 systemd 运行服务器，立即启动并开机自启：",
    ),
    ("and in another terminal store a file:", "在另一个终端中上传一个文件："),
    (
        "What is served? 1: a bucket of Tencent COS, 2: of another S3 store, 3: a directory",
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
    ("Password (empty: one is made)", "密码（留空则自动生成）"),
    ("Once more", "再输入一次"),
    ("the two are not the same", "两次输入不一致"),
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
    ("{} is not there. Make it? y or n", "{} 不存在。是否创建？y 或 n"),
    ("y or n", "y 或 n"),
    ("Made the directory {}", "已创建目录 {}"),
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
        "Not all is well: correct what has a cross first. This looks again:",
        "有检查未通过，请先处理带叉号的各项，然后重新检查：",
    ),
    // `serve`.
    ("Serving {} until Ctrl+C", "正在提供目录 {}，按 Ctrl+C 停止"),
    (
        "Serving {} until Ctrl+C, for reading only: this process may not write there",
        "正在以只读方式提供目录 {}（本进程没有写权限），按 Ctrl+C 停止",
    ),
    ("List what is there:", "列出目录："),
    ("Stop it from another terminal:", "在另一个终端中停止它："),
    ("FTP user: {}", "FTP 用户：{}"),
    ("Password: {}", "密码：{}"),
    ("Store a file, and list what is there:", "上传一个文件，并列出目录："),
];
