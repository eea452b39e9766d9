use std::collections::BTreeSet;

use crate::support::clients::{DataMode, curl, lftp, tnftp, url};
use crate::support::ftp::Ftp;
use crate::support::server::Setup;

/// More than two pages of a store's listing.
const ENTRIES: usize = 2500;

fn every_client_lists_all(setup: Setup) {
    let server = setup.start();
    let names: BTreeSet<String> = (0..ENTRIES).map(|n| format!("file-{n:04} 数")).collect();
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("MKD many", "257 "), ("CWD many", "250 ")]);
    for name in &names {
        ftp.store(&format!("STOR {name}"), b"");
    }
    assert_eq!(server.stored().files().len(), ENTRIES);
    for line in ["LIST", "NLST", "MLSD", "NLST file-*"] {
        let mut found = BTreeSet::new();
        for entry in ftp.list(line) {
            if let Some(at) = entry.find("file-") {
                assert!(found.insert(entry[at..].to_owned()), "twice: {entry}");
            }
        }
        assert_eq!(found, names, "{line}");
    }
    let dir = server.scratch();
    let said = [
        tnftp(server.address(), DataMode::Passive, &dir, "cd many\nls\nquit"),
        lftp(server.address(), DataMode::Passive, &dir, "cd many\ncls -1\nbye").expect_success(),
        curl(DataMode::Active, &["--list-only", &url(server.address(), "many/")]).expect_success(),
    ];
    for text in said {
        assert_eq!(text.matches("file-").count(), ENTRIES);
        for name in &names {
            assert!(text.contains(name.as_str()), "{name}");
        }
    }
}

#[test]
fn of_a_bucket() {
    every_client_lists_all(Setup::bucket());
}

#[test]
fn of_the_embedded_store() {
    every_client_lists_all(Setup::local());
}
