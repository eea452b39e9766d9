//! What is refused or warned of, and in which words.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use cos_ftp_server::config;

use super::samples::FORM_1;
use super::support::{ACCOUNT, FIRST_FORM_ACCOUNT, filled_in, parse, refused, warned};

/// Checks that a file of one account and `lines` has exactly the problems that begin so.
#[track_caller]
fn check(lines: &str, expected: &[&str]) {
    let problems = refused(format!("{ACCOUNT}{lines}"));
    assert_eq!(problems.len(), expected.len(), "{lines}: {problems:#?}");
    for (problem, start) in problems.iter().zip(expected) {
        assert!(problem.starts_with(start), "{lines}:\n{problem}\n{start}");
    }
}

#[test]
fn a_wrong_value_is_named_with_what_is_accepted() {
    for (lines, problem) in [
        (
            "[NETWORK]\nlisten_port = ftp # 端口\n",
            "a.conf:11: [NETWORK] listen_port = ftp: not accepted; accepted is a port from 0",
        ),
        (
            "[OPERATIONS]\nproxy_protocol_from = 10.0.0.0/8, 10.0.0.0/33\n",
            "a.conf:11: [OPERATIONS] proxy_protocol_from: \"10.0.0.0/33\" is neither a network such as",
        ),
        (
            "[NETWORK]\nmasquerade_networks = 10.0.0.0/8=direct, 10.1.0.0/33=auto, 10.2.0.0/16=a\n",
            "a.conf:11: [NETWORK] masquerade_networks: \"10.1.0.0/33=auto\": \"10.1.0.0/33\" is \
             neither a network such as 10.0.0.0/8 nor an address; accepted is network=address",
        ),
        (
            "[SECURITY]\ndeny_addresses = 10.0.0.0/8, 10.1.0.0/33\n",
            "a.conf:11: [SECURITY] deny_addresses: \"10.1.0.0/33\" is neither a network such as",
        ),
        (
            "[NETWORK]\nlisten_address = 127.0.0.1, localhost\n",
            "a.conf:11: [NETWORK] listen_address: \"localhost\" is not an IP address; accepted is",
        ),
        (
            "[network]\npassive_ports = 65535,60000\n",
            "a.conf:11: [network] passive_ports = 65535,60000: not accepted; accepted is first,",
        ),
        (
            "[OPTIONAL]\nlog_level = loud\n",
            "a.conf:11: [OPTIONAL] log_level = loud: not accepted; accepted is DEBUG, INFO",
        ),
        (
            "[OPTIONAL]\nmax_connection_num = 1\n",
            "a.conf:11: [OPTIONAL] max_connection_num = 1: not accepted; accepted is 0 for any",
        ),
        (
            "[OPTIONAL]\nidle_timeout =\n",
            "a.conf:11: [OPTIONAL] idle_timeout: the value is missing; accepted is seconds",
        ),
        (
            "[NETWORK]\npassive_port = 1-2\npassive_ports = 1-2\n",
            "a.conf:11: [NETWORK] passive_port = 1-2: means the same as passive_ports",
        ),
    ] {
        check(lines, &[problem]);
    }
}

#[test]
fn an_empty_list_that_would_mean_everybody_is_refused() {
    let everybody = "the value is missing; accepted is addresses and networks such as 10.0.0.0/8, \
                     separated by commas; leave the line out to let everybody in";
    for (lines, problem) in [
        (
            "[SECURITY]\nallow_addresses =\n",
            format!("a.conf:11: [SECURITY] allow_addresses: {everybody}"),
        ),
        (
            "[SECURITY]\nallow_addresses = # 10.0.0.0/8\n",
            format!("a.conf:11: [SECURITY] allow_addresses: {everybody}"),
        ),
        // The account's own section.
        ("allow_addresses =\n", format!("a.conf:10: [COS_ACCOUNT_0] allow_addresses: {everybody}")),
        (
            "[NETWORK]\nlisten_address =\n",
            "a.conf:11: [NETWORK] listen_address: the value is missing; accepted is IP addresses \
             separated by commas; leave the line out for all addresses"
                .to_owned(),
        ),
    ] {
        check(lines, &[&problem]);
    }
    // Where nothing is said, nothing is denied.
    parse(format!("{ACCOUNT}[SECURITY]\ndeny_addresses =\n")).unwrap();
}

