//! What is refused or warned of, and in which words.

/// What is wrong with single accounts.
mod accounts;
/// What is wrong with the file itself.
mod files;

use super::support::{ACCOUNT, parse, refused, warned};

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
fn a_port_that_the_server_has_already_is_refused() {
    let tls =
        "[TLS]\ntls = optional\ntls_cert_file = /c\ntls_key_file = /k\nimplicit_listen_port =";
    let network = "[NETWORK]\nlisten_port = 2121\n";
    let metrics = "[OPERATIONS]\nmetrics_listen =";
    let own = "each needs a port of its own";
    for (lines, problem) in [
        (
            format!("{network}{tls} 2121\n"),
            format!("a.conf:16: [TLS] implicit_listen_port = 2121: listen_port is the same; {own}"),
        ),
        (
            format!("{network}{metrics} 127.0.0.1:2121\n"),
            format!(
                "a.conf:13: [OPERATIONS] metrics_listen = 127.0.0.1:2121: listen_port is the same; \
                 {own}"
            ),
        ),
        (
            format!("{network}listen_address = ::1, 127.0.0.1\n{metrics} 0.0.0.0:2121\n"),
            format!(
                "a.conf:14: [OPERATIONS] metrics_listen = 0.0.0.0:2121: listen_port is the same; \
                 {own}"
            ),
        ),
        (
            format!("{network}{metrics} [::1]:990\n{tls} 990\n"),
            format!(
                "a.conf:13: [OPERATIONS] metrics_listen = [::1]:990: implicit_listen_port is the \
                 same; {own}"
            ),
        ),
    ] {
        check(&lines, &[&problem]);
    }
    for lines in [
        format!("[NETWORK]\nlisten_port = 0\n{tls} 0\n{metrics} 127.0.0.1:0\n"),
        format!("{network}listen_address = 127.0.0.1\n{metrics} 127.0.0.2:2121\n"),
        format!("{network}listen_address = ::\n{metrics} 0.0.0.0:2121\n"),
        format!("{network}[TLS]\ntls = off\nimplicit_listen_port = 2121\n"),
    ] {
        parse(format!("{ACCOUNT}{lines}")).unwrap();
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
fn other_domains_need_an_endpoint_that_has_them() {
    let account = ACCOUNT.replace("cos_region = ap-guangzhou", "cos_endpoint = s3.example.com");
    assert_ne!(account, ACCOUNT);
    for (line, problem) in [
        ("cos_accelerate = on", "cos_accelerate = on: on is for an endpoint of COS in its region"),
        ("cos_backup_endpoint = auto", "auto is for cos.REGION.myqcloud.com"),
        ("cos_backup_endpoint = http://x", "not accepted; accepted is auto, or host"),
        ("cos_accelerate = http://fast.example.com", "not accepted; accepted is on, off, or host"),
        // No host: a switch that is misspelt.
        ("cos_accelerate = onn", "not accepted; accepted is on, off, or host"),
        (
            "cos_accelerate = data-1250000000.s3-accelerate.example.com",
            "leave out the bucket's name",
        ),
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
            "[NETWORKINGS]\nanything = hunter2\n",
            "a.conf:10: [NETWORKINGS] unknown section, ignored; the nearest known section is [",
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
