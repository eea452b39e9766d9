//! Accounts that are not whole, and passwords that may not be meant so.

use crate::config::samples::FORM_1;
use crate::config::support::{ACCOUNT, FIRST_FORM_ACCOUNT, filled_in, refused, warned};

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