#[test]
fn a_wrong_endpoint_is_told_once() {
    for (lines, problem) in [
        (
            "cos_endpoint = http://h/b\n",
            "cos_endpoint: leave out /b behind the host: a bucket's name belongs into cos_bucket",
        ),
        ("cos_endpoint = file://relative\n", "cos_endpoint: file://relative is no whole path"),
        (
            "cos_endpoint = http://h\ncos_protocol = https\n",
            "cos_protocol = https: contradicts the scheme of cos_endpoint",
        ),
        (
            "cos_endpoint = 127.0.0.1:9000\naddressing_style = virtual\n",
            "addressing_style = virtual: a bucket's name cannot be put before an IP address",
        ),
        ("cos_prefix = a/../b\n", "cos_prefix = a/../b: not accepted"),
        ("store_min_part = 512K\n", "store_min_part = 512K: not accepted"),
    ] {
        let problems = refused(format!("{ACCOUNT}{lines}"));
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].contains(problem), "{problems:#?}");
    }
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let text = "[OPTIONAL]\nlog_level = loud\nbuffer_memory = lots\n[NETWORK]\nlisten_port = x\n\
                [COS_ACCOUNT_1]\ncos_region = ap-xxx\nauthority = X\n";
    let problems = refused(text);
    let keys = [
        "2: [OPTIONAL] log_level",
        "3: [OPTIONAL] buffer_memory",
        "5: [NETWORK] listen_port",
        "6: [COS_ACCOUNT_1] cos_secretid: no key pair: cos_secretid and cos_secretkey, or ",
        "6: [COS_ACCOUNT_1] cos_bucket",
        "6: [COS_ACCOUNT_1] home_dir",
        "6: [COS_ACCOUNT_1] ftp_login_user_name",
        "6: [COS_ACCOUNT_1] ftp_login_user_password",
        "7: [COS_ACCOUNT_1] cos_region = ap-xxx: still the sample's placeholder",
        "8: [COS_ACCOUNT_1] authority = X",
    ];
    assert_eq!(problems.len(), keys.len(), "{problems:#?}");
    for (problem, key) in problems.iter().zip(keys) {
        assert!(problem.starts_with(&format!("a.conf:{key}")), "{key}: {problems:#?}");
    }
}

#[test]
fn what_stands_twice_or_has_no_value_is_refused_with_its_line() {
    for (lines, problem) in [
        (
            "COS_Region = ap-beijing\n",
            "a.conf:10: [COS_ACCOUNT_0] cos_region: the key is in its section twice, first in \
             line 5",
        ),
        (
            "[cos_account_0]\ncos_region = ap-beijing\n",
            "a.conf:10: [cos_account_0] the section is in the file twice, first in line 1",
        ),
        (
            "[OPTIONAL]\nlog_level\n",
            "a.conf:11: [OPTIONAL] log_level: a line without a value: write key = value",
        ),
        (
            "[OPTIONAL]\nlog_level # = INFO\n",
            "a.conf:11: [OPTIONAL] log_level: a line without a value",
        ),
        ("[OPTIONAL]\nhunter2 hunter2\n", "a.conf:11: [OPTIONAL] a line without a value"),
        ("[OPTIONAL]\n= hunter2\n", "a.conf:11: [OPTIONAL] a line without a value"),
        ("[OPTIONAL\n", "a.conf:10: a section header is written [NAME]"),
        ("[]\n", "a.conf:10: a section header is written [NAME]"),
        ("[OPTIONAL] x = 1\n", "a.conf:10: [OPTIONAL] only a comment may follow a section header"),
    ] {
        check(lines, &[problem]);
    }
    let problems = refused(format!("log_level = INFO\n{ACCOUNT}"));
    assert_eq!(
        problems,
        ["a.conf:1: a line before the first section header, such as [COS_ACCOUNT]"]
    );
}

#[test]
fn two_accounts_must_differ() {
    let second = ACCOUNT.replace("ACCOUNT_0", "ACCOUNT_1");
    for (second, problem) in [
        (
            second.replace("/home/user0", "/home/user1"),
            "a.conf:16: [COS_ACCOUNT_1] ftp_login_user_name = user0: the user user0 is in \
             [COS_ACCOUNT_0] already; names must differ",
        ),
        (
            second.replace("name = user0", "name = user1").replace("/home/user0", "/home/user0/"),
            "a.conf:15: [COS_ACCOUNT_1] home_dir = /home/user0/: [COS_ACCOUNT_0] has this home \
             already; each account section needs its own",
        ),
    ] {
        assert_eq!(refused(format!("{ACCOUNT}{second}")), [problem]);
    }
}

