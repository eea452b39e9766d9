//! What is kept of files that are deleted or replaced (`on_delete = trash`), and what tells others
//! that a file is complete (`done_marker`, `publish_after_marker`).

mod many;
mod marker_races;
mod markers;
mod moments;
mod requests;
mod trash;
mod unpublished;

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};

/// Both kinds of store, with these keys in the section of the account.
fn both(keys: &[(&str, &str)]) -> [TestServer; 2] {
    [Setup::local(), Setup::bucket()].map(|setup| with(setup, keys).start())
}

fn with(setup: Setup, keys: &[(&str, &str)]) -> Setup {
    keys.iter().fold(setup, |setup, (key, value)| setup.account_key(key, value))
}

/// The files of the store, without the day in the names of those in the trash.
fn files(server: &TestServer) -> Vec<String> {
    let mut files = server.stored().files();
    // What a directory is worked in.
    files.retain(|name| !name.starts_with(".cos-ftp-server"));
    files.iter().map(|name| without_day(name)).collect()
}

/// `.trash/2026-11-28/a` is `.trash/DAY/a`, whichever day it is.
fn without_day(name: &str) -> String {
    let is_day = |part: &&str| {
        let day = part.split(' ').next().unwrap_or_default();
        day.len() == 10 && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    let parts = name.split('/').map(|part| match Some(part).filter(is_day) {
        Some(day) => format!("DAY{}", &day[10..]),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The one directory of a day in the visible trash.
fn day(ftp: &mut Ftp) -> String {
    let days = ftp.list("NLST /.trash");
    assert_eq!(days.len(), 1, "{days:?}");
    days[0].clone()
}
