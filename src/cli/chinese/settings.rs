//! What the configuration says of sections, keys and values, in both languages. What a key accepts
//! is said by the table of keys.

/// What was found.
pub(super) const TEXTS: &[(&str, &str)] = &[
    ("warning: ", "警告："),
    // Any key.
    ("not accepted", "不接受此值"),
    ("not accepted; accepted is {}", "不接受此值；可用的值：{}"),
    ("{}; accepted is {}", "{}；可用的值：{}"),
    ("the value is missing; accepted is {}", "缺少值；可用的值：{}"),
    ("the key is required and missing; accepted is {}", "缺少必需的键；可用的值：{}"),
    ("the key is required and missing; {} can be used instead", "缺少必需的键；也可以改用 {}"),
    ("still the sample's placeholder", "仍是示例中的占位内容"),
    ("means the same as {}; give only one of them", "与 {} 含义相同；只能写其中一个"),
    ("unknown key, ignored; the nearest known key is {}", "未知的键，已忽略；最接近的键是 {}"),
    ("unknown key, ignored; it is called {} here", "未知的键，已忽略；在这里它叫做 {}"),
    (
        "unknown key, ignored; it is called {} here, in {}",
        "未知的键，已忽略；在这里它叫做 {}，属于 {}",
    ),
    (
        "unknown key, ignored; it is called {} here, in {} or {}",
        "未知的键，已忽略；在这里它叫做 {}，属于 {} 或 {}",
    ),
    (
        "unknown key here, ignored; the nearest known key is {}, in {}",
        "此处没有这个键，已忽略；最接近的键是 {}，属于 {}",
    ),
    (
        "unknown key here, ignored; the nearest known key is {}, in {} or {}",
        "此处没有这个键，已忽略；最接近的键是 {}，属于 {} 或 {}",
    ),
    ("unknown key here, ignored; it belongs in {}", "此处没有这个键，已忽略；它属于 {}"),
    (
        "unknown key here, ignored; it belongs in {} or {}",
        "此处没有这个键，已忽略；它属于 {} 或 {}",
    ),
    ("unknown key, ignored", "未知的键，已忽略"),
    ("unknown key, ignored: {}", "未知的键，已忽略：{}"),
    (
        "nobody logs in without a password here, so leave the line out; for files that everybody \
         may fetch, make an account with authority = R and tell its password",
        "这里没有匿名登录，请删去此行；如果要让所有人下载文件，请建立 authority = R 的账号并公开其密码",
    ),
    (
        "users of the system cannot log in here, so leave the line out; logins stand in account \
         sections, in a users_file, or are asked for by auth_command or auth_url",
        "系统用户不能在此登录，请删去此行；登录账号写在账号配置段或 users_file 中，\
         或由 auth_command 或 auth_url 查询",
    ),
    (
        "only logins of this configuration get in, so leave the line out; what one may do stands \
         in its account section, and allow_addresses says from where",
        "只有本配置中的账号可以登录，请删去此行；权限写在其账号配置段中，\
         允许的来源地址由 allow_addresses 指定",
    ),
    (
        "no login can leave its own root, so leave the line out; cos_prefix says where in the \
         bucket that is",
        "任何账号都不能离开自己的根目录，请删去此行；根目录在存储桶中的位置由 cos_prefix 指定",
    ),
    (
        "the server always listens by itself, at IPv4 and IPv6, so leave the line out; \
         listen_address in [NETWORK] says where",
        "服务器总是自行监听 IPv4 和 IPv6，请删去此行；监听地址由 [NETWORK] 的 listen_address 指定",
    ),
    (
        "active and passive transfers both work, so leave the line out; passive_ports in [NETWORK] \
         are the ports of passive ones",
        "主动模式和被动模式都可用，请删去此行；被动模式的端口由 [NETWORK] 的 passive_ports 指定",
    ),
    (
        "a bucket keeps neither owners nor file modes, so leave the line out; object_acl says who \
         may read new objects",
        "存储桶不保存所有者和文件权限位，请删去此行；谁可以读取新对象由 object_acl 指定",
    ),
    (
        "only TLS 1.2 and 1.3 with strong ciphers are spoken, so leave the line out; \
         tls_min_version can demand 1.3",
        "只使用 TLS 1.2 和 1.3 以及强加密套件，请删去此行；可用 tls_min_version 要求 1.3",
    ),
    (
        "tls = required in [TLS] has everybody encrypt logins and files, so leave the line out",
        "在 [TLS] 中设置 tls = required 即可要求所有登录和文件加密，请删去此行",
    ),
    (
        "there are no texts of your own for clients, so leave the line out",
        "不支持自定义的欢迎文字，请删去此行",
    ),
    ("unknown section; write [{}]", "未知的配置段；请写 [{}]"),
    ("unknown section, ignored; there are {}", "未知的配置段，已忽略；可用的配置段：{}"),
    (
        "unknown section, ignored; the nearest known section is [{}]",
        "未知的配置段，已忽略；最接近的配置段是 [{}]",
    ),
    (
        "the text after white space and '#' or ';' was taken for a comment; if it is part of the \
         password, write the password's hash instead, which cos-ftp-server hash-password prints",
        "空白之后以 # 或 ; 开头的内容被当作注释；如果它是密码的一部分，请改写密码的哈希值，\
         用 cos-ftp-server hash-password 生成",
    ),
    // The file.
    ("cannot be read: {}", "无法读取：{}"),
    ("cannot be executed: {}", "无法执行：{}"),
    ("too large for a configuration", "作为配置文件过大"),
    (
        "the file is neither UTF-8 nor GB18030 text: save it as UTF-8",
        "文件既不是 UTF-8 文本，也不是 GB18030 文本：请保存为 UTF-8",
    ),
    (
        "the file is not UTF-8 and was read as GB18030: make sure that names and passwords with \
         Chinese characters are right, or save it as UTF-8",
        "文件不是 UTF-8，已按 GB18030 读取：请确认含中文的名称和密码正确，或将文件保存为 UTF-8",
    ),
    (
        "this is a configuration of the FTP server vsftpd, which cannot be used here: this server's \
         file has sections, such as [COS_ACCOUNT_0]. cos-ftp-server init writes one; it may be \
         called cos-ftp-server.conf",
        "这是 FTP 服务器 vsftpd 的配置文件，不能在这里使用：本服务器的配置文件分为配置段，例如 \
         [COS_ACCOUNT_0]。可用 cos-ftp-server init 生成一个，文件名可以是 cos-ftp-server.conf",
    ),
    ("a section header is written [NAME]", "配置段的标题应写作 [名称]"),
    (
        "only a comment may follow a section header on its line",
        "同一行中，配置段标题之后只能有注释",
    ),
    (
        "the section is in the file twice, first in line {}",
        "此配置段在文件中出现两次，首次在第 {} 行",
    ),
    (
        "a line before the first section header, such as [COS_ACCOUNT]",
        "此行位于第一个配置段标题（例如 [COS_ACCOUNT]）之前",
    ),
    (
        "a section header is written [NAME], with half-width brackets",
        "配置段的标题应写作 [名称]，使用半角方括号",
    ),
    ("a comment begins with a half-width '#' or ';'", "注释以半角的 # 或 ; 开头"),
    (
        "a full-width '{}' separates nothing: write key = value",
        "全角的“{}”不能分隔键和值：请用半角等号，写作 key = value",
    ),
    ("the character '{}' in it is full-width, write '{}'", "其中的“{}”是全角字符，请写半角的“{}”"),
    ("a line without a value: write key = value", "此行没有值：请写作 键 = 值"),
    ("the key is in its section twice, first in line {}", "此键在配置段中出现两次，首次在第 {} 行"),
    // [NETWORK] and [SECURITY]
    (
        "means the same as passive_ports; give only one of them",
        "与 passive_ports 含义相同；只能写其中一个",
    ),
    ("means {} to {}; write {},{} for one port", "表示 {} 到 {}；如果只用一个端口，请写 {},{}"),
    (
        "lies within passive_ports, which therefore have one port less",
        "位于 passive_ports 的范围之内，被动端口因此少一个",
    ),
    ("{} is the same; each needs a port of its own", "与 {} 相同；两者必须使用不同的端口"),
    (
        "means every address of a machine, and no client can connect to it: name the address that \
         clients connect to, or leave the line out",
        "表示本机的所有地址，客户端无法连接到它：请写客户端所连接的地址，或删去此行",
    ),
    (
        "no client on another machine can connect to a loopback address: name the address that \
         clients connect to, or leave the line out",
        "其他机器上的客户端无法连接回环地址：请写客户端所连接的地址，或删去此行",
    ),
    (
        "no client on another machine can connect to a loopback address: name the address that \
         clients of the network connect to, or direct",
        "其他机器上的客户端无法连接回环地址：请写该网段的客户端所连接的地址，或写 direct",
    ),
    (
        "has no effect with data_peer_check = off: then an address does not tell whose connection \
         it is",
        "data_peer_check = off 时不起作用：此时无法根据地址判断连接属于谁",
    ),
    (
        "leaves no connections to users who have a session already; accepted is less than \
         max_connection_num",
        "没有为已有会话的用户留下连接；必须小于 max_connection_num",
    ),
    (
        "{} is neither a network such as 10.0.0.0/8 nor an address",
        "{} 既不是网段（例如 10.0.0.0/8），也不是地址",
    ),
    ("{} is not an IP address", "{} 不是 IP 地址"),
    (
        "{} is neither an IPv4 address, a host name, direct nor auto",
        "{} 不是 IPv4 地址、主机名、direct 或 auto",
    ),
    ("an entry is empty", "有一项是空的"),
    ("there is no '=' in it", "其中没有等号"),
    ("{}: there is no '=' in it", "{}：其中没有等号"),
    ("{}: the network {} has an entry already", "{}：网段 {} 已经写过"),
    (
        "{}: {} is neither a network such as 10.0.0.0/8 nor an address",
        "{}：{} 既不是网段（例如 10.0.0.0/8），也不是地址",
    ),
    (
        "{}: {} is neither an IPv4 address, a host name, direct nor auto",
        "{}：{} 不是 IPv4 地址、主机名、direct 或 auto",
    ),
    // [EVENTS], [SCAN] and [TLS]
    (
        "cannot be combined with command: there is one receiver",
        "不能与 command 同时使用：接收方只有一个",
    ),
    ("there is no receiver: command or url is missing", "没有接收方：缺少 command 或 url"),
    (
        "the key is required beside command or url; accepted is an absolute path",
        "使用 command 或 url 时必须有此键；可用的值：绝对路径",
    ),
    (
        "cannot stand beside partial_upload = park, which is the default: what is parked cannot be \
         read, and a file in pieces cannot be checked; set partial_upload = discard, or keep",
        "不能与 partial_upload = park（默认值）同时使用：暂存的内容无法读取，不完整的文件无法检查；\
         请设置 partial_upload = discard 或 keep",
    ),
    (
        "not used, as tls = off; set tls = optional or required for FTPS",
        "不起作用，因为 tls = off；如需 FTPS，请设置 tls = optional 或 required",
    ),
    (
        "the key is required unless tls = off; accepted is a PEM file",
        "除非 tls = off，否则必须有此键；可用的值：PEM 文件",
    ),
    (
        "older than tls_min_version: no version of TLS is left",
        "低于 tls_min_version：没有可用的 TLS 版本",
    ),
    (
        "this login could not be used, as the server has no TLS: set tls = optional or tls = \
         required in [TLS]",
        "服务器没有 TLS，此账号将无法使用：请在 [TLS] 中设置 tls = optional 或 tls = required",
    ),
    (
        "TLS cannot be turned off for one login; accepted here is optional or required",
        "不能为单个账号关闭 TLS；此处可用的值：optional 或 required",
    ),
    (
        "clients that do not encrypt log in by password alone, as tls = optional; tls = required \
         asks everybody for a certificate",
        "由于 tls = optional，不加密的客户端只凭密码登录；设为 tls = required 时所有客户端都须出示证书",
    ),
    (
        "needs tls_client_ca, a PEM file with the certificates of the authorities that issue those \
         of the clients",
        "需要 tls_client_ca，即签发客户端证书的机构的证书（PEM 文件）",
    ),
    (
        "not used, as tls_client_cert = off; set tls_client_cert = optional or required for \
         certificates of clients",
        "不起作用，因为 tls_client_cert = off；如需客户端证书，请设置 tls_client_cert = optional 或 required",
    ),
    // Parts of files.
    (
        "{} are too little for the parts of a file near single_file_max_size ({}): such an upload \
         needs {}",
        "{} 不足以容纳接近 single_file_max_size（{}）的文件的分块：这样的上传需要 {}",
    ),
    (
        "the smallest part that bucket {} takes is {}, which is used there instead",
        "存储桶 {} 接受的最小分块为 {}，将在该存储桶使用此值",
    ),
    (
        "too small for single_file_max_size = {}: the {} parts of such a file grow to {} each; \
         raise part_buffer_size to at least that, or lower single_file_max_size to at most {}",
        "对 single_file_max_size = {} 来说太小：这样的文件分为 {} 块，每块会增大到 {}；\
         请将 part_buffer_size 提高到至少该值，或将 single_file_max_size 降到不超过 {}",
    ),
    (
        "smaller than one part, which has {}: raise part_buffer_size, or lower min_part_size or \
         store_min_part",
        "小于一个分块的大小（{}）：请提高 part_buffer_size，或降低 min_part_size 或 store_min_part",
    ),
];
