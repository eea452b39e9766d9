//! What signs requests, and the one door to it: a key pair that was told or stands in files, or the
//! temporary pairs of a CAM role.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::key_files;
use super::role_keys::{RoleKeys, Roles};
use crate::secret::Secret;

/// What signs a request.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyPair {
    /// The public half.
    pub(crate) id: Secret,
    /// The secret half.
    pub(crate) secret: Secret,
    /// What a temporary pair comes with; it is sent along.
    pub(crate) token: Option<Secret>,
}

/// Where the key pair of a bucket comes from.
#[derive(Clone, Debug)]
pub enum CredentialSource {
    /// One pair, its parts known or in files.
    Pair(PairSource),
    /// A CAM role: temporary pairs, taken from the machine's metadata service.
    Role(RoleSource),
}

/// A key pair. Files are read when the bucket is opened, and again when the store refuses the pair:
/// it may have been replaced.
#[derive(Clone, Debug)]
pub struct PairSource {
    /// The public half.
    pub id: Part,
    /// The secret half.
    pub secret: Part,
    /// The token of a temporary pair.
    pub token: Option<Part>,
}

/// One part of a key pair.
#[derive(Clone, Debug)]
pub enum Part {
    /// The text itself.
    Told(Secret),
    /// The content of a file, without white space at its ends.
    File(PathBuf),
}

/// How to get at the keys of a CAM role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleSource {
    /// The role; `None` for the one that the machine has.
    pub role: Option<String>,
    /// Scheme and host of the metadata service, without a slash at the end:
    /// `http://metadata.tencentyun.com`.
    pub metadata_endpoint: String,
}

/// Why there is no key pair, without a secret in it.
pub(crate) type KeyError = Box<dyn std::error::Error + Send + Sync>;

/// The way to the key pair of a bucket.
#[derive(Debug)]
pub(crate) enum Credentials {
    Pair { source: PairSource, current: Mutex<Arc<KeyPair>> },
    Role(Arc<RoleKeys>),
}

impl Credentials {
    /// What `source` describes. Files are read, roles asked only when the first request needs
    /// them.
    ///
    /// # Errors
    /// When a file cannot be used.
    pub(crate) fn open(source: &CredentialSource, roles: &Roles) -> Result<Self, KeyError> {
        Ok(match source {
            CredentialSource::Pair(source) => {
                let pair = Arc::new(source.read()?);
                Self::Pair { source: source.clone(), current: Mutex::new(pair) }
            }
            CredentialSource::Role(source) => Self::Role(roles.open(source)),
        })
    }

    /// The pair to sign with now.
    ///
    /// # Errors
    /// When a role has no valid pair and none can be had at the moment. May take as long as the
    /// metadata service's time-out.
    pub(crate) fn current(&self) -> Result<Arc<KeyPair>, KeyError> {
        match self {
            Self::Pair { current, .. } => {
                Ok(Arc::clone(&current.lock().unwrap_or_else(PoisonError::into_inner)))
            }
            Self::Role(keys) => Ok(keys.current()?),
        }
    }

    /// The store refused `pair`; whether the next call of [`Self::current`] may give another.
    pub(crate) fn replace(&self, refused: &KeyPair) -> bool {
        match self {
            Self::Pair { source, current } => {
                let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
                if **current == *refused && source.has_files() {
                    match source.read() {
                        Ok(pair) => *current = Arc::new(pair),
                        Err(error) => log::warn!("the keys cannot be read again: {error}"),
                    }
                }
                **current != *refused
            }
            Self::Role(keys) => keys.replace(refused),
        }
    }
}

impl CredentialSource {
    /// A key pair that is known, for good.
    pub fn told(id: String, secret: String) -> Self {
        let part = |text| Part::Told(Secret::new(text));
        Self::Pair(PairSource { id: part(id), secret: part(secret), token: None })
    }
}

impl PairSource {
    fn has_files(&self) -> bool {
        [Some(&self.id), Some(&self.secret), self.token.as_ref()]
            .iter()
            .flatten()
            .any(|part| matches!(part, Part::File(_)))
    }

    fn read(&self) -> Result<KeyPair, KeyError> {
        Ok(KeyPair {
            id: self.id.read()?,
            secret: self.secret.read()?,
            token: self.token.as_ref().map(Part::read).transpose()?,
        })
    }
}

impl Part {
    fn read(&self) -> Result<Secret, KeyError> {
        match self {
            Self::Told(secret) => Ok(secret.clone()),
            Self::File(path) => {
                let named = |error| format!("{}: {error}", path.display());
                Ok(key_files::read(path).map_err(named)?)
            }
        }
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(***)")
    }
}

impl fmt::Display for CredentialSource {
    /// For people: where it is from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair(PairSource { secret: Part::File(path), .. }) => {
                write!(f, "key pair in {}", path.display())
            }
            Self::Pair(PairSource { token: Some(_), .. }) => f.write_str("temporary key pair"),
            Self::Pair(_) => f.write_str("key pair"),
            Self::Role(RoleSource { role: Some(role), .. }) => write!(f, "CAM role {role}"),
            Self::Role(_) => f.write_str("CAM role of this machine"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn told(text: &str) -> Part {
        Part::Told(Secret::new(text.to_owned()))
    }

    #[test]
    fn a_pair_in_files_is_read_again_when_it_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("key");
        fs::write(&file, "first\n").unwrap();
        let source = PairSource { id: told("id"), secret: Part::File(file.clone()), token: None };
        let credentials =
            Credentials::open(&CredentialSource::Pair(source), &Roles::default()).unwrap();
        let first = credentials.current().unwrap();
        assert_eq!(first.secret.expose(), "first");

        assert!(!credentials.replace(&first), "it is still the same");
        fs::write(&file, "second\n").unwrap();
        assert!(credentials.replace(&first));
        assert_eq!(credentials.current().unwrap().secret.expose(), "second");
        assert!(credentials.replace(&first), "another session was faster");

        fs::remove_file(&file).unwrap();
        let second = credentials.current().unwrap();
        assert!(!credentials.replace(&second), "what was read stays");
        assert_eq!(credentials.current().unwrap().secret.expose(), "second");
    }

    #[test]
    fn a_pair_that_was_told_is_what_it_is() {
        let source = PairSource { id: told("id"), secret: told("key"), token: Some(told("t")) };
        let source = CredentialSource::Pair(source);
        let credentials = Credentials::open(&source, &Roles::default()).unwrap();
        let pair = credentials.current().unwrap();
        assert!(!credentials.replace(&pair));
        assert_eq!(source.to_string(), "temporary key pair");
        let shown = format!("{pair:?} {credentials:?}");
        assert!(!shown.contains("key\""), "{shown}");
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let source =
            PairSource { id: told("id"), secret: Part::File("/nowhere/key".into()), token: None };
        let source = CredentialSource::Pair(source);
        let error = Credentials::open(&source, &Roles::default()).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/key: "), "{error}");
    }
}
