//! Two users, of whom one may write below the same mount point and the other not: what each of them
//! sees there.

use std::io::Write;

use super::{Mounted, READS, VAULT};
use crate::support::ftp::Ftp;
use crate::support::server::Setup;
use crate::support::stored::noise;

/// `alice` may read what is mounted, and `bob` may do everything there; `rules` hold for both.
fn two(rules: &[(&str, &str)]) -> [Mounted; 2] {
    let keys = |users| [("path", "/archive"), ("account", VAULT), ("users", users)];
    let setup = || {
        let setup = Setup::bucket().account("bob", "RW", "true");
        let setup = rules.iter().fold(setup, |all, (key, value)| all.account_key(key, value));
        setup.mount(&[&keys("bob")[..], &[("authority", "RW")]].concat())
    };
    let reads = [&keys("alice")[..], &[READS]].concat();
    [Mounted::bucket(setup(), &reads), Mounted::directory(setup(), &reads)]
}

/// The line of `name` in what MLSD told.
fn line<'l>(lines: &'l [String], name: &str) -> &'l str {
    let ending = format!(" {name}");
    lines.iter().find(|line| line.trim_end().ends_with(&ending)).expect("its line")
}

#[test]
fn facts_tell_what_may_be_done_there() {
    for mounted in two(&[]) {
        mounted.other.put("file", b"content");
        mounted.other.put("d/file", b"content");
        for (user, of_directory, of_file) in
            [("alice", "perm=el;", "perm=r;"), ("bob", "perm=cdeflmp;", "perm=adfrw;")]
        {
            let mut ftp = Ftp::login_as(&mounted.server, user);
            ftp.store("STOR own", b"own");
            let root = ftp.list("MLSD");
            assert!(line(&root, "archive").contains(of_directory), "{user}: {root:?}");
            assert!(line(&root, "own").contains("perm=adfrw;"), "{user}: {root:?}");
            let below = ftp.list("MLSD archive");
            assert!(line(&below, "file").contains(of_file), "{user}: {below:?}");
            assert!(line(&below, "d").contains(of_directory), "{user}: {below:?}");
            for (name, told) in [("archive", of_directory), ("archive/d/file", of_file)] {
                let facts = ftp.expect(&format!("MLST {name}"), "250-");
                assert!(facts.contains(told), "{user}: {facts}");
            }
        }
    }
}

/// Who may not go on with an upload sees the file that it is to replace, as everybody else does.
#[test]
fn interrupted_uploads_are_there_for_those_who_may_go_on_with_them() {
    for mounted in two(&[]) {
        mounted.other.put_early(["d/old".to_owned()], b"earlier");
        for name in ["archive/d/old", "archive/d/new", "archive/only/new"] {
            let mut ftp = Ftp::login_as(&mounted.server, "bob");
            let skip = mounted.server.log().lines().count();
            let data = ftp.passive();
            ftp.expect(&format!("STOR {name}"), "150");
            let mut stream = data.open();
            stream.write_all(&noise(3, 17 << 20)).expect("taken");
            ftp.wait_for_bytes(17 << 20);
            ftp.send("ABOR");
            ftp.expect_reply("426 ");
            mounted.server.wait_for_log_after(skip, "parked until the client goes on");
        }
        let mut bob = Ftp::login_as(&mounted.server, "bob");
        assert!(bob.expect("SIZE archive/d/old", "213 ").len() > "213 1000000".len());
        bob.expect("SIZE archive/d/new", "213 ");
        assert_eq!(bob.list("NLST archive/d").len(), 2);
        assert_eq!(bob.list("NLST archive").len(), 2);

        let mut alice = Ftp::login_as(&mounted.server, "alice");
        alice.expect("SIZE archive/d/old", "213 7");
        assert!(alice.expect("MLST archive/d/old", "250-").contains("size=7;"));
        let listed = alice.list("MLSD archive/d");
        assert!(matches!(&listed[..], [one] if one.contains("size=7;")), "{listed:?}");
        assert_eq!(alice.fetch("RETR archive/d/old"), b"earlier");
        alice.expect("SIZE archive/d/new", "550 ");
        let _data = alice.passive();
        alice.expect("RETR archive/d/new", "550 ");
        assert_eq!(alice.list("NLST archive"), ["archive/d"]);
        alice.expect("CWD archive/only", "550 ");
    }
}

#[test]
fn what_waits_for_its_marker_is_there_for_those_who_may_send_it() {
    for mounted in two(&[("done_marker", ".ok"), ("publish_after_marker", "on")]) {
        let mut bob = Ftp::login_as(&mounted.server, "bob");
        bob.store("STOR archive/in/a.csv", b"content");
        bob.expect("SIZE archive/in/a.csv", "213 7");
        let mut alice = Ftp::login_as(&mounted.server, "alice");
        for line in ["SIZE", "MDTM", "MLST", "RNFR"] {
            alice.expect(&format!("{line} archive/in/a.csv"), "550 ");
        }
        let _data = alice.passive();
        alice.expect("RETR archive/in/a.csv", "550 ");
        bob.store("STOR archive/in/a.csv.ok", b"");
        assert_eq!(alice.fetch("RETR archive/in/a.csv"), b"content");
    }
}

/// As for whoever may only write everywhere.
#[test]
fn who_may_only_write_there_is_told_no_facts() {
    let keys = [("path", "/archive"), ("account", VAULT), ("users", "alice"), ("authority", "W")];
    let mounted = Mounted::directory(Setup::local(), &keys);
    let mut ftp = mounted.login();
    ftp.store("STOR archive/new", b"new");
    ftp.play(&[("SIZE archive/new", "213 3"), ("MLST archive/new", "550 ")]);
    assert!(line(&ftp.list("MLSD"), "archive").contains("perm=cdefmp;"));
}
