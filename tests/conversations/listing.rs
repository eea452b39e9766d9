use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};

/// A server with a small tree.
fn server() -> TestServer {
    let server = Setup::local().start();
    for (path, bytes) in [
        ("a.txt", "12345"),
        ("b.txt", ""),
        (".hidden", "x"),
        ("c d.dat", "x"),
        ("dir/inner.txt", "x"),
        ("dir/deep/leaf", "x"),
        ("-l", "x"),
        ("[x].txt", "x"),
    ] {
        server.stored().put(path, bytes.as_bytes());
    }
    server
}

fn names(ftp: &mut Ftp, line: &str) -> Vec<String> {
    let mut names = ftp.list(line);
    names.sort();
    names
}

#[test]
fn nlst_gives_names() {
    let server = server();
    let mut ftp = Ftp::login(&server);
    let all = ["-l", ".hidden", "[x].txt", "a.txt", "b.txt", "c d.dat", "dir"];
    for (line, expected) in [
        ("NLST", &all[..]),
        ("NLST -a", &all),
        ("NLST -l", &all),
        ("NLST a.txt", &["a.txt"]),
        ("NLST *.txt", &["[x].txt", "a.txt", "b.txt"]),
        ("NLST ?.txt", &["a.txt", "b.txt"]),
        ("NLST [ab].txt", &["a.txt", "b.txt"]),
        ("NLST *.none", &[]),
        ("NLST dir/*.txt", &["dir/inner.txt"]),
        ("NLST [x].txt", &["[x].txt"]),
        ("NLST ./-l", &["./-l"]),
    ] {
        assert_eq!(names(&mut ftp, line), expected, "{line}");
    }
    // What a name of a directory's listing looks like is up to the server; it must be usable.
    for name in names(&mut ftp, "NLST dir") {
        let is_usable = ["inner.txt", "dir/inner.txt", "deep", "dir/deep"].contains(&name.as_str());
        assert!(is_usable, "{name}");
    }
}

#[test]
fn list_has_nine_columns() {
    let server = server();
    let mut ftp = Ftp::login(&server);
    let lines = ftp.list("LIST");
    assert_eq!(lines.len(), 7, "{lines:?}");
    for line in &lines {
        assert!(!line.contains('\t'), "{line}");
        let columns: Vec<&str> = line.split_whitespace().collect();
        assert!(columns.len() >= 9, "{line}");
        assert!(columns[0].len() == 10 && "d-".contains(&line[..1]), "{line}");
        columns[4].parse::<u64>().expect("a size");
    }
    let find = |name: &str| lines.iter().find(|line| line.ends_with(name)).expect(name);
    assert!(find(" a.txt").starts_with('-') && find(" a.txt").contains(" 5 "));
    assert!(find(" dir").starts_with('d'));
    for (line, count) in [
        ("LIST -la", 7),
        ("LIST -a -l", 7),
        // Flags change nothing, -R neither: the directories below are asked for one by one.
        ("LIST -R", 7),
        ("LIST -alR dir", 2),
        ("LIST /", 7),
        ("LIST -la /", 7),
        ("LIST -la dir", 2),
        ("LIST dir", 2),
        ("LIST dir/", 2),
        ("LIST a.txt", 1),
        ("LIST -l a.txt", 1),
        ("LIST c d.dat", 1),
        ("LIST *.txt", 3),
        ("list", 7),
    ] {
        assert_eq!(ftp.list(line).len(), count, "{line}");
    }
}

