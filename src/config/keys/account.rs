//! The account sections: who may log in, and what only the first form has.

use super::beyond;
use super::bucket::is_crossed_out;
use super::key::{Key, Nature, row};
use super::readers::{Reader, boolean, one_of, secret_text, text};
use super::sections::SectionKind::{self, CosAccount, FtpAccount, Mount, NumberedAccount};
use crate::config::forms::{BucketForm, LoginForm, MountForm, UsersForm};
use crate::config::values;

const LOGIN: &[SectionKind] = &[NumberedAccount];
const LOGIN_OR_MOUNT: &[SectionKind] = &[NumberedAccount, Mount];
const FIRST_FORM: &[SectionKind] = &[CosAccount];
const FIRST_FORM_LOGINS: &[SectionKind] = &[FtpAccount];

/// The login of a section of the second form.
pub(super) fn login() -> Vec<Key> {
    let home = text("any path, another one in each section", "任意路径，每个配置段必须不同");
    let name = Reader::new("a login name", "用户名", values::login_name);
    let password = secret_text(
        "a password, or its hash (`$argon2id$` or `$6$`)",
        "密码或其哈希（`$argon2id$` 或 `$6$`）",
    );
    let permission = one_of(values::PERMISSIONS);
    vec![
        row(LOGIN, "home_dir", home)
            .required("/home/user0")
            .means(
                "identifies the account section; need not exist, nothing is stored there; clients \
                 see `/`",
                "配置段的标识；目录无需存在，也不会存放任何文件；客户端看到的是 `/`",
            )
            .field(|login: &mut LoginForm, home| login.home = Some(home)),
        row(LOGIN, "ftp_login_user_name", name)
            .required("user0")
            .unless(beyond::KEYS_IN_PLACE_OF_A_LOGIN)
            .means(
                "the login name, another one in each section; not with `users_file`, `auth_command` or `auth_url`",
                "登录用户名，每个配置段必须不同；不与 `users_file`、`auth_command` 或 `auth_url` 同时使用",
            )
            .field(|login: &mut LoginForm, name| login.name = Some(name)),
        row(LOGIN, "ftp_login_user_password", password)
            .nature(Nature::Password)
            .required("pass0")
            .unless(beyond::KEYS_IN_PLACE_OF_A_LOGIN)
            .means(
                "its password, or what `cos-ftp-server hash-password` prints for it, see \
                 [Passwords](docs/security.md#passwords)",
                "登录密码，或 `cos-ftp-server hash-password` 输出的哈希，\
                 见[密码](docs/zh-CN/security.md#密码)",
            )
            .field(|login: &mut LoginForm, password| login.password = Some(password)),
        row(LOGIN_OR_MOUNT, "authority", permission)
            .required("RW")
            .means(
                "read, write or both, see [Permissions](docs/permissions.md#permissions); with \
                 `users_file`, `auth_command` and `auth_url`, of users of whom nothing else is said; \
                 of a mount, what its users may do there at most",
                "读、写或读写权限，见[权限](docs/zh-CN/permissions.md#权限)；使用 `users_file`、\
                 `auth_command` 或 `auth_url` 时，对没有写明权限的用户生效；\
                 在挂载中，是其用户在那里最多具有的权限",
            )
            .also(|mount: &mut MountForm, permission| mount.permission = Some(permission))
            .field(|login: &mut LoginForm, permission| login.permission = Some(permission)),
        row(LOGIN_OR_MOUNT, "delete_enable", boolean())
            .default("true")
            .means(
                "`false` forbids deleting files and directories",
                "`false` 表示禁止删除文件和目录",
            )
            .also(|mount: &mut MountForm, enabled| mount.delete_enabled = enabled)
            .field(|login: &mut LoginForm, enabled| login.account.delete_enabled = enabled),
    ]
}

/// What only the first form has.
pub(super) fn first_form() -> Vec<Key> {
    let appid = Reader::new("the APPID, digits only", "APPID，只含数字", values::digits);
    let users = secret_text(
        "user:password:permission, several separated by ';', permission `R`, `W` or `RW`",
        "用户名:密码:权限，多个用户用“;”分隔，权限为 `R`、`W` 或 `RW`",
    );
    vec![
        row(FIRST_FORM, "cos_appid", appid)
            .placeholder(is_crossed_out)
            .example("12XXXXXX")
            .means(
                "the APPID; the bucket is `<cos_bucket>-<cos_appid>`; required with COS unless \
                 `cos_bucket` ends in it",
                "APPID，存储桶全名为 `<cos_bucket>-<cos_appid>`；使用 COS 时必填，\
                 除非 `cos_bucket` 已经以它结尾",
            )
            .field(|form: &mut BucketForm, appid| form.appid = Some(appid)),
        row(FIRST_FORM, "cos_user_home_dir", text("any path", "任意路径"))
            .required("/home/cos_ftp/data")
            .means(
                "identifies the account section, as `home_dir` does; need not exist, nothing is \
                 stored there",
                "配置段的标识，作用同 `home_dir`；目录无需存在，也不会存放任何文件",
            )
            .field(|login: &mut LoginForm, home| login.home = Some(home)),
        row(FIRST_FORM_LOGINS, "login_users", users)
            .nature(Nature::Accounts)
            .required("user1:pass1:RW;user2:pass2:RW")
            .means(
                "the logins; the user ends at the first `:`, the permission begins after the \
                 last; a password may be a [hash](docs/security.md#passwords)",
                "登录用户；第一个 `:` 之前是用户名，最后一个 `:` 之后是权限；\
                 密码可以是[哈希](docs/zh-CN/security.md#密码)",
            )
            .field(|form: &mut UsersForm, users| form.login_users = users),
    ]
}
