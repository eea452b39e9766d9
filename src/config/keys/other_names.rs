//! What other programs call what a key says here: other servers of FTP (vsftpd, ProFTPD, Pure-FTPd)
//! and tools of S3 and COS, and what comes to mind first.

/// Keys, each with its other names. `-` and `_` do not count. A name that several keys have means
/// the first of them, unless the section has another.
const OTHER_NAMES: &[(&str, &[&str])] = &[
    ("cos_secretid", &["secret id", "access key", "access key id", "aws access key id", "ak"]),
    (
        "cos_secretkey",
        &["secret key", "secret access key", "aws secret access key", "secret", "sk"],
    ),
    ("cos_session_token", &["token", "session token", "aws session token"]),
    ("cos_bucket", &["bucket", "bucket name", "host bucket", "s3 bucket"]),
    ("cos_region", &["region", "region name", "bucket location", "aws region"]),
    ("cos_endpoint", &["endpoint", "endpoint url", "host base", "url", "s3 endpoint"]),
    ("cos_protocol", &["protocol", "scheme", "use https"]),
    ("cos_prefix", &["local root", "root", "root dir", "default root", "base path", "path"]),
    ("addressing_style", &["addressing", "path style", "force path style"]),
    ("filename_encoding", &["encoding", "charset", "utf8 filesystem", "use encoding"]),
    ("server_side_encryption", &["sse", "encryption"]),
    ("object_acl", &["acl"]),
    ("allow_names", &["path allow filter"]),
    ("deny_names", &["deny file", "path deny filter"]),
    ("hide_names", &["hide file", "hide files"]),
    ("home_dir", &["home", "home directory"]),
    ("ftp_login_user_name", &["user", "user name", "login", "login name", "ftp user"]),
    (
        "ftp_login_user_password",
        &["password", "passwd", "pass", "user password", "login password", "ftp password"],
    ),
    ("login_users", &["user", "users", "user name", "password", "login", "accounts"]),
    ("authority", &["permission", "permissions", "rights", "write enable", "read only"]),
    ("delete_enable", &["delete", "allow delete"]),
    ("listen_port", &["port", "ftp port", "control port", "server port"]),
    ("listen_address", &["bind", "bind address", "host", "address", "default address"]),
    (
        "passive_ports",
        &["passive port range", "passive range", "pasv ports", "pasv min port", "pasv max port"],
    ),
    (
        "masquerade_address",
        &["pasv address", "passive address", "external ip", "public ip", "force passive ip"],
    ),
    ("allow_addresses", &["allow", "allow ips", "allowed ips", "whitelist"]),
    ("deny_addresses", &["deny", "deny ips", "denied ips", "blacklist"]),
    ("max_login_failures", &["max login fails", "max login attempts"]),
    ("login_failure_delay", &["delay failed login"]),
    ("max_sessions_per_address", &["max per ip", "max clients per ip", "max clients per host"]),
    ("max_sessions_per_user", &["max clients per user"]),
    ("data_peer_check", &["pasv promiscuous", "port promiscuous", "allow foreign address"]),
    (
        "max_connection_num",
        &["max clients", "max clients number", "max connections", "max instances"],
    ),
    ("ascii_conversion", &["ascii upload enable", "ascii download enable"]),
    ("idle_timeout", &["idle session timeout", "timeout idle", "max idle time"]),
    ("login_timeout", &["timeout login"]),
    ("data_connect_timeout", &["accept timeout"]),
    ("data_idle_timeout", &["data connection timeout", "timeout stalled"]),
    ("log_level", &["debug", "debug level", "log ftp protocol", "verbose log"]),
    ("log_dir", &["log", "log file", "log path", "log directory", "vsftpd log file"]),
    ("transfer_log", &["xferlog", "xferlog file", "xferlog enable", "alt log"]),
    ("max_rate", &["local max rate", "anon max rate"]),
    ("max_rate_transfer", &["local max rate", "anon max rate", "transfer rate", "bandwidth"]),
    ("metrics_listen", &["metrics", "metrics port", "prometheus port"]),
    ("proxy_protocol_from", &["proxy protocol", "proxy engine"]),
    ("tls", &["ssl", "ssl enable", "tls enable", "tls engine", "tls required"]),
    (
        "tls_cert_file",
        &["cert", "cert file", "certificate", "rsa cert file", "tls rsa certificate file"],
    ),
    (
        "tls_key_file",
        &["key", "key file", "private key", "rsa private key file", "tls rsa certificate key file"],
    ),
    ("tls_min_version", &["tls protocol", "ssl tlsv1", "ssl tlsv1 1"]),
    ("implicit_listen_port", &["implicit port", "implicit ssl", "ftps port"]),
    ("tls_require_session_reuse", &["require ssl reuse"]),
    ("tls_client_ca", &["ca certs file", "tls ca certificate file"]),
    // Of a mount, which has fewer words than an account.
    ("users", &["user", "user name", "login", "logins", "ftp user", "ftp login user name"]),
    ("account", &["from", "source", "owner", "bucket", "cos account", "section"]),
    ("path", &["mount", "mount point", "mount path", "target", "directory", "dir"]),
    ("prefix", &["cos prefix", "sub path", "sub directory", "subdir", "root", "base path"]),
];

/// The keys that are called `name` elsewhere, what is most likely meant first.
pub(super) fn keys_called(name: &str) -> Vec<&'static str> {
    let plain = |name: &str| name.replace(['_', '-', ' '], "");
    let wanted = plain(name);
    let is_meant = |names: &[&str]| names.iter().any(|other| plain(other) == wanted);
    let meant = OTHER_NAMES.iter().filter(|(_, names)| is_meant(names));
    meant.map(|(key, _)| *key).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{KEYS, SectionKind, of};
    use super::*;

    #[test]
    fn every_other_name_is_of_a_key_and_no_key_beside_it() {
        for (key, names) in OTHER_NAMES {
            let key = KEYS.iter().find(|known| known.name == *key).unwrap();
            for name in *names {
                let name = name.replace(' ', "_");
                let is_there = |section: &SectionKind| of(*section).any(|key| key.name == name);
                assert!(!key.sections.iter().any(is_there), "{name}");
            }
        }
    }

    #[test]
    fn other_names_are_known_however_their_words_are_joined() {
        for (name, expected) in [
            ("password", &["ftp_login_user_password", "login_users"][..]),
            ("aws-secret-access-key", &["cos_secretkey"]),
            ("pasv_min_port", &["passive_ports"]),
            ("passiveportrange", &["passive_ports"]),
            // What an account has comes before what a mount has.
            ("user", &["ftp_login_user_name", "login_users", "users"]),
            ("nonsense", &[]),
        ] {
            assert_eq!(keys_called(name), expected, "{name}");
        }
    }
}
