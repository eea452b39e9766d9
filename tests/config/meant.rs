use super::support::{ACCOUNT, accepted, parse, refused, warned};

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

#[test]
fn a_key_of_a_mount_is_told_with_a_key_of_a_mount() {
    for (key, said) in [
        ("user", "unknown key, ignored; it is called users here"),
        ("usrs", "unknown key, ignored; the nearest known key is users"),
        ("ftp_login_user_name", "unknown key, ignored; it is called users here"),
        ("accounts", "unknown key, ignored; the nearest known key is account"),
        ("mount_point", "unknown key, ignored; it is called path here"),
        ("cos_prefix", "unknown key, ignored; it is called prefix here"),
        ("permission", "unknown key, ignored; it is called authority here"),
        ("cos_bucket", "unknown key here, ignored; it belongs in [COS_ACCOUNT_<n>] or [COS_AC"),
    ] {
        let refusal = parse(format!("{ACCOUNT}[MOUNT_0]\n{key} = hunter2\n")).unwrap_err();
        let warnings: Vec<_> = refusal.warnings.iter().map(ToString::to_string).collect();
        let expected = format!("a.conf:11: [MOUNT_0] {key}: {said}");
        assert!(warnings.len() == 1 && warnings[0].starts_with(&expected), "{warnings:#?}");
    }
}

#[test]
fn what_other_servers_have_and_this_one_needs_no_key_for_is_told() {
    for (line, said) in [
        ("anonymous_enable = NO", "nobody logs in without a password here, so leave the line out"),
        ("chroot_local_user = YES", "no login can leave its own root, so leave the line out"),
        ("local-umask = 022", "a bucket keeps neither owners nor file modes, so leave the line"),
        ("pam_service_name = ftp", "users of the system cannot log in here, so leave the line out"),
    ] {
        let (_, warnings) = warned(&format!("{ACCOUNT}[SECURITY]\n{line}\n"));
        let (key, _) = line.split_once(' ').unwrap();
        let expected = format!("a.conf:11: [SECURITY] {key}: unknown key, ignored: {said}");
        assert!(warnings.len() == 1 && warnings[0].starts_with(&expected), "{warnings:#?}");
    }
}

#[test]
fn full_width_characters_are_told_once_each() {
    for (lines, said) in [
        ("cos_prefix＝a\n", "10: [COS_ACCOUNT_0] cos_prefix: a full-width '＝' separates nothing"),
        ("[NETWORK]\nlisten_port　： 2121\n", "11: [NETWORK] listen_port: a full-width '：' sep"),
        (
            "[NETWORK]\npassive_ports = 60000，60010\n",
            "11: [NETWORK] passive_ports = 60000，60010: the character '，' in it is full-width, \
             write ','; accepted is ",
        ),
        (
            "[SECURITY]\ndeny_addresses = 10.0.0.1、10.0.0.2\n",
            "11: [SECURITY] deny_addresses = 10.0.0.1、10.0.0.2: the character '、' in it is",
        ),
        ("【NETWORK】\nlisten_port = 2121\n", "10: a section header is written [NAME], with half"),
        ("＃ a comment\n", "10: a comment begins with a half-width"),
    ] {
        let problems = refused(format!("{ACCOUNT}{lines}"));
        let expected = format!("a.conf:{said}");
        assert!(problems.len() == 1 && problems[0].starts_with(&expected), "{problems:#?}");
    }
    // What is refused for another reason is told that.
    let problems = refused(format!("{ACCOUNT}[OPTIONAL]\nledger = 日志（一）\n"));
    assert!(problems.len() == 1 && !problems[0].contains("full-width"), "{problems:#?}");
    // A required key is not told missing beside it, and no secret is shown.
    let secret = ACCOUNT.replace("cos_secretkey = hunter2", "cos_secretkey＝hunter2");
    let problems = refused(secret);
    let expected = "a.conf:3: [COS_ACCOUNT_0] cos_secretkey: a full-width '＝'";
    assert!(problems.len() == 1 && problems[0].starts_with(expected), "{problems:#?}");
    // A blank may be of any width, and a password have any character.
    accepted(&ACCOUNT.replace("home_dir = ", "home_dir　=　"));
    accepted(&ACCOUNT.replace("password = hunter2", "password = ＝：hunter2"));
}

