//! What is asked, and which answers are taken.

use std::io::IsTerminal;
use std::path::Path;
use std::{fs, io};

use cos_ftp_server::secret::Secret;
use cos_ftp_server::store::local::inherit_owner;
use cos_ftp_server::users;
use rustix::process::geteuid;

use super::answers::{Answers, Store};
use super::sample::Sample;
use crate::cli::language::Language;
use crate::cli::serve::{USUAL_USER, made_password};
use crate::cli::terminal::{ask, ask_hidden, ask_until, say};

/// The control port of every new configuration.
const PORT: u16 = 2121;

/// Where a server logs that root has configured.
const ROOTS_LOG: &str = "/var/log/cos-ftp-server";

/// Whoever asks, in this language.
pub(super) struct Asker(pub(super) Language);

impl Asker {
    /// Asks everything. What was arranged for in a `sample` is kept.
    ///
    /// # Errors
    /// In words for the terminal.
    pub(super) fn ask_all(&self, sample: Option<&Sample>) -> Result<Answers, String> {
        let usual_directory = sample.and_then(|sample| sample.directory.as_deref());
        let store = self.store(usual_directory.unwrap_or_default())?;
        let user = self.until("FTP user", USUAL_USER, |user| one_word("the user", user))?;
        let told = Secret::new(self.hidden("Password (empty: one is made)")?);
        // What is typed without being seen is typed twice, as for `serve --ask-password`.
        let is_typed = io::stdin().is_terminal() && !told.expose().is_empty();
        if is_typed && *told.expose() != *self.hidden("Once more")? {
            return Err("the two are not the same".to_owned());
        }
        let made_password = match told.expose().is_empty() {
            true => Some(Secret::new(made_password()?)),
            false => None,
        };
        let password = made_password.as_ref().unwrap_or(&told);
        let hash =
            users::hash(password.expose()).map_err(|error| format!("cannot hash it: {error}"))?;
        let log_dir = match sample {
            Some(sample) => sample.log_dir.clone(),
            // Not below the directory that the server happens to be started in.
            None => geteuid().is_root().then(|| ROOTS_LOG.to_owned()),
        };
        Ok(Answers { store, user, made_password, hash, log_dir, port: PORT })
    }

    fn store(&self, usual_directory: &str) -> Result<Store, String> {
        let kinds =
            "What is served? 1: a bucket of Tencent COS, 2: of another S3 store, 3: a directory";
        say(&format!("{}\n", self.0.say(kinds)));
        let kind = self.until("1, 2 or 3", "1", |kind| match kind {
            "1" | "2" | "3" => Ok(kind.to_owned()),
            _ => Err("1, 2 or 3".to_owned()),
        })?;
        let needed = |name: &'static str| move |text: &str| one_word(name, text);
        match kind.as_str() {
            "3" => self
                .until("Directory", usual_directory, |path| match path {
                    "" => Err("the name of a directory".to_owned()),
                    path => make_directory(path).and_then(|path| one_line(&path)),
                })
                .map(Store::Directory),
            "2" => Ok(Store::Bucket {
                endpoint: Some(self.until(
                    "Endpoint, as in https://s3.example.com",
                    "",
                    needed("the endpoint"),
                )?),
                bucket: self.until("Bucket", "", needed("the bucket"))?,
                region: ask(&self.0.say("Region"), "us-east-1")?,
                id: self.until("Access key id", "", needed("the id"))?,
                key: Secret::new(self.hidden("Secret access key")?.trim().to_owned()),
            }),
            _ => Ok(Store::Bucket {
                endpoint: None,
                bucket: self.until(
                    "Bucket with its APPID, as in files-1250000000",
                    "",
                    with_appid,
                )?,
                region: self.until("Region, as in ap-guangzhou", "", needed("the region"))?,
                id: self.until("SecretId", "", needed("the id"))?,
                key: Secret::new(self.hidden("SecretKey")?.trim().to_owned()),
            }),
        }
    }

    fn until(
        &self,
        question: &str,
        usual: &str,
        accepts: impl Fn(&str) -> Result<String, String>,
    ) -> Result<String, String> {
        let accepts = |text: &str| accepts(text).map_err(|wrong| self.0.say(&wrong));
        ask_until(&self.0.say(question), usual, accepts)
    }

    fn hidden(&self, question: &str) -> Result<String, String> {
        ask_hidden(&self.0.say(question))
    }
}

/// What stands in the file as it is: without white space, behind which a comment could begin.
fn one_word(name: &str, text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("{name} is a word without spaces"));
    }
    one_line(text)
}

fn one_line(text: &str) -> Result<String, String> {
    if text.starts_with(['#', ';']) || text.contains([';', '#']) {
        return Err("# and ; cannot be used here".to_owned());
    }
    Ok(text.to_owned())
}

fn with_appid(bucket: &str) -> Result<String, String> {
    let appid = bucket.rsplit_once('-').map(|(_, appid)| appid).unwrap_or_default();
    if appid.is_empty() || !appid.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("on COS a bucket's full name ends in -APPID, a number".to_owned());
    }
    one_word("the bucket", bucket)
}

/// Makes the directory that is to be served, if it is missing.
fn make_directory(path: &str) -> Result<String, String> {
    let named = |error: io::Error| format!("{path}: {error}");
    let path = Path::new(path);
    if !path.is_dir() {
        fs::create_dir_all(path).map_err(named)?;
        let around = path.parent().unwrap_or(Path::new("/"));
        if let (Ok(made), Ok(around)) = (fs::File::open(path), fs::File::open(around)) {
            inherit_owner(made, around);
        }
    }
    let whole = fs::canonicalize(path).map_err(named)?;
    let whole = whole.to_str().ok_or("its name is not UTF-8")?;
    Ok(whole.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_cannot_stand_in_the_file_are_refused() {
        for word in ["", "two words", "a#b", "a;b", "#", "tab\there", "bell\u{7}"] {
            assert!(one_word("it", word).is_err(), "{word:?}");
        }
        assert_eq!(one_word("it", "AKID=+/x").as_deref(), Ok("AKID=+/x"));
        for bucket in ["files", "files-", "files-abc", "my files-1"] {
            assert!(with_appid(bucket).is_err(), "{bucket}");
        }
        assert_eq!(with_appid("files-1250000000").as_deref(), Ok("files-1250000000"));
    }
}
