//! The configuration loader through its public door: the sample files of the replaced tool, the
//! documented example, and tables of what is accepted, refused and warned of.

use std::path::{Path, PathBuf};

use cos_ftp_server::config::{self, KEYS, Loaded, Problems, Settings, StoreSettings, WhenAbsent};
use cos_ftp_server::store::cos::{AddressingStyle, CosOptions, Scheme};
use cos_ftp_server::users::Permission;

const FORM_1: &str = include_str!("fixtures/config/form1.conf");
const FORM_2: &str = include_str!("fixtures/config/form2.conf");
const EXAMPLE: &str = include_str!("../conf/vsftpd.conf.example");

/// A whole account section, to which a test adds lines.
const ACCOUNT: &str = "[COS_ACCOUNT_0]\ncos_secretid = AKID\ncos_secretkey = hunter2\n\
                       cos_bucket = data-1250000000\ncos_region = ap-guangzhou\n\
                       home_dir = /home/user0\nftp_login_user_name = user0\n\
                       ftp_login_user_password = hunter2\nauthority = RW\n";

fn parse(text: impl AsRef<[u8]>) -> Result<Loaded, Problems> {
    config::parse(text.as_ref(), Path::new("a.conf"), Some(1 << 30))
}

#[track_caller]
fn accepted(text: &str) -> Settings {
    let loaded = parse(text).unwrap_or_else(|problems| panic!("{problems}\nin\n{text}"));
    assert_eq!(lines(&loaded), [""; 0], "warnings in\n{text}");
    loaded.settings
}

fn lines(loaded: &Loaded) -> Vec<String> {
    loaded.warnings.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>) -> Vec<String> {
    let problems = parse(text).expect_err("a problem was expected");
    assert!(!problems.to_string().contains("hunter2"), "a secret was shown: {problems}");
    problems.0.iter().map(ToString::to_string).collect()
}

/// The bucket of the account that `text` describes.
#[track_caller]
fn bucket(text: &str) -> CosOptions {
    match accepted(text).stores.remove(0) {
        StoreSettings::Cos(options) => options,
        StoreSettings::Local(options) => panic!("a directory: {options:?}"),
    }
}

/// What an operator does with a sample.
fn filled_in(sample: &str) -> String {
    sample
        .replace("12XXXXXX", "1250000000")
        .replace("XXXXXX", "AKIDEXAMPLE")
        .replace("XXXXX\n", "data\n")
        .replace("name-123456789", "data-1250000000")
        .replace("ap-xxx", "ap-guangzhou")
}

#[test]
fn the_first_sample_is_refused_for_its_placeholders_only() {
    let placeholder =
        |at: &str| format!("a.conf:{at}: still the sample's placeholder; accepted is ");
    let expected = [
        "2: [COS_ACCOUNT] cos_appid = 12XXXXXX",
        "4: [COS_ACCOUNT] cos_secretid = ***",
        "5: [COS_ACCOUNT] cos_secretkey = ***",
        "7: [COS_ACCOUNT] cos_bucket = XXXXX",
        "9: [COS_ACCOUNT] cos_region = ap-xxx",
    ];
    let problems = refused(FORM_1);
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for (problem, at) in problems.iter().zip(expected) {
        assert!(problem.starts_with(&placeholder(at)), "{problem}");
    }
}

#[test]
fn the_second_sample_is_refused_for_its_placeholders_only() {
    let problems = refused(FORM_2);
    let expected = [
        ("[COS_ACCOUNT_0] cos_secretid = ***", 1),
        ("[COS_ACCOUNT_0] cos_secretkey = ***", 1),
        ("[COS_ACCOUNT_0] cos_bucket = name-123456789", 1),
        ("[COS_ACCOUNT_0] cos_region = ap-xxx", 1),
        ("[COS_ACCOUNT_0] cos_endpoint = cos.ap-xxx.tencentcos.cn", 1),
        ("[COS_ACCOUNT_1] ", 4),
        ("still the sample's placeholder", 9),
    ];
    for (part, times) in expected {
        let found = problems.iter().filter(|problem| problem.contains(part)).count();
        assert_eq!(found, times, "{part} in {problems:#?}");
    }
    assert_eq!(problems.len(), 9, "{problems:#?}");
}

#[test]
fn the_first_sample_loads_when_filled_in() {
    let settings = accepted(&filled_in(FORM_1));
    let [StoreSettings::Cos(bucket)] = &settings.stores[..] else { panic!("{settings:?}") };
    assert_eq!(bucket.bucket, "data-1250000000");
    assert_eq!(bucket.endpoint, "cos.ap-guangzhou.myqcloud.com");
    assert_eq!((bucket.scheme, bucket.addressing), (Scheme::Https, AddressingStyle::Virtual));
    assert_eq!(
        (bucket.secret_id.as_str(), bucket.secret_key.expose()),
        ("AKIDEXAMPLE", "AKIDEXAMPLE")
    );
    assert_eq!((bucket.prefix.as_str(), bucket.min_part), ("", 1 << 20));
    let accounts: Vec<_> =
        settings.accounts.iter().map(|a| (&a.name[..], a.password.expose())).collect();
    assert_eq!(accounts, [("user1", "pass1"), ("user2", "pass2")]);
    for account in &settings.accounts {
        assert_eq!((account.permission, account.store), (Permission::ReadWrite, 0));
        assert_eq!((&account.home[..], account.delete_enabled), ("/home/cos_ftp/data", true));
    }
    let server = &settings.server;
    assert_eq!((server.listen_port, server.passive_ports.clone()), (2121, 60000..=65535));
    assert_eq!((server.max_connections, &server.session.masquerade), (Some(512), &None));
    let transfer = &server.session.transfer;
    assert_eq!((transfer.max_file, transfer.buffer_memory), (20 << 30, (1 << 30) / 100 * 25));
}

