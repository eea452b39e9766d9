//! What an account's password may be in the configuration: the password itself, or a hash of it.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use sha_crypt::{PasswordHashRef, ShaCrypt};

use crate::limits;
use crate::secret::Secret;

/// Beginning of a PHC string of Argon2id (RFC 9106).
const ARGON2ID: &str = "$argon2id$";

/// Beginning of what crypt(3) calls SHA-512.
const SHA512_CRYPT: &str = "$6$";

/// Hashes of other kinds. Taken for plain text, the hash itself would let its thief in.
const OTHER_KINDS: &[&str] = &[
    "$argon2i$",
    "$argon2d$",
    "$1$",
    "$2$",
    "$2a$",
    "$2b$",
    "$2x$",
    "$2y$",
    "$5$",
    "$7$",
    "$md5",
    "$apr1$",
    "$sha1$",
    "$scrypt$",
    "$pbkdf2",
    "$y$",
    "$gy$",
    "$sm3$",
];

/// Characters of the hash itself at the end of a SHA-512 crypt text (64 bytes in base 64).
const SHA512_CRYPT_DIGITS: usize = 86;

/// Rounds of SHA-512 crypt when its text names none.
const SHA512_DEFAULT_ROUNDS: u32 = sha_crypt::Params::RECOMMENDED_ROUNDS;

/// An account's password as it is configured.
#[derive(Clone, Debug)]
pub enum Password {
    /// The password itself.
    Plain(Secret),
    /// A hash of it.
    Hashed(HashedPassword),
}

/// A hash that is well-formed and within the maximums of [`limits`].
#[derive(Clone, Debug)]
pub struct HashedPassword {
    effort: Effort,
    text: Secret,
}

/// What one verification of a hash costs. Hashes of equal effort take the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Argon2id, version 1.3.
    Argon2id {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over it.
        passes: u32,
        /// Lanes, computed one after another.
        lanes: u32,
    },
    /// SHA-512 crypt.
    Sha512Crypt {
        /// Rounds.
        rounds: u32,
    },
}

/// Why a text that begins as a hash is none that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashError {
    /// A hash of a kind that is not understood.
    Kind,
    /// Cut off, or changed in its form.
    Malformed,
    /// Computing it would take longer or more memory than [`limits`] allow.
    TooExpensive,
}

impl Password {
    /// A password as the configuration has it. What begins as no hash is the password itself.
    ///
    /// # Errors
    /// When it begins as a hash and is none that can be used.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        if text.starts_with(ARGON2ID) || text.starts_with(SHA512_CRYPT) {
            HashedPassword::parse(text).map(Self::Hashed)
        } else if OTHER_KINDS.iter().any(|kind| text.starts_with(kind)) {
            Err(HashError::Kind)
        } else {
            Ok(Self::Plain(Secret::new(text.to_owned())))
        }
    }

    /// What a verification costs; nothing worth mentioning when it is plain text.
    pub fn effort(&self) -> Option<Effort> {
        match self {
            Self::Plain(_) => None,
            Self::Hashed(hash) => Some(hash.effort),
        }
    }
}

impl HashedPassword {
    fn parse(text: &str) -> Result<Self, HashError> {
        let effort = match text.strip_prefix(SHA512_CRYPT) {
            Some(rest) => sha512_effort(rest).ok_or(HashError::Malformed)?,
            None => argon2id_effort(text).ok_or(HashError::Malformed)?,
        };
        if !effort.is_bearable() {
            return Err(HashError::TooExpensive);
        }
        Ok(Self { effort, text: Secret::new(text.to_owned()) })
    }

    /// What a verification costs.
    pub fn effort(&self) -> Effort {
        self.effort
    }

    /// Whether `password` is the one that was hashed. Takes as long as [`Effort`] says.
    pub fn is_of(&self, password: &str) -> bool {
        let (text, password) = (self.text.expose(), password.as_bytes());
        match self.effort {
            Effort::Argon2id { .. } => PasswordHash::new(text)
                .is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok()),
            Effort::Sha512Crypt { .. } => PasswordHashRef::new(text)
                .is_ok_and(|hash| ShaCrypt::SHA512.verify_password(password, hash).is_ok()),
        }
    }
}

