use super::{both, day, files, with};
use crate::support::ftp::Ftp;
use crate::support::server::Setup;
use crate::support::stored::noise;

const TRASH: &[(&str, &str)] = &[("on_delete", "trash")];
const VISIBLE: &[(&str, &str)] = &[("on_delete", "trash"), ("trash_visible", "on")];

#[test]
fn what_is_deleted_lies_in_the_trash_under_its_path() {
    for server in both(TRASH) {
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR a/b/report.csv", b"first");
        ftp.store("STOR top", b"top");
        ftp.play(&[("DELE a/b/report.csv", "250"), ("DELE top", "250")]);
        ftp.play(&[("SIZE a/b/report.csv", "550"), ("DELE top", "550"), ("CWD a/b", "250")]);
        assert_eq!(files(&server), [".trash/DAY/a/b/report.csv", ".trash/DAY/top"]);
        // The same name again, and again: numbered, and nothing in there is replaced.
        for content in [b"second", b"third.", b"fourth", b"fifth."] {
            ftp.store("STOR report.csv", content);
            ftp.expect("DELE report.csv", "250");
        }
        let kept = files(&server);
        assert_eq!(kept.len(), 6, "{kept:?}");
        for name in ["report.csv", "report (2).csv", "report (3).csv"] {
            assert!(kept.contains(&format!(".trash/DAY/a/b/{name}")), "{name}: {kept:?}");
        }
        let day = server.stored().files()[0].split('/').nth(1).expect("a day").to_owned();
        let held = |name: &str| server.stored().bytes(&format!(".trash/{day}/a/b/{name}"));
        assert_eq!(held("report.csv"), b"first");
        assert_eq!(held("report (2).csv"), b"second");
    }
}

#[test]
fn a_trash_that_is_not_visible_is_not_there() {
    for server in both(TRASH) {
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR d/file", b"content");
        ftp.expect("DELE d/file", "250");
        let path = server.stored().files();
        let path = path.iter().find(|name| name.starts_with(".trash")).expect("kept");
        assert_eq!(ftp.list("NLST -a"), ["d"]);
        assert_eq!(ftp.list("NLST .tr*"), [""; 0]);
        for line in ["LIST", "MLSD", "LIST -la", "NLST *", "NLST .*"] {
            let listed = ftp.list(line);
            assert!(!listed.iter().any(|line| line.contains("trash")), "{line}: {listed:?}");
        }
        let day = path.rsplit_once("/d/").expect("a day").0;
        // As of a name that was never there.
        let answer = |ftp: &mut Ftp, verb: &str, name: &str| {
            let line = format!("{verb} {name}");
            match verb {
                "RETR" | "STOR" | "APPE" | "LIST" | "NLST" | "MLSD" => {
                    let _data = ftp.passive();
                    ftp.ask(&line)[..3].to_owned()
                }
                _ => ftp.ask(&line)[..3].to_owned(),
            }
        };
        for name in [".trash", "/.trash/", "./d/../.trash", day, path] {
            for verb in ["CWD", "SIZE", "MDTM", "MLST", "DELE", "RMD", "RNFR", "RETR"] {
                assert_eq!(answer(&mut ftp, verb, name), "550", "{verb} {name}");
            }
            for verb in ["STAT", "LIST", "NLST", "MLSD"] {
                let missing = answer(&mut ftp, verb, "never/there");
                assert_eq!(answer(&mut ftp, verb, name), missing, "{verb} {name}");
            }
            for verb in ["MKD", "STOR", "APPE"] {
                assert_eq!(answer(&mut ftp, verb, name), "550", "{verb} {name}");
            }
            ftp.expect("REST 3", "350");
            assert_eq!(answer(&mut ftp, "STOR", name), "550", "{name}");
        }
        let _data = ftp.passive();
        ftp.expect(&format!("STOU {path}"), "550");
        ftp.store("STOR own", b"own");
        ftp.play(&[("RNFR own", "350"), ("RNTO .trash/own", "550"), ("SIZE own", "213 3")]);
        ftp.play(&[("RNFR d", "350"), ("RNTO .trash", "550"), ("RMD d", "250")]);
        assert_eq!(files(&server), [".trash/DAY/d/file", "own"]);
    }
}

#[test]
fn a_visible_trash_gives_back_and_takes_nothing() {
    for server in both(VISIBLE) {
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR d/file", b"content");
        ftp.store("STOR d/other", b"other");
        ftp.play(&[("DELE d/file", "250"), ("DELE d/other", "250")]);
        assert!(ftp.list("NLST").contains(&".trash".to_owned()));
        let day = day(&mut ftp);
        assert_eq!(ftp.list(&format!("NLST {day}/d")).len(), 2);
        assert_eq!(ftp.fetch(&format!("RETR {day}/d/file")), b"content");
        for line in ["STOR", "APPE", "STOU"] {
            ftp.store_refused(&format!("{line} {day}/d/file"), "553");
        }
        ftp.store("STOR own", b"own");
        ftp.play(&[
            (&format!("MKD {day}/new"), "553 Nothing is stored or changed in the trash."),
            ("RNFR own", "350"),
            (&format!("RNTO {day}/d/file"), "553"),
            ("RNFR own", "350"),
            (&format!("RNTO {day}/own"), "553"),
            ("RNFR .trash", "350"),
            ("RNTO bin", "553 The trash stays where it is."),
            // Back where it was, and for good.
            (&format!("RNFR {day}/d/file"), "350"),
            ("RNTO d/file", "250"),
            (&format!("DELE {day}/d/other"), "250"),
            (&format!("SIZE {day}/d/other"), "550"),
        ]);
        assert_eq!(ftp.fetch("RETR d/file"), b"content");
        assert_eq!(files(&server), ["d/file", "own"]);
    }
}

