//! Commands that tell something and touch no file: CLNT, STAT.

use std::net::IpAddr;

use super::login::Login;
use super::settings::ClientSettings;
use crate::protocol::{Reply, TransferType, replies};
use crate::vfs::FtpPath;

/// CLNT.
pub(super) fn note_client(name: &str) -> Reply {
    log::debug!("client={name:?}");
    replies::client_name_noted()
}

/// STAT outside a transfer; [`super::watch`] answers it during one.
pub(super) fn status(
    client: IpAddr,
    login: &Login<'_>,
    working_directory: &FtpPath,
    settings: &ClientSettings,
) -> Reply {
    let user = match login.account() {
        Some(account) => format!("Logged in as {}", account.name),
        None => "Not logged in".to_owned(),
    };
    let transfer_type = match settings.transfer_type {
        TransferType::Ascii => "A",
        TransferType::Image => "I",
    };
    replies::session_status([
        format!("Connected from {client}"),
        user,
        format!("Working directory {working_directory}"),
        format!("TYPE {transfer_type}, MODE S, STRU F"),
        "No transfer runs".to_owned(),
    ])
}
