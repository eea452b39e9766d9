//! The words of the report in both languages. `{}` stands for what differs; it comes in the same
//! order in both.

/// What was found, and what to do about it.
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
    // The sum.
    ("all is well: {} checks", "一切正常：共 {} 项检查"),
    (
        "{} of {} checks failed; the arrows tell what to do",
        "{} 项失败（共 {} 项检查）；处理方法见箭头后的说明",
    ),
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
    ("FTP user: {}", "FTP 用户：{}"),
    ("Password: {}", "密码：{}"),
    ("Store a file, and list what is there:", "上传一个文件，并列出目录："),
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
        "looked at as root; the service in {} runs as {}, and {}: {}; sudo -u {} {} check --config {}",
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
    ("{} is no directory", "{} 不是目录"),
    ("correct log_dir", "请更正 log_dir"),
    (
        "let the user that runs the server write there, or correct log_dir",
        "请允许运行服务器的用户写入该目录，或更正 log_dir",
    ),
    (
        "give the file to the user that runs the server (chown)",
        "请把该文件的属主改为运行服务器的用户（chown）",
    ),
    ("{} can be written", "{} 可以写入"),
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
    ("process {} ({})", "进程 {}（{}）"),
    ("control_socket is off", "control_socket 已关闭"),
    (
        "{} (control_socket) is for the server's user and root only",
        "{}（control_socket）只允许运行服务器的用户和 root 使用",
    ),
    ("stop it, or choose another {}", "请停止该程序，或改用其他 {}"),
    (
        "take a {} from 1024 up, or give the server CAP_NET_BIND_SERVICE",
        "请把 {} 设为 1024 或更大，或授予服务器 CAP_NET_BIND_SERVICE",
    ),
    ("correct {}", "请更正 {}"),
    ("{} port {}: {}", "{} 端口 {}：{}"),
    ("{} is free", "{} 空闲"),
    ("{} of {} free ({}-{})", "空闲 {} 个，共 {} 个（{}-{}）"),
    (
        "widen passive_ports, or end what else listens there",
        "请扩大 passive_ports，或停止占用这些端口的程序",
    ),
    (
        "{}; fewer than the {} transfers of max_connection_num",
        "{}；少于 max_connection_num 允许的 {} 个传输",
    ),
    (
        "masquerade_address is not set: passive replies name the address clients reach",
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
    ("renew it, or correct {}", "请更新证书，或更正 {}"),
    ("correct tls_cert_file", "请更正 tls_cert_file"),
    ("valid until {}, {} days from now", "有效期至 {}，还有 {} 天"),
    ("{}: renew it; a new file needs no restart", "{}：请更新证书；换上新文件后无需重启"),
    // Directories.
    ("correct the keys of this account that are named", "请更正该账号中上述配置项"),
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
    // Buckets: what is needed.
    (
        "refused; nobody may delete here, so only renaming will fail",
        "被拒绝；没有用户有删除权限，因此只有重命名会失败",
    ),
    (
        "refused; not needed with abort_unfinished_after = 0",
        "被拒绝；abort_unfinished_after = 0 时不需要",
    ),
    (
        "refused; needed to add to a file that has tags, or to rename it in parts",
        "被拒绝；向带标签的文件追加内容，或分块重命名这类文件时需要",
    ),
    // What is said of new files.
    ("taken", "存储端已接受"),
    ("taken; the store does not tell what became of it", "存储端已接受，但不返回结果"),
    ("came back: {}", "已生效：{}"),
    (
        "taken, but it did not come back: the store does not do it",
        "存储端已接受但未生效：存储端不支持",
    ),
    (
        "set object_header_names = x-cos, or leave {} out",
        "设置 object_header_names = x-cos，或不设置 {}",
    ),
    (
        "came back, but not from an upload in parts: the store forgets it there",
        "已生效，但分块上传时未生效：存储端会丢弃",
    ),
    (
        "needed: the store forgets object_tags of uploads in parts",
        "需要此权限：存储端会丢弃分块上传的 object_tags",
    ),
    ("leave {} out if large files need it", "如果大文件也需要，请不要使用 {}"),
    (
        "correct this key, or leave it out: the store refuses it",
        "请更正或删除该配置项：存储端拒绝接受",
    ),
    (
        "note: files of this class must be restored before they can be read, renamed or added to, and are billed for months",
        "注意：该存储类型的文件必须先恢复才能读取、重命名或追加，并且至少按数月计费",
    ),
    (
        "note: files below 64 KB (S3: 128 KB) are billed as 64 KB, and each for 30 days at least",
        "注意：小于 64 KB（S3 为 128 KB）的文件按 64 KB 计费，每个文件至少计费 30 天",
    ),
    ("nobody may write here, so writing is not tried", "没有用户有写权限，因此未尝试写入"),
    // Object Lock.
    ("off", "关闭"),
    ("on, without a default retention", "开启，没有默认保留期"),
    ("on: what is stored is kept for a time", "开启：存入的内容会保留一段时间"),
    ("on: a part was refused without a checksum", "开启：没有校验值的分块被拒绝"),
    ("probably off: a part was taken without a checksum", "可能关闭：没有校验值的分块被接受"),
    ("{}; its configuration may not be read: {}", "{}；无权读取其配置：{}"),
    (
        "{}; partial_upload = keep would leave what nobody can remove",
        "{}；partial_upload = keep 会留下无法删除的内容",
    ),
    ("set partial_upload = discard", "请设置 partial_upload = discard"),
    (
        "not tried: what is stored here cannot be removed (Object Lock)",
        "未尝试：存入此处的内容无法删除（对象锁定）",
    ),
    // The way to the store.
    ("no address", "没有地址"),
    ("an address, no name", "是地址，不是域名"),
    (
        "correct cos_endpoint or cos_region, or this machine's resolver",
        "请更正 cos_endpoint、cos_region 或本机的域名解析设置",
    ),
    ("port {} of {}: {}", "端口 {}，主机 {}：{}"),
    (
        "open the way to it in firewalls, or correct cos_endpoint",
        "请在防火墙中放行，或更正 cos_endpoint",
    ),
    ("HTTPS, with a certificate that is good", "HTTPS，证书有效"),
    ("HTTP, not encrypted", "HTTP，未加密"),
    (
        "if it is the certificate: correct cos_endpoint, or the authorities or the clock of this \
         machine; a store without TLS needs cos_protocol = http",
        "如果是证书问题：请更正 cos_endpoint、本机的根证书或时钟；没有 TLS 的存储端需要设置 \
         cos_protocol = http",
    ),
    (
        "correct cos_endpoint, or set cos_protocol = https",
        "请更正 cos_endpoint，或设置 cos_protocol = https",
    ),
    ("the store tells no time", "存储端没有给出时间"),
    ("this machine is {} s off the store's time", "本机时间与存储端相差 {} 秒"),
    ("set this machine's clock (NTP)", "请校准本机时钟（NTP）"),
    ("{} s apart", "相差 {} 秒"),
    // Key pair and bucket.
    (
        "see to the file or the CAM role that the key pair comes from",
        "请检查密钥来源：文件或 CAM 角色",
    ),
    ("the store looks at the bucket first", "存储端先检查存储桶"),
    ("known to the store", "存储端认可"),
    ("correct cos_secretid: the store does not know it", "请更正 cos_secretid：存储端没有这个密钥"),
    (
        "correct cos_secretkey: it does not belong to cos_secretid; elsewhere than on COS it may \
         also be cos_region",
        "请更正 cos_secretkey：它与 cos_secretid 不匹配；不是 COS 时也可能是 cos_region 有误",
    ),
    ("the temporary key pair has expired: get another", "临时密钥已过期：请重新获取"),
    ("the bucket lies in {}, the configuration says {}", "存储桶位于 {}，配置为 {}"),
    (
        "set cos_region = {}, and cos_endpoint if it names a region",
        "请设置 cos_region = {}；如果 cos_endpoint 含有地域，也请更正",
    ),
    ("correct cos_region: the store expects another one", "请更正 cos_region：存储端要求其他地域"),
    (
        "correct cos_bucket (with -APPID on COS), or cos_region or cos_endpoint: there is none of \
         this name",
        "请更正 cos_bucket（在 COS 上须带 -APPID）、cos_region 或 cos_endpoint：没有这个名称的存储桶",
    ),
    ("set addressing_style = virtual", "请设置 addressing_style = virtual"),
    (
        "correct cos_region or cos_endpoint: the bucket is elsewhere",
        "请更正 cos_region 或 cos_endpoint：存储桶在别处",
    ),
    // Operations.
    ("allowed", "允许"),
    ("left behind: {}", "未能清理：{}"),
    ("delete it by hand", "请手动删除"),
    ("{}; delete it by hand", "{}；请手动删除"),
    ("the unfinished upload {} of {}", "文件碎片 {}（{}）"),
    ("byte by byte", "按字节排序"),
    ("path by path", "按路径排序"),
    ("in an order of its own", "使用自己的顺序"),
    ("compared", "会比较版本"),
    // on_exists.
    ("the first", "第一次"),
    ("refused the second time: the store keeps it", "第二次被拒绝：存储端保留已有对象"),
    (
        "the store replaced what stood there: the server looks before, but of two at once both may win",
        "存储端替换了已有对象：服务器会事先查看，但两个客户端同时写入时可能都成功",
    ),
    (
        "{}: the server looks before, but of two at once both may win",
        "{}：服务器会事先查看，但两个客户端同时写入时可能都成功",
    ),
    (
        "the store does not compare versions, so the server looks instead",
        "存储不比较版本，由服务器自行核对",
    ),
    (
        "a directory of three names is listed page by page as {}",
        "含三个名称的目录，逐页列出的结果为 {}",
    ),
    (
        "listings of large directories will be wrong: this store's pages do not fit",
        "大目录的列表会出错：该存储的分页不衔接",
    ),
    (
        "this store cannot copy ranges: APPE, REST before STOR, and renaming what is larger than 5 \
         GB will fail",
        "该存储不能复制范围：APPE、STOR 前的 REST、重命名大于 5 GB 的文件都会失败",
    ),
    ("not tried: needs a directory", "未尝试：需要目录"),
    ("not tried: needs CopyObject", "未尝试：需要 CopyObject"),
    ("not tried: needs what PutObject stores", "未尝试：需要 PutObject 存入的对象"),
    ("not tried: needs what UploadPart stores", "未尝试：需要 UploadPart 存入的分块"),
    (
        "not tried: needs what CreateMultipartUpload begins",
        "未尝试：需要 CreateMultipartUpload 开始的上传",
    ),
    ("{}: another size than was stored", "{}：大小与存入时不同"),
    ("{}: what was stored a moment ago is not there", "{}：刚刚存入的对象不存在"),
    ("{}: other bytes than were stored", "{}：内容与存入时不同"),
    ("{} unfinished uploads", "{} 个文件碎片"),
    (
        "{}{} unfinished uploads, {} of them silent for {} or longer",
        "{}{} 个文件碎片，其中 {} 个静默时间达到 {}",
    ),
    (
        "{}{} unfinished uploads, {} of them silent for {} or longer: {}",
        "{}{} 个文件碎片，其中 {} 个静默时间达到 {}：{}",
    ),
    ("at least {}", "至少 {}"),
    ("{} s", "{} 秒"),
    ("{} h", "{} 小时"),
    ("grant the key pair {}", "请授予密钥 {} 权限"),
    ("allow the key pair {} (in CAM: {})", "请允许密钥执行 {}（CAM 中为 {}）"),
    (
        "try again; if it stays so, ask those who run the store",
        "请重试；如果仍然如此，请联系存储端的运营方",
    ),
    ("the bucket or the account is full", "存储桶或账号空间已满"),
    ("this store lacks an operation that the server needs", "该存储端缺少服务器需要的操作"),
    ("something on the way damages what is sent", "传输途中内容被损坏"),
    ("look up the code in the store's documentation", "请在存储端的文档中查找该错误码"),
    ("no answer: {}", "没有响应：{}"),
    ("no answer", "没有响应"),
];
