//! What a configuration has the server do, line by line, for people; no secrets.

use std::fmt::Write as _;

use cos_ftp_server::config::{ServerSettings, StoreSettings};
use cos_ftp_server::transfer::PartialUpload;

use super::mounts;

/// Accounts of one store that have a line each.
const SINGLE_LINES: usize = 10;

/// What a server does by `settings` that its configuration has, with what those should know who
/// wrote that for the replaced tool.
pub(super) fn of_configuration(settings: &ServerSettings) -> String {
    let mut text = of(settings);
    if settings.server.session.transfer.partial == PartialUpload::Park {
        text.push_str(
            "interrupted uploads are parked until their client resumes them; with partial_upload = \
             keep they get their name at once\n",
        );
    }
    text
}

/// What a server does by `settings`, wherever they come from.
pub(super) fn of(settings: &ServerSettings) -> String {
    let mut text = accounts(settings);
    let options = &settings.server;
    let ports = &options.passive_ports;
    let mebibytes = options.session.transfer.buffer_memory / (1024 * 1024);
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "port {}, passive ports {}-{}, buffer memory {mebibytes} MiB",
        options.listen_port,
        ports.start(),
        ports.end(),
    );
    if let Some(tls) = &settings.tls {
        let _ = writeln!(text, "FTPS by {}", tls.describe_versions());
        if let Some(clients) = &tls.clients {
            let _ = writeln!(text, "certificates of clients: {}", clients.describe());
        }
    }
    text
}

/// A line for each account, or for those of a large section together: where its files are.
pub(super) fn accounts(settings: &ServerSettings) -> String {
    let mut text = String::new();
    for (number, store) in settings.stores.iter().enumerate() {
        let users = || settings.terms_of(number).filter(|user| !user.name.is_empty());
        // Writing to a String cannot fail.
        let _ = match users().count() {
            1..=SINGLE_LINES => users().try_for_each(|user| {
                writeln!(text, "account {}: {}", user.name, files(store, &user.home))
            }),
            _ => match settings.users_of(number) {
                none if none.is_empty() => writeln!(text, "no users yet: {}", files(store, "")),
                names => writeln!(text, "accounts {names}: {}", files(store, "")),
            },
        };
    }
    text + &mounts::lines(settings, files)
}

/// Where files are: in the part `home` of a store.
fn files(store: &StoreSettings, home: &str) -> String {
    match store {
        StoreSettings::Cos(options) => format!(
            "bucket {} at {}, region {}, prefix {:?}, {}",
            options.bucket,
            options.endpoint,
            options.region,
            format!("{}{home}", options.prefix),
            options.credentials,
        ),
        StoreSettings::Local(options) => {
            format!("directory {}", options.root.join(home.trim_end_matches("/")).display())
        }
    }
}
