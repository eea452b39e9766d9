//! The documented example and the key table say the same.

use cos_ftp_server::config::{KEYS, Key, Nature, WhenAbsent};

use super::samples::FORM_1;
use super::support::{ACCOUNT, FIRST_FORM_ACCOUNT, accepted, filled_in, parse, plain, refused};

const EXAMPLE: &str = include_str!("../../conf/vsftpd.conf.example");

#[test]
fn the_example_is_refused_for_its_placeholders_and_loads_when_filled_in() {
    for problem in refused(EXAMPLE) {
        assert!(problem.contains("still the sample's placeholder"), "{problem}");
    }
    accepted(&filled_in(EXAMPLE));
}

/// The example with everything that is commented out brought in: lines that begin `#word`.
fn whole_example() -> String {
    let open = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => {
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    filled_in(&(EXAMPLE.lines().map(open).collect::<Vec<_>>().join("\n") + "\n"))
}

#[test]
fn every_key_of_the_example_is_known_and_every_known_key_is_in_it() {
    let whole = whole_example();
    let settings = accepted(&whole);
    assert_eq!(settings.accounts.len(), 5);
    for key in KEYS.iter() {
        match (line_of(&whole, key.name), key.default) {
            (Some(line), WhenAbsent::Value(default)) => {
                assert_eq!(line.split_once('=').unwrap().1.trim(), default, "{line}");
            }
            (Some(_), _) => {}
            // It cannot stand beside its other name, or what else is there.
            (None, _) => {
                assert!(
                    ["passive_port", "auth_url", "url", "clamd"].contains(&key.name),
                    "{key:?}"
                );
                assert!(EXAMPLE.contains(key.name), "{key:?}");
            }
        }
    }
}

#[test]
fn every_comment_of_the_example_is_in_both_languages() {
    let chinese = |line: &&str| line.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
    let prose = |line: &&str| line.starts_with("# ");
    for (n, block) in EXAMPLE.split("\n\n").enumerate() {
        let (translated, original): (Vec<_>, Vec<_>) =
            block.lines().filter(prose).partition(chinese);
        let headline = original.is_empty() && translated.iter().all(|line| line.contains(" / "));
        assert!(headline || original.is_empty() == translated.is_empty(), "block {n}:\n{block}");
    }
}

/// A section, and a file that may have it.
const SECTIONS: [(&str, &str); 10] = [
    ("COS_ACCOUNT_<n>", ACCOUNT),
    ("COS_ACCOUNT", FIRST_FORM_ACCOUNT),
    ("NETWORK", ACCOUNT),
    ("FILE_OPTION", ACCOUNT),
    ("SECURITY", ACCOUNT),
    ("OPTIONAL", ACCOUNT),
    ("OPERATIONS", ACCOUNT),
    ("EVENTS", ACCOUNT),
    ("SCAN", ACCOUNT),
    ("TLS", ACCOUNT),
];

#[test]
fn the_table_names_the_defaults_that_hold() {
    let mut seen = Vec::new();
    for (kind, file) in SECTIONS {
        let mut lines = String::new();
        let is_here = |key: &&Key| key.sections.iter().any(|section| section.name() == kind);
        for key in KEYS.iter().filter(is_here) {
            // In an account's section `tls` has no default: the server's holds. And where the keys of
            // a role are asked for means nothing beside a key pair.
            let means_another = key.name == "tls" && kind != "TLS";
            if let WhenAbsent::Value(default) = key.default
                && !means_another
                && key.name != "cos_metadata_endpoint"
            {
                seen.push(key.name);
                lines += &format!("{} = {default}\n", key.name);
            }
        }
        let header = format!("[{}]\n", kind.replace("<n>", "0"));
        let text = match file.split_once(&header) {
            Some((before, behind)) => format!("{before}{header}{lines}{behind}"),
            None => format!("{file}{header}{lines}"),
        };
        assert_eq!(format!("{:?}", accepted(&text)), format!("{:?}", accepted(file)), "{text}");
    }
    let role =
        ACCOUNT.replace("cos_secretid = AKID\ncos_secretkey = hunter2\n", "cos_cam_role = auto\n");
    let key = KEYS.iter().find(|key| key.name == "cos_metadata_endpoint").unwrap();
    let WhenAbsent::Value(default) = key.default else { panic!("{key:?}") };
    let told = role.replace("auto\n", &format!("auto\n{} = {default}\n", key.name));
    assert_eq!(format!("{:?}", accepted(&told)), format!("{:?}", accepted(&role)), "{told}");
    seen.push(key.name);
    for key in KEYS.iter().filter(|key| matches!(key.default, WhenAbsent::Value(_))) {
        assert!(seen.contains(&key.name), "{} stands in no section of this test", key.name);
    }
}

#[test]
fn every_required_key_is_missed() {
    for (whole, kinds) in [
        (filled_in(FORM_1), &["COS_ACCOUNT", "FTP_ACCOUNT"][..]),
        (ACCOUNT.to_owned(), &["COS_ACCOUNT_<n>"][..]),
    ] {
        for key in KEYS.iter().filter(|key| key.default == WhenAbsent::Required) {
            let belongs = |kind: &&str| key.sections.iter().any(|section| section.name() == *kind);
            if kinds.iter().any(belongs) {
                let line = line_of(&whole, key.name).unwrap();
                let text = whole.replace(line, "");
                let problems = refused(&text);
                let told = format!("{}: the key is required and missing", key.name);
                assert!(problems.iter().any(|problem| problem.contains(&told)), "{problems:#?}");
            }
        }
    }
}

/// The whole example with another value for `key`.
fn example_with(key: &str, value: &str) -> String {
    let whole = whole_example();
    // They cannot stand beside each other.
    let there = match key {
        "auth_url" => "auth_command",
        "url" => "command",
        "clamd" => "scan_timeout",
        key => key,
    };
    let line = line_of(&whole, there).expect("the example has every key");
    // Another key may end like it.
    whole.replacen(&format!("\n{line}\n"), &format!("\n{key} = {value}\n"), 1)
}

/// The first line that sets `key`.
fn line_of<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find(|line| line.split_once('=').is_some_and(|(name, _)| name.trim() == key))
}

