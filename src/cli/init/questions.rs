//! What is asked, and which answers are taken.

use std::io::IsTerminal;
use std::path::Path;
use std::{fs, io};

use cos_ftp_server::config::is_like_region_of_cos;
use cos_ftp_server::secret::Secret;
use cos_ftp_server::store::local::inherit_owner;
use cos_ftp_server::users;
use rustix::process::geteuid;

use super::accepted::{
    bucket, bucket_with_appid, endpoint, one_line, one_word, region, region_of_cos, user_name,
    yes_or_no,
};
use super::answers::{Answers, Store};
use super::sample::Sample;
use crate::cli::language::Language;
use crate::cli::serve::{USUAL_USER, made_password};
use crate::cli::terminal::{ask_hidden, ask_until, say};

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
    pub(super) fn ask_all(
        &self,
        sample: Option<&Sample>,
        beside: Option<&Path>,
    ) -> Result<Answers, String> {
        let usual_directory = sample.and_then(|sample| sample.directory.as_deref());
        let store = self.store(usual_directory.unwrap_or_default())?;
        let user = self.until("FTP user", USUAL_USER, user_name)?;
        let told = self.password()?;
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
            None if geteuid().is_root() => Some(ROOTS_LOG.to_owned()),
            None => beside.map(|directory| directory.join("log").display().to_string()),
        };
        Ok(Answers { store, user, made_password, hash, log_dir, port: PORT })
    }

    /// The password, empty if one is to be made. What is typed without being seen is typed twice,
    /// as for `serve --ask-password`, until both are the same.
    fn password(&self) -> Result<Secret, String> {
        loop {
            let told = Secret::new(self.hidden("Password (leave empty to generate one)")?);
            let is_typed = io::stdin().is_terminal() && !told.expose().is_empty();
            if !is_typed || *told.expose() == *self.hidden("Once more")? {
                return Ok(told);
            }
            self.tell("the two passwords differ");
        }
    }

    fn store(&self, usual_directory: &str) -> Result<Store, String> {
        let kinds = "What is to be served? 1: a bucket on Tencent COS, 2: a bucket on another S3 \
                     store, 3: a directory";
        self.tell(kinds);
        let kind = self.until("1, 2 or 3", "1", |kind| match kind {
            "1" | "2" | "3" => Ok(kind.to_owned()),
            _ => Err("1, 2 or 3".to_owned()),
        })?;
        match kind.as_str() {
            "3" => self.directory(usual_directory).map(Store::Directory),
            "2" => Ok(Store::Bucket {
                endpoint: Some(self.until(
                    "Endpoint, as in https://s3.example.com",
                    "",
                    endpoint,
                )?),
                bucket: self.until("Bucket", "", bucket)?,
                region: self.until("Region", "us-east-1", region)?,
                id: self.until("Access key id", "", |id| one_word("the id", id))?,
                key: self.key("Secret access key")?,
            }),
            _ => Ok(Store::Bucket {
                endpoint: None,
                bucket: self.until(
                    "Bucket with its APPID, as in files-1250000000",
                    "",
                    bucket_with_appid,
                )?,
                region: self.region()?,
                id: self.until("SecretId", "", |id| one_word("the id", id))?,
                key: self.key("SecretKey")?,
            }),
        }
    }

    /// A region of COS. There may be new ones, with other names.
    fn region(&self) -> Result<String, String> {
        let region = self.until("Region, as in ap-guangzhou", "", region_of_cos)?;
        if !is_like_region_of_cos(&region) {
            self.tell("COS may have no such region: regions have names like ap-guangzhou");
        }
        Ok(region)
    }

    /// A directory that is there, if need be since this moment: a name that was mistyped is not
    /// made unasked.
    fn directory(&self, usual: &str) -> Result<String, String> {
        loop {
            let path = self.until("Directory", usual, |path| match path {
                "" => Err("the name of a directory".to_owned()),
                path => one_line(path),
            })?;
            let is_missing = !Path::new(&path).exists();
            if is_missing && io::stdin().is_terminal() {
                let question = format!("{path} does not exist. Create it? y or n");
                if !self.until(&question, "y", yes_or_no)? {
                    continue;
                }
            }
            let made = make_directory(&path);
            match made {
                Ok(whole) if is_missing => {
                    self.tell(&format!("Created the directory {whole}"));
                    return Ok(whole);
                }
                Err(wrong) if io::stdin().is_terminal() => self.tell(&wrong),
                result => return result,
            }
        }
    }

    /// A key that is not shown.
    fn key(&self, question: &str) -> Result<Secret, String> {
        loop {
            let told = Secret::new(self.hidden(question)?.trim().to_owned());
            match one_word("the key", told.expose()) {
                Ok(_) => return Ok(told),
                Err(wrong) if io::stdin().is_terminal() => self.tell(&wrong),
                Err(wrong) => return Err(wrong),
            }
        }
    }

    fn tell(&self, text: &str) {
        say(&format!("{}\n", self.0.say(text)));
    }

    fn until<T>(
        &self,
        question: &str,
        usual: &str,
        accepts: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        let accepts = |text: &str| accepts(text).map_err(|wrong| self.0.say(&wrong));
        ask_until(&self.0.say(question), usual, accepts)
    }

    fn hidden(&self, question: &str) -> Result<String, String> {
        ask_hidden(&self.0.say(question))
    }
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