#[test]
fn a_tree_goes_into_the_trash_and_comes_back() {
    for server in both(VISIBLE) {
        let mut ftp = Ftp::login(&server);
        let names: Vec<_> = (0..12)
            .map(|at| format!("tree/{}/{at}.bin", ["a", "a/b", "c", "数据"][at % 4]))
            .collect();
        for (seed, name) in (0..).zip(&names) {
            ftp.store(&format!("STOR {name}"), &noise(seed, 5000));
        }
        ftp.expect("MKD tree/empty", "257");
        // As clients delete a tree.
        for name in &names {
            ftp.expect(&format!("DELE {name}"), "250");
        }
        ftp.expect("RMD tree", "550");
        for name in ["tree/a/b", "tree/a", "tree/c", "tree/数据", "tree/empty", "tree"] {
            ftp.expect(&format!("RMD {name}"), "250");
        }
        ftp.expect("CWD tree", "550");
        assert_eq!(ftp.list("NLST"), [".trash"]);
        let day = day(&mut ftp);
        ftp.expect(&format!("RNFR {day}/tree"), "350");
        ftp.expect("RNTO tree", "250");
        for (seed, name) in (0..).zip(&names) {
            assert!(ftp.fetch(&format!("RETR {name}")) == noise(seed, 5000), "{name}");
        }
        ftp.expect("CWD tree/empty", "250");
        assert_eq!(
            server.stored().files().iter().filter(|name| name.ends_with(".bin")).count(),
            12
        );
        ftp.expect(&format!("CWD /{}", day.trim_start_matches('/')), "250");
        assert_eq!(ftp.list("NLST"), [""; 0]);
    }
}

#[test]
fn what_a_rename_replaces_lies_in_the_trash() {
    for server in both(TRASH) {
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR report.csv", b"yesterday's");
        for content in [b"today's", b"later's"] {
            ftp.store("STOR report.part", content);
            ftp.play(&[("RNFR report.part", "350"), ("RNTO report.csv", "250")]);
            assert_eq!(ftp.fetch("RETR report.csv"), content);
        }
        let kept = [".trash/DAY/report (2).csv", ".trash/DAY/report.csv", "report.csv"];
        assert_eq!(files(&server), kept);
        let stored = server.stored().files();
        assert_eq!(server.stored().bytes(&stored[1]), b"yesterday's");
        assert_eq!(server.stored().bytes(&stored[0]), b"today's");
        // What replaces nothing, and what is refused, leaves nothing there; STOR replaces as ever.
        ftp.store("STOR report.csv", b"by STOR");
        ftp.store("STOR d/file", b"x");
        ftp.play(&[("RNFR report.csv", "350"), ("RNTO other.csv", "250")]);
        ftp.play(&[("RNFR other.csv", "350"), ("RNTO other.csv", "250")]);
        ftp.play(&[("RNFR other.csv", "350"), ("RNTO d", "550")]);
        ftp.play(&[("RNFR d", "350"), ("RNTO other.csv", "550")]);
        let kept = [".trash/DAY/report (2).csv", ".trash/DAY/report.csv", "d/file", "other.csv"];
        assert_eq!(files(&server), kept);
    }
}

/// A file where an earlier one of the same name was a directory, and the other way round.
#[test]
fn files_and_directories_of_one_name_share_the_trash() {
    for server in both(TRASH) {
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR x/file", b"below");
        ftp.play(&[("DELE x/file", "250"), ("RMD x", "250")]);
        ftp.store("STOR x", b"a file");
        ftp.expect("DELE x", "250");
        ftp.store("STOR y", b"a file");
        ftp.expect("DELE y", "250");
        ftp.store("STOR y/file", b"below");
        ftp.play(&[("DELE y/file", "250"), ("RMD y", "250")]);
        let expected =
            [".trash/DAY (2)/y/file", ".trash/DAY/x (2)", ".trash/DAY/x/file", ".trash/DAY/y"];
        let mut kept = files(&server);
        kept.sort();
        assert_eq!(kept, expected);
    }
}

#[test]
fn each_login_has_a_trash_of_its_own() {
    let keys = [("on_delete", "trash"), ("cos_prefix", "home/%u"), ("trash_prefix", "bin/")];
    let setup = with(Setup::bucket(), &keys);
    let server = setup.start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR file", b"content");
    ftp.play(&[("DELE file", "250"), ("CWD bin", "550"), ("MKD .trash", "257")]);
    assert_eq!(files(&server), ["home/alice/bin/DAY/file"]);
}

/// What is said for all accounts, and what a section says instead.
#[test]
fn a_section_says_more_than_optional() {
    let setup = Setup::local().option("on_delete", "trash").option("done_marker", ".ok");
    let server = setup.start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR file", b"content");
    ftp.expect("DELE file", "250");
    assert_eq!(files(&server), [".trash/DAY/file", "file.ok"]);
    let keys = [("on_delete", "delete"), ("done_marker", "off")];
    let setup = Setup::local().option("on_delete", "trash").option("done_marker", ".ok");
    let server = with(setup, &keys).start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR file", b"content");
    ftp.expect("DELE file", "250");
    assert_eq!(files(&server), [""; 0]);
}