#[test]
fn the_second_sample_loads_when_filled_in() {
    let settings = accepted(&filled_in(FORM_2));
    let endpoints: Vec<_> = settings
        .stores
        .iter()
        .map(|store| match store {
            StoreSettings::Cos(bucket) => bucket.endpoint.as_str(),
            StoreSettings::Local(_) => "",
        })
        .collect();
    assert_eq!(endpoints, ["cos.ap-guangzhou.tencentcos.cn", "cos.ap-guangzhou.myqcloud.com"]);
    let [first, second] = &settings.accounts[..] else { panic!("{settings:?}") };
    assert_eq!((&first.name[..], first.password.expose(), first.store), ("user0", "pass0", 0));
    assert_eq!((first.permission, first.delete_enabled), (Permission::ReadWrite, true));
    assert_eq!((&second.name[..], second.password.expose(), second.store), ("user1", "pass1", 1));
    assert_eq!((second.permission, second.delete_enabled), (Permission::Read, false));
    assert_eq!(settings.server.session.max_list, Some(10000));
    assert_eq!(settings.server.session.transfer.upload_threads, 4);
    assert!(settings.config_check);
    assert!(settings.log.rotation.is_some());
}

#[test]
fn the_samples_load_in_every_encoding_and_with_every_line_end() {
    let plain = format!("{:?}", accepted(&filled_in(FORM_1)));
    let text = filled_in(FORM_1);
    let (gb18030, _, _) = encoding_rs::GB18030.encode(&text);
    for (name, bytes, warnings) in [
        ("CRLF", text.replace('\n', "\r\n").into_bytes(), 0),
        ("CR", text.replace('\n', "\r").into_bytes(), 0),
        ("BOM", [&b"\xEF\xBB\xBF"[..], text.as_bytes()].concat(), 0),
        ("GB18030", gb18030.into_owned(), 1),
    ] {
        let loaded = parse(bytes).unwrap();
        assert_eq!(loaded.warnings.len(), warnings, "{name}");
        assert_eq!(format!("{:?}", loaded.settings), plain, "{name}");
    }
}

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
    assert_eq!(settings.accounts.len(), 3);
    for key in KEYS {
        let line = whole.lines().find(|line| line.split('=').next().unwrap().trim() == key.name);
        match (line, key.default) {
            (Some(line), WhenAbsent::Value(default)) => {
                assert_eq!(line.split_once('=').unwrap().1.trim(), default, "{line}");
            }
            (Some(_), _) => {}
            // It cannot stand beside its other name.
            (None, _) => {
                assert!(key.name == "passive_port" && EXAMPLE.contains(key.name), "{key:?}")
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

#[test]
fn the_table_names_the_defaults_that_hold() {
    let implicit = format!("{:?}", accepted(ACCOUNT));
    let mut text = ACCOUNT.to_owned();
    for kind in ["NETWORK", "FILE_OPTION", "OPTIONAL"] {
        text += &format!("[{kind}]\n");
        for key in KEYS.iter().filter(|key| key.sections[0].name() == kind) {
            if let WhenAbsent::Value(default) = key.default {
                text += &format!("{} = {default}\n", key.name);
            }
        }
    }
    assert_eq!(format!("{:?}", accepted(&text)), implicit, "{text}");
}

#[test]
fn every_required_key_is_missed() {
    for (whole, kinds) in [
        (filled_in(FORM_1), &["COS_ACCOUNT", "FTP_ACCOUNT"][..]),
        (ACCOUNT.to_owned(), &["COS_ACCOUNT_<n>"][..]),
    ] {
        for key in KEYS.iter().filter(|key| key.default == WhenAbsent::Required) {
            let belongs = |kind: &&str| key.sections.iter().any(|section| section.name() == *kind);
            if kinds.iter().any(|kind| belongs(&kind)) {
                let is_key = |line: &&str| line.split('=').next().unwrap().trim() != key.name;
                let text = whole.lines().filter(is_key).collect::<Vec<_>>().join("\n");
                let problems = refused(&text);
                let told = format!("{}: the key is required and missing", key.name);
                assert!(problems.iter().any(|problem| problem.contains(&told)), "{problems:#?}");
            }
        }
    }
}

#[test]
fn every_key_refuses_nonsense_in_the_words_of_the_table() {
    let free = [
        "cos_secretid",
        "cos_secretkey",
        "cos_user_home_dir",
        "home_dir",
        "log_dir",
        "ftp_login_user_name",
        "ftp_login_user_password",
    ];
    let whole = whole_example() + "passive_port = 1,2\n";
    let whole = whole.replace("passive_port = 1,2\n", "");
    for key in KEYS.iter().filter(|key| !free.contains(&key.name) && key.name != "passive_port") {
        let line =
            whole.lines().find(|line| line.split('=').next().unwrap().trim() == key.name).unwrap();
        let text = whole.replacen(line, &format!("{} = ../ hunter2", key.name), 1);
        let problems = parse(&text).unwrap_err();
        let told = problems.0.iter().find(|problem| problem.place.key == key.name);
        let told = told.unwrap_or_else(|| panic!("{} is not told: {problems}", key.name));
        assert!(told.text.contains(key.accepts.split(';').next().unwrap()), "{told}");
    }
}
