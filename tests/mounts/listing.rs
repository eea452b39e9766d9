use super::{ARCHIVE, Mounted, READS, VAULT};
use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};

#[test]
fn a_mount_point_is_a_directory_among_others() {
    for mounted in Mounted::all(ARCHIVE) {
        let mut ftp = mounted.login();
        ftp.store("STOR a.txt", b"a");
        ftp.store("STOR z.txt", b"z");
        mounted.other.put("2026/report.csv", b"content");
        assert_eq!(ftp.list("NLST"), ["a.txt", "archive", "z.txt"]);
        assert_eq!(ftp.list("NLST ar*"), ["archive"]);
        let lines = ftp.list("LIST");
        assert!(lines[1].starts_with('d') && lines[1].ends_with(" archive"), "{lines:?}");
        let facts = ftp.list("MLSD");
        assert!(facts[1].contains("type=dir;") && facts[1].ends_with(" archive"), "{facts:?}");
        assert!(ftp.ask("STAT /").contains(" archive\r\n"));
        ftp.play(&[
            ("CWD archive", "250"),
            ("CWD 2026", "250"),
            ("SIZE report.csv", "213 7"),
            ("MDTM report.csv", "213 20"),
            ("PWD", "257 \"/archive/2026\""),
            ("CDUP", "250"),
            ("MLST", "250"),
            ("CDUP", "250"),
            ("MLST archive", "250"),
            ("SIZE archive", "550"),
            ("CWD /archive/nothing", "550"),
            ("CWD /archive/2026/report.csv", "550"),
        ]);
        assert_eq!(ftp.list("NLST archive"), ["archive/2026"]);
        assert_eq!(ftp.list("NLST archive/2026/*.csv"), ["archive/2026/report.csv"]);
        assert_eq!(ftp.fetch("RETR archive/2026/report.csv"), b"content");
        let _data = ftp.passive();
        ftp.expect("RETR archive", "550");
    }
}

/// What the store itself has under the name of a mount point is not seen, and comes back without
/// the mount.
#[test]
fn a_mount_point_hides_what_is_called_so() {
    for setup in [Setup::local(), Setup::bucket()] {
        let mounted = Mounted::directory(setup.account("other", "RW", "true"), ARCHIVE);
        mounted.server.stored().put("archive/hidden", b"hidden");
        mounted.other.put("shown", b"shown");
        let mut ftp = mounted.login();
        assert_eq!(ftp.list("NLST"), ["archive"]);
        assert_eq!(ftp.list("NLST archive"), ["archive/shown"]);
        ftp.expect("SIZE archive/hidden", "550");
        // Who has no mount sees what is there.
        let mut other = Ftp::login_as(&mounted.server, "other");
        assert_eq!(other.list("NLST archive"), ["archive/hidden"]);
        let mut vault = Ftp::login_as(&mounted.server, VAULT);
        assert_eq!(vault.list("NLST"), ["shown"]);
    }
}

#[test]
fn directories_above_a_mount_point_are_there_for_it() {
    let keys = [("path", "/common/teams/a"), ("account", VAULT), ("users", "*"), READS];
    for setup in [Setup::local(), Setup::bucket()] {
        let mounted = Mounted::bucket(setup, &keys);
        mounted.other.put("file", b"file");
        let mut ftp = mounted.login();
        assert_eq!(ftp.list("NLST"), ["common"]);
        ftp.play(&[("CWD common", "250"), ("CWD teams", "250"), ("MLST", "250")]);
        assert_eq!(ftp.list("NLST"), ["a"]);
        assert_eq!(ftp.list("NLST a"), ["a/file"]);
        // And what is stored beside it stands in the store itself.
        ftp.store("STOR /common/own", b"own");
        assert_eq!(ftp.list("NLST /common"), ["/common/own", "/common/teams"]);
        assert_eq!(mounted.files(), [vec!["common/own"], vec!["file"]]);
        ftp.play(&[("RMD /common/teams", "550"), ("MKD /common/teams", "550")]);
    }
}

#[test]
fn one_mount_may_lie_in_another_and_show_a_part() {
    let (setup, bucket) = Setup::local()
        .directory_account(VAULT)
        .bucket_account("team", crate::support::rgw::Rgw::shared().endpoint());
    let inner = [("path", "/archive/team"), ("account", "COS_ACCOUNT_2"), ("prefix", "a/b")];
    let inner = [&inner[..], &[("users", "alice"), READS]].concat();
    let server: TestServer = setup.mount(ARCHIVE).mount(&inner).start();
    crate::support::rgw::Rgw::shared().s3_put(&bucket, "a/b/file", b"file");
    crate::support::rgw::Rgw::shared().s3_put(&bucket, "a/outside", b"outside");
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR archive/x", b"x");
    assert_eq!(ftp.list("NLST archive"), ["archive/team", "archive/x"]);
    assert_eq!(ftp.list("NLST archive/team"), ["archive/team/file"]);
    ftp.play(&[("SIZE /archive/team/../../archive/team/file", "213 4"), ("RMD archive", "550")]);
    ftp.store_refused("STOR archive/team/new", "550");
}

/// Pages of a thousand names: the mount point stands in the listing once, and its namesake never.
#[test]
fn listings_of_many_pages_tell_a_mount_point_once() {
    let keys = [("path", "/m"), ("account", VAULT), ("users", "alice"), READS];
    let mounted = Mounted::directory(Setup::local(), &keys);
    for at in 0..1200 {
        mounted.server.stored().put(&format!("a{at:04}"), b"");
        mounted.server.stored().put(&format!("z{at:04}"), b"");
    }
    mounted.server.stored().put("m/hidden", b"");
    let mut ftp = mounted.login();
    let listed = ftp.list("NLST");
    assert_eq!(listed.len(), 2401);
    assert_eq!(listed.iter().filter(|name| *name == "m").count(), 1);
    // Whole names win over options and patterns on whichever page they stand.
    assert_eq!(ftp.list("NLST z1199"), ["z1199"]);
    ftp.expect("SIZE z1199", "213 0");
}
