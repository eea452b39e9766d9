//! What the mounted account hides from its own clients is hidden below the mount as well.

use super::{ARCHIVE, VAULT};
use crate::support::ftp::Ftp;
use crate::support::server::Setup;
use crate::support::stored::Stored;

#[test]
fn what_the_mounted_account_hides_is_hidden_below_the_mount() {
    // Of all its users together: each has a trash and files that wait.
    let mount: Vec<_> = ARCHIVE
        .iter()
        .map(|(key, value)| (*key, if *key == "account" { "COS_ACCOUNT_1" } else { *value }))
        .collect();
    let keys =
        "on_delete = trash\ndone_marker = .ok\npublish_after_marker = on\nhide_names = secret*\n";
    let place = "file://@DIR@/vault\n";
    let setup = Setup::local().directory_account(VAULT).replace(place, &format!("{place}{keys}"));
    let server = setup.mount(&mount).start();
    let other = Stored::Directory(server.beside(VAULT));
    for file in ["team/.trash/2026-11-28/a", "team/.unpublished/b", "team/secret-c", "team/d", "e"]
    {
        other.put(file, b"content");
    }
    let mut ftp = Ftp::login(&server);
    assert_eq!(ftp.list("NLST archive"), ["archive/e", "archive/team"]);
    assert_eq!(ftp.list("NLST archive/team"), ["archive/team/d"]);
    for hidden in ["team/.trash/2026-11-28/a", "team/.unpublished/b", "team/secret-c"] {
        ftp.play(&[
            (&format!("SIZE archive/{hidden}"), "550"),
            (&format!("DELE archive/{hidden}"), "550"),
            (&format!("RNFR archive/{hidden}"), "550"),
        ]);
        let _data = ftp.passive();
        ftp.expect(&format!("RETR archive/{hidden}"), "550");
    }
    ftp.expect("CWD archive/team/.trash", "550");
    ftp.expect("MKD archive/team/secret-d", "55");
    let _data = ftp.passive();
    ftp.expect("STOR archive/team/.unpublished/x", "55");
    ftp.play(&[("RNFR archive/team/d", "350"), ("RNTO archive/team/secret-d", "55")]);
    assert_eq!(other.files().len(), 5);
    assert_eq!(ftp.fetch("RETR archive/team/d"), b"content");
}
