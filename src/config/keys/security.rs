//! `[SECURITY]`, and the addresses of accounts.

use std::time::Duration;

use super::key::{Key, row};
use super::readers::{count, limit, networks, number, one_of, seconds};
use super::sections::SectionKind;
use crate::access::Quota;
use crate::config::forms::{General, LoginForm};
use crate::config::values;
use crate::net::PeerCheck;

const SECURITY: &[SectionKind] = &[SectionKind::Security];
const ADDRESSES: &[SectionKind] =
    &[SectionKind::Security, SectionKind::NumberedAccount, SectionKind::CosAccount];

pub(super) fn rows() -> Vec<Key> {
    [addresses(), logins(), connections()].into_iter().flatten().collect()
}

fn addresses() -> Vec<Key> {
    let allowed =
        networks().noting("leave the line out to let everybody in", "允许所有地址时请不要写这一行");
    vec![
        row(ADDRESSES, "allow_addresses", allowed)
            .blaming(values::wrong_network)
            .example("10.0.0.0/8,2001:db8::/32")
            .means(
                "in `[SECURITY]`: only clients from these addresses may connect; in an account's \
                 section: its logins work only from these; not set: from everywhere",
                "在 `[SECURITY]` 中：只接受来自这些地址的客户端；在账号配置段中：该账号只能从这些\
                 地址登录；未设置时不限",
            )
            .also(|login: &mut LoginForm, from| login.account.addresses.allow = from)
            .field(|all: &mut General, from| all.server.access.addresses.allow = from),
        row(ADDRESSES, "deny_addresses", networks())
            .blaming(values::wrong_network)
            .may_be_empty()
            .example("10.9.0.0/16")
            .means(
                "clients from these addresses may not connect, or not use the account; takes \
                 precedence over `allow_addresses`",
                "不接受来自这些地址的客户端，或不允许其使用该账号，优先于 `allow_addresses`",
            )
            .also(|login: &mut LoginForm, from| login.account.addresses.deny = from)
            .field(|all: &mut General, from| all.server.access.addresses.deny = from),
    ]
}

fn logins() -> Vec<Key> {
    vec![
        row(SECURITY, "max_login_failures", number(1..=1000))
            .default("3")
            .means(
                "failed logins allowed on one connection; the last one closes it",
                "单个连接上允许的登录失败次数，达到时关闭连接",
            )
            .field(|all: &mut General, number| all.server.session.login_attempts = number),
        row(SECURITY, "login_failure_delay", seconds(0))
            // Guessing is to cost time.
            .default("1")
            .means(
                "delay of the reply to a failed login; doubled by each further failure from the \
                 same address, up to 8 times the value",
                "登录失败的回复延迟多久；同一地址之后每次失败延迟加倍，最多为该值的 8 倍",
            )
            .field(|all: &mut General, time| all.server.access.failure_delay = time),
        row(SECURITY, "ban_failures", count().noting("0 bans nobody", "0 表示从不封禁"))
            // More than people mistype, few enough that guessing is hopeless.
            .default("20")
            .means(
                "failed logins of one address (IPv6: of a /64 network) that ban it; the same \
                 wrong login again does not count",
                "单个地址（IPv6 为 /64 网段）登录失败多少次后被封禁；重复同样的错误登录不计数",
            )
            .field(|all: &mut General, failures| all.ban.failures = failures),
        row(SECURITY, "ban_window", seconds(1))
            .default("600")
            .means(
                "within this time, counted from the first of them",
                "统计失败次数的时间窗口，从第一次失败算起",
            )
            .field(|all: &mut General, time| all.ban.window = time),
        row(SECURITY, "ban_time", seconds(1))
            // All devices behind one NAT address are shut out with the one that guesses: short.
            .default("600")
            .means("how long a ban lasts", "封禁时长")
            .field(|all: &mut General, time| all.ban.time = time),
        row(SECURITY, "password_checks", number(1..=64))
            .default("2")
            .means(
                "hashed passwords verified at the same time; each takes the memory its hash asks \
                 for, 19 MiB for those of `hash-password`, see \
                 [Passwords](docs/security.md#passwords)",
                "同时校验的密码哈希数；每次校验占用哈希所要求的内存（`hash-password` 生成的为 \
                 19 MiB），见[密码](docs/zh-CN/security.md#密码)",
            )
            .field(|all: &mut General, number| all.password_checks = number),
    ]
}

fn connections() -> Vec<Key> {
    let checks = one_of(&[("strict", PeerCheck::Strict), ("off", PeerCheck::Off)]);
    vec![
        row(SECURITY, "max_connections_per_minute", limit())
            // A hundred each second, more than a site full of cameras behind one address needs.
            .default("6000")
            .means("control connections of one address in a minute", "单个地址每分钟的控制连接数")
            .field(|all: &mut General, number| all.server.access.connections_per_minute = number),
        row(
            SECURITY,
            "reserved_connections",
            number(0..=1_000_000).noting(
                "below `max_connection_num`; 0 keeps none",
                "小于 `max_connection_num`；0 表示不保留",
            ),
        )
        .example("64")
        .means(
            "connections out of `max_connection_num` that are kept for users without a session; \
             not set: an eighth",
            "`max_connection_num` 中只留给没有会话的用户的连接数；未设置时为其八分之一",
        )
        .field(|all: &mut General, number| all.reserved_connections = Some(number)),
        row(SECURITY, "max_sessions_before_login", limit())
            .example("256")
            .means(
                "sessions that are not logged in, of which one address may have half; not set: \
                 half of `max_connection_num`",
                "尚未登录的会话总数，单个地址最多占一半；未设置时为 `max_connection_num` 的一半",
            )
            .field(|all: &mut General, number| all.sessions_before_login = Some(sessions(number))),
        row(SECURITY, "max_sessions_per_address", limit())
            .default("0")
            .means("sessions of one address", "单个地址的会话数")
            .field(|all: &mut General, number| {
                all.server.access.sessions_per_address = sessions(number);
            }),
        row(SECURITY, "max_sessions_per_user", limit())
            .default("0")
            .means("sessions of one user", "单个用户的会话数")
            .field(|all: &mut General, number| {
                all.server.access.sessions_per_user = sessions(number);
            }),
        row(SECURITY, "max_commands_per_second", limit())
            // A session that stores thousands of small files a second, two commands each, is not
            // slowed by it.
            .default("10000")
            .means(
                "commands of one session per second; further ones wait",
                "单个会话每秒执行的命令数，超出的排队等待",
            )
            .field(|all: &mut General, number| {
                all.server.session.command_quota =
                    number.map(|number| Quota::new(number, Duration::from_secs(1)));
            }),
        row(SECURITY, "data_peer_check", checks)
            .default("strict")
            .means(
                "`strict`: passive data connections must come from the client's own address; \
                 `off`: from any, for clients behind a NAT that changes between several addresses",
                "`strict`：被动模式的数据连接必须来自客户端自己的地址；`off`：不限，用于出口 NAT \
                 有多个地址且会变化的客户端",
            )
            .field(|all: &mut General, check| all.server.session.data_peer_check = check),
        row(SECURITY, "tracked_addresses", number(16..=100_000))
            .default("16384")
            .means(
                "addresses without a session whose failures, bans and rates are remembered, about \
                 200 bytes each",
                "对多少个没有会话的地址保留失败次数、封禁和频率记录，每个约 200 字节",
            )
            .field(|all: &mut General, number| all.server.access.tracked_addresses = number),
    ]
}

fn sessions(number: Option<u32>) -> Option<usize> {
    number.map(|number| number as usize)
}
