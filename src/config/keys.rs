//! The key table: every key there is, one row each. Known-key checks, suggestions, the words of
//! messages, and the tests of the documented example come from it.

use super::comment;

use SectionKind::{
    CosAccount, FileOption, FtpAccount, Network, NumberedAccount, Operations, Optional, Security,
    Tls,
};
use WhenAbsent::{Empty, Required, Unset, Value};

/// What a section of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionKind {
    /// `[COS_ACCOUNT]`: the bucket of the first form.
    CosAccount,
    /// `[FTP_ACCOUNT]`: the logins of the first form.
    FtpAccount,
    /// `[COS_ACCOUNT_<n>]`: one login and its bucket, the second form.
    NumberedAccount,
    /// `[NETWORK]`
    Network,
    /// `[FILE_OPTION]`
    FileOption,
    /// `[SECURITY]`
    Security,
    /// `[OPTIONAL]`
    Optional,
    /// `[OPERATIONS]`
    Operations,
    /// `[TLS]`
    Tls,
}

impl SectionKind {
    /// The kind of the section `name`, whatever its case.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_uppercase();
        let numbered = name.strip_prefix("COS_ACCOUNT_").is_some_and(|n| !n.is_empty());
        if numbered {
            return Some(NumberedAccount);
        }
        ALL_SECTIONS.into_iter().find(|kind| kind.name() == name)
    }

    /// The section's name; `<n>` stands for a number.
    pub fn name(self) -> &'static str {
        match self {
            CosAccount => "COS_ACCOUNT",
            FtpAccount => "FTP_ACCOUNT",
            NumberedAccount => "COS_ACCOUNT_<n>",
            Network => "NETWORK",
            FileOption => "FILE_OPTION",
            Security => "SECURITY",
            Optional => "OPTIONAL",
            Operations => "OPERATIONS",
            Tls => "TLS",
        }
    }
}

/// What holds when a key is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenAbsent {
    /// The key must be there.
    Required,
    /// Nothing.
    Unset,
    /// Nothing; the key may also stand there without a value, as filled-in samples have it. Not for a
    /// list whose absence means everybody or everything: it would open what it was to close.
    Empty,
    /// This value.
    Value(&'static str),
}

/// How a value is treated before it is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Nothing special.
    Plain,
    /// A credential of the store: never shown.
    Secret,
    /// A password: never shown, may begin with `#`.
    Password,
    /// `login_users`: never shown, `;` is no comment.
    Accounts,
}

/// When a changed value takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// When the configuration is read again.
    AtReload,
    /// When the server is started.
    AtStart,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Where it may stand.
    pub sections: &'static [SectionKind],
    /// Its name, in lower case.
    pub name: &'static str,
    /// How its value is treated.
    pub nature: Nature,
    /// What holds when it is absent.
    pub default: WhenAbsent,
    /// When a changed value takes effect.
    pub applies: Applies,
    /// The values that are accepted, in words.
    pub accepts: &'static str,
    /// What it does.
    pub doc: &'static str,
}

impl Key {
    /// `value` without a comment behind it.
    pub(super) fn without_comment<'v>(&self, value: &'v str) -> &'v str {
        match self.nature {
            Nature::Plain | Nature::Secret => comment::cut_plain(value),
            Nature::Password => comment::cut_password(value),
            Nature::Accounts => comment::cut_accounts(value),
        }
    }

    /// Whether its value must never be shown.
    pub(super) fn is_secret(&self) -> bool {
        self.nature != Nature::Plain
    }
}

/// The key `name` (in lower case) of a section.
pub(super) fn find(section: SectionKind, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name && key.sections.contains(&section))
}

/// Whether any section has a key `name`.
pub(super) fn is_known_anywhere(name: &str) -> bool {
    KEYS.iter().any(|key| key.name == name)
}

/// What the operator may have meant by the unknown key `name`: where it belongs, if that is
/// another section, or the key of this one that is spelt most like it.
pub(super) fn suggestion(section: SectionKind, name: &str) -> String {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        let names: Vec<_> = key.sections.iter().map(|kind| format!("[{}]", kind.name())).collect();
        return format!("unknown key here, ignored; it belongs in {}", names.join(" or "));
    }
    let known = KEYS.iter().filter(|key| key.sections.contains(&section)).map(|key| key.name);
    format!("unknown key, ignored; the nearest known key is {}", nearest(name, known))
}

