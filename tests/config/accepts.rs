//! What is accepted, and what it means.

use std::net::IpAddr;
use std::time::Duration;

use cos_ftp_server::config::{RotateUnit, Rotation, StoreSettings};
use cos_ftp_server::net::{DataHeader, Masquerade};
use cos_ftp_server::store::cos::{
    AddressingStyle, ArchivePolicy, RestoreTerms, RestoreTier, Scheme, VerifyUploads,
};
use cos_ftp_server::transfer::PartialUpload;
use cos_ftp_server::vfs::FilenameEncoding;

use cos_ftp_server::users::Password;

use super::support::{ACCOUNT, accepted, bucket, plain, warned};

/// The first form with these logins.
fn first_form(login_users: &str) -> String {
    format!(
        "[COS_ACCOUNT]\ncos_secretid = AKID\ncos_secretkey = hunter2\ncos_appid = 1250000000\n\
         cos_bucket = data\ncos_region = ap-guangzhou\ncos_user_home_dir = /h\n\
         [FTP_ACCOUNT]\nlogin_users = {login_users}\n"
    )
}

#[test]
fn passwords_of_the_first_form_survive() {
    for (login_users, expected) in [
        ("u:p:RW", &[("u", "p")][..]),
        ("u:p:RW;v:q:R", &[("u", "p"), ("v", "q")]),
        ("u:p:RW ; v:q:R;", &[("u", "p"), ("v", "q")]),
        ("u:p:RW;v:q:R # 用户:密码;权限", &[("u", "p"), ("v", "q")]),
        ("u:a:b::RW", &[("u", "a:b:")]),
        ("u:#p:RW;v:q#:R", &[("u", "#p"), ("v", "q#")]),
        ("u:a=b%(x)s%:RW", &[("u", "a=b%(x)s%")]),
        ("u:two words:RW", &[("u", "two words")]),
        ("用户:密码:RW", &[("用户", "密码")]),
        ("u:[a]:RW", &[("u", "[a]")]),
        ("Ab:Cd:RW", &[("Ab", "Cd")]),
    ] {
        let settings = accepted(&first_form(login_users));
        let accounts: Vec<_> =
            settings.accounts.iter().map(|a| (a.name.as_str(), plain(&a.password))).collect();
        assert_eq!(accounts, expected, "{login_users}");
    }
}

#[test]
fn passwords_of_the_second_form_survive() {
    for (value, expected) in [
        ("p # comment", "p"),
        ("p ; comment", "p"),
        ("#p", "#p"),
        (";p", ";p"),
        ("#p # comment", "#p"),
        ("a#b;c", "a#b;c"),
        ("a=b:c=%d%%", "a=b:c=%d%%"),
        ("two  words", "two  words"),
        ("密码", "密码"),
        ("\"quoted\"", "\"quoted\""),
        ("CaSe", "CaSe"),
        ("default", "default"),
        ("\\", "\\"),
    ] {
        let line = format!("ftp_login_user_password = {value}\n");
        let text = ACCOUNT.replace("ftp_login_user_password = hunter2\n", &line);
        let (settings, _) = warned(&text);
        assert_eq!(plain(&settings.accounts[0].password), expected, "{value}");
    }
}

/// `secret-1`, as three programs hash it.
const HASHES: [&str; 3] = [
    "$argon2id$v=19$m=8192,t=2,p=1$c2FsdHNhbHRzYWx0$DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY",
    "$6$saltsalt$Sz3kiTlz9z1weA0rv6ZP1VXe3w.3OdcNstYOBf59DJTlfS58158ixzQsRnlFKkTlSpUlPhsu88bFFaza8fOVR0",
    "$6$rounds=10000$saltsalt$7.WKRTjJY3BSzdYpVfCXF0ZCOE2moSxrSm8Ui8cuY9haYdxbHeCWDhuzUcOf/wM6eo4kd.y33JMIoduClw5jz0",
];