impl Effort {
    /// Bytes of memory one verification takes.
    pub fn memory_bytes(self) -> u64 {
        match self {
            Self::Argon2id { memory_kib, .. } => u64::from(memory_kib) * 1024,
            Self::Sha512Crypt { .. } => 0,
        }
    }

    /// A hash of this effort that nobody's password has: what is computed for users that do not
    /// exist.
    pub(super) fn decoy(self) -> HashedPassword {
        const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let text = match self {
            Self::Argon2id { memory_kib, passes, lanes } => {
                let salt = &ZEROS[..22];
                format!("{ARGON2ID}v=19$m={memory_kib},t={passes},p={lanes}${salt}${ZEROS}")
            }
            Self::Sha512Crypt { rounds } => {
                let digits = ".".repeat(SHA512_CRYPT_DIGITS);
                format!("{SHA512_CRYPT}rounds={rounds}$nobodynobodynobo${digits}")
            }
        };
        HashedPassword { effort: self, text: Secret::new(text) }
    }

    fn is_bearable(self) -> bool {
        match self {
            Self::Argon2id { memory_kib, passes, lanes } => {
                memory_kib <= limits::ARGON2_MEMORY_KIB
                    && passes <= limits::ARGON2_PASSES
                    && lanes <= limits::ARGON2_LANES
            }
            Self::Sha512Crypt { rounds } => rounds <= limits::SHA512_CRYPT_ROUNDS,
        }
    }
}

/// Hashes a password with Argon2id (19 MiB, two passes, one lane: what OWASP recommends and RFC
/// 9106 allows) and a random salt.
///
/// # Errors
/// When the system gives no random bytes.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string())
}

fn argon2id_effort(text: &str) -> Option<Effort> {
    let hash = PasswordHash::new(text).ok()?;
    let current = u32::from(Version::V0x13);
    let whole = hash.salt.is_some() && hash.hash.is_some() && hash.version == Some(current);
    let params = Params::try_from(&hash).ok().filter(|_| whole)?;
    Some(Effort::Argon2id {
        memory_kib: params.m_cost(),
        passes: params.t_cost(),
        lanes: params.p_cost(),
    })
}

/// `rest` is what follows `$6$`: `[rounds=N$]salt$digits`.
fn sha512_effort(rest: &str) -> Option<Effort> {
    let (rounds, rest) = match rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$')) {
        Some((rounds, rest)) => (rounds.parse().ok()?, rest),
        None => (SHA512_DEFAULT_ROUNDS, rest),
    };
    let (salt, digits) = rest.split_once('$')?;
    let is_digit = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '/';
    let whole = (1..=16).contains(&salt.len())
        && digits.len() == SHA512_CRYPT_DIGITS
        && digits.chars().all(is_digit)
        && rounds >= sha_crypt::Params::ROUNDS_MIN;
    whole.then_some(Effort::Sha512Crypt { rounds })
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kind => {
                "a hash of a kind that is not understood; accepted are $argon2id$ and $6$ \
                 (SHA-512 crypt)"
            }
            Self::Malformed => "an incomplete hash; generate one with cos-ftp-server hash-password",
            Self::TooExpensive => {
                "a hash that is too expensive to compute; generate one with cos-ftp-server \
                 hash-password"
            }
        })
    }
}

