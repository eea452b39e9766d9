//! Files of other programs that are named by mistake: `vsftpd.conf` is also what the FTP server
//! vsftpd calls its own.

/// Keys that stand in nearly every configuration of vsftpd, and in none of ours.
const KEYS_OF_VSFTPD: &[&str] = &[
    "anonymous_enable",
    "chroot_local_user",
    "connect_from_port_20",
    "listen",
    "listen_ipv6",
    "local_enable",
    "pam_service_name",
    "pasv_max_port",
    "pasv_min_port",
    "secure_chroot_dir",
    "write_enable",
];

/// Whether `text` is a configuration of vsftpd: it has its keys, and no section.
pub(super) fn is_of_vsftpd(text: &str) -> bool {
    let key = |line: &str| line.split_once('=').map(|(key, _)| key.trim().to_ascii_lowercase());
    let has_key = |line| key(line).is_some_and(|key| KEYS_OF_VSFTPD.contains(&key.as_str()));
    let mut lines = text.lines().map(str::trim);
    lines.clone().any(has_key) && !lines.any(|line| line.starts_with('['))
}
