use std::path::Path;

use cos_ftp_server::config::{
    self, EnvironmentKeys, LoadedConfig, MachineFacts, Problems, ServerSettings, StoreSettings,
};
use cos_ftp_server::store::cos::{CosOptions, CredentialSource, Part};
use cos_ftp_server::users::Password;

/// A whole account section, to which a test adds lines.
pub(crate) const ACCOUNT: &str = "[COS_ACCOUNT_0]\ncos_secretid = AKID\n\
    cos_secretkey = hunter2\ncos_bucket = data-1250000000\ncos_region = ap-guangzhou\n\
    home_dir = /home/user0\nftp_login_user_name = user0\nftp_login_user_password = hunter2\n\
    authority = RW\n";

/// The same in the other form.
pub(crate) const FIRST_FORM_ACCOUNT: &str = "[COS_ACCOUNT]\ncos_appid = 1250000000\n\
    cos_secretid = AKID\ncos_secretkey = hunter2\ncos_bucket = data\n\
    cos_region = ap-guangzhou\ncos_user_home_dir = /home/user0\n\
    [FTP_ACCOUNT]\nlogin_users = user0:hunter2:RW\n";

/// Reads `text` as the file `a.conf` on a machine of 1 GiB.
pub(crate) fn parse(text: impl AsRef<[u8]>) -> Result<LoadedConfig, Problems> {
    parse_in(&EnvironmentKeys::default(), text)
}

/// The same, with keys in the environment.
pub(crate) fn parse_in(
    environment: &EnvironmentKeys,
    text: impl AsRef<[u8]>,
) -> Result<LoadedConfig, Problems> {
    config::parse(
        text.as_ref(),
        Path::new("a.conf"),
        &MachineFacts { total_memory: Some(1 << 30), ..MachineFacts::default() },
        environment,
    )
}

/// The key pair of a bucket, and its token, as they were told; files by their names.
pub(crate) fn keys(bucket: &CosOptions) -> String {
    let CredentialSource::Pair(pair) = &bucket.credentials else {
        return format!("{:?}", bucket.credentials);
    };
    let show = |part: &Part| match part {
        Part::Told(text) => text.expose().to_owned(),
        Part::File(path) => path.display().to_string(),
    };
    let token = pair.token.as_ref().map(show).unwrap_or_default();
    format!("{} {} {token}", show(&pair.id), show(&pair.secret)).trim_end().to_owned()
}

/// What a good file without anything to warn of says.
#[track_caller]
pub(crate) fn accepted(text: &str) -> ServerSettings {
    let (settings, warnings) = warned(text);
    assert_eq!(warnings, [""; 0], "in\n{text}");
    settings
}

/// What a good file says, and the warnings.
#[track_caller]
pub(crate) fn warned(text: &str) -> (ServerSettings, Vec<String>) {
    let loaded = parse(text).unwrap_or_else(|problems| panic!("{problems}\nin\n{text}"));
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(!warnings.concat().contains("hunter2"), "a secret was shown: {warnings:?}");
    (loaded.settings, warnings)
}

/// The problems of a bad file, none of which shows the secret `hunter2`.
#[track_caller]
pub(crate) fn refused(text: impl AsRef<[u8]>) -> Vec<String> {
    let problems = parse(text).expect_err("a problem was expected");
    assert!(!problems.to_string().contains("hunter2"), "a secret was shown: {problems}");
    problems.problems.iter().map(ToString::to_string).collect()
}

/// The first bucket of a good file.
#[track_caller]
pub(crate) fn bucket(text: &str) -> CosOptions {
    match accepted(text).stores.remove(0) {
        StoreSettings::Cos(options) => options,
        StoreSettings::Local(options) => panic!("a directory: {options:?}"),
    }
}

/// A password that is no hash.
#[track_caller]
pub(crate) fn plain(password: &Password) -> &str {
    match password {
        Password::Plain(secret) => secret.expose(),
        Password::Hashed(hash) => panic!("a hash: {hash:?}"),
    }
}

/// What an operator makes of a sample.
pub(crate) fn filled_in(sample: &str) -> String {
    sample
        .replace("12XXXXXX", "1250000000")
        .replace("XXXXXX", "AKIDEXAMPLE")
        .replace("XXXXX\n", "data\n")
        .replace("name-123456789", "data-1250000000")
        .replace("ap-xxx", "ap-guangzhou")
}
