//! The documented example is made here, of the key table: each key with what it means in both
//! languages, and its default or an example.

use std::fmt::Write as _;

use cos_ftp_server::config::{ALL_SECTIONS, KEYS, Key, SectionKind, WhenAbsent, plain};

use super::generated::{Generated, sentence, wrapped};

const WIDTH: usize = 100;

const INTRODUCTION: &str = "\
# Configuration of cos-ftp-server. Copy it to conf/vsftpd.conf, fill in an account, start.
# cos-ftp-server 的配置文件。复制为 conf/vsftpd.conf，填写账号后启动即可。
#
# A line \"#key = value\" shows a default or an example: remove the \"#\" to change it.
# 形如 \"#key = value\" 的行是默认值或示例，去掉行首的 \"#\" 即可修改。
# A comment may follow a value: white space, then \"#\" or \";\" (in login_users only \"#\").
# 值后面可以写注释：空白加 \"#\" 或 \";\"（login_users 中只能用 \"#\"）。
# A password may hold : # % = ; and inner spaces, but no \"#\" or \";\" behind a space;
# in login_users it cannot hold \";\".
# 密码可以包含 : # % = ; 以及中间的空格，但空格后面不能紧跟 \"#\" 或 \";\"；
# 在 login_users 中密码不能包含 \";\"。
# Sizes: bytes, or a number with K, M, G, KiB, MiB, GiB (powers of 1024). Times: seconds, or a
# number with s, m, h.
# 大小：字节数，或带 K、M、G、KiB、MiB、GiB 的数字（按 1024 进位）。时间：秒，或带 s、m、h 的数字。
";

/// What an account section has in place of a key pair of its own.
const FROM_FILES: &[&str] = &["cos_secretid_file", "cos_secretkey_file", "cos_session_token_file"];
const FROM_ROLE: &[&str] = &["cos_cam_role", "cos_metadata_endpoint"];
const KEY_PAIR: &[&str] = &["cos_secretid", "cos_secretkey"];

/// What an account section has in place of its login.
const FROM_USERS_FILE: &[&str] = &["users_file"];
const FROM_HOOK: &[&str] = &["auth_command", "auth_url", "auth_timeout", "auth_cache"];

/// Another name of a key, which cannot stand beside it.
const OTHER_NAME: &str = "passive_port";

/// What cannot stand beside the key before it, or the default of another.
const OTHER_WAYS: &[&str] = &["auth_url", "url", "clamd"];

/// The file.
pub(super) fn example() -> Generated {
    let mut text = INTRODUCTION.to_owned();
    accounts(&mut text);
    first_form(&mut text);
    mounts(&mut text);
    for kind in ALL_SECTIONS.into_iter().filter(|kind| is_general(*kind)) {
        let (english, chinese) = title(kind);
        headline(&mut text, &[&format!("{english} / {chinese}")]);
        let _ = writeln!(text, "[{}]", kind.name());
        let keys = KEYS.iter().filter(|key| key.sections.contains(&kind) && key.name != OTHER_NAME);
        explain(&mut text, keys, "#");
    }
    Generated::new("conf/vsftpd.conf.example", text)
}

fn is_general(kind: SectionKind) -> bool {
    use SectionKind::{CosAccount, FtpAccount, Mount, NumberedAccount};
    !matches!(kind, CosAccount | FtpAccount | NumberedAccount | Mount)
}

fn title(kind: SectionKind) -> (&'static str, &'static str) {
    match kind {
        SectionKind::CosAccount | SectionKind::FtpAccount | SectionKind::NumberedAccount => {
            ("Accounts", "账号")
        }
        SectionKind::Mount => ("Mounts", "挂载"),
        SectionKind::Network => ("Network", "网络"),
        SectionKind::FileOption => ("Files", "文件"),
        SectionKind::Security => ("Security", "安全"),
        SectionKind::Optional => (
            "Optional: the word \"default\" stands for the default",
            "可选配置：值写 default 表示使用默认值",
        ),
        SectionKind::Operations => ("Operations", "运维"),
        SectionKind::Events => ("Events: who is told what happens to files", "事件通知"),
        SectionKind::Scan => {
            ("Checking uploads before they become files", "在成为文件之前检查上传")
        }
        SectionKind::Tls => ("FTPS: encryption towards clients", "FTPS：客户端连接加密"),
    }
}

