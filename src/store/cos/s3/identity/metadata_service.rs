//! The metadata service of a virtual machine of Tencent Cloud, as far as it hands out the keys of
//! the machine's CAM role.
//!
//! `…/latest/meta-data/cam/security-credentials/` lists the names of roles, one a line; below it,
//! each role is a JSON document.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use time::OffsetDateTime;
use ureq::Agent;
use zeroize::Zeroizing;

use super::KeyPair;
use super::key_files::is_key;
use crate::secret::Secret;
use crate::store::cos::options::RoleSource;
use crate::store::cos::s3::answer::Headers;

const PATH: &str = "/latest/meta-data/cam/security-credentials/";

/// The service answers from the machine's own host, at once or not at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest answer that is read.
const ANSWER_BYTES: u64 = 64 * 1024;

/// Longest name of a role.
const NAME_BYTES: usize = 128;

/// Where to ask, and for which role.
#[derive(Debug)]
pub(crate) struct MetadataService {
    agent: Agent,
    source: RoleSource,
}

/// What a role was given.
#[derive(Debug)]
pub(crate) struct Grant {
    /// The role.
    pub(crate) role: String,
    /// Its keys.
    pub(crate) pair: KeyPair,
    /// How long they are valid from now on.
    pub(crate) lifetime: Duration,
}

/// Why there are no keys. Nothing of what was answered is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MetadataError {
    /// No whole answer.
    Unreachable { url: String, cause: String },
    /// An answer that is no success.
    Refused { url: String, status: u16 },
    /// The machine has no role, or not this one.
    NoRole,
    /// Not the document that was expected.
    Unreadable { url: String, what: &'static str },
    /// The keys were no longer valid when they came.
    Ended { url: String },
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { url, cause } => write!(f, "no keys from {url}: {cause}"),
            Self::Refused { url, status } => write!(f, "no keys from {url}: status {status}"),
            Self::NoRole => f.write_str(
                "no keys: no such CAM role is bound to this machine; bind one in the console, or \
                 name another in cos_cam_role",
            ),
            Self::Unreadable { url, what } => write!(f, "no keys from {url}: {what}"),
            Self::Ended { url } => write!(f, "no keys from {url}: those it gives have expired"),
        }
    }
}

impl std::error::Error for MetadataError {}

impl MetadataService {
    /// The service that `source` names. Nothing is sent yet.
    pub(crate) fn new(source: RoleSource) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // The keys come from this machine's host and from nowhere else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .max_idle_connections(0)
            .build();
        Self { agent: config.new_agent(), source }
    }

    /// The keys of the role.
    pub(crate) fn fetch(&self) -> Result<Grant, MetadataError> {
        let role = match &self.source.role {
            Some(role) => role.clone(),
            None => self.own_role()?,
        };
        let url = format!("{}{PATH}{role}", self.source.metadata_endpoint);
        let (headers, text) = self.get(&url)?;
        // The service's clock sets the end, so its clock tells how far that is.
        let now = headers.date().unwrap_or_else(OffsetDateTime::now_utc);
        let document = Document::parse(&text)
            .map_err(|what| MetadataError::Unreadable { url: url.clone(), what })?;
        let lifetime = document.expired_time.saturating_sub(now.unix_timestamp());
        let lifetime = Duration::from_secs(u64::try_from(lifetime).unwrap_or_default());
        if lifetime.is_zero() {
            return Err(MetadataError::Ended { url });
        }
        Ok(Grant { role, pair: document.into_pair(), lifetime })
    }

    /// The first of the machine's roles; usually there is one.
    fn own_role(&self) -> Result<String, MetadataError> {
        let url = format!("{}{PATH}", self.source.metadata_endpoint);
        let (_, text) = self.get(&url)?;
        let role = text.lines().next().unwrap_or_default().trim();
        if role.is_empty() {
            return Err(MetadataError::NoRole);
        }
        if !is_role_name(role) {
            return Err(MetadataError::Unreadable { url, what: "the answer names no role" });
        }
        Ok(role.to_owned())
    }

    fn get(&self, url: &str) -> Result<(Headers, Zeroizing<String>), MetadataError> {
        let unreachable = |error: ureq::Error| MetadataError::Unreachable {
            url: url.to_owned(),
            cause: error.to_string(),
        };
        let (parts, body) = self.agent.get(url).call().map_err(unreachable)?.into_parts();
        match parts.status.as_u16() {
            200 => {}
            404 => return Err(MetadataError::NoRole),
            status => return Err(MetadataError::Refused { url: url.to_owned(), status }),
        }
        let text = body
            .into_with_config()
            .limit(ANSWER_BYTES)
            .lossy_utf8(true)
            .read_to_string()
            .map_err(unreachable)?;
        Ok((Headers(parts.headers), Zeroizing::new(text)))
    }
}

/// Whether `name` may be a role's: what CAM allows in names, so nothing that changes a path.
pub fn is_role_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+=,.@".contains(&byte);
    (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('.')
}

/// What the service tells of a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default)]
    code: String,
    #[serde(default)]
    tmp_secret_id: String,
    #[serde(default)]
    tmp_secret_key: String,
    #[serde(default)]
    token: String,
    /// The end of the keys, seconds since 1970.
    #[serde(default)]
    expired_time: i64,
}

impl Document {
    /// The document in `text`, or what is wrong with it. The parser's own words would repeat what
    /// it met, which may be a key.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let document: Self =
            serde_json::from_str(text).map_err(|_| "the answer is not the JSON of a role")?;
        if document.code != "Success" {
            return Err("the answer's code is not Success");
        }
        let keys = [&document.tmp_secret_id, &document.tmp_secret_key, &document.token];
        if !keys.iter().all(|key| is_key(key)) {
            return Err("the answer lacks a key");
        }
        Ok(document)
    }

    fn into_pair(self) -> KeyPair {
        KeyPair {
            id: Secret::new(self.tmp_secret_id),
            secret: Secret::new(self.tmp_secret_key),
            token: Some(Secret::new(self.token)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let whole = r#"{"TmpSecretId":"AKIDx","TmpSecretKey":"key","Token":"tok",
            "ExpiredTime":1615590047,"Expiration":"2021-03-12T23:00:47Z","Code":"Success"}"#;
        let document = Document::parse(whole).unwrap();
        assert_eq!(document.expired_time, 1_615_590_047);
        let pair = document.into_pair();
        assert_eq!(pair.id.expose(), "AKIDx");
        assert_eq!(pair.secret.expose(), "key");
        assert_eq!(pair.token.unwrap().expose(), "tok");
        for bad in [
            "",
            "<html>",
            "{}",
            r#"{"Code":"InternalError"}"#,
            r#"{"Code":"Success"}"#,
            &whole.replace("\"key\"", "7"),
            &whole.replace("AKIDx", "AKID x"),
            &whole.replace("tok", ""),
            &whole.replace("Success", "Failure"),
        ] {
            let what = Document::parse(bad).err().unwrap();
            assert!(!what.contains("AKID") && !what.contains("tok"), "{what}");
        }
    }

    #[test]
    fn role_names_are_one_segment() {
        for name in ["r", "CVM_QcsRole", "a-b.c@d"] {
            assert!(is_role_name(name), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a?b", "a b", "a%2fb", "角色", &"r".repeat(129)] {
            assert!(!is_role_name(name), "{name}");
        }
    }
}