/// The name of the section that is spelt most like `name`.
pub(super) fn nearest_section(name: &str) -> &'static str {
    nearest(&name.to_ascii_uppercase(), ALL_SECTIONS.into_iter().map(SectionKind::name))
}

fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> &'static str {
    let likeness = |known: &&str| strsim::jaro_winkler(known, name);
    known.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).unwrap_or_default()
}

/// Every kind, in the order of the documented example.
pub const ALL_SECTIONS: [SectionKind; 9] = [
    NumberedAccount,
    CosAccount,
    FtpAccount,
    Network,
    FileOption,
    Security,
    Optional,
    Operations,
    Tls,
];

const BUCKET: &[SectionKind] = &[CosAccount, NumberedAccount];
const LOGIN: &[SectionKind] = &[NumberedAccount];
const FIRST_FORM: &[SectionKind] = &[CosAccount];
const NETWORK: &[SectionKind] = &[Network];
const ADDRESSES: &[SectionKind] = &[Security, NumberedAccount, CosAccount];
const SECURITY: &[SectionKind] = &[Security];
const OPTIONAL: &[SectionKind] = &[Optional];
const OPERATIONS: &[SectionKind] = &[Operations];
const TLS: &[SectionKind] = &[Tls];

const RATE: &str = "a size such as 10M; 0 for no limit";

const BOOLEAN: &str = "true or false";

const ABSOLUTE_PATH: &str = "the absolute path of a file";

const SECONDS: &str = "seconds from 1 to 604800, or a number with s, m or h";

const fn plain(
    sections: &'static [SectionKind],
    name: &'static str,
    default: WhenAbsent,
    accepts: &'static str,
    doc: &'static str,
) -> Key {
    let (nature, applies) = (Nature::Plain, Applies::AtReload);
    Key { sections, name, nature, default, applies, accepts, doc }
}

/// What the server cannot change while it runs.
const fn at_start(key: Key) -> Key {
    Key { applies: Applies::AtStart, ..key }
}

const fn hidden(nature: Nature, key: Key) -> Key {
    Key { nature, ..key }
}

