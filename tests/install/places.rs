use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::{Administration, CONFIG, install, install_into, succeeded};

const BINARY: &str = env!("CARGO_BIN_EXE_cos-ftp-server");

fn text(output: &Output) -> String {
    [&*output.stdout, &*output.stderr].map(String::from_utf8_lossy).concat()
}

/// What the installed server of `prefix` says to `arguments`, started somewhere else, where the
/// units of `units` are those of the machine.
fn said(prefix: &Path, units: &Path, arguments: &[&str]) -> String {
    let elsewhere = TempDir::new().expect("a directory");
    let mut command = Command::new(prefix.join("bin/cos-ftp-server"));
    command.args(arguments).current_dir(elsewhere.path());
    command.env("LC_ALL", "C.UTF-8").env("SYSTEMD_UNIT_PATH", units);
    text(&command.output().expect("it runs"))
}

#[test]
fn all_agree_on_the_configuration_that_is_looked_for_first() {
    let dir = TempDir::new().expect("a directory");
    let [prefix, units] = ["prefix", "units"].map(|name| dir.path().join(name));
    let places = [&prefix, &units].map(|path| path.to_str().expect("UTF-8"));
    let arguments = ["--prefix", places[0], "--unit-dir", places[1], "--binary", BINARY];
    let administration = Administration::new();
    administration.install(&arguments);
    let sample = prefix.join(CONFIG);
    let own = sample.with_file_name("cos-ftp-server.conf");
    let config = fs::read_to_string(&sample).expect("a configuration");
    fs::write(&own, config.replace("ftp_login_user_name = ftpuser", "ftp_login_user_name = own"))
        .expect("written");

    // The installer, a second time.
    let told = administration.install(&arguments);
    assert!(told.contains(&format!("Kept your configuration {} and", own.display())), "{told}");
    assert!(told.contains("account own: "), "{told}");
    assert!(administration.calls().contains(&format!("chown root:cos-ftp {}\n", own.display())));
    // The unit, by its words.
    let unit = fs::read_to_string(units.join("cos-ftp-server.service")).expect("a unit");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
    let started = Command::new("sh").args(["-c", &format!("{start} --check-config")]).output();
    let told = succeeded(started.expect("sh runs"));
    assert!(told.contains(&format!("configuration OK: {}\n", own.display())), "{told}");
    // Every command, with and without the unit.
    for units in [&*units, Path::new("/nowhere")] {
        let own = own.display().to_string();
        for (arguments, begin) in [
            (&["--check-config"][..], format!("configuration OK: {own}\n")),
            (&["check"], format!("{own}, 1 account\n")),
            (&["init"], format!("{own} exists already")),
            (&["status"], "no server answers at ".to_owned()),
        ] {
            let told = said(&prefix, units, arguments);
            assert!(told.contains(&begin), "{arguments:?} {begin}: {told}");
        }
    }
    // A unit of somebody's own names another one: nobody looks past it.
    let custom = dir.path().join("custom.conf");
    fs::copy(&own, &custom).expect("copied");
    let text = format!(
        "ExecStart={places}/bin/cos-ftp-server --config {custom}\n",
        places = places[0],
        custom = custom.display()
    );
    fs::write(units.join("cos-ftp-server.service"), format!("[Service]\n{text}")).expect("written");
    for arguments in [&["--check-config"][..], &["check"], &["init"]] {
        let told = said(&prefix, &units, arguments);
        assert!(told.contains(custom.to_str().expect("UTF-8")), "{arguments:?}: {told}");
    }
}

#[test]
fn a_prefix_that_would_be_misread_is_refused() {
    let dir = TempDir::new().expect("a directory");
    for name in ["a|b", "a&b", "a\\b", "a$b", "a`b", "a b", " ", "a[b", "a]b", "a*b", "a:b", "a(b"]
    {
        let prefix = dir.path().join(name);
        let output = install(&["--prefix", prefix.to_str().expect("UTF-8"), "--binary", BINARY]);
        let told = text(&output);
        assert!(!output.status.success(), "{name:?}: {told}");
        assert!(told.contains(" must not contain blanks, quotes or any of # ; "), "{told}");
    }
    assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 0);
    for empty in [&["--prefix", ""][..], &["--prefix="]] {
        assert!(!install(empty).status.success());
    }
    // What is not refused works.
    let prefix = dir.path().join("a-b_c.d+e@f=g,h~");
    let told = install_into(&prefix);
    let config = prefix.join(CONFIG).display().to_string();
    assert!(told.contains(&format!("configuration OK: {config}\n")), "{told}");
}

#[test]
fn a_link_to_the_installer_installs() {
    let dir = TempDir::new().expect("a directory");
    let link = dir.path().join("install");
    symlink(concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh"), &link).expect("a link");
    let mut command = Command::new(&link);
    // From where the paths of its arguments are told.
    command.args(["--prefix", "prefix", "--binary", BINARY]).current_dir(dir.path());
    succeeded(command.output().expect("it runs"));
    assert!(dir.path().join("prefix/share/man/man8/cos-ftp-server.8").exists());
}

#[test]
fn nobody_finds_half_a_unit() {
    let dir = TempDir::new().expect("a directory");
    let [prefix, units] = ["prefix", "units"].map(|name| dir.path().join(name));
    let arguments = [&prefix, &units].map(|path| path.to_str().expect("UTF-8"));
    let arguments = ["--prefix", arguments[0], "--unit-dir", arguments[1], "--binary", BINARY];
    let administration = Administration::new();
    administration.install(&arguments);
    let unit = units.join("cos-ftp-server.service");
    let before = fs::metadata(&unit).expect("a unit").ino();
    // Whoever has it open goes on reading the old one.
    let open = fs::File::open(&unit).expect("a unit");
    administration.install(&arguments);
    assert_ne!(fs::metadata(&unit).expect("a unit").ino(), before);
    assert_eq!(open.metadata().expect("the old one").nlink(), 0);
    assert_eq!(fs::read_dir(&units).expect("a directory").count(), 1);
}