#[test]
fn other_domains_need_an_endpoint_that_has_them() {
    let account = ACCOUNT.replace("cos_region = ap-guangzhou", "cos_endpoint = s3.example.com");
    assert_ne!(account, ACCOUNT);
    for (line, problem) in [
        ("cos_accelerate = on", "cos_accelerate = on: on is for an endpoint of COS in its region"),
        ("cos_backup_endpoint = auto", "auto is for cos.REGION.myqcloud.com"),
        ("cos_backup_endpoint = http://x", "not accepted; accepted is auto, or host"),
    ] {
        let problems = refused(format!("{account}{line}\n"));
        assert!(problems.iter().any(|told| told.contains(problem)), "{line}: {problems:#?}");
    }
}

#[test]
fn what_a_marker_publishes_needs_a_marker_and_a_free_hand() {
    for (lines, problem) in [
        (
            "publish_after_marker = on\n",
            "a.conf:10: [COS_ACCOUNT_0] publish_after_marker = on: on needs done_marker",
        ),
        (
            "publish_after_marker = on\n[OPTIONAL]\ndone_marker = .ok\non_exists = refuse\n",
            "a.conf:10: [COS_ACCOUNT_0] publish_after_marker = on: on needs on_exists = replace",
        ),
    ] {
        check(lines, &[problem]);
    }
}

#[test]
fn logins_of_the_first_form_are_told_by_number_alone() {
    let form = |users: &str| {
        format!(
            "[COS_ACCOUNT]\ncos_endpoint = file:///d\ncos_user_home_dir = /h\n\
             [FTP_ACCOUNT]\nlogin_users = {users}\n"
        )
    };
    for (users, problem) in [
        ("u:hunter2", "account 1 has one ':' only, so password or permission is missing"),
        ("a:p:R;u:hun:hunter2", "account 2 does not end in a permission"),
        // The rest of a password that holds a semicolon.
        ("a:pass:R;hunter2:x:y", "account 2 does not end in a permission"),
        ("a:p:R;a:hunter2:R", "the user a is in [FTP_ACCOUNT] already"),
        ("u: #hunter2:RW", "account 1 has one ':' only"),
        (";", "no account; accepted is"),
        ("# nobody", "the value is missing"),
    ] {
        let problems = refused(form(users));
        assert_eq!(problems.len(), 1, "{users}: {problems:#?}");
        assert!(problems[0].starts_with("a.conf:5: [FTP_ACCOUNT] login_users"), "{problems:#?}");
        assert!(problems[0].contains(problem), "{users}: {problems:#?}");
    }
    let (_, warnings) = warned(&form("u:p:RW；v:q:RW"));
    assert!(warnings[0].contains("account 1 contains a full-width"), "{warnings:?}");
}

#[test]
fn half_an_account_is_refused() {
    for (text, problem) in [
        ("", "no account: a section [COS_ACCOUNT] with [FTP_ACCOUNT], or [COS_ACCOUNT_0]"),
        ("[FTP_ACCOUNT]\nlogin_users = a:b:R\n", "the section [COS_ACCOUNT] is missing"),
        (
            "[COS_ACCOUNT]\ncos_endpoint = file:///d\ncos_user_home_dir = /h\n",
            "[FTP_ACCOUNT] login_users: the key is required and missing",
        ),
        (
            "[COS_ACCOUNT]\ncos_secretid = a\ncos_secretkey = b\ncos_bucket = data\n\
             cos_region = ap-guangzhou\ncos_user_home_dir = /h\n[FTP_ACCOUNT]\nlogin_users = a:b:R\n",
            "cos_bucket = data: on COS the key cos_appid is required beside this name",
        ),
        (
            &ACCOUNT.replace("data-1250000000", "data"),
            "cos_bucket = data: on COS a bucket's full name ends in -APPID",
        ),
    ] {
        let problems = refused(text);
        assert!(problems.iter().any(|told| told.contains(problem)), "{problems:#?}");
    }
}