/// Sections of the second form: one to be filled in, and two whose keys stand elsewhere.
fn accounts(text: &mut String) {
    let of_account = |key: &&Key| {
        key.sections.contains(&SectionKind::NumberedAccount)
            && !key.sections.iter().any(|kind| is_general(*kind))
    };
    let keys = || KEYS.iter().filter(of_account);
    headline(
        text,
        &[
            "Accounts, one section each: one login, one bucket",
            "账号：每个 [COS_ACCOUNT_<n>] 对应一个登录用户和一个存储桶",
        ],
    );
    text.push_str("[COS_ACCOUNT_0]\n");
    let elsewhere = [FROM_FILES, FROM_ROLE, FROM_USERS_FILE, FROM_HOOK].concat();
    let is_elsewhere = |key: &&Key| elsewhere.contains(&key.name);
    explain(text, keys().filter(|key| !is_elsewhere(key)), "");

    headline(
        text,
        &["Accounts whose keys do not stand in this file", "密钥不保存在本文件中的账号"],
    );
    text.push_str(
        "# In files; or in the environment variables COS_SECRETID and COS_SECRETKEY (and\n\
         # COS_SESSION_TOKEN), for sections without a key.\n\
         # 密钥保存在文件中；也可以使用环境变量 COS_SECRETID 和 COS_SECRETKEY（以及\n\
         # COS_SESSION_TOKEN），用于没有配置密钥的配置段。\n\
         #[COS_ACCOUNT_1]\n",
    );
    explain(text, keys().filter(|key| FROM_FILES.contains(&key.name)), "#");
    let to_fill_in = || keys().filter(|key| to_fill_in(key) && !KEY_PAIR.contains(&key.name));
    text.push('\n');
    to_fill_in().for_each(|key| line(text, "#", key, "user-of-files"));
    text.push_str(
        "\n# Or of a CAM role: none is kept, the machine's metadata service hands out temporary \
         ones.\n\
         # 或使用 CAM 角色：不保存密钥，由元数据服务提供临时密钥。\n\
         #[COS_ACCOUNT_2]\n",
    );
    explain(text, keys().filter(|key| FROM_ROLE.contains(&key.name)), "#");
    text.push('\n');
    to_fill_in().for_each(|key| line(text, "#", key, "user-of-role"));

    headline(text, &["Users who do not stand in this file", "不写在本文件中的用户"]);
    let is_for_all = |key: &&Key| self::to_fill_in(key) && key.alternatives.is_empty();
    for (number, names, user) in
        [(3, FROM_USERS_FILE, "users-of-file"), (4, FROM_HOOK, "users-of-hook")]
    {
        let _ = writeln!(text, "#[COS_ACCOUNT_{number}]");
        explain(text, keys().filter(|key| names.contains(&key.name)), "#");
        text.push('\n');
        keys().filter(is_for_all).for_each(|key| line(text, "#", key, user));
        text.push('\n');
    }
}

fn first_form(text: &mut String) {
    headline(
        text,
        &[
            "Or the older form: one bucket, several logins",
            "或使用旧版格式：一个存储桶，多个登录用户",
        ],
    );
    text.push_str(
        "# The other keys of a bucket are those above.\n# 其余存储桶相关的配置项同上。\n\
         #[COS_ACCOUNT]\n",
    );
    let is_shared = |key: &&Key| key.sections.contains(&SectionKind::CosAccount);
    let in_both = |key: &&Key| key.sections.contains(&SectionKind::NumberedAccount);
    let keys = || KEYS.iter().filter(is_shared);
    explain(text, keys().filter(|key| !in_both(key)), "#");
    text.push('\n');
    keys().filter(in_both).filter(|key| to_fill_in(key)).for_each(|key| line(text, "#", key, ""));
    text.push_str("\n#[FTP_ACCOUNT]\n");
    let of_logins = |key: &&Key| key.sections.contains(&SectionKind::FtpAccount);
    explain(text, KEYS.iter().filter(of_logins), "#");
}

/// A section that is not there unless somebody wants it.
fn mounts(text: &mut String) {
    headline(
        text,
        &[
            "Mounts, one section each: the files of an account in the trees of other users",
            "挂载：每个 [MOUNT_<n>] 把一个账号的文件放进其他用户的目录树",
        ],
    );
    text.push_str("#[MOUNT_0]\n");
    let of_mounts = |key: &&Key| key.sections.contains(&SectionKind::Mount);
    explain(text, KEYS.iter().filter(of_mounts), "#");
}

/// Whether the value is the operator's own.
fn to_fill_in(key: &Key) -> bool {
    key.default == WhenAbsent::Required || key.is_placeholder(key.example)
}

/// Each of `keys`, with what it means; behind `mark` unless it is to be filled in here.
fn explain<'k>(text: &mut String, keys: impl Iterator<Item = &'k Key>, mark: &str) {
    for (number, key) in keys.enumerate() {
        if number > 0 {
            text.push('\n');
        }
        for explanation in [
            sentence(&key.doc.english),
            format!("Accepted: {}.", key.accepts.english),
            format!("{}。", key.doc.chinese),
            format!("可选值：{}。", key.accepts.chinese),
        ] {
            text.push_str(&wrapped(&plain(&explanation), "# ", WIDTH));
        }
        let mark = match mark {
            "" if to_fill_in(key) => "",
            _ if OTHER_WAYS.contains(&key.name) => "##",
            _ => "#",
        };
        line(text, mark, key, "user0");
    }
}

/// The line of a key, with its default or an example in which `user` is the user.
fn line(text: &mut String, mark: &str, key: &Key, user: &str) {
    let value = match key.default {
        WhenAbsent::Value(value) => value,
        WhenAbsent::Required | WhenAbsent::Unset | WhenAbsent::Empty => key.example,
    };
    assert!(!value.is_empty(), "{} needs an example", key.name);
    let _ = writeln!(text, "{mark}{} = {}", key.name, value.replace("user0", user));
}

/// Begins a chapter; a title may have a line for each language.
fn headline(text: &mut String, titles: &[&str]) {
    text.push_str("\n\n");
    for title in titles {
        let wide = title.chars().filter(|c| *c >= '\u{2e80}').count();
        let dashes = "-".repeat((WIDTH - 8).saturating_sub(title.chars().count() + wide));
        let _ = writeln!(text, "# ---- {title} {dashes}");
    }
    text.push('\n');
}
