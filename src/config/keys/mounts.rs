//! `[MOUNT_<n>]`: the files of an account in the trees of others. What may be done there has rows
//! with accounts.

use super::key::{Key, row};
use super::readers::{Reader, size, text};
use super::sections::SectionKind::{self, Mount, Optional};
use crate::config::forms::{General, MountForm};
use crate::config::values;
use crate::limits;
use crate::users::key_prefix;

const MOUNT: &[SectionKind] = &[Mount];
const OPTIONAL: &[SectionKind] = &[Optional];

/// The keys.
pub(super) fn rows() -> Vec<Key> {
    [what(), who(), vec![limit()]].into_iter().flatten().collect()
}

fn what() -> Vec<Key> {
    let path = Reader::new(
        "an absolute path such as `/archive`, not `/`",
        "绝对路径，例如 `/archive`，不能是 `/`",
        values::mount_point,
    );
    let prefix = Reader::new(
        "a path such as `2026`, without . and .., at most 425 bytes",
        "路径，例如 `2026`，不含“.”和“..”，最长 425 字节",
        key_prefix,
    );
    let account = text("a login, or an account section", "登录用户名，或账号配置段的名称");
    vec![
        row(MOUNT, "path", path)
            .required("/archive")
            .means(
                "the mount point: the directory that users see, see [Mounts](docs/mounts.md)",
                "挂载点：用户看到的目录，见[挂载](docs/zh-CN/mounts.md)",
            )
            .field(|form: &mut MountForm, path| form.path = Some(path)),
        row(MOUNT, "account", account)
            .required("COS_ACCOUNT_1")
            .means(
                "whose files are mounted: a login (what it sees as `/`), or a section such as \
                 `COS_ACCOUNT_1` (all that its users have)",
                "挂载谁的文件：登录用户名（该用户看到的 `/`），或配置段名如 `COS_ACCOUNT_1`\
                 （该段全部用户的文件）",
            )
            .field(|form: &mut MountForm, name| form.account = Some(name)),
        row(MOUNT, "prefix", prefix)
            .may_be_empty()
            .example("2026")
            .means(
                "the part of these files that is mounted; not set: all",
                "只挂载这些文件中的这一部分；未设置时为全部",
            )
            .field(|form: &mut MountForm, prefix| form.prefix = prefix),
    ]
}

fn who() -> Vec<Key> {
    let users = Reader::new(
        "logins, separated by commas, or `*` for everybody",
        "登录用户名，用逗号分隔；`*` 表示所有用户",
        values::mount_users,
    );
    vec![
        row(MOUNT, "users", users)
            .required("user0")
            .means("who sees the mount", "哪些用户能看到该挂载点")
            .field(|form: &mut MountForm, users| form.users = Some(users)),
    ]
}

fn limit() -> Key {
    row(OPTIONAL, "mount_rename_limit", size(0..=limits::LARGEST_MOUNT_MOVE))
        .default("1G")
        .means(
            "largest file that `RNTO` moves from one mount to another, through the server; 0: \
             none; see [Mounts](docs/mounts.md#renaming-from-one-mount-to-another)",
            "`RNTO` 经服务器在挂载点之间移动的最大文件；0 表示不移动；\
             见[挂载](docs/zh-CN/mounts.md#在挂载点之间重命名)",
        )
        .field(|all: &mut General, bytes| all.mount_rename_limit = bytes)
}