#[test]
fn mlsd_has_facts() {
    let server = server();
    let mut ftp = Ftp::login(&server);
    let lines = ftp.list("MLSD");
    let mut found = Vec::new();
    for line in &lines {
        let (facts, name) = line.split_once(' ').expect("facts, a blank, the name");
        assert!(facts.ends_with(';'), "{line}");
        let value = |key: &str| {
            facts.split(';').find_map(|fact| {
                let (name, value) = fact.split_once('=')?;
                name.eq_ignore_ascii_case(key).then(|| value.to_ascii_lowercase())
            })
        };
        match value("type").expect("type").as_str() {
            "file" => {
                value("size").expect("size").parse::<u64>().expect("a number");
                let modify = value("modify").expect("modify");
                assert!(modify.len() >= 14 && modify[..14].bytes().all(|b| b.is_ascii_digit()));
                found.push(name);
            }
            "dir" => found.push(name),
            other => assert!(["cdir", "pdir"].contains(&other), "{line}"),
        }
    }
    found.sort_unstable();
    assert_eq!(found, ["-l", ".hidden", "[x].txt", "a.txt", "b.txt", "c d.dat", "dir"]);
    assert!(lines.iter().any(|line| line.to_lowercase().contains("size=5;")), "{lines:?}");
    ftp.passive();
    ftp.expect("MLSD a.txt", "501 ");
}

/// The time of `name` as MDTM, MLST and the MLSD of the root tell it.
fn times_of(ftp: &mut Ftp, name: &str) -> [String; 3] {
    let modify = |text: &str| {
        let (_, rest) = text.split_once("modify=").unwrap_or_else(|| panic!("no time: {text}"));
        rest.split(';').next().expect("a fact").to_owned()
    };
    let mdtm = ftp.expect(&format!("MDTM {name}"), "213 ")[4..].to_owned();
    let mlst = modify(&ftp.expect(&format!("MLST {name}"), "250-"));
    let end = format!(" {name}");
    let lines = ftp.list("MLSD /");
    let line = lines.iter().find(|line| line.ends_with(&end)).expect("it is listed");
    [mdtm, mlst, modify(line)]
}

/// Strict clients refuse a whole listing when one line has no time.
#[test]
fn directories_have_a_time_wherever_one_is_told() {
    let epoch = "19700101000000";
    let local = Setup::local().start();
    local.stored().put("file", b"x");
    local.stored().put("implied/x", b"x");
    let bucket = Setup::bucket().start();
    bucket.stored().put("file", b"x");
    bucket.stored().put("implied/x", b"x");
    for (server, listed) in [(local, None), (bucket, Some(epoch))] {
        let mut ftp = Ftp::login(&server);
        ftp.expect("MKD made", "257 ");
        for name in ["file", "implied", "made"] {
            // Once before anything was listed, once after.
            for _ in 0..2 {
                let [mdtm, mlst, mlsd] = times_of(&mut ftp, name);
                assert_eq!(mdtm, mlst, "{name}");
                match listed {
                    Some(listed) if name != "file" => assert_eq!(mlsd, listed, "{name}"),
                    _ => assert_eq!(mlsd, mdtm, "{name}"),
                }
                // A bucket tells when a directory was made, if anything was made for it.
                assert_eq!(mdtm == epoch, listed.is_some() && name == "implied", "{name}");
            }
        }
        for root in ["MDTM /", "MDTM ."] {
            ftp.expect(root, "213 ");
        }
        assert!(ftp.expect("MLST", "250-").contains("modify="));
    }
}

#[test]
fn opts_mlst_chooses_the_facts() {
    let server = server();
    let mut ftp = Ftp::login(&server);
    ftp.expect("OPTS MLST size;", "200 MLST OPTS size;");
    let reply = ftp.expect("MLST a.txt", "250-");
    assert_eq!(
        reply.split("\r\n").nth(1).map(str::to_lowercase).as_deref(),
        Some(" size=5; /a.txt")
    );
}

#[test]
fn mlst_describes_one_thing() {
    let server = server();
    let mut ftp = Ftp::login(&server);
    for (line, kind, path) in [
        ("MLST a.txt", "type=file;", " /a.txt"),
        ("MLST dir", "type=dir;", " /dir"),
        ("MLST", "dir;", " /"),
    ] {
        let reply = ftp.expect(line, "250-");
        let [_, entry, last] = reply.split("\r\n").collect::<Vec<_>>()[..] else {
            panic!("{reply}")
        };
        assert!(entry.starts_with(' ') && entry.ends_with(path), "{reply}");
        assert!(entry.to_lowercase().contains(kind), "{reply}");
        assert!(last.starts_with("250 "), "{reply}");
    }
    ftp.expect("MLST nowhere", "550 ");
}

