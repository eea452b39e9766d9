//! What is said of keys of other FTP servers (vsftpd, ProFTPD, Pure-FTPd) that have no key of that
//! meaning here: what holds instead, and what to do.

/// Names, in lower case with `_` between their words, and the sentence for them.
const REMARKS: &[(&[&str], &str)] = &[
    (
        &[
            "anonymous",
            "anonymous_enable",
            "anonymous_login",
            "anonymous_only",
            "anon_upload_enable",
            "anon_mkdir_write_enable",
            "anon_other_write_enable",
            "anon_root",
            "anon_umask",
            "anon_world_readable_only",
            "no_anon_password",
            "no_anonymous",
        ],
        "nobody logs in without a password here, so leave the line out; for files that everybody \
         may fetch, make an account with authority = R and tell its password",
    ),
    (
        &["local_enable", "guest_enable", "guest_username", "pam_service_name", "auth_pam"],
        "users of the system cannot log in here, so leave the line out; logins stand in account \
         sections, in a users_file, or are asked for by auth_command or auth_url",
    ),
    (
        &["userlist_enable", "userlist_deny", "userlist_file", "tcp_wrappers", "user_config_dir"],
        "only logins of this configuration get in, so leave the line out; what one may do stands \
         in its account section, and allow_addresses says from where",
    ),
    (
        &[
            "chroot_local_user",
            "chroot_list_enable",
            "chroot_list_file",
            "chroot_everyone",
            "allow_writeable_chroot",
            "secure_chroot_dir",
            "passwd_chroot_enable",
        ],
        "no login can leave its own root, so leave the line out; cos_prefix says where in the \
         bucket that is",
    ),
    (
        &["listen_ipv6", "background", "standalone", "server_type", "daemonize", "use_ipv6"],
        "the server always listens by itself, at IPv4 and IPv6, so leave the line out; \
         listen_address in [NETWORK] says where",
    ),
    (
        &["connect_from_port_20", "ftp_data_port", "pasv_enable", "port_enable", "passive_mode"],
        "active and passive transfers both work, so leave the line out; passive_ports in [NETWORK] \
         are the ports of passive ones",
    ),
    (
        &["local_umask", "umask", "file_open_mode", "chown_uploads", "chown_username"],
        "a bucket keeps neither owners nor file modes, so leave the line out; object_acl says who \
         may read new objects",
    ),
    (
        &["ssl_sslv2", "ssl_sslv3", "ssl_ciphers", "tls_cipher_suite"],
        "only TLS 1.2 and 1.3 with strong ciphers are spoken, so leave the line out; \
         tls_min_version can demand 1.3",
    ),
    (
        &["force_local_logins_ssl", "force_local_data_ssl"],
        "tls = required in [TLS] has everybody encrypt logins and files, so leave the line out",
    ),
    (
        &["ftpd_banner", "banner_file", "dirmessage_enable", "message_file", "display_login"],
        "there are no texts of your own for clients, so leave the line out",
    ),
];

/// The sentence for the key `name`, in lower case.
pub(super) fn on(name: &str) -> Option<&'static str> {
    let written = name.replace('-', "_");
    let known = REMARKS.iter().find(|(names, _)| names.contains(&written.as_str()));
    known.map(|(_, remark)| *remark)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{is_known_anywhere, other_names};
    use super::*;

    #[test]
    fn what_has_a_remark_has_no_key() {
        let mut seen = BTreeSet::new();
        for name in REMARKS.iter().flat_map(|(names, _)| *names) {
            assert!(!is_known_anywhere(name), "{name}");
            assert!(other_names::keys_called(name).is_empty(), "{name}");
            assert!(seen.insert(name), "{name} stands there twice");
        }
        assert!(on("anonymous-enable").is_some() && on("nonsense").is_none());
    }
}
