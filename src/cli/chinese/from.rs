//! The words of `check --from` in both languages.

/// What a client finds on its way to a server, and what to do about it.
pub(super) const TEXTS: &[(&str, &str)] = &[
    ("Password", "密码"),
    // The control connection.
    ("{} answers, heard from {}", "{} 有响应，本机地址为 {}"),
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
    ("see to the way there: address and routes", "请检查地址和路由"),
    ("{}, the control port, is {}", "控制端口 {}：{}"),
    ("closed (refused)", "关闭（拒绝连接）"),
    ("closed (silent)", "关闭（没有响应）"),
    ("not reached: {}", "无法到达：{}"),
    (
        "name the port of an FTP server; one for implicit TLS (990) is not tried",
        "请写 FTP 服务器的端口；不支持隐式 TLS 端口（990）",
    ),
    (
        "the server lets nobody in now, or not from this address: its log tells why",
        "服务器目前不接受连接，或不接受来自该地址的连接；原因见服务器日志",
    ),
    ("this is no FTP: {}", "这不是 FTP：{}"),
    ("plain text came behind AUTH TLS", "AUTH TLS 之后收到了明文"),
    ("the server said nothing for {} s", "服务器 {} 秒没有响应"),
    ("the control connection broke: {}", "控制连接中断：{}"),
    (
        "the server's log tells more; firewalls that look into FTP may break it, TLS helps",
        "详情见服务器日志；检查 FTP 内容的防火墙可能破坏连接，使用 TLS 可以避免",
    ),
    // TLS.
    (
        "not offered ({}): password and files can be read on their way",
        "未提供（{}）：密码和文件在途中可能被读取",
    ),
    (
        "the server's log tells more; the port must lead to the server itself",
        "详情见服务器日志；该端口必须直接通向服务器",
    ),
    ("good, for this name", "有效，且与名称相符"),
    (
        "clients ask or refuse: {}; its SHA-256 fingerprint is {}",
        "客户端会询问或拒绝：{}；SHA-256 指纹为 {}",
    ),
    ("files are not encrypted: {}", "文件不加密：{}"),
    (
        "data connections resume the session of the control connection",
        "数据连接复用控制连接的 TLS 会话",
    ),
    (
        "each data connection begins a session of its own; the server lets it",
        "每个数据连接各自建立 TLS 会话；服务器允许这样做",
    ),
    // The login.
    (
        "with --json nobody is asked: put the login into {} and {}",
        "使用 --json 时不会询问：请把用户名和密码放入 {} 和 {}",
    ),
    (
        "user or password holds a control character, which no client sends",
        "用户名或密码含有控制字符，客户端不会发送",
    ),
    (
        "correct user or password; the server's log tells what it refused",
        "请更正用户名或密码；拒绝的原因见服务器日志",
    ),
    // Passive ports.
    ("it is for IPv4 alone", "仅用于 IPv4"),
    (
        "see masquerade_networks, masquerade_address and passive_ports of the server, and its log",
        "请检查服务器的 masquerade_networks、masquerade_address 和 passive_ports 以及日志",
    ),
    ("see passive_ports of the server, and its log", "请检查服务器的 passive_ports 以及日志"),
    ("{} answers", "{} 有响应"),
    ("heard {}, which answers; the control port is at {}", "得到 {}，有响应；控制端口在 {}"),
    ("passive port {} of {} is {}", "被动端口 {}，主机 {}：{}"),
    (
        "open the passive_ports of the server in the firewalls, and forward them to it, each to \
         the port of the same number",
        "请在防火墙中放行服务器的 passive_ports，并逐一转发到相同编号的端口",
    ),
    (
        "heard the wrong address: {} is {}, the same port of {} answers",
        "得到的地址不对：{} {}，而 {} 的同一端口有响应",
    ),
    (
        "let this network hear {}: masquerade_networks = NETWORK={} at the server",
        "请让该网段得到 {}：在服务器上设置 masquerade_networks = 网段={}",
    ),
    ("heard {}, which is {}; port {} of {} is {}", "得到 {}：{}；端口 {}，主机 {}：{}"),
    // The file.
    ("no data connection can be made", "无法建立数据连接"),
    ("{} bytes", "{} 字节"),
    ("this user may not store here: {}", "该用户不能在此存储：{}"),
    ("this user may not read here: {}", "该用户不能在此读取：{}"),
    ("the same bytes came back", "取回的内容一致"),
    ("other bytes came back", "取回的内容不一致"),
    ("the file of this check is gone", "检查所用的文件已删除"),
    ("{} is left, delete it yourself: {}", "{} 未能删除，请自行删除：{}"),
    ("{}; the server: {}", "{}；服务器：{}"),
    (
        "the server's log tells more; with TLS, firewalls and forwardings must leave what passes \
         unchanged",
        "详情见服务器日志；使用 TLS 时，防火墙和端口转发不得改动所经过的内容",
    ),
];