#[test]
fn hashed_passwords_survive_both_forms() {
    let is_right = |password: &Password| match password {
        Password::Hashed(hash) => hash.is_of("secret-1") && !hash.is_of("secret-2"),
        Password::Plain(_) => false,
    };
    let [argon2id, sha512, sha512_rounds] = HASHES;
    let users = format!("u:{argon2id}:RW;v:plain:R; w:{sha512}:W ;x:{sha512_rounds}:R # comment");
    let settings = accepted(&first_form(&users));
    let [u, v, w, x] = &settings.accounts[..] else { panic!("{settings:?}") };
    assert!([u, w, x].iter().all(|account| is_right(&account.password)));
    assert_eq!(plain(&v.password), "plain");
    for hash in HASHES {
        for line in [
            format!("ftp_login_user_password = {hash} # c\n"),
            format!("ftp_login_user_password:{hash}\n"),
        ] {
            let settings = accepted(&ACCOUNT.replace("ftp_login_user_password = hunter2\n", &line));
            assert!(is_right(&settings.accounts[0].password), "{line}");
        }
    }
}

#[test]
fn lines_are_read_as_the_replaced_tool_read_them() {
    let settings = accepted(
        "; a comment\n  # another\n\n[cos_account_0] # behind a header ] [\n\
         COS_SecretId: AKID\ncos_secretkey=hunter2\n  cos_bucket = data-1250000000\n\
         cos_region\t=\tap-guangzhou\t; where\nhome_dir = /H\ncos_prefix = 数据:x=y ; here\n\
         ftp_login_user_name = u\nftp_login_user_password : p=q\nauthority = rw\n\
         [NETWORK];behind a header\nlisten_port = 2121 # 端口\nmasquerade_address =\n",
    );
    let [StoreSettings::Cos(bucket)] = &settings.stores[..] else { panic!("{settings:?}") };
    assert_eq!(bucket.prefix, "数据:x=y/");
    assert_eq!(plain(&settings.accounts[0].password), "p=q");
    assert_eq!(settings.server.session.masquerade, None);
}

const OF_REGION: &str = "cos.ap-guangzhou.myqcloud.com";

#[test]
fn endpoints_schemes_and_addressing() {
    use AddressingStyle::{Path, Virtual};
    use Scheme::{Http, Https};
    for (lines, endpoint, scheme, style) in [
        ("", OF_REGION, Https, Virtual),
        ("cos_protocol = http", OF_REGION, Http, Virtual),
        ("cos_endpoint =", OF_REGION, Https, Virtual),
        ("addressing_style = path", OF_REGION, Https, Path),
        ("cos_endpoint = cos.x.tencentcos.cn", "cos.x.tencentcos.cn", Https, Virtual),
        ("cos_endpoint = http://127.0.0.1:9000", "127.0.0.1:9000", Http, Path),
        ("cos_endpoint = h:9000\ncos_protocol = http", "h:9000", Http, Path),
        ("cos_endpoint = https://h\ncos_protocol = https", "h", Https, Path),
        ("cos_endpoint = h\naddressing_style = virtual", "h", Https, Virtual),
        // As copied from the console, with the bucket in front.
        ("cos_endpoint = data-1250000000.cos.x.myqcloud.com", "cos.x.myqcloud.com", Https, Virtual),
        ("cos_endpoint = http://data-1250000000.h:90", "h:90", Http, Virtual),
        ("cos_endpoint = data-1250000000.h\naddressing_style = path", "h", Https, Path),
    ] {
        let bucket = bucket(&format!("{ACCOUNT}{lines}\n"));
        assert_eq!(bucket.bucket, "data-1250000000", "{lines}");
        assert_eq!(bucket.endpoint, endpoint, "{lines}");
        assert_eq!((bucket.scheme, bucket.addressing), (scheme, style), "{lines}");
        assert_eq!(bucket.region, "ap-guangzhou", "{lines}");
    }
}

#[test]
fn the_smallest_part_depends_on_the_store() {
    for (lines, expected) in [
        ("", 1 << 20),
        ("cos_endpoint = cos.x.tencentcos.cn", 1 << 20),
        ("cos_endpoint = http://127.0.0.1:9000", 5 << 20),
        ("cos_endpoint = http://127.0.0.1:9000\nstore_min_part = 1M", 1 << 20),
        ("store_min_part = 8M", 8 << 20),
    ] {
        assert_eq!(bucket(&format!("{ACCOUNT}{lines}\n")).min_part, expected, "{lines}");
    }
}

#[test]
fn an_endpoint_does_without_a_region() {
    for (endpoint, region) in
        [("cos.ap-beijing.myqcloud.com", "ap-beijing"), ("http://127.0.0.1:9000", "us-east-1")]
    {
        let line = format!("cos_endpoint = {endpoint}\n");
        let bucket = bucket(&ACCOUNT.replace("cos_region = ap-guangzhou\n", &line));
        assert_eq!(bucket.region, region, "{endpoint}");
    }
}

