//! The words of `check --from` in both languages.

/// What a client finds on its way to a server, and what to do about it.
pub(super) const TEXTS: &[(&str, &str)] = &[
    (
        "start the server, or name its port, as in {}:2121; if it runs there, a firewall or a \
         forwarding refuses port {}",
        "请启动服务器，或写出其端口，例如 {}:2121；如果服务器在运行，则是防火墙或端口转发拒绝了端口 {}",
    ),
    ("Password", "密码"),
    // The control connection.
    ("{} answers, reached from {}", "{} 有响应，本机地址为 {}"),
    ("correct the name, or this machine's resolver", "请更正主机名或本机的域名解析设置"),
    ("correct the name", "请更正主机名"),
    (
        "start the server, or correct the port; if it runs, a firewall or a forwarding refuses \
         port {}",
        "请启动服务器或更正端口；如果服务器正在运行，则是防火墙或端口转发拒绝了端口 {}",
    ),
    (
        "open port {} in the firewalls, and forward it to the server",
        "请在防火墙中放行端口 {}，并把它转发到服务器",
    ),
    ("check the address, and the routes to it", "请检查地址和路由"),
    ("{}, the control port, is {}", "控制端口 {}：{}"),
    ("closed (refused)", "关闭（拒绝连接）"),
    ("closed (silent)", "关闭（没有响应）"),
    ("not reached: {}", "无法到达：{}"),
    ("name the port of an FTP server", "请写 FTP 服务器的端口"),
    (
        "the server accepts nobody now, or not from this address: see its log",
        "服务器目前不接受连接，或不接受来自该地址的连接；原因见服务器日志",
    ),
    ("this is not FTP: {}", "这不是 FTP：{}"),
    ("plain text followed AUTH TLS", "AUTH TLS 之后收到了明文"),
    ("the server sent nothing for {} s", "服务器 {} 秒没有响应"),
    ("the control connection broke: {}", "控制连接中断：{}"),
    (
        "see the server's log; firewalls that inspect FTP may break it, which TLS prevents",
        "详情见服务器日志；检查 FTP 内容的防火墙可能破坏连接，使用 TLS 可以避免",
    ),
    // TLS.
    (
        "not offered ({}): password and files can be read on their way",
        "未提供（{}）：密码和文件在途中可能被读取",
    ),
    (
        "see the server's log; the port must lead to the server itself",
        "详情见服务器日志；该端口必须直接通向服务器",
    ),
    ("what the server sent is not TLS ({})", "服务器发来的不是 TLS（{}）"),
    (
        "{}; implicit: clients need ftps://, or the setting of that",
        "{}；隐式 TLS：客户端须使用 ftps:// 或选择隐式 TLS",
    ),
    (
        "name the port for implicit TLS; any but 990 is tried in plain without --implicit-tls",
        "请写隐式 TLS 的端口；去掉 --implicit-tls 后，990 以外的端口先以明文尝试",
    ),
    ("the server refused the TLS handshake ({})", "服务器拒绝了 TLS 握手（{}）"),
    ("no TLS could be agreed on ({})", "未能协商 TLS（{}）"),
    (
        "the server closed the connection during the TLS handshake",
        "服务器在 TLS 握手过程中断开了连接",
    ),
    ("valid, and for this name", "有效，且与名称相符"),
    ("{}; its SHA-256 fingerprint is {}", "{}；SHA-256 指纹为 {}"),
    (
        "clients warn or refuse: it was issued by no authority that they know (self-signed, of an \
         authority of your own, or without its intermediate certificates)",
        "客户端会警告或拒绝：签发机构不受信任（自签名证书、自建机构签发，或缺少中间证书）",
    ),
    (
        "clients warn or refuse: it is for another name than this one",
        "客户端会警告或拒绝：证书属于另一个名称",
    ),
    ("clients refuse it: it has expired", "客户端会拒绝：证书已过期"),
    ("clients refuse it: it is not valid yet", "客户端会拒绝：证书尚未生效"),
    (
        "many clients refuse it: it is the certificate of an authority (CA:TRUE), not of a server; \
         those take it that have a copy of this very certificate",
        "许多客户端会拒绝：这是机构证书（CA:TRUE），不是服务器证书；持有这份证书副本的客户端会接受",
    ),
    ("clients refuse it: it cannot be used", "客户端会拒绝：证书无法使用"),
    (
        "get a certificate from a public authority such as Let's Encrypt, and put its intermediate \
         certificates behind it in tls_cert_file; or have each client trust this one, by its \
         fingerprint",
        "请使用公共机构（如 Let's Encrypt）签发的证书，并在 tls_cert_file 中把中间证书放在其后；\
         或在每个客户端上核对指纹并信任该证书",
    ),
    (
        "connect by a name that the certificate has, or get one for this name (subjectAltName)",
        "请使用证书中的名称连接，或重新签发包含该名称的证书（subjectAltName）",
    ),
    (
        "renew it, and put the new one into tls_cert_file; no restart is needed. If it is new, set \
         the clock of this machine (NTP)",
        "请更新证书并放入 tls_cert_file，无需重启；如果证书是新的，请校准本机时钟（NTP）",
    ),
    (
        "set the clock of this machine (NTP), or of the one that issued it",
        "请校准本机或签发机器的时钟（NTP）",
    ),
    (
        "make one that is not of an authority (openssl req -x509 with -addext \
         basicConstraints=critical,CA:FALSE), or issue one with this authority, and put that into \
         tls_cert_file",
        "请生成一份不是机构证书的证书（openssl req -x509 加上 -addext \
         basicConstraints=critical,CA:FALSE），或用该机构签发一份，并放入 tls_cert_file",
    ),
    ("get another certificate", "请更换证书"),
    ("files are not encrypted: {}", "文件不加密：{}"),
    (
        "data connections resume the session of the control connection",
        "数据连接复用控制连接的 TLS 会话",
    ),
    (
        "each data connection begins a new session, which the server allows",
        "每个数据连接各自建立 TLS 会话；服务器允许这样做",
    ),
    // The login.
    (
        "with --json nothing is asked: put user and password into {} and {}",
        "使用 --json 时不会询问：请把用户名和密码放入 {} 和 {}",
    ),
    (
        "user or password contains a control character, which no client can send",
        "用户名或密码含有控制字符，客户端不会发送",
    ),
    (
        "correct user or password; see the server's log",
        "请更正用户名或密码；拒绝的原因见服务器日志",
    ),
    // Passive ports.
    ("only for IPv4", "仅用于 IPv4"),
    (
        "see masquerade_networks, masquerade_address and passive_ports of the server, and its log",
        "请检查服务器的 masquerade_networks、masquerade_address 和 passive_ports 以及日志",
    ),
    ("see passive_ports of the server, and its log", "请检查服务器的 passive_ports 以及日志"),
    ("{} answers", "{} 有响应"),
    (
        "the server names {}, which answers; the control port is at {}",
        "得到 {}，有响应；控制端口在 {}",
    ),
    ("passive port {} of {} is {}", "被动端口 {}，主机 {}：{}"),
    (
        "open the passive_ports of the server in the firewalls, and forward them to it, each to \
         the port of the same number",
        "请在防火墙中放行服务器的 passive_ports，并逐一转发到相同编号的端口",
    ),
    (
        "the server names a wrong address: {} is {}, the same port of {} answers",
        "得到的地址不对：{} {}，而 {} 的同一端口有响应",
    ),
    (
        "make the server name {} to this network: masquerade_networks = NETWORK={}",
        "请让该网段得到 {}：在服务器上设置 masquerade_networks = 网段={}",
    ),
    ("the server names {}, which is {}; port {} of {} is {}", "得到 {}：{}；端口 {}，主机 {}：{}"),
    // The file.
    ("no data connection can be opened", "无法建立数据连接"),
    ("{} bytes", "{} 字节"),
    ("this user may not store here: {}", "该用户不能在此存储：{}"),
    ("this user may not read here: {}", "该用户不能在此读取：{}"),
    ("the same bytes came back", "取回的内容一致"),
    ("other bytes came back", "取回的内容不一致"),
    ("the file of this check was deleted", "检查所用的文件已删除"),
    ("{} is left behind, delete it by hand: {}", "{} 未能删除，请自行删除：{}"),
    ("{}; the server: {}", "{}；服务器：{}"),
    (
        "see the server's log; with TLS, firewalls and port forwarding must not change what passes",
        "详情见服务器日志；使用 TLS 时，防火墙和端口转发不得改动所经过的内容",
    ),
];
