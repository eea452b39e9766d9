use super::{attempt, on_each};
use crate::support::ftp::Ftp;

const REFUSED: &str = "553 ";

#[test]
fn new_names_are_allowed_and_denied() {
    let keys = [("allow_names", "*.csv, *.txt"), ("deny_names", "tmp*, secret.csv")];
    on_each(&keys, |server| {
        server.stored().put("old.exe", b"earlier");
        let mut ftp = Ftp::login(server);
        for name in ["a.csv", "d/A.TXT", "old.txt"] {
            ftp.store(&format!("STOR {name}"), b"x");
        }
        for name in ["a.exe", "csv", "tmp.csv", "TMP1.csv", "tmp/a.csv", "d/secret.csv"] {
            for verb in ["STOR", "APPE", "STOU"] {
                ftp.passive();
                ftp.expect(&format!("{verb} {name}"), REFUSED);
            }
            ftp.expect("RNFR a.csv", "350 ");
            ftp.expect(&format!("RNTO {name}"), REFUSED);
        }
        // What is no new name is not asked for.
        ftp.expect("RNFR old.exe", "350 ");
        ftp.expect("RNTO b.csv", "250 ");
        // Directories need no ending.
        ftp.expect("MKD reports", "257 ");
        ftp.expect("MKD tmp2", REFUSED);
        ftp.expect("RNFR reports", "350 ");
        ftp.expect("RNTO tmp3", REFUSED);
        ftp.expect("RNFR reports", "350 ");
        ftp.expect("RNTO more", "250 ");
        assert_eq!(ftp.fetch("RETR b.csv"), b"earlier");
        assert!(server.stored().files().iter().all(|name| !name.contains("tmp")));
    });
}

#[test]
fn hidden_names_are_as_good_as_absent() {
    on_each(&[("hide_names", ".*, Thumbs.db")], |server| {
        for name in ["a", ".profile", "d/b", "d/thumbs.DB", ".git/config", "d/.x/y"] {
            server.stored().put(name, b"bytes");
        }
        let mut ftp = Ftp::login(server);
        let names = |lines: Vec<String>| {
            let name =
                |line: &String| line.trim_end().rsplit([' ', '/']).next().unwrap().to_owned();
            let mut names: Vec<_> = lines.iter().map(name).collect();
            names.retain(|name| !name.is_empty());
            names.sort();
            names
        };
        for verb in ["NLST", "LIST", "MLSD", "NLST *", "LIST -a"] {
            assert_eq!(names(ftp.list(verb)), ["a", "d"], "{verb}");
        }
        for verb in ["NLST d", "LIST d", "MLSD d", "NLST d/*"] {
            assert_eq!(names(ftp.list(verb)), ["b"], "{verb}");
        }
        let status = ftp.expect("STAT d", "213-");
        assert!(status.contains(" b\r\n") && !status.to_lowercase().contains("thumbs"), "{status}");
        for name in [".profile", "d/Thumbs.db", "d/thumbs.DB", ".git", ".git/config", "d/.x/y"] {
            let missing = ["SIZE", "MDTM", "MLST", "STAT", "CWD", "DELE", "RMD", "RNFR"];
            for verb in missing {
                let expected = ftp.ask(&format!("{verb} no-such"));
                assert_eq!(ftp.ask(&format!("{verb} {name}")), expected, "{verb} {name}");
            }
            for verb in ["RETR", "LIST", "NLST"] {
                ftp.passive();
                let expected = ftp.ask(&format!("{verb} no-such"));
                ftp.passive();
                assert_eq!(ftp.ask(&format!("{verb} {name}")), expected, "{verb} {name}");
            }
            assert!(attempt(&mut ftp, &format!("STOR {name}"), b"x").starts_with(REFUSED));
            ftp.expect(&format!("MKD {name}"), REFUSED);
            ftp.expect("RNFR a", "350 ");
            ftp.expect(&format!("RNTO {name}"), REFUSED);
        }
        for name in ["a", ".profile", "d/b", "d/thumbs.DB", ".git/config", "d/.x/y"] {
            server.stored().expect(name, b"bytes");
        }
    });
}
