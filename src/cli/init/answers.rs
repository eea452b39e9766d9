//! What was answered, and the configuration that comes of it.

use std::fmt::Write as _;

use cos_ftp_server::secret::Secret;

use crate::cli::language::Language;

/// What was answered.
pub(super) struct Answers {
    pub(super) store: Store,
    /// Who may log in.
    pub(super) user: String,
    /// The password, if nobody chose one.
    pub(super) made_password: Option<Secret>,
    /// What the password, whoever chose it, is kept as.
    pub(super) hash: String,
    /// Where the log goes, unless it goes where it usually does.
    pub(super) log_dir: Option<String>,
    /// Where the server will listen.
    pub(super) port: u16,
}

/// Where the files are.
pub(super) enum Store {
    Bucket { endpoint: Option<String>, bucket: String, region: String, id: String, key: Secret },
    Directory(String),
}

impl Answers {
    /// The configuration, with comments in `language`.
    pub(super) fn text(&self, language: Language) -> Secret {
        let Self { store, user, hash, port, .. } = self;
        let comment = |text: &str| format!("# {}\n", language.say(text));
        // Room for all of it from the start: a text that grows leaves copies behind.
        let mut text = String::with_capacity(4096);
        text +=
            &comment("Written by cos-ftp-server init. man cos-ftp-server.conf explains every key.");
        text += "\n[COS_ACCOUNT_0]\n";
        // Writing to a String cannot fail.
        let _ = match store {
            Store::Directory(path) => writeln!(text, "cos_endpoint = file://{path}"),
            Store::Bucket { endpoint, bucket, region, id, key } => {
                let endpoint = endpoint.as_ref().map(|at| format!("cos_endpoint = {at}\n"));
                writeln!(
                    text,
                    "{}cos_bucket = {bucket}\ncos_region = {region}\ncos_secretid = {id}\n\
                     cos_secretkey = {}",
                    endpoint.unwrap_or_default(),
                    key.expose(),
                )
            }
        };
        let _ = write!(
            text,
            "home_dir = /home/{user}\nftp_login_user_name = {user}\n{}\
             ftp_login_user_password = {hash}\nauthority = RW\ndelete_enable = true\n\n\
             [NETWORK]\nlisten_port = {port}\npassive_ports = 60000,65535\n",
            comment("A hash: cos-ftp-server hash-password makes another."),
        );
        if let Some(log_dir) = &self.log_dir {
            let _ = write!(text, "\n[OPTIONAL]\nlog_dir = {log_dir}\n");
        }
        Secret::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_goes_where_it_was_arranged_for() {
        for log_dir in [None, Some("/var/log/cos-ftp-server".to_owned())] {
            let (user, hash) = ("bob".to_owned(), "$6$".to_owned());
            let store = Store::Directory("/srv".to_owned());
            let is_told = log_dir.is_some();
            let answers = Answers { store, user, made_password: None, hash, log_dir, port: 21 };
            let line = "\n[OPTIONAL]\nlog_dir = /var/log/cos-ftp-server\n";
            for language in [Language::English, Language::Chinese] {
                assert_eq!(answers.text(language).expose().ends_with(line), is_told);
            }
        }
    }
}