#[test]
fn every_key_refuses_nonsense_in_the_words_of_the_table() {
    let free = [
        "account",
        "users",
        "cos_user_home_dir",
        "home_dir",
        "log_dir",
        "names",
        "control_socket",
        "ftp_login_user_name",
        "ftp_login_user_password",
        "passive_port",
        "tls_cert_file",
        "tls_key_file",
        "tls_client_ca",
        "tls_client_crl",
    ];
    for key in KEYS.iter().filter(|key| !free.contains(&key.name)) {
        let problems = parse(example_with(key.name, "../ hunter2")).unwrap_err();
        let told = problems.problems.iter().find(|problem| problem.place.key == key.name);
        let told = told.unwrap_or_else(|| panic!("{} is not told: {problems}", key.name));
        assert!(told.text.contains(key.accepted().split(';').next().unwrap()), "{told}");
    }
}

#[test]
fn an_empty_value_is_refused_except_where_it_means_none() {
    for key in KEYS.iter().filter(|key| key.name != "passive_port") {
        let text = example_with(key.name, "# nothing");
        match (key.nature, key.default) {
            (_, WhenAbsent::Empty) => assert_eq!(accepted(&text).accounts.len(), 5, "{key:?}"),
            // Here it is a password.
            (Nature::Password, _) => {
                assert_eq!(plain(&accepted(&text).accounts[0].password), "# nothing");
            }
            _ => {
                let told = format!("] {}: the value is missing", key.name);
                assert!(refused(&text)[0].contains(&told), "{key:?}");
                assert_eq!(refused(&text).len(), 1, "{key:?}");
            }
        }
    }
}