impl std::error::Error for HashError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl passwd -6 -salt saltsalt secret-1`
    const SHA512: &str = "$6$saltsalt$Sz3kiTlz9z1weA0rv6ZP1VXe3w.3OdcNstYOBf59DJTlfS58158ixzQsRnlFKkTlSpUlPhsu88bFFaza8fOVR0";
    /// crypt(3) of the C library, with the salt `$6$rounds=10000$saltsalt$`.
    const SHA512_ROUNDS: &str = "$6$rounds=10000$saltsalt$7.WKRTjJY3BSzdYpVfCXF0ZCOE2moSxrSm8Ui8cuY9haYdxbHeCWDhuzUcOf/wM6eo4kd.y33JMIoduClw5jz0";
    /// `argon2 saltsaltsalt -id -t 2 -k 8192 -p 1 -e` of Debian's package argon2, with `secret-1`.
    const ARGON2ID_OF_OTHERS: &str = "$argon2id$v=19$m=8192,t=2,p=1$c2FsdHNhbHRzYWx0$DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY";

    #[test]
    fn hashes_of_other_programs_are_understood() {
        for text in [SHA512, SHA512_ROUNDS, ARGON2ID_OF_OTHERS] {
            let Ok(Password::Hashed(hash)) = Password::parse(text) else { panic!("{text}") };
            assert!(hash.is_of("secret-1"), "{text}");
            for wrong in ["secret-2", "", "secret-1 ", text] {
                assert!(!hash.is_of(wrong), "{text} {wrong}");
            }
        }
    }

    #[test]
    fn our_own_hash_is_understood_and_never_the_same() {
        let [first, second] = [(); 2].map(|()| hash("pass wörd").unwrap());
        assert_ne!(first, second, "the salt is random");
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        let Ok(Password::Hashed(hash)) = Password::parse(&first) else { panic!("{first}") };
        assert!(hash.is_of("pass wörd"));
        assert!(!hash.is_of("pass word"));
        assert_eq!(hash.effort.memory_bytes(), 19 << 20);
    }

    #[test]
    fn what_begins_as_no_hash_is_plain() {
        for text in ["secret-1", "$", "$6", "$6x$", "6$a", "$argon2", "a$6$b", "#$;"] {
            let Ok(Password::Plain(secret)) = Password::parse(text) else { panic!("{text}") };
            assert_eq!(secret.expose(), text);
        }
    }

    #[test]
    fn broken_hashes_are_told_from_plain_text() {
        let shortened = &SHA512[..SHA512.len() - 1];
        let few_rounds = SHA512_ROUNDS.replace("10000", "999");
        let many_rounds = SHA512_ROUNDS.replace("10000", "999999999");
        let old_version = ARGON2ID_OF_OTHERS.replace("v=19", "v=16");
        let no_version = ARGON2ID_OF_OTHERS.replace("v=19$", "");
        let no_hash = &ARGON2ID_OF_OTHERS[..ARGON2ID_OF_OTHERS.rfind('$').unwrap()];
        let much_memory = ARGON2ID_OF_OTHERS.replace("m=8192", "m=4194304");
        for (text, expected) in [
            ("$6$", HashError::Malformed),
            ("$6$saltsalt$", HashError::Malformed),
            (shortened, HashError::Malformed),
            (&few_rounds, HashError::Malformed),
            (&many_rounds, HashError::TooExpensive),
            ("$argon2id$", HashError::Malformed),
            ("$argon2id$v=19$m=8192,t=2,p=1$$", HashError::Malformed),
            (&old_version, HashError::Malformed),
            (&no_version, HashError::Malformed),
            (no_hash, HashError::Malformed),
            (&much_memory, HashError::TooExpensive),
            ("$2b$12$abcdefghijklmnopqrstuv", HashError::Kind),
            ("$y$j9T$x$y", HashError::Kind),
            ("$5$saltsalt$x", HashError::Kind),
            ("$argon2i$v=19$m=8192,t=2,p=1$c2FsdHNhbHQ$x", HashError::Kind),
        ] {
            assert_eq!(Password::parse(text).err(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_decoy_is_whole_and_costs_what_it_stands_for() {
        for effort in [
            Effort::Argon2id { memory_kib: 64, passes: 1, lanes: 1 },
            Effort::Sha512Crypt { rounds: 1000 },
        ] {
            let decoy = effort.decoy();
            let parsed = HashedPassword::parse(decoy.text.expose()).unwrap();
            assert_eq!(parsed.effort, effort);
            assert!(!decoy.is_of(""));
        }
    }
}
