//! The programs that the tests start: a machine that has what `packages.sh` installs has them all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::root;

/// Of packages without which there is no Debian: coreutils, dash, dpkg, tar, util-linux.
const ESSENTIAL: &[&str] = &["cp", "dpkg-deb", "setpriv", "setsid", "sh", "tar", "timeout"];

#[test]
fn every_program_that_tests_start_is_installed_for_them() {
    let packages = fs::read_to_string(root().join("tests/support/packages.sh")).unwrap();
    let installed = packages.lines().filter_map(|line| line.trim().split_once(':'));
    let installed: BTreeSet<_> = installed.map(|(program, _)| program).collect();
    let mut started = BTreeSet::new();
    collect(&root().join("tests"), &mut started);
    assert!(started.contains("curl"), "{started:?}");
    let known = |program: &str| installed.contains(program) || ESSENTIAL.contains(&program);
    started.retain(|program| !known(program));
    assert_eq!(started, BTreeSet::new());
}

/// The programs that are named where they are started.
fn collect(directory: &Path, started: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, started);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let named =
                text.split("Command::new(\"").skip(1).filter_map(|rest| rest.split_once('"'));
            started.extend(named.map(|(program, _)| program.to_owned()));
        }
    }
}
