//! Files that are no configuration, or that others may read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use cos_ftp_server::config;

use crate::config::support::{ACCOUNT, parse, refused};

#[test]
fn bytes_that_are_no_text_are_refused() {
    let told = "a.conf: the file is neither UTF-8 nor GB18030 text: save it as UTF-8";
    assert_eq!(refused(b"[NETWORK]\n\xFF\xFF = 1\n"), [told]);
}

#[test]
fn a_file_is_loaded_and_told_of_when_others_may_read_it() {
    let file = Temporary::new("open", ACCOUNT);
    for (mode, warnings) in [(0o600, 0), (0o640, 0), (0o644, 1)] {
        fs::set_permissions(&file.0, fs::Permissions::from_mode(mode)).unwrap();
        let loaded = config::load(&file.0).unwrap();
        assert_eq!(loaded.settings.file, file.0);
        assert_eq!(loaded.warnings.len(), warnings, "{mode:o}");
    }
    let hash = "$6$saltsalt$Sz3kiTlz9z1weA0rv6ZP1VXe3w.3OdcNstYOBf59DJTlfS58158ixzQsRnlFKkTlSpUlPhsu88bFFaza8fOVR0";
    for (password, is_told) in [("hunter2", true), (hash, false)] {
        let line = format!("ftp_login_user_password = {password}\n");
        let text = ACCOUNT.replace("ftp_login_user_password = hunter2\n", &line);
        fs::write(&file.0, text).unwrap();
        let warning = config::load(&file.0).unwrap().warnings.remove(0).to_string();
        assert!(warning.contains("chmod 600"), "{warning}");
        assert_eq!(warning.contains("Passwords in plain text: 1;"), is_told, "{warning}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_one_problem() {
    let missing = PathBuf::from("/nowhere/vsftpd.conf");
    let problems = config::load(&missing).unwrap_err().to_string();
    assert!(problems.starts_with("/nowhere/vsftpd.conf: cannot be read: "), "{problems}");
    let directory = std::env::temp_dir();
    assert!(config::load(&directory).unwrap_err().to_string().contains("cannot be read: "));
}

#[test]
fn a_configuration_of_vsftpd_is_told_apart() {
    let theirs = "# Example config file /etc/vsftpd.conf\nlisten=NO\nlisten_ipv6=YES\n\
                  anonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\n";
    let problems = refused(theirs);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].contains("of the FTP server vsftpd"), "{problems:#?}");
    // A section makes it ours, with whatever is wrong in it.
    parse(format!("{ACCOUNT}write_enable = YES\n")).unwrap();
}

/// A file of one test, gone with it.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, text: &str) -> Self {
        let file = format!("cos-ftp-config-{}-{name}.conf", std::process::id());
        let file = std::env::temp_dir().join(file);
        fs::write(&file, text).expect("the temporary directory is writable");
        Self(file)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nothing depends on it.
        let _ = fs::remove_file(&self.0);
    }
}
