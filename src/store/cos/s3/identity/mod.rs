//! What signs requests, and the one door to it: a key pair that was told or stands in files, or the
//! temporary pairs of a CAM role.

pub(crate) mod key_files;
mod key_pair;
pub(crate) mod metadata_service;
pub(crate) mod role_keys;

pub(crate) use self::key_pair::KeyPair;

use std::sync::Arc;

use parking_lot::Mutex;

use self::role_keys::{RoleKeys, Roles};
use crate::secret::Secret;
use crate::store::cos::options::{CredentialSource, PairSource, Part};

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
                let pair = Arc::new(read_pair(source)?);
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
            Self::Pair { current, .. } => Ok(Arc::clone(&current.lock())),
            Self::Role(keys) => Ok(keys.current()?),
        }
    }

    /// The store refused `pair`; whether the next call of [`Self::current`] may give another.
    pub(crate) fn replace(&self, refused: &KeyPair) -> bool {
        match self {
            Self::Pair { source, current } => {
                let mut current = current.lock();
                if **current == *refused && has_files(source) {
                    match read_pair(source) {
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

fn has_files(source: &PairSource) -> bool {
    [Some(&source.id), Some(&source.secret), source.token.as_ref()]
        .iter()
        .flatten()
        .any(|part| matches!(part, Part::File(_)))
}

fn read_pair(source: &PairSource) -> Result<KeyPair, KeyError> {
    Ok(KeyPair {
        id: read_part(&source.id)?,
        secret: read_part(&source.secret)?,
        token: source.token.as_ref().map(read_part).transpose()?,
    })
}

fn read_part(part: &Part) -> Result<Secret, KeyError> {
    match part {
        Part::Told(secret) => Ok(secret.clone()),
        Part::File(path) => {
            let named = |error| format!("{}: {error}", path.display());
            Ok(key_files::read(path).map_err(named)?)
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
