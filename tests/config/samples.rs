//! The sample files of the replaced tool: refused as they are, good when filled in.

use cos_ftp_server::config::StoreSettings;
use cos_ftp_server::store::cos::{AddressingStyle, Scheme};
use cos_ftp_server::users::Permission;

use super::support::{accepted, filled_in, keys, parse, plain, refused};

/// The first form, as the tool's document has it.
pub(crate) const FORM_1: &str = include_str!("../fixtures/config/form1.conf");

/// The second form, of its later releases, with comments behind the values.
const FORM_2: &str = include_str!("../fixtures/config/form2.conf");

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
    assert_eq!(keys(bucket), "AKIDEXAMPLE AKIDEXAMPLE");
    assert_eq!((bucket.prefix.as_str(), bucket.min_part), ("", 1 << 20));
    let accounts: Vec<_> =
        settings.accounts.iter().map(|a| (&a.name[..], plain(&a.password))).collect();
    assert_eq!(accounts, [("user1", "pass1"), ("user2", "pass2")]);
    for account in &settings.accounts {
        assert_eq!((account.permission, account.store), (Permission::ReadWrite, 0));
        assert!(account.delete_enabled);
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
    assert_eq!((&first.name[..], plain(&first.password), first.store), ("user0", "pass0", 0));
    assert_eq!((first.permission, first.delete_enabled), (Permission::ReadWrite, true));
    assert_eq!((&second.name[..], plain(&second.password), second.store), ("user1", "pass1", 1));
    assert_eq!((second.permission, second.delete_enabled), (Permission::Read, false));
    assert_eq!(settings.server.session.max_list, Some(10000));
    assert_eq!(settings.server.session.transfer.upload_threads, 16);
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