#[test]
fn placeholders_are_told() {
    for (from, to) in [
        ("AKID", "XXXXXX"),
        ("data-1250000000", "name-123456789"),
        ("data-1250000000", "{bucket name}-123"),
        ("data-1250000000", "<Bucket>-<APPID>"),
        ("ap-guangzhou", "ap-xxx"),
    ] {
        let problems = refused(ACCOUNT.replace(from, to));
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].contains("still the sample's placeholder"), "{problems:#?}");
    }
}

/// What it says may be what keeps others out.
#[test]
fn a_misspelt_section_is_refused() {
    for (name, meant) in [("TSL", "TLS"), ("NETWROK", "NETWORK"), ("OPTIONS", "OPTIONAL")] {
        let expected = format!("a.conf:10: [{name}] unknown section; write [{meant}]");
        check(&format!("[{name}]\ntls = hunter2\n"), &[&expected]);
    }
}

#[test]
fn a_bucket_beside_a_directory_is_told_to_have_no_effect() {
    let lines = "[COS_ACCOUNT_1]\ncos_endpoint = file:///srv\ncos_bucket = b-1250000000\n\
                 home_dir = /\nftp_login_user_name = u\nftp_login_user_password = p\n\
                 authority = R\n";
    let (_, warnings) = warned(&format!("{ACCOUNT}{lines}"));
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    let expected = "a.conf:12: [COS_ACCOUNT_1] cos_bucket = b-1250000000: has no effect beside";
    assert!(warnings[0].starts_with(expected), "{warnings:#?}");
}

#[test]
fn an_unknown_key_is_a_warning_with_the_nearest_one() {
    for (lines, warning) in [
        (
            "[NETWORK]\nlisten_prot = hunter2\n",
            "a.conf:11: [NETWORK] listen_prot: unknown key, ignored; the nearest known key is \
             listen_port",
        ),
        (
            "cos_secretkeyy = hunter2\n",
            "a.conf:10: [COS_ACCOUNT_0] cos_secretkeyy: unknown key, ignored; the nearest known \
             key is cos_secretkey",
        ),
        (
            "[NETWORK]\nlog_dir = /x\n",
            "a.conf:11: [NETWORK] log_dir: unknown key here, ignored; it belongs in [OPTIONAL]",
        ),
        (
            "[SETTINGS]\nanything = hunter2\n",
            "a.conf:10: [SETTINGS] unknown section, ignored; the nearest known section is [",
        ),
        (
            "[NETWORK]\nlisten_port = 60001\n",
            "a.conf:11: [NETWORK] listen_port = 60001: lies within passive_ports",
        ),
    ] {
        let (_, warnings) = warned(&format!("{ACCOUNT}{lines}"));
        assert_eq!(warnings.len(), 1, "{warnings:#?}");
        assert!(warnings[0].starts_with(warning), "{warnings:#?}");
    }
}

#[test]
fn a_part_buffer_that_cannot_hold_the_parts_is_refused() {
    check(
        "[OPTIONAL]\npart_buffer_size = 20M\n",
        &["a.conf:11: [OPTIONAL] part_buffer_size = 20M: too small for \
           single_file_max_size = 200G: the 10000 parts of such a file grow to 36M each; raise \
           part_buffer_size to at least that, or lower single_file_max_size to at most 125000M"],
    );
    check(
        "[FILE_OPTION]\nsingle_file_max_size = 1G\n\
         [OPTIONAL]\npart_buffer_size = 8M\nmin_part_size = 16M\n",
        &["a.conf:13: [OPTIONAL] part_buffer_size = 8M: smaller than one part, which has \
           16M: raise"],
    );
    for (size, buffer) in [("131072000000", "20M"), ("48G", "5242880"), ("200G", "36M")] {
        let lines = format!(
            "[FILE_OPTION]\nsingle_file_max_size = {size}\n[OPTIONAL]\npart_buffer_size = {buffer}\n"
        );
        parse(format!("{ACCOUNT}{lines}")).unwrap_or_else(|problems| panic!("{problems}"));
    }
}

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

