//! The sections of the file.

use SectionKind::{
    CosAccount, Events, FileOption, FtpAccount, Mount, Network, NumberedAccount, Operations,
    Optional, Scan, Security, Tls,
};

/// What a section of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionKind {
    /// `[COS_ACCOUNT]`: the bucket of the first form.
    CosAccount,
    /// `[FTP_ACCOUNT]`: the logins of the first form.
    FtpAccount,
    /// `[COS_ACCOUNT_<n>]`: one login and its bucket, the second form.
    NumberedAccount,
    /// `[MOUNT_<n>]`: the files of an account in the trees of others.
    Mount,
    /// `[NETWORK]`
    Network,
    /// `[FILE_OPTION]`
    FileOption,
    /// `[SECURITY]`
    Security,
    /// `[OPTIONAL]`
    Optional,
    /// `[OPERATIONS]`
    Operations,
    /// `[EVENTS]`
    Events,
    /// `[SCAN]`
    Scan,
    /// `[TLS]`
    Tls,
}

/// Every kind, in the order of the documented example.
pub const ALL_SECTIONS: [SectionKind; 12] = [
    NumberedAccount,
    CosAccount,
    FtpAccount,
    Mount,
    Network,
    FileOption,
    Security,
    Optional,
    Operations,
    Events,
    Scan,
    Tls,
];

impl SectionKind {
    /// The kind of the section `name`, whatever its case.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_uppercase();
        let is_numbered =
            |prefix| name.strip_prefix(prefix).is_some_and(|number: &str| !number.is_empty());
        if is_numbered("COS_ACCOUNT_") {
            return Some(NumberedAccount);
        }
        if is_numbered("MOUNT_") {
            return Some(Mount);
        }
        ALL_SECTIONS.into_iter().find(|kind| kind.name() == name)
    }

    /// The section's name; `<n>` stands for a number.
    pub fn name(self) -> &'static str {
        match self {
            CosAccount => "COS_ACCOUNT",
            FtpAccount => "FTP_ACCOUNT",
            NumberedAccount => "COS_ACCOUNT_<n>",
            Mount => "MOUNT_<n>",
            Network => "NETWORK",
            FileOption => "FILE_OPTION",
            Security => "SECURITY",
            Optional => "OPTIONAL",
            Operations => "OPERATIONS",
            Events => "EVENTS",
            Scan => "SCAN",
            Tls => "TLS",
        }
    }
}
