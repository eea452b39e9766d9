//! Logins that were right before. Devices log in again for each file; without this every time
//! would cost a hash that is made to be slow.
//!
//! What is remembered is a tag: HMAC-SHA-256 of name and password under a key that is drawn at
//! start, never leaves the process and is wiped with it. One tag for each account, so the memory is
//! bounded by their number. Only success is remembered, so guessing costs the slow hash each time.

use std::collections::HashMap;
use std::fmt;
use std::hint::black_box;

use hmac::{Hmac, Mac};
use parking_lot::Mutex;
use rustix::rand::{GetRandomFlags, getrandom};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The tags of logins that were right.
pub(super) struct Remembered {
    key: Zeroizing<[u8; 32]>,
    tags: Mutex<HashMap<String, Tag>>,
}

/// What stands for a name and a password.
pub(super) struct Tag(Zeroizing<[u8; 32]>);

/// Bytes that SHA-256 takes at once.
const BLOCK: usize = 64;

impl Remembered {
    /// Nothing yet, under a key of its own.
    pub(super) fn new() -> Self {
        let mut key = Zeroizing::new([0; 32]);
        getrandom(&mut *key, GetRandomFlags::empty())
            .expect("up to 256 bytes are there on every kernel since 3.17 (getrandom(2))");
        Self { key, tags: Mutex::default() }
    }

    /// The tag of a login.
    pub(super) fn tag(&self, name: &str, password: &str) -> Tag {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&*self.key).expect("HMAC takes keys of any length");
        // The lengths tell where each of them ends. Whole blocks are hashed where they stand: of a
        // part of one the crate would keep a copy.
        let length = (16 + name.len() + password.len()).next_multiple_of(BLOCK);
        let mut message = Zeroizing::new(Vec::with_capacity(length));
        message.extend_from_slice(&(name.len() as u64).to_be_bytes());
        message.extend_from_slice(&(password.len() as u64).to_be_bytes());
        message.extend_from_slice(name.as_bytes());
        message.extend_from_slice(password.as_bytes());
        message.resize(length, 0);
        mac.update(&message);
        Tag(Zeroizing::new(mac.finalize().into_bytes().into()))
    }

    /// Whether this login was right before.
    pub(super) fn knows(&self, name: &str, tag: &Tag) -> bool {
        self.tags.lock().get(name).is_some_and(|known| known.is(tag))
    }

    /// Remembers a login of an account; what was known of it before is forgotten.
    pub(super) fn learn(&self, name: &str, tag: Tag) {
        self.tags.lock().insert(name.to_owned(), tag);
    }
}

impl Tag {
    /// Whether both stand for the same; by its duration nobody learns where they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        let differences = self.0.iter().zip(&*other.0).map(|(a, b)| a ^ b);
        differences.fold(0, |all, one| black_box(all | one)) == 0
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remembered")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_login_is_known() {
        let remembered = Remembered::new();
        remembered.learn("alice", remembered.tag("alice", "secret"));
        for (name, password, expected) in [
            ("alice", "secret", true),
            ("alice", "secret2", false),
            ("alice", "", false),
            ("bob", "secret", false),
            ("alic", "esecret", false),
        ] {
            let tag = remembered.tag(name, password);
            assert_eq!(remembered.knows(name, &tag), expected, "{name} {password}");
        }
        // Tags of one process mean nothing in another.
        assert!(!remembered.knows("alice", &Remembered::new().tag("alice", "secret")));
    }

    #[test]
    fn the_latest_login_is_the_one_that_is_known() {
        let remembered = Remembered::new();
        for password in ["first", "second"] {
            remembered.learn("alice", remembered.tag("alice", password));
        }
        assert!(!remembered.knows("alice", &remembered.tag("alice", "first")));
        assert!(remembered.knows("alice", &remembered.tag("alice", "second")));
        assert_eq!(remembered.tags.lock().len(), 1);
    }
}
