use std::fs;

use super::{ARCHIVE, Mounted};
use crate::support::clients::{DataMode, curl, lftp, url};
use crate::support::server::Setup;
use crate::support::stored::noise;

#[test]
fn curl_stores_and_fetches_below_a_mount_point() {
    for mounted in Mounted::all(ARCHIVE) {
        let (server, scratch) = (&mounted.server, mounted.server.scratch());
        let file = scratch.join("file");
        fs::write(&file, noise(9, 3 << 20)).unwrap();
        let to = url(server.address(), "archive/new/file");
        let file = file.to_str().unwrap();
        curl(DataMode::Passive, &["--ftp-create-dirs", "-T", file, &to]).expect_success();
        mounted.other.expect("new/file", &noise(9, 3 << 20));
        let back = scratch.join("back");
        curl(DataMode::Passive, &["-o", back.to_str().unwrap(), &to]).expect_success();
        assert!(fs::read(back).unwrap() == noise(9, 3 << 20));
        let listed = curl(DataMode::Passive, &[&url(server.address(), "")]).expect_success();
        assert!(listed.contains(" archive"), "{listed}");
    }
}

/// A tree that lies in two stores goes there and back, as one.
#[test]
fn lftp_mirrors_across_a_mount_point() {
    let mounted = Mounted::bucket(Setup::bucket(), ARCHIVE);
    let scratch = mounted.server.scratch();
    let names = ["a.txt", "d/b.bin", "archive/c.txt", "archive/e/f.bin"];
    for (seed, name) in (0..).zip(names) {
        let path = scratch.join("up").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, noise(seed, 100_000)).unwrap();
    }
    let run = |script: &str| {
        lftp(mounted.server.address(), DataMode::Passive, &scratch, script).expect_success()
    };
    run("mirror -R --no-perms up /");
    assert_eq!(mounted.files(), [vec!["a.txt", "d/b.bin"], vec!["c.txt", "e/f.bin"]]);
    run("mirror --no-perms / down");
    for name in names {
        let [up, down] = ["up", "down"].map(|at| fs::read(scratch.join(at).join(name)).unwrap());
        assert!(up == down, "{name}");
    }
    run("mv a.txt archive/a.txt");
    assert_eq!(mounted.files(), [vec!["d/b.bin"], vec!["a.txt", "c.txt", "e/f.bin"]]);
}