#[test]
fn a_missing_directory_is_550() {
    let server = server();
    let mut ftp = Ftp::login(&server);
    for line in ["LIST nowhere", "NLST nowhere", "MLSD nowhere", "LIST -la nowhere", "LIST dir/no"]
    {
        let _data = ftp.passive();
        ftp.expect(line, "550 ");
    }
    ftp.expect("NOOP", "200 ");
}

#[test]
fn an_empty_directory_is_an_empty_listing() {
    let server = server();
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("MKD empty", "257 "), ("CWD empty", "250 ")]);
    for line in ["LIST", "NLST", "LIST -la", "LIST /empty"] {
        assert_eq!(ftp.list(line), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn a_listing_is_cut_at_max_list_file_and_says_so() {
    let server = Setup::local().option("max_list_file", "3").start();
    for number in 0..5 {
        server.stored().put(&format!("file{number}"), b"");
    }
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("NLST", "150 ");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut data.open(), &mut text).expect("UTF-8");
    assert_eq!(text.lines().count(), 3);
    let reply = ftp.expect_reply("226 ");
    assert!(reply.contains("3 entries") && reply.contains("max_list_file"), "{reply}");
    server.wait_for_log("cut after 3 entries by max_list_file");
}

#[test]
fn listings_are_in_crlf_whatever_the_type() {
    let server = server();
    let mut ftp = Ftp::login(&server);
    for kind in ["TYPE A", "TYPE I"] {
        ftp.expect(kind, "200 ");
        // `list` checks the line ends.
        assert_eq!(ftp.list("NLST").len(), 7);
    }
}

#[test]
fn stat_lists_over_the_control_connection() {
    let server = server();
    let mut ftp = Ftp::login(&server);
    for (line, expected) in [
        ("STAT dir", &["deep", "inner.txt"][..]),
        ("STAT -la dir/", &["deep", "inner.txt"]),
        ("STAT a.txt", &["a.txt"]),
        ("STAT ?.txt", &["a.txt", "b.txt"]),
    ] {
        let reply = ftp.expect(line, "213-");
        let lines: Vec<&str> = reply.split("\r\n").collect();
        let inner = &lines[1..lines.len() - 1];
        let mut names: Vec<&str> =
            inner.iter().filter_map(|line| line.rsplit(' ').next()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{line}");
    }
    ftp.expect("STAT nowhere", "550 ");
}

#[test]
fn stat_that_is_cut_tells_it_in_no_line_that_could_be_a_name() {
    let server = Setup::local().option("max_list_file", "2").start();
    for number in 0..3 {
        server.stored().put(&format!("file{number}"), b"");
    }
    let reply = Ftp::login(&server).expect("STAT /", "213-");
    let lines: Vec<&str> = reply.split("\r\n").collect();
    assert!(lines.len() == 4 && lines[2].ends_with(" file1"), "{reply}");
    assert!(lines[3].contains("2 entries (max_list_file)"), "{reply}");
}

/// A mirror that deletes acts on it: no page may be missing.
#[test]
fn stat_tells_all_of_a_large_directory() {
    let server = Setup::local().start();
    for number in 0..2345 {
        server.stored().put(&format!("dir/{number:04}"), b"");
    }
    let mut ftp = Ftp::login(&server);
    for line in ["STAT dir", "STAT -la dir", "STAT dir/*"] {
        let reply = ftp.expect(line, "213-");
        let lines: Vec<&str> = reply.split("\r\n").collect();
        assert_eq!(lines[lines.len() - 1], "213 End", "{line}");
        let names = lines[1..lines.len() - 1].iter().map(|line| &line[line.len() - 4..]);
        assert!(names.eq((0..2345).map(|number| format!("{number:04}"))), "{line}: {reply}");
    }
    ftp.expect("NOOP", "200 ");
}

#[test]
fn stat_with_options_and_no_path_lists_the_working_directory() {
    let server = server();
    let mut ftp = Ftp::login(&server);
    ftp.expect("CWD dir", "250 ");
    for line in ["STAT -l", "STAT -la", "STAT -a", "STAT -l .", "STAT -a -l"] {
        let reply = ftp.expect(line, "213-");
        assert!(reply.contains(" inner.txt") && reply.contains(" deep"), "{line}: {reply}");
    }
    ftp.expect("STAT", "211-");
}

/// What exists under the whole name wins.
#[test]
fn directories_that_are_called_like_patterns_tell_what_is_in_them() {
    let server = Setup::local().start();
    for name in ["[2024]", "a*b", "what?", "x[1]", "[a-c]", "-a dir", "-l [x]", "-dash"] {
        server.stored().put(&format!("d/{name}/in.txt"), b"1");
    }
    // What the patterns would fit.
    for name in ["axb/wrong", "whatx/wrong", "2/wrong", "x1", "a/wrong", "p1.csv", "p2.csv"] {
        server.stored().put(&format!("d/{name}"), b"1");
    }
    let mut ftp = Ftp::login(&server);
    ftp.expect("CWD d", "250 ");
    for name in ["[2024]", "a*b", "what?", "x[1]", "[a-c]", "-a dir", "-l [x]", "-dash"] {
        for line in ["LIST", "NLST", "LIST -la", "NLST -- ", "MLSD"] {
            if line == "MLSD" || !name.starts_with('-') || line == "LIST" || line == "NLST" {
                let line = format!("{line} {name}").replace("  ", " ");
                let told = ftp.list(&line);
                assert!(told.len() == 1 && told[0].ends_with("in.txt"), "{line}: {told:?}");
            }
        }
        let told = ftp.list(&format!("NLST /d/{name}"));
        assert_eq!(told, [format!("/d/{name}/in.txt")]);
        let status = ftp.expect(&format!("STAT {name}"), "213-");
        assert!(status.contains("in.txt") && status.split("\r\n").count() == 3, "{status}");
    }
    // Where no such name exists they are patterns.
    assert_eq!(names(&mut ftp, "NLST p?.csv"), ["p1.csv", "p2.csv"]);
    assert_eq!(names(&mut ftp, "NLST what[x]"), ["whatx"]);
    // And options where there is no such directory.
    assert_eq!(names(&mut ftp, "NLST -l").len(), 15);
    let _data = ftp.passive();
    ftp.expect("LIST -a nowhere", "550 ");
}

#[test]
fn a_file_that_is_called_like_a_pattern_is_listed_alone() {
    let server = Setup::local().start();
    for name in ["a*b", "axb", "[x].txt", "x.txt"] {
        server.stored().put(name, b"1");
    }
    let mut ftp = Ftp::login(&server);
    for name in ["a*b", "[x].txt"] {
        assert_eq!(names(&mut ftp, &format!("NLST {name}")), [name]);
        assert_eq!(names(&mut ftp, &format!("NLST /{name}")), [format!("/{name}")]);
        assert_eq!(ftp.list(&format!("LIST {name}")).len(), 1);
    }
}

/// The name may stand behind the first page of what the pattern may fit.
#[test]
fn a_directory_that_is_called_like_a_pattern_is_found_behind_many_others() {
    let server = Setup::local().start();
    for number in 0..1100 {
        server.stored().put(&format!("d/a!{number:04}"), b"1");
    }
    server.stored().put("d/a*/in.txt", b"1");
    let mut ftp = Ftp::login(&server);
    assert_eq!(ftp.list("NLST d/a*"), ["d/a*/in.txt"]);
    assert_eq!(ftp.list("NLST d/a?0*").len(), 1000);
}
