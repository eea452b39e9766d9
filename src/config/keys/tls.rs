//! `[TLS]`, and what of it an account may say.

use super::key::{Key, row};
use super::readers::{boolean, one_of, port, text};
use super::sections::SectionKind;
use crate::config::forms::{CertificateDemand, General, LoginForm};
use crate::net::tls::{UserField, Version};
use crate::session::TlsPolicy;

const TLS: &[SectionKind] = &[SectionKind::Tls];
const POLICY: &[SectionKind] = &[SectionKind::Tls, SectionKind::NumberedAccount];

pub(super) fn rows() -> Vec<Key> {
    [policy(), connections(), clients()].into_iter().flatten().collect()
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

/// Certificates of clients.
fn clients() -> Vec<Key> {
    let demand = one_of(&[
        ("off", CertificateDemand::Off),
        ("optional", CertificateDemand::Optional),
        ("required", CertificateDemand::Required),
    ]);
    let user = one_of(&[
        ("cn", UserField::CommonName),
        ("san-email", UserField::EmailSan),
        ("san-dns", UserField::DnsSan),
        ("any", UserField::Any),
    ]);
    let file = || text("a PEM file", "PEM 文件");
    vec![
        row(TLS, "tls_client_cert", demand)
            .default("off")
            .means(
                "whether clients that encrypt show a certificate of their own: they are not asked, \
                 may (who has one logs in without a password) or must, see \
                 [Encryption](docs/ftps.md#certificates-of-clients)",
                "加密连接的客户端是否出示自己的证书：不要求、可以（有证书即可免密码登录）或必须，\
                 见[加密](docs/zh-CN/ftps.md#客户端证书)",
            )
            .field(|all: &mut General, demand| all.tls.clients.demand = demand),
        row(TLS, "tls_client_ca", file())
            .example("/etc/cos-ftp-server/client-ca.pem")
            .means(
                "the certificates of the authorities that issue those of the clients; reloaded \
                 when it changes; required unless `tls_client_cert = off`",
                "签发客户端证书的机构的证书；文件更新后自动重新加载；除 `tls_client_cert = off` 外必填",
            )
            .field(|all: &mut General, file| all.tls.clients.ca_file = Some(file.into())),
        row(TLS, "tls_client_crl", file())
            .example("/etc/cos-ftp-server/client-crl.pem")
            .means(
                "the authorities' lists of revoked certificates, one of each authority; reloaded \
                 when it changes",
                "各签发机构的证书吊销列表（CRL），每个机构一份；文件更新后自动重新加载",
            )
            .field(|all: &mut General, file| all.tls.clients.crl_file = Some(file.into())),
        row(TLS, "tls_client_user", user)
            .default("cn")
            .means(
                "what in a client's certificate is its login name: the CN, an e-mail address or a \
                 DNS name of subjectAltName, or nothing (`any`: it may be any user, and the \
                 password is asked for)",
                "客户端证书中作为登录用户名的内容：CN、subjectAltName 中的电子邮件地址或 DNS 名称；\
                 `any` 表示不看名称，可以是任何用户，但仍需密码",
            )
            .field(|all: &mut General, user| all.tls.clients.user = user),
        row(TLS, "tls_client_password", boolean())
            .default("false")
            .means(
                "whether a client that has shown its certificate must give the password, too",
                "客户端出示证书后是否仍需输入密码",
            )
            .field(|all: &mut General, asked| all.tls.clients.asks_password = asked),
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
