//! `[TLS]`, and what of it an account may say.

use super::key::{Key, row};
use super::readers::{boolean, one_of, port, text};
use super::sections::SectionKind;
use crate::config::forms::{General, LoginForm};
use crate::net::tls::Version;
use crate::session::TlsPolicy;

const TLS: &[SectionKind] = &[SectionKind::Tls];
const POLICY: &[SectionKind] = &[SectionKind::Tls, SectionKind::NumberedAccount];

pub(super) fn rows() -> Vec<Key> {
    [policy(), connections()].into_iter().flatten().collect()
}

fn policy() -> Vec<Key> {
    let policy = one_of(&[
        ("off", TlsPolicy::Off),
        ("optional", TlsPolicy::Optional),
        ("required", TlsPolicy::Required),
    ]);
    let file = || text("a PEM file", "PEM 文件");
    vec![
        row(POLICY, "tls", policy)
            .default("off")
            .means(
                "in `[TLS]`: clients cannot, may (`AUTH TLS`) or must encrypt, see \
                 [Encryption](docs/ftps.md#encryption-ftps); in an account's section `required` \
                 holds for that login alone",
                "在 `[TLS]` 中：客户端不能、可以（`AUTH TLS`）或必须加密，\
                 见[加密](docs/zh-CN/ftps.md#加密ftps)；在账号配置段中，`required` 只对该登录用户生效",
            )
            .also(|login: &mut LoginForm, policy| login.tls = Some(policy))
            .field(|all: &mut General, policy| all.tls.policy = policy),
        row(TLS, "tls_cert_file", file())
            .example("/etc/cos-ftp-server/fullchain.pem")
            .means(
                "the server's certificate, followed by its intermediate certificates; reloaded \
                 when it changes; required unless `tls = off`",
                "服务器证书，其后为各级中间证书；文件更新后自动重新加载；除 `tls = off` 外必填",
            )
            .field(|all: &mut General, file| all.tls.cert_file = Some(file.into())),
        row(TLS, "tls_key_file", file())
            .example("/etc/cos-ftp-server/privkey.pem")
            .means(
                "the certificate's private key, not encrypted; reloaded when it changes; required \
                 unless `tls = off`",
                "证书的私钥，不能有密码保护；文件更新后自动重新加载；除 `tls = off` 外必填",
            )
            .field(|all: &mut General, file| all.tls.key_file = Some(file.into())),
    ]
}

fn connections() -> Vec<Key> {
    let version = || one_of(&[("1.2", Version::Tls12), ("1.3", Version::Tls13)]);
    vec![
        row(TLS, "tls_min_version", version())
            .default("1.2")
            .means(
                "the oldest TLS version accepted; versions before 1.2 are not supported",
                "允许的最低 TLS 版本；不支持低于 1.2 的版本",
            )
            .field(|all: &mut General, version| all.tls.min_version = version),
        row(TLS, "tls_max_version", version())
            .default("1.3")
            .means(
                "the newest TLS version offered, not below `tls_min_version`; some clients can \
                 resume sessions in 1.2 only: where this is not set and \
                 `tls_require_session_reuse = true`, 1.3 is for clients that offer nothing else",
                "允许的最高 TLS 版本，不能低于 `tls_min_version`；部分客户端只有在 1.2 下才能连续\
                 复用会话：未设置且 `tls_require_session_reuse = true` 时，1.3 仅用于只支持 1.3 的客户端",
            )
            .field(|all: &mut General, version| all.tls.max_version = version),
        row(TLS, "implicit_listen_port", port())
            .example("990")
            .at_start()
            .means(
                "another control port, beside `listen_port`, where connections begin with TLS; \
                 usually 990",
                "隐式 FTPS 的控制端口，连接建立后立即进行 TLS 握手，与 `listen_port` 同时监听；\
                 通常为 990",
            )
            .field(|all: &mut General, port| all.tls.implicit_listen_port = Some(port)),
        row(TLS, "tls_require_session_reuse", boolean())
            .default("false")
            .means(
                "whether a data connection must resume the TLS session of its control connection, \
                 which proves that the same client opened it; not every client can",
                "数据连接是否必须复用控制连接的 TLS 会话，以证明来自同一客户端；部分客户端不支持",
            )
            .field(|all: &mut General, required| all.tls.require_session_reuse = required),
        row(TLS, "tls_require_close_notify", boolean())
            .default("false")
            .means(
                "whether an encrypted upload that ends without close_notify counts as interrupted",
                "加密上传结束时若没有 close_notify，是否视为上传中断",
            )
            .field(|all: &mut General, required| all.tls.require_close_notify = required),
    ]
}
