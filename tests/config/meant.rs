use super::support::{ACCOUNT, accepted, refused, warned};

#[test]
fn a_key_by_the_name_that_other_programs_have_for_it_is_told() {
    for (lines, warning) in [
        (
            "secret_key = hunter2\n",
            "a.conf:10: [COS_ACCOUNT_0] secret_key: unknown key, ignored; it is called \
             cos_secretkey here",
        ),
        (
            "password = hunter2\n",
            "a.conf:10: [COS_ACCOUNT_0] password: unknown key, ignored; it is called \
             ftp_login_user_password here",
        ),
        (
            "bucket = hunter2\n",
            "a.conf:10: [COS_ACCOUNT_0] bucket: unknown key, ignored; it is called cos_bucket here",
        ),
        (
            "[NETWORK]\npassive_port_range = 1-2\n",
            "a.conf:11: [NETWORK] passive_port_range: unknown key, ignored; it is called \
             passive_ports here",
        ),
        (
            "[NETWORK]\nrsa_cert_file = /x\n",
            "a.conf:11: [NETWORK] rsa_cert_file: unknown key, ignored; it is called tls_cert_file \
             here, in [TLS]",
        ),
        (
            "[OPTIONAL]\npasive_ports = 1\n",
            "a.conf:11: [OPTIONAL] pasive_ports: unknown key here, ignored; the nearest known key \
             is passive_ports, in [NETWORK]",
        ),
    ] {
        let (_, warnings) = warned(&format!("{ACCOUNT}{lines}"));
        assert_eq!(warnings, [warning]);
    }
}

/// What it says may be what keeps others out.
#[test]
fn a_misspelt_numbered_section_is_refused() {
    for (name, meant) in [
        ("MOUNT0", "MOUNT_<n>"),
        ("MOUNT", "MOUNT_<n>"),
        ("MOUNT-12", "MOUNT_<n>"),
        ("MOUNTS_3", "MOUNT_<n>"),
        ("COS_ACCOUNT1", "COS_ACCOUNT_<n>"),
        ("COS_ACOUNT_1", "COS_ACCOUNT_<n>"),
    ] {
        let problems = refused(format!("{ACCOUNT}[{name}]\npath = /a\n"));
        let expected = format!("a.conf:10: [{name}] unknown section; write [{meant}]");
        assert_eq!(problems, [expected]);
    }
}

#[test]
fn a_path_for_an_endpoint_is_told_how_a_directory_is_written() {
    for (endpoint, hint) in [
        (
            "/srv/ftp",
            "/srv/ftp is a path: as a directory to serve, write file:///srv/ftp; accepted",
        ),
        ("./data", "./data is no whole path: a directory to serve is written file:///srv/ftp; "),
        ("file://srv", "file://srv is no whole path: a directory to serve is written file:///srv"),
    ] {
        let problems = refused(format!("{ACCOUNT}cos_endpoint = {endpoint}\n"));
        assert_eq!(problems.len(), 1, "{problems:#?}");
        let expected = format!("a.conf:10: [COS_ACCOUNT_0] cos_endpoint: {hint}");
        assert!(problems[0].starts_with(&expected), "{problems:#?}");
    }
}

#[test]
fn a_region_that_cos_may_not_have_is_warned_of_and_one_that_nobody_can_have_is_refused() {
    let with = |region: &str| ACCOUNT.replace("ap-guangzhou", region);
    for known in ["ap-shanghai-fsi", "na-siliconvalley", "sa-saopaulo", "ap-nanjing-2"] {
        accepted(&with(known));
    }
    for odd in ["us-east-1", "guangzhou", "AP-Guangzhou", "cn-beijing", "ap-1"] {
        let (_, warnings) = warned(&with(odd));
        assert_eq!(warnings.len(), 1, "{odd}: {warnings:#?}");
        assert!(warnings[0].contains("COS may have no such region"), "{warnings:#?}");
    }
    for wrong in ["ap-", "-guangzhou", "ap guangzhou", "ap.guangzhou", "https://ap-guangzhou"] {
        let problems = refused(with(wrong));
        assert!(problems[0].contains("cos_region"), "{wrong}: {problems:#?}");
    }
    // Other stores call theirs as they like.
    accepted(&format!("{}cos_endpoint = https://s3.example.com\n", with("us-east-1")));
}
