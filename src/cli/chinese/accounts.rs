//! What the configuration says of accounts and their stores, in both languages.

/// What was found.
pub(super) const TEXTS: &[(&str, &str)] = &[
    // Accounts.
    ("the section [COS_ACCOUNT] is missing beside it", "缺少与之配套的配置段 [COS_ACCOUNT]"),
    (
        "there is no account: a section [COS_ACCOUNT] with [FTP_ACCOUNT], or [COS_ACCOUNT_0], is \
         required",
        "没有账号：必须有配置段 [COS_ACCOUNT] 和 [FTP_ACCOUNT]，或 [COS_ACCOUNT_0]",
    ),
    (
        "passwords go to another machine in plain text: use https://",
        "密码会以明文发送到另一台机器：请使用 https://",
    ),
    (
        "another section has auth_command or auth_url already; only one can",
        "另一个配置段已有 auth_command 或 auth_url；只能有一个",
    ),
    (
        "another section uses this file already; each needs its own",
        "另一个配置段已使用此文件；每个配置段需要各自的文件",
    ),
    (
        "the user {} cannot take the place of %u: its name contains / or \\, begins with . or is \
         too long",
        "用户 {} 不能代入 %u：其名称含有 / 或 \\、以 . 开头或过长",
    ),
    (
        "[{}] has this home already; each account section needs its own",
        "[{}] 已使用此 home_dir；每个账号的配置段需要各自的目录",
    ),
    ("the user {} is in {} already; names must differ", "用户 {} 已在 {} 中；用户名不能重复"),
    (
        "cannot be combined with {}: the users of a section come from one place",
        "不能与 {} 同时使用：一个配置段的用户只能有一个来源",
    ),
    (
        "on needs done_marker, the ending of markers, such as .ok",
        "设为 on 时必须有 done_marker，即标记文件的后缀，例如 .ok",
    ),
    (
        "on needs on_exists = replace, as files are published so",
        "设为 on 时必须是 on_exists = replace，因为文件以这种方式发布",
    ),
    (
        "another mount has this path, for the same users; each needs its own",
        "另一个挂载已对同样的用户使用此路径；每个挂载需要各自的路径",
    ),
    (
        "no login and no account section is called so; accepted is a login, or an account section \
         such as COS_ACCOUNT_1",
        "没有这个名称的登录账号或账号配置段；可用的值：登录账号，或账号配置段，例如 COS_ACCOUNT_1",
    ),
    (
        "its tls = required does not hold below the mount: set it for {} and whoever else sees the \
         mount, too",
        "该账号的 tls = required 在挂载点之下不起作用：请为 {} 以及其他能看到该挂载的用户也设置它",
    ),
    (
        "no login is called {}; accepted are logins, or * for everybody",
        "没有名为 {} 的登录账号；可用的值：登录账号，或表示所有人的 *",
    ),
    // Buckets and keys.
    (
        "leave out {} behind the host: a bucket's name belongs into cos_bucket, and a directory in \
         it into cos_prefix",
        "请删去主机名之后的 {}：存储桶名称写在 cos_bucket 中，其中的目录写在 cos_prefix 中",
    ),
    (
        "an address or a path is no bucket's name: write the name alone, and a directory in the \
         bucket as cos_prefix",
        "这是地址或路径，不是存储桶名称：请只写名称，存储桶中的目录写在 cos_prefix 中",
    ),
    (
        "{} is a path: as a directory to serve, write file://{}",
        "{} 是路径；要提供这个目录，请写 file://{}",
    ),
    (
        "{} is no whole path: a directory to serve is written file:///srv/ftp",
        "{} 不是完整路径；要提供的目录应写作 file:///srv/ftp 的形式",
    ),
    (
        "COS may have no such region: regions have names like ap-guangzhou",
        "COS 没有这个地域：地域名称的形式如 ap-guangzhou",
    ),
    (
        "a bucket's name cannot be put before an IP address; accepted is path or auto",
        "存储桶名称不能放在 IP 地址之前；可用的值：path 或 auto",
    ),
    (
        "is the domain of global acceleration, which serves transfers only: nothing can be listed, \
         copied or deleted there; leave the line out and set cos_region, or name \
         cos.REGION.myqcloud.com",
        "是全球加速域名，只提供传输：不能列出、复制或删除；请删去此行并设置 cos_region，\
         或写 cos.REGION.myqcloud.com",
    ),
    (
        "on is for an endpoint of COS in its region: set cos_region, or name \
         cos.REGION.myqcloud.com in cos_endpoint; with another store, name the host of its \
         acceleration here",
        "on 只适用于 COS 的地域域名：请设置 cos_region，或在 cos_endpoint 中写 \
         cos.REGION.myqcloud.com；使用其他存储时，请在此处写其加速域名",
    ),
    (
        "leave out the bucket's name before the host: addressing_style = virtual, which is usual \
         with COS, puts it there",
        "请去掉域名前的存储桶名称：addressing_style = virtual（COS 的默认方式）会自动加上",
    ),
    (
        "auto is for cos.REGION.myqcloud.com, which has another domain; name the host here",
        "auto 只适用于有备用域名的 cos.REGION.myqcloud.com；请在此处写主机名",
    ),
    (
        "contradicts the scheme of cos_endpoint; give only one of them",
        "与 cos_endpoint 中的协议矛盾；只能写其中一个",
    ),
    (
        "on COS the key cos_appid is required beside this name",
        "在 COS 上，此名称必须与 cos_appid 一起使用",
    ),
    (
        "on COS a bucket's full name ends in -APPID, such as name-1250000000",
        "在 COS 上，存储桶的完整名称以 -APPID 结尾，例如 name-1250000000",
    ),
    (
        "has no effect beside cos_endpoint = file://, which stores files in a directory: take that \
         line out to have them in the bucket",
        "与 cos_endpoint = file:// 同时出现时不起作用，文件会存放在目录中：如需存入存储桶，请删去该行",
    ),
    ("has no effect without cos_cam_role", "没有 cos_cam_role 时不起作用"),
    (
        "no key pair: cos_secretid and cos_secretkey, or cos_secretid_file and cos_secretkey_file, \
         or cos_cam_role is required, or COS_SECRETID and COS_SECRETKEY in the environment",
        "没有密钥对：必须有 cos_secretid 和 cos_secretkey，或 cos_secretid_file 和 \
         cos_secretkey_file，或 cos_cam_role，或环境变量 COS_SECRETID 和 COS_SECRETKEY",
    ),
    (
        "contradicts cos_cam_role, whose keys are temporary; give only one of them",
        "与使用临时密钥的 cos_cam_role 矛盾；只能写其中一个",
    ),
    // What becomes of objects.
    (
        "%u makes a tag of the user name {} that no store takes; accepted are letters, digits, \
         spaces and + - = . _ : / @, {} characters at most: write the tag without %u",
        "%u 会用用户名 {} 生成存储端不接受的标签；标签只能含有字母、数字、空格和 + - = . _ : / @，\
         最多 {} 个字符：请写不含 %u 的标签",
    ),
    (
        "the user name {} is too long to stand in metadata, which may have {} bytes together; \
         accepted is off, or a shorter name",
        "用户名 {} 过长，不能写入元数据（合计最多 {} 字节）；请设为 off，或使用更短的用户名",
    ),
    ("has no effect on a directory (file://); ignored", "对目录（file://）不起作用；已忽略"),
    (
        "has no effect: every account serves a directory (file://); ignored",
        "不起作用：所有账号都使用目录（file://）；已忽略",
    ),
    // login_users
    (
        "the quotes are part of the password, and clients must send them: leave them out unless \
         that is intended",
        "引号是密码的一部分，客户端必须发送引号：除非有意如此，请去掉引号",
    ),
    (
        "account {} {}; accepted is user:password:permission, several separated by ';', permission \
         R, W or RW",
        "账号 {} {}；可用的值：用户名:密码:权限，多个账号用 ; 分隔，权限为 R、W 或 RW",
    ),
    ("account {}: {}", "账号 {}：{}"),
    (
        "account {} contains a full-width '；' or '：', which is not a separator",
        "账号 {} 含有全角的“；”或“：”，它们不是分隔符",
    ),
    (
        "contains no account; accepted is user:password:permission",
        "没有账号；可用的值：用户名:密码:权限",
    ),
    ("has no ':'", "没有冒号"),
    ("has one ':' only, so password or permission is missing", "只有一个冒号，缺少密码或权限"),
    ("has no user name", "没有用户名"),
    ("has no password", "没有密码"),
    ("has as its password {}", "的密码：{}"),
    ("does not end in a permission", "末尾没有权限"),
    (
        "a hash of a kind that is not understood; accepted are $argon2id$ and $6$ (SHA-512 crypt)",
        "无法识别的哈希类型；可用的类型：$argon2id$ 和 $6$（SHA-512 crypt）",
    ),
    (
        "an incomplete hash; generate one with cos-ftp-server hash-password",
        "哈希值不完整；请用 cos-ftp-server hash-password 生成",
    ),
    (
        "a hash that is too expensive to compute; generate one with cos-ftp-server hash-password",
        "哈希值的计算代价过高；请用 cos-ftp-server hash-password 生成",
    ),
    // users_file
    (
        "the user name is not accepted; accepted are 1 to {} bytes without slashes, colons and \
         control characters that do not begin with . # or -, and then :hash",
        "不接受此用户名；用户名为 1 到 {} 字节，不含斜杠、冒号和控制字符，不以 .、# 或 - 开头，\
         其后为 :哈希值",
    ),
    ("has no ':'; accepted is name:hash:RW", "没有冒号；可用的值：用户名:哈希值:RW"),
    (
        "has no hash after the name; cos-ftp-server user passwd sets it, and cos-ftp-server \
         hash-password prints one",
        "用户名之后没有哈希值；可用 cos-ftp-server user passwd 设置，或用 cos-ftp-server \
         hash-password 生成",
    ),
    (
        "has no permission after the hash; accepted is R, W or RW",
        "哈希值之后没有权限；可用的值：R、W 或 RW",
    ),
    (
        "has a prefix that is not accepted; accepted is a path such as team/a without . and .., or \
         / for all that the users of the file have",
        "不接受其前缀；可用的值：不含 . 和 .. 的路径（例如 team/a），或 /（此文件的用户所拥有的全部内容）",
    ),
    (
        "cannot be read: {}; cos-ftp-server user add creates it and adds a user",
        "无法读取：{}；可用 cos-ftp-server user add 创建此文件并添加用户",
    ),
    ("the file is not UTF-8 text: save it as UTF-8", "文件不是 UTF-8 文本：请保存为 UTF-8"),
    ("{} more of its lines are wrong", "另有 {} 行不正确"),
];
