//! What `--check-config` says of a configuration that is right, and of directories that cannot be
//! served, in both languages. `{}` stands for what differs; it comes in the same order in both.

/// Its lines, and what stands in them.
pub(super) const TEXTS: &[(&str, &str)] = &[
    ("configuration OK: {}", "配置正确：{}"),
    ("accounts {}: {}", "账号 {}：{}"),
    ("no users yet: {}", "尚无用户：{}"),
    ("mount {} ({}): {}", "挂载 {}（{}）：{}"),
    ("bucket {} at {}, region {}, prefix {}, {}", "存储桶 {}，访问地址 {}，地域 {}，前缀 {}，{}"),
    ("directory {}", "目录 {}"),
    ("key pair", "密钥对"),
    ("key pair in {}", "密钥对在 {} 中"),
    ("temporary key pair", "临时密钥对"),
    ("CAM role {}", "CAM 角色 {}"),
    ("CAM role of this machine", "本机的 CAM 角色"),
    (
        "port {}, passive ports {}-{}, buffer memory {} MiB",
        "端口 {}，被动端口 {}-{}，缓冲区内存 {} MiB",
    ),
    ("FTPS by {}", "FTPS：{}"),
    ("certificates of clients: {}", "客户端证书：{}"),
    (
        "interrupted uploads are parked until their client resumes them; with partial_upload = \
         keep they get their name at once",
        "中断的上传会暂存，等待客户端续传；设为 partial_upload = keep 时，它们立即得到文件名",
    ),
    ("to try the machine and each store, too: {}", "如需同时检查本机和各个存储端，请执行：{}"),
    (
        "cos_endpoint = file://{}: {}: {}, or correct cos_endpoint",
        "cos_endpoint = file://{}：{}：{}，或更正 cos_endpoint",
    ),
    (
        "cos_endpoint = file://{}: {}: {}: {}, or correct cos_endpoint",
        "cos_endpoint = file://{}：{}：{}：{}，或更正 cos_endpoint",
    ),
    ("create it (mkdir -p)", "请创建该目录（mkdir -p）"),
    ("it must be a directory", "它必须是目录"),
    ("give the user that runs the server access to it", "请允许运行服务器的用户访问它"),
];
