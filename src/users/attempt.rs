//! An attempt to log in, and what comes of it.

use std::net::IpAddr;
use std::sync::Arc;

use super::permits::HashingPermit;
use super::{Account, HookFault};

/// Who wants to log in.
#[derive(Clone, Copy)]
pub struct LoginRequest<'a> {
    /// By what name.
    pub name: &'a str,
    /// By what password.
    pub password: &'a str,
    /// From where.
    pub client: IpAddr,
    /// Whether nobody on the way could read it.
    pub is_encrypted: bool,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// There is no such user, the password is wrong, or the account is not for this address. Nobody
    /// is told which.
    Incorrect,
    /// As [`Self::Incorrect`], with the right password: for the log alone.
    Elsewhere,
    /// Too many others wait for their password to be verified.
    Busy,
    /// Who knows whether it is right cannot be asked now.
    Unverifiable(HookFault),
    /// Nobody wants to know any more.
    Abandoned,
}

/// What came of a login.
#[derive(Debug)]
pub struct Check<'u> {
    /// Who it is.
    pub result: Result<Arc<Account>, LoginError>,
    /// The turn in which it was verified. The next one has it when this is dropped: after it was
    /// noted what came of the login.
    pub turn: Option<HashingPermit<'u>>,
}

impl From<HookFault> for LoginError {
    fn from(fault: HookFault) -> Self {
        Self::Unverifiable(fault)
    }
}

impl From<LoginError> for Check<'_> {
    fn from(error: LoginError) -> Self {
        Self { result: Err(error), turn: None }
    }
}
