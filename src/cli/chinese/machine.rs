//! What the configuration says of machines that are too small and of files that others may read, in
//! both languages. `{}` stands for what differs; it comes in the same order in both.

/// What was found, and what to do about it.
pub(super) const TEXTS: &[(&str, &str)] = &[
    // Memory.
    (
        "buffer_memory of {} and {} sessions of {} KiB each may need more than {} % of the {} of \
         memory that are available: {}, or set config_check_enable = false",
        "buffer_memory 为 {}，另有 {} 个会话（每个 {} KiB），可能超过 {} % 的可用内存（可用 {}）：\
         请{}，或设置 config_check_enable = false",
    ),
    (
        "buffer_memory of {}, {} to verify passwords (password_checks) and {} sessions of {} KiB \
         each may need more than {} % of the {} of memory that are available: {}, or set \
         config_check_enable = false",
        "buffer_memory 为 {}，验证密码需要 {}（password_checks），另有 {} 个会话（每个 {} KiB），\
         可能超过 {} % 的可用内存（可用 {}）：请{}，或设置 config_check_enable = false",
    ),
    ("lower buffer_memory to at most {}", "将 buffer_memory 降到不超过 {}"),
    ("lower max_connection_num to at most {}", "将 max_connection_num 降到不超过 {}"),
    (
        "lower buffer_memory to {} and max_connection_num to at most {}",
        "将 buffer_memory 降到 {}，并将 max_connection_num 降到不超过 {}",
    ),
    ("give the machine more memory", "为本机增加内存"),
    // Descriptors and threads.
    (
        "needs more descriptors than the hard limit of {} (ulimit -Hn): {}",
        "需要的文件描述符超过硬上限 {}（ulimit -Hn）：请{}",
    ),
    (
        "may need more than the {} threads this process may have (vm.max_map_count / 5, pids.max \
         of its control group, ulimit -u): {}",
        "需要的线程可能超过本进程的上限 {}（vm.max_map_count / 5、控制组的 pids.max、ulimit -u）：请{}",
    ),
    (
        "lower max_connection_num to at most {}, or raise {} to at least {}",
        "将 max_connection_num 降到不超过 {}，或将{}提高到至少 {}",
    ),
    ("raise {} to at least {}", "将{}提高到至少 {}"),
    ("that limit", "该上限"),
    ("those limits", "这些上限"),
    (
        "{} transfers with {} workers each exceed the {} threads this process may have \
         (vm.max_map_count / 5, pids.max of its control group, ulimit -u): some will have fewer \
         workers",
        "{} 个传输各用 {} 个工作线程，超过本进程的线程上限 {}（vm.max_map_count / 5、控制组的 \
         pids.max、ulimit -u）：部分传输的工作线程会减少",
    ),
    // Who else may read files.
    (
        "contains secrets, and other users of this machine may read or change it: chmod 600 it",
        "含有密钥或密码，而本机的其他用户可以读取或修改它：请执行 chmod 600",
    ),
    (
        "contains secrets, and other users of this machine may read or change it: chmod 600 it. \
         Passwords in plain text: {}; cos-ftp-server hash-password makes hashes to put in their \
         place",
        "含有密钥或密码，而本机的其他用户可以读取或修改它：请执行 chmod 600。明文密码 {} 个；\
         可用 cos-ftp-server hash-password 生成哈希代替",
    ),
    (
        "contains a secret, and other users of this machine may read or change it",
        "含有密钥或密码，而本机的其他用户可以读取或修改它",
    ),
    (
        "{}, {}, lies in {}, which is served: clients may read, replace or delete it",
        "{} {} 位于对外提供的目录 {} 中：客户端可以读取、替换或删除它",
    ),
    ("the configuration", "配置文件"),
];