/// Every key, in the order of the documented example.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    plain(FIRST_FORM, "cos_appid", Unset, "the APPID, digits only",
        "APPID; the bucket is <cos_bucket>-<cos_appid>. Not needed where cos_bucket ends in it already"),
    hidden(Nature::Secret, plain(BUCKET, "cos_secretid", Unset, "the SecretId of the key pair, without blanks",
        "SecretId from the console")),
    hidden(Nature::Secret, plain(BUCKET, "cos_secretkey", Unset, "the SecretKey of the key pair, without blanks",
        "SecretKey from the console")),
    hidden(Nature::Secret, plain(BUCKET, "cos_session_token", Unset, "the token of a temporary key pair, without blanks",
        "token that comes with a temporary key pair")),
    plain(BUCKET, "cos_secretid_file", Unset, ABSOLUTE_PATH,
        "file that holds the SecretId and nothing else, in place of cos_secretid"),
    plain(BUCKET, "cos_secretkey_file", Unset, ABSOLUTE_PATH,
        "file that holds the SecretKey and nothing else, in place of cos_secretkey"),
    plain(BUCKET, "cos_session_token_file", Unset, ABSOLUTE_PATH,
        "file that holds the token and nothing else, in place of cos_session_token"),
    plain(BUCKET, "cos_cam_role", Unset, "auto, or the name of a CAM role",
        "take temporary keys of this role from the machine's metadata service; auto: the role the machine has"),
    plain(BUCKET, "cos_metadata_endpoint", Value("http://metadata.tencentyun.com"), "http://host or http://host:port",
        "where the metadata service answers"),
    plain(BUCKET, "cos_bucket", Required,
        "a bucket's name: letters, digits, '-', '.' and '_'; on COS it ends in -APPID",
        "the bucket; with -APPID in a numbered section"),
    plain(BUCKET, "cos_region", Unset, "a region such as ap-guangzhou; needed unless cos_endpoint is set",
        "the bucket's region; without cos_endpoint the endpoint is cos.<region>.myqcloud.com"),
    plain(BUCKET, "cos_protocol", Value("https"), "http or https",
        "how to reach the endpoint"),
    plain(BUCKET, "cos_endpoint", Empty,
        "host, host:port, http://host:port, https://host:port, or file:///directory",
        "any S3-compatible endpoint, or a local directory; wins over cos_region"),
    plain(BUCKET, "cos_ca_file", Unset, ABSOLUTE_PATH,
        "certificate authorities (PEM) that https trusts for this bucket, in place of Mozilla's"),
    plain(BUCKET, "addressing_style", Value("auto"), "auto, virtual or path",
        "where the bucket's name goes; auto: virtual with COS, path elsewhere"),
    plain(BUCKET, "cos_prefix", Empty, "a path such as team/a, without . and .., at most 425 bytes",
        "the account's root inside the bucket"),
    plain(BUCKET, "store_min_part", Unset, "a size from 1M to 5G",
        "smallest part the store takes; 1 MiB with COS, 5 MiB elsewhere"),
    plain(BUCKET, "filename_encoding", Value("auto"), "auto, utf-8 or gbk",
        "what clients spell names in; auto: UTF-8, or GBK if a session's first Chinese name is GBK"),
    plain(BUCKET, "max_rate", Unset, RATE,
        "bytes per second of all transfers of this login, in each direction; wins over max_rate_user"),
    plain(FIRST_FORM, "cos_user_home_dir", Required, "any path",
        "identifies the account section; nothing is stored there"),
    hidden(Nature::Accounts, plain(&[FtpAccount], "login_users", Required,
        "user:password:permission, several separated by ';', permission R, W or RW",
        "the logins; a password may be a hash")),
    plain(LOGIN, "home_dir", Required, "any path, another one in each section",
        "identifies the account section; nothing is stored there"),
    plain(LOGIN, "ftp_login_user_name", Required, "a login name",
        "the login name"),
    hidden(Nature::Password, plain(LOGIN, "ftp_login_user_password", Required, "a password, or its hash ($argon2id$ or $6$)",
        "the password")),
    plain(LOGIN, "authority", Required, "R, W or RW",
        "read, write or both"),
    plain(LOGIN, "delete_enable", Value("true"), BOOLEAN,
        "false forbids deleting"),

    plain(NETWORK, "masquerade_address", Empty, "an IPv4 address or a host name",
        "the address in passive replies, for servers behind NAT"),
    at_start(plain(NETWORK, "listen_address", Unset, "IP addresses separated by commas; leave the line out for all addresses of the machine",
        "where to listen; all addresses if not set, IPv4 and IPv6")),
    at_start(plain(NETWORK, "listen_port", Value("2121"), "a port from 0 to 65535; 0 lets the system choose",
        "the control port")),
    at_start(plain(NETWORK, "passive_ports", Value("60000,65535"), "first,last or first-last, from 1 to 65535",
        "ports of passive data connections")),
    at_start(plain(NETWORK, "passive_port", Unset, "first,last or first-last, from 1 to 65535; not beside passive_ports",
        "another name of passive_ports")),

    plain(&[FileOption], "single_file_max_size", Value("200G"), "a size from 1 byte to 24000G",
        "larger uploads are refused"),

    plain(ADDRESSES, "allow_addresses", Unset, "addresses and networks such as 10.0.0.0/8, separated by commas; leave the line out to let everybody in",
        "only clients from there may come in, or use the account; not set: from everywhere"),
    plain(ADDRESSES, "deny_addresses", Empty, "addresses and networks such as 10.0.0.0/8, separated by commas",
        "no client from there may come in, or use the account"),
    plain(SECURITY, "max_login_failures", Value("3"), "a number from 1 to 1000",
        "failed logins on one connection, of which the last closes it"),
    plain(SECURITY, "login_failure_delay", Value("1"), "seconds from 0 to 604800, or a number with s, m or h",
        "what the reply to a failed login waits; each further one twice as long, up to 8 times"),
    plain(SECURITY, "ban_failures", Value("20"), "a number from 0 to 1000000; 0 bans nobody",
        "failed logins of one address that ban it"),
    plain(SECURITY, "ban_window", Value("600"), SECONDS,
        "within this time, counted from the first of them"),
    plain(SECURITY, "ban_time", Value("600"), SECONDS,
        "how long a ban lasts"),
    plain(SECURITY, "max_connections_per_minute", Value("6000"), "a number from 0 to 1000000; 0 is no limit",
        "control connections of one address"),
    plain(SECURITY, "reserved_connections", Unset, "a number from 0 to 1000000, below max_connection_num; 0 keeps none",
        "connections of max_connection_num that only users without a session get; not set: an eighth of them"),
    plain(SECURITY, "max_sessions_before_login", Unset, "a number from 0 to 1000000; 0 is no limit",
        "sessions that are not logged in; not set: half of max_connection_num; one address: half of these"),
    plain(SECURITY, "max_sessions_per_address", Value("0"), "a number from 0 to 1000000; 0 is no limit",
        "sessions of one address"),
    plain(SECURITY, "max_sessions_per_user", Value("0"), "a number from 0 to 1000000; 0 is no limit",
        "sessions of one user"),
    plain(SECURITY, "max_commands_per_second", Value("10000"), "a number from 0 to 1000000; 0 is no limit",
        "commands of one session; more wait for their turn"),
    plain(SECURITY, "data_peer_check", Value("strict"), "strict or off",
        "strict: passive data connections must come from the client's own address"),
    plain(SECURITY, "tracked_addresses", Value("16384"), "a number from 16 to 100000",
        "addresses without a session of which failures, bans and rates are remembered"),
    plain(SECURITY, "password_checks", Value("2"), "a number from 1 to 64",
        "hashed passwords verified at once; each takes 19 MiB as hash-password makes it"),

    plain(OPTIONAL, "config_check_enable", Value("true"), BOOLEAN,
        "compare the settings with the machine at start"),
    plain(OPTIONAL, "min_part_size", Value("2M"), "a size from 1 byte to 5G",
        "no part of an upload but the last is smaller"),
    plain(OPTIONAL, "part_buffer_size", Unset, "a size of at least 5M",
        "hard cap on the memory of one upload; not set: 20M, more where the file needs it"),
    at_start(plain(OPTIONAL, "buffer_memory", Value("25%"), "a size of at least 8M, or 1% to 90% of the machine's memory",
        "memory that all transfers together may hold")),
    plain(OPTIONAL, "upload_thread_num", Value("4"), "a number from 1 to 256",
        "parts of one upload sent at once, at most"),
    plain(OPTIONAL, "download_thread_num", Value("4"), "a number from 1 to 256",
        "ranges of one download fetched at once, at most"),
    at_start(plain(OPTIONAL, "max_connection_num", Value("512"), "0 for any number, or a number from 2 to 1000000",
        "control and data connections together")),
    plain(OPTIONAL, "max_list_file", Unset, "a number from 1 on",
        "entries after which a listing is cut; not set: never"),
    plain(OPTIONAL, "partial_upload", Value("keep"), "keep or discard",
        "what becomes of an interrupted upload"),
    plain(OPTIONAL, "ascii_conversion", Value("off"), "on or off",
        "whether TYPE A turns line ends round"),
    plain(OPTIONAL, "preserve_mtime", Value("off"), "on or off",
        "whether clients may set the times of files, and are told them"),
    plain(OPTIONAL, "verify_uploads", Value("auto"), "auto, md5 or off",
        "what is compared after an upload"),
    plain(OPTIONAL, "idle_timeout", Value("300"), SECONDS,
        "silence of a client outside transfers"),
    plain(OPTIONAL, "login_timeout", Value("60"), SECONDS,
        "from connect to login"),
    plain(OPTIONAL, "data_connect_timeout", Value("30"), SECONDS,
        "waiting for a data connection"),
    plain(OPTIONAL, "data_idle_timeout", Value("300"), SECONDS,
        "silence of a client during a transfer"),
    plain(OPTIONAL, "shutdown_grace", Value("30"), "seconds from 0 to 604800, or a number with s, m or h",
        "what running transfers get to finish at a stop"),
    plain(OPTIONAL, "connect_timeout", Value("10"), SECONDS,
        "connecting to the store"),
    plain(OPTIONAL, "send_timeout", Value("150"), SECONDS,
        "sending one request body to the store"),
    plain(OPTIONAL, "response_timeout", Value("60"), SECONDS,
        "silence of the store"),
    plain(OPTIONAL, "retry_timeout", Value("60"), SECONDS,
        "all tries of one request to the store together, pauses included"),
    at_start(plain(OPTIONAL, "metadata_cache_time", Value("10"), "seconds from 0 to 604800, or a number with s, m or h; 0 is off",
        "how long size and time of a name are believed after the store has told them")),
    plain(OPTIONAL, "complete_timeout", Value("1200"), SECONDS,
        "silence of the store while it puts an object together or copies one"),
    plain(OPTIONAL, "reply_timeout", Value("15"), SECONDS,
        "what a client waits for a reply at most while the store fails or is silent"),
    plain(OPTIONAL, "log_level", Value("INFO"), "DEBUG, INFO, WARNING, ERROR or OFF",
        "the least that is logged"),
    at_start(plain(OPTIONAL, "log_dir", Value("log"), "a directory",
        "where cos_v5.log is written")),
    plain(OPTIONAL, "log_rotate_enabled", Value("false"), BOOLEAN,
        "start a new log file from time to time"),
    plain(OPTIONAL, "log_rotate_when", Value("D"), "S, M, H or D",
        "a new log file each second, minute, hour or day"),
    plain(OPTIONAL, "log_backup_count", Value("7"), "a number from 0 to 10000",
        "old log files kept; 0 keeps all"),

    plain(OPERATIONS, "max_rate_transfer", Unset, RATE,
        "bytes per second of each transfer"),
    plain(OPERATIONS, "max_rate_user", Unset, RATE,
        "bytes per second of all transfers of one user, in each direction"),
    plain(OPERATIONS, "max_rate_server", Unset, RATE,
        "bytes per second of all transfers, in each direction"),
    at_start(plain(OPERATIONS, "control_socket", Unset, "a path, or off",
        "socket over which cos-ftp-server status asks; not set: cos-ftp-server.sock in log_dir")),
    plain(OPERATIONS, "proxy_protocol_from", Empty, "IP addresses and networks (10.0.0.0/8) separated by commas",
        "balancers, whose control connections begin with a PROXY header that tells the client's address"),
    plain(OPERATIONS, "proxy_protocol_data", Value("true"), BOOLEAN,
        "whether the data connections of these balancers begin with a PROXY header, too"),
    at_start(plain(OPERATIONS, "metrics_listen", Unset, "an IP address and a port, such as 127.0.0.1:9121",
        "where metrics and health are told over HTTP, to everybody who can reach it")),
    at_start(plain(OPERATIONS, "abort_unfinished_after", Value("24h"), "seconds from 0 to 604800, or a number with s, m or h; 0 is off",
        "silence after which an unfinished upload below an account's prefix is aborted, at start and daily")),

    plain(&[Tls, NumberedAccount], "tls", Value("off"), "off, optional or required",
        "whether clients may or must encrypt (FTPS); in an account section: required for this login"),
    plain(TLS, "tls_cert_file", Unset, "a PEM file",
        "the server's certificate, and behind it those that lead to a root"),
    plain(TLS, "tls_key_file", Unset, "a PEM file",
        "the certificate's private key, not encrypted"),
    plain(TLS, "tls_min_version", Value("1.2"), "1.2 or 1.3",
        "the oldest TLS version that is spoken"),
    plain(TLS, "tls_max_version", Value("1.3"), "1.2 or 1.3",
        "the newest TLS version that is spoken; where it is not set, 1.2 with tls_require_session_reuse = true"),
    at_start(plain(TLS, "implicit_listen_port", Unset, "a port from 0 to 65535; 0 lets the system choose",
        "another control port, where connections begin with TLS; usually 990")),
    plain(TLS, "tls_require_session_reuse", Value("false"), BOOLEAN,
        "whether data connections must resume the TLS session of their control connection"),
    plain(TLS, "tls_require_close_notify", Value("false"), BOOLEAN,
        "whether an encrypted upload that ends without close_notify counts as interrupted"),
];