#[test]
fn the_first_form_takes_the_bucket_with_and_without_its_appid() {
    for (lines, expected) in [
        ("cos_bucket = data\ncos_appid = 1250000000\n", "data-1250000000"),
        ("cos_bucket = data-1250000000\ncos_appid = 1250000000\n", "data-1250000000"),
        ("cos_bucket = data-1250000000\n", "data-1250000000"),
        ("cos_bucket = data-7\ncos_appid = 1250000000\n", "data-7-1250000000"),
        ("cos_bucket = data\ncos_endpoint = http://127.0.0.1:9000\n", "data"),
    ] {
        let text = first_form("u:p:RW")
            .replace("cos_appid = 1250000000\n", "")
            .replace("cos_bucket = data\n", lines);
        assert_eq!(bucket(&text).bucket, expected, "{lines}");
    }
}

#[test]
fn a_directory_needs_no_bucket() {
    for (lines, expected) in [
        ("cos_endpoint = file:///srv/ftp\n", "/srv/ftp"),
        ("cos_endpoint = file:///srv/ftp/\ncos_prefix = /a//b\n", "/srv/ftp/a/b"),
        ("cos_endpoint = file:///srv/ftp\ncos_region = ap-xxx\ncos_bucket = XXXXX\n", "/srv/ftp"),
    ] {
        let text = format!(
            "[COS_ACCOUNT_0]\n{lines}home_dir = /h\nftp_login_user_name = u\n\
             ftp_login_user_password = p\nauthority = RW\n"
        );
        match &accepted(&text).stores[..] {
            [StoreSettings::Local(options)] => {
                assert_eq!(options.root, std::path::Path::new(expected));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn both_forms_may_stand_in_one_file() {
    let settings = accepted(&(first_form("a:p:R;b:p:W") + ACCOUNT));
    let accounts: Vec<_> = settings.accounts.iter().map(|a| (a.name.as_str(), a.store)).collect();
    assert_eq!(accounts, [("a", 0), ("b", 0), ("user0", 1)]);
    assert_eq!(settings.stores.len(), 2);
}

#[test]
fn every_general_key_has_its_effect() {
    let settings = accepted(&format!(
        "{ACCOUNT}cos_prefix = a//b\nfilename_encoding = GBK\ndelete_enable = no\n\
         [NETWORK]\nmasquerade_address = nat.example.com\nlisten_address = 127.0.0.1, ::1\n\
         listen_port = 21\npassive_ports = 50000-50099\n\
         [FILE_OPTION]\nsingle_file_max_size = 10G\n\
         [OPTIONAL]\nconfig_check_enable = false\nmin_part_size = 6M\npart_buffer_size = 32M\n\
         buffer_memory = 1G\nupload_thread_num = 2\nmax_connection_num = 0\nmax_list_file = 7\n\
         partial_upload = discard\nascii_conversion = on\npreserve_mtime = on\nmtime_cache_entries = 9\n\
         verify_uploads = md5\narchive = restore\nrestore_days = 7\nrestore_tier = bulk\n\
         idle_timeout = 1\nlogin_timeout = 2s\ndata_connect_timeout = 3m\n\
         data_idle_timeout = 1h\nshutdown_grace = 0\nconnect_timeout = 5\nsend_timeout = 6\n\
         response_timeout = 7\nretry_timeout = 9\nreply_timeout = 10\ncomplete_timeout = 8\nlog_level = error\n\
         log_dir = /Var/Log\nlog_rotate_enabled = true\nlog_rotate_when = h\nlog_backup_count = 3\n"
    ));
    let seconds = Duration::from_secs;
    let server = &settings.server;
    let local: [IpAddr; 2] = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
    assert_eq!((&server.listen_addresses[..], server.listen_port), (&local[..], 21));
    assert_eq!((server.passive_ports.clone(), server.max_connections), (50000..=50099, None));
    assert_eq!(server.shutdown_grace, Duration::ZERO);
    let session = &server.session;
    assert_eq!(session.masquerade, Some(Masquerade("nat.example.com".to_owned())));
    assert_eq!((session.idle, session.login), (seconds(1), seconds(2)));
    assert_eq!(session.reply_timeout, seconds(10));
    assert_eq!((session.data_connect, session.max_list), (seconds(180), Some(7)));
    assert!(session.ascii_conversion && session.preserve_mtime);
    assert_eq!(settings.accounts[0].filename_encoding, FilenameEncoding::Gbk);
    let transfer = &session.transfer;
    assert_eq!((transfer.part_buffer, transfer.min_part), (Some(32 << 20), 6 << 20));
    assert_eq!((transfer.max_file, transfer.buffer_memory), (10 << 30, 1 << 30));
    assert_eq!((transfer.upload_threads, transfer.data_idle), (2, seconds(3600)));
    assert_eq!(transfer.partial, PartialUpload::Discard);
    let [StoreSettings::Cos(bucket)] = &settings.stores[..] else { panic!("{settings:?}") };
    assert_eq!((bucket.prefix.as_str(), bucket.verify), ("a/b/", VerifyUploads::Md5));
    assert!(bucket.preserve_mtime && bucket.mtime_cache_entries == 9);
    let terms = RestoreTerms { days: 7, tier: RestoreTier::Bulk };
    assert_eq!(bucket.archive, ArchivePolicy::Restore(terms));
    let times = &bucket.timeouts;
    assert_eq!((times.connect, times.send_body), (seconds(5), seconds(6)));
    assert_eq!((times.response, times.complete), (seconds(7), seconds(8)));
    assert_eq!(times.retry_total, seconds(9));
    assert_eq!(settings.log.level, log::LevelFilter::Error);
    assert_eq!(settings.log.directory, std::path::Path::new("/Var/Log"));
    assert_eq!(settings.log.rotation, Some(Rotation { every: RotateUnit::Hour, backups: 3 }));
    assert!(!settings.config_check && !settings.accounts[0].delete_enabled);
}

#[test]
fn acceleration_is_on_or_has_a_host() {
    let usual = Some("cos.accelerate.myqcloud.com");
    for (value, expected) in [
        ("off", None),
        ("No", None),
        ("on", usual),
        ("true", usual),
        ("1", usual),
        ("cos-internal.accelerate.TencentCOS.cn", Some("cos-internal.accelerate.tencentcos.cn")),
        ("localhost:7480", Some("localhost:7480")),
    ] {
        let settings = accepted(&format!("{ACCOUNT}cos_accelerate = {value}\n"));
        let [StoreSettings::Cos(bucket)] = &settings.stores[..] else { panic!("{settings:?}") };
        assert_eq!(bucket.acceleration.as_deref(), expected, "{value}");
    }
}

#[test]
fn the_word_default_stands_for_the_default() {
    let implicit = format!("{:?}", accepted(ACCOUNT));
    let mut text = format!("{ACCOUNT}[OPTIONAL]\n");
    for key in cos_ftp_server::config::KEYS.iter() {
        if key.sections[0].name() == "OPTIONAL" {
            text += &format!("{} = Default # 默认\n", key.name);
        }
    }
    assert_eq!(format!("{:?}", accepted(&text)), implicit);
}

#[test]
fn a_part_below_the_stores_minimum_is_raised() {
    let text = format!("{ACCOUNT}[OPTIONAL]\nmin_part_size = 512K\n");
    let (settings, warnings) = warned(&text);
    assert_eq!(settings.server.session.transfer.min_part, 1 << 20);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("min_part_size = 512K: the smallest part that bucket data-"));

    let s3 = format!("{ACCOUNT}cos_endpoint = http://127.0.0.1:9000\n");
    assert_eq!(accepted(&s3).server.session.transfer.min_part, 5 << 20, "its default is no fault");
}

#[test]
fn balancers_are_addresses_and_networks() {
    let balancers = |text: &str| accepted(&format!("{ACCOUNT}[OPERATIONS]\n{text}\n"));
    let settings = balancers("proxy_protocol_from = 10.0.0.5, 2001:db8::/32");
    let given = settings.server.session.balancers;
    assert!(given.from.contain("10.0.0.5".parse().unwrap()));
    assert!(given.from.contain("2001:db8::7".parse().unwrap()));
    assert!(!given.from.contain("10.0.0.6".parse().unwrap()));
    assert_eq!(given.data, DataHeader::Present);
    let settings = balancers("proxy_protocol_from =\nproxy_protocol_data = false");
    let given = settings.server.session.balancers;
    assert!(given.from.is_empty());
    assert_eq!(given.data, DataHeader::Absent);
}
