//! Users who do not stand in the configuration: a file of them, or whoever is asked.

use super::key::{Key, row};
use super::readers::{absolute_path, program, seconds, service};
use super::sections::SectionKind::{self, NumberedAccount};
use crate::config::forms::LoginForm;
use crate::users::HookCall;

/// What may stand in a section in the place of its login.
pub(super) const KEYS_IN_PLACE_OF_A_LOGIN: &[&str] = &["users_file", "auth_command", "auth_url"];

const LOGIN: &[SectionKind] = &[NumberedAccount];

/// The keys.
pub(super) fn rows() -> Vec<Key> {
    vec![
        row(LOGIN, "users_file", absolute_path())
            .example("/etc/cos-ftp-server/cameras.users")
            .means(
                "in place of one login: the file of all users of the section, a line each, which \
                 is read again at a reload; see [Users](docs/users.md#a-file-of-users)",
                "代替单个登录用户：保存该配置段全部用户的文件，每个用户一行，重新加载配置时重新读取，\
                 见[用户](docs/zh-CN/users.md#用户文件)",
            )
            .field(|login: &mut LoginForm, path| login.users_file = Some(path)),
        row(LOGIN, "auth_command", program())
            .example("/usr/local/bin/ftp-auth")
            .means(
                "in place of one login: program that is asked about each login, see [A \
                 program](docs/users.md#a-program-that-is-asked)",
                "代替单个登录用户：每次登录时询问的程序，见[程序](docs/zh-CN/users.md#询问程序)",
            )
            .field(|login: &mut LoginForm, words| login.hook = Some(HookCall::Command(words))),
        row(LOGIN, "auth_url", service())
            .example("https://auth.example.com/ftp")
            .means(
                "the same, an HTTP service, see [A \
                 service](docs/users.md#a-service-that-is-asked)",
                "同上，HTTP 服务，见[服务](docs/zh-CN/users.md#询问服务)",
            )
            .field(|login: &mut LoginForm, url| login.hook = Some(HookCall::Url(url))),
        row(LOGIN, "auth_timeout", seconds(1))
            .default("5")
            .means(
                "time for `auth_command` or `auth_url` to answer, and what each refused login takes",
                "等待 `auth_command` 或 `auth_url` 回答的时间，也是每次登录被拒绝所用的时间",
            )
            .field(|login: &mut LoginForm, time| login.hook_timeout = time),
        row(LOGIN, "auth_cache", seconds(0))
            .default("60")
            .means(
                "for how long a login that was right is right without asking again; 0: not at all",
                "登录正确之后多久之内不再询问；0 表示每次都询问",
            )
            .field(|login: &mut LoginForm, time| login.hook_cache = time),
    ]
}
