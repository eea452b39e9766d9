//! What a verb demands of an account, and what an account grants. The decision is made once, from
//! the verb's row; no handler repeats it.

/// What the sender of a verb must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: also answered before login.
    BeforeLogin,
    /// A login, whatever it may do.
    LoggedIn,
    /// The right to list and download.
    Reads,
    /// The right to upload, make directories and rename.
    Writes,
    /// The right to delete.
    Deletes,
}

/// What a logged-in account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// List and download.
    pub read: bool,
    /// Upload, make directories, rename.
    pub write: bool,
    /// DELE and RMD.
    pub delete: bool,
}

impl Rights {
    /// Whether a logged-in account with these rights may use what demands `access`.
    pub fn allow(self, access: Access) -> bool {
        match access {
            Access::BeforeLogin | Access::LoggedIn => true,
            Access::Reads => self.read,
            Access::Writes => self.write,
            Access::Deletes => self.delete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_right_opens_its_own_verbs_only() {
        let none = Rights { read: false, write: false, delete: false };
        for (access, rights) in [
            (Access::Reads, Rights { read: true, ..none }),
            (Access::Writes, Rights { write: true, ..none }),
            (Access::Deletes, Rights { delete: true, ..none }),
        ] {
            assert!(rights.allow(access), "{access:?}");
            assert!(rights.allow(Access::LoggedIn) && rights.allow(Access::BeforeLogin));
            for other in [Access::Reads, Access::Writes, Access::Deletes] {
                assert_eq!(rights.allow(other), other == access, "{rights:?} {other:?}");
            }
        }
    }
}