#[test]
fn a_broken_hash_is_no_password() {
    let whole = "$6$saltsalt$Sz3kiTlz9z1weA0rv6ZP1VXe3w.3OdcNstYOBf59DJTlfS58158ixzQsRnlFKkTlSpUlPhsu88bFFaza8fOVR0";
    for (hash, told) in [
        (&whole[..90], "an incomplete hash"),
        ("$argon2id$v=19$m=19456,t=2,p=1$hunter2", "an incomplete hash"),
        ("$2b$12$hunter2", "a hash of a kind that is not understood; accepted are $argon2id$"),
        (
            "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0$DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY",
            "a hash that is too expensive",
        ),
    ] {
        let line = format!("ftp_login_user_password = {hash}\n");
        let problems = refused(ACCOUNT.replace("ftp_login_user_password = hunter2\n", &line));
        let [problem] = &problems[..] else { panic!("{problems:#?}") };
        let place = "a.conf:8: [COS_ACCOUNT_0] ftp_login_user_password = ***: ";
        assert!(problem.starts_with(&format!("{place}{told}")), "{problem}");

        let first_form = filled_in(FORM_1);
        let line = first_form.lines().find(|line| line.starts_with("login_users")).unwrap();
        let users = format!("login_users = u:{hash}:RW");
        let problems = refused(first_form.replace(line, &users));
        let [problem] = &problems[..] else { panic!("{problems:#?}") };
        let told = format!("login_users = ***: account 1 has as its password {told}");
        assert!(problem.contains(&told), "{problem}");
        assert!(!problem.contains("saltsalt"), "{problem}");
    }
}

#[test]
fn what_a_password_may_not_be_meant_to_be_is_told() {
    let of = |value: &str| {
        let line = format!("ftp_login_user_password = {value}\n");
        warned(&ACCOUNT.replace("ftp_login_user_password = hunter2\n", &line)).1
    };
    for value in ["one ;hunter2", "one # hunter2", "#one\t#hunter2"] {
        let warnings = of(value);
        assert_eq!(warnings.len(), 1, "{value}: {warnings:?}");
        let start = "a.conf:8: [COS_ACCOUNT_0] ftp_login_user_password: the text after white";
        assert!(warnings[0].starts_with(start), "{warnings:?}");
    }
    for value in ["\"hunter2\"", "'hunter2'", "“hunter2”"] {
        let warnings = of(value);
        assert_eq!(warnings.len(), 1, "{value}: {warnings:?}");
        assert!(warnings[0].contains("the quotes are part of the password"), "{warnings:?}");
    }
    for value in ["a#b", "\"half", "#p", "it's"] {
        assert_eq!(of(value), [""; 0], "{value}");
    }
    let first = FIRST_FORM_ACCOUNT.replace("user0:hunter2:RW", "a:'hunter2':R;b:hunter2:R");
    let (_, warnings) = warned(&first);
    assert!(warnings.len() == 1 && warnings[0].contains("account 1: the quotes"), "{warnings:?}");
}

#[test]
fn a_single_passive_port_is_told_to_be_a_range() {
    for key in ["passive_ports", "passive_port"] {
        let (settings, warnings) = warned(&format!("{ACCOUNT}[NETWORK]\n{key} = 60000\n"));
        assert_eq!(settings.server.passive_ports, 60000..=65535);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let said = "= 60000: means 60000 to 65535; write 60000,60000 for one port";
        assert!(warnings[0].ends_with(said), "{warnings:?}");
        let (_, warnings) = warned(&format!("{ACCOUNT}[NETWORK]\n{key} = 60000,60000\n"));
        assert_eq!(warnings, [""; 0]);
    }
}

#[test]
fn a_loopback_address_is_no_address_for_clients() {
    for address in ["localhost", "ftp.localhost", "127.0.0.1", "127.1.2.3"] {
        let line = format!("a.conf:11: [NETWORK] masquerade_address = {address}: no client on");
        check(&format!("[NETWORK]\nmasquerade_address = {address}\n"), &[&line]);
    }
    let every = "a.conf:11: [NETWORK] masquerade_address = 0.0.0.0: means every address of";
    check("[NETWORK]\nmasquerade_address = 0.0.0.0\n", &[every]);
    // As two servers behind one balancer on the same machine have it.
    let own = "listen_address = 127.0.0.2\nmasquerade_address = 127.0.0.2\n";
    parse(format!("{ACCOUNT}[NETWORK]\n{own}")).unwrap();
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