#[test]
fn what_is_like_no_key_is_told_without_one() {
    for section in ["NETWORK", "OPTIONAL", "SECURITY", "OPERATIONS"] {
        for key in ["x", "l", "test", "color"] {
            let (_, warnings) = warned(&format!("{ACCOUNT}[{section}]\n{key} = 1\n"));
            assert_eq!(warnings, [format!("a.conf:11: [{section}] {key}: unknown key, ignored")]);
        }
    }
    let (_, warnings) = warned(&format!("{ACCOUNT}x = 1\n"));
    assert_eq!(warnings, ["a.conf:10: [COS_ACCOUNT_0] x: unknown key, ignored"]);
    let (_, warnings) = warned(&format!("{ACCOUNT}[X]\nx = 1\n"));
    let all = "a.conf:10: [X] unknown section, ignored; there are [COS_ACCOUNT_<n>] [COS_ACCOUNT] ";
    assert!(warnings.len() == 1 && warnings[0].starts_with(all), "{warnings:#?}");
}

#[test]
fn a_short_key_is_told_with_the_one_that_is_meant() {
    for (section, key, meant) in [
        ("TLS", "tl", "tls"),
        ("OPTIONAL", "max_conn", "max_connection_num"),
        ("SCAN", "clmd", "clamd"),
    ] {
        let parsed = parse(format!("{ACCOUNT}[{section}]\n{key} = 1\n"));
        let warnings = parsed.map_or_else(|refusal| refusal.warnings, |loaded| loaded.warnings);
        let expected = format!(
            "a.conf:11: [{section}] {key}: unknown key, ignored; the nearest known key is "
        );
        let told: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(told, [format!("{expected}{meant}")]);
    }
}

#[test]
fn an_address_in_the_place_of_a_buckets_name_is_told() {
    for address in ["https://data-1250000000.cos.ap-guangzhou.myqcloud.com", "data-1/team"] {
        let problems = refused(ACCOUNT.replace("data-1250000000", address));
        let expected = "a.conf:4: [COS_ACCOUNT_0] cos_bucket: an address or a path is no bucket's";
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{problems:#?}");
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

#[test]
fn nothing_is_told_that_only_follows_from_a_wrong_place_of_the_store() {
    let login = "home_dir = /a\nftp_login_user_name = a\nftp_login_user_password = hunter2\n\
                 authority = R\n";
    let all_of_it = "[COS_ACCOUNT_1]\ncos_endpoint = file:///srv\nhome_dir = /b\n\
                     ftp_login_user_name = b\nftp_login_user_password = hunter2\nauthority = R\n\
                     [MOUNT_0]\npath = /m\naccount = a\nusers = b\nauthority = R\n\
                     [OPTIONAL]\nobject_acl = private\n";
    let bucket = "cos_secretid = AKID\ncos_secretkey = hunter2\ncos_bucket = data-1250000000\n";
    let accelerated = format!(
        "{bucket}cos_endpoint = cos.accelerate.myqcloud.com\ncos_accelerate = on\n\
         cos_backup_endpoint = auto\n"
    );
    for (place, told) in [
        // Neither bucket nor key pair are needed if it is to be a directory.
        ("cos_endpoint = /srv/ftp\n", "cos_endpoint: /srv/ftp is a path"),
        ("cos_endpoint = ftp://host\n", "cos_endpoint = ftp://host: not accepted"),
        (&format!("{bucket}cos_region = ap guangzhou\ncos_accelerate = on\n"), "cos_region = ap"),
        (&format!("{bucket}cos_region = ap-xxx\ncos_backup_endpoint = auto\n"), "cos_region = ap"),
        (&accelerated, "cos_endpoint = cos.accelerate.myqcloud.com: is the domain of global"),
    ] {
        let refusal = parse(format!("[COS_ACCOUNT_0]\n{place}{login}{all_of_it}")).unwrap_err();
        let problems: Vec<_> = refusal.problems.iter().map(ToString::to_string).collect();
        assert!(problems.len() == 1 && problems[0].contains(told), "{problems:#?}");
        assert_eq!(refusal.warnings, [], "{place}");
    }
    // What is wrong by itself is told all the same.
    let both = "[COS_ACCOUNT_0]\ncos_endpoint = ftp://host\ncos_secretid = AKID\n\
                store_min_part = 1\n";
    let problems = refused(format!("{both}{login}"));
    assert_eq!(problems.len(), 3, "{problems:#?}");
    for (problem, key) in problems.iter().zip(["cos_secretkey", "cos_endpoint", "store_min_part"]) {
        assert!(problem.contains(key), "{problems:#?}");
    }
}

#[test]
fn a_login_that_needs_tls_is_not_told_that_there_is_none_where_that_is_misspelt() {
    let with = |tls: &str| refused(format!("{ACCOUNT}tls = required\n[TLS]\n{tls}\n"));
    let problems = with("tls = reqired");
    assert!(problems.len() == 1 && problems[0].contains("[TLS] tls = reqired"), "{problems:#?}");
    for off in ["tls = OFF", ""] {
        let problems = with(off);
        assert!(problems.len() == 1 && problems[0].contains("as the server has no TLS"), "{off}");
    }
}
