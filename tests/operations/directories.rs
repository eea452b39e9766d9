use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::support::certificate::Certificate;
use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer, Written};

/// Whom a directory belongs to that root serves: everywhere the number of `nobody`.
const OWNER: u32 = 65534;

fn few_ports() -> Setup {
    Setup::local().network("passive_ports", "42000,42063").option("max_connection_num", "64")
}

/// What `check` prints, and whether all was well.
fn check(written: &Written) -> (String, bool) {
    told(written.command(&["check"]))
}

fn told(mut command: Command) -> (String, bool) {
    let output = command.output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn check_leaves_nothing_behind() {
    let written = few_ports().write();
    let data = written.dir().join("data");
    let (text, is_well) = check(&written);
    assert!(is_well && text.contains("can be listed, stored, read and deleted"), "{text}");
    assert_eq!(names_in(&data), [""; 0]);
    // What a server made, and may be using, stays.
    fs::create_dir(data.join(".cos-ftp-server")).unwrap();
    assert!(check(&written).1);
    assert_eq!(names_in(&data), [".cos-ftp-server"]);
}

#[test]
fn a_directory_of_readers_is_never_written_to() {
    let setup = few_ports().authority("R");
    let written = setup.write();
    let data = written.dir().join("data");
    fs::set_permissions(&data, Permissions::from_mode(0o555)).unwrap();
    let before = fs::metadata(&data).unwrap().mtime_nsec();
    let (text, is_well) = check(&written);
    assert!(is_well && text.contains("nothing was written, as no user may"), "{text}");
    assert_eq!(fs::metadata(&data).unwrap().mtime_nsec(), before);
    let server = setup.start();
    server.stored().put("there", b"1234");
    assert_eq!(Ftp::login(&server).fetch("RETR there"), b"1234");
    assert_eq!(names_in(&server.log_dir().with_file_name("data")), ["there"]);
}

#[test]
fn what_is_refused_is_named() {
    let written = few_ports().write();
    let data = written.dir().join("data");
    fs::write(data.join(".cos-ftp-server"), "in the way").unwrap();
    let (text, is_well) = check(&written);
    let named = format!("{}/.cos-ftp-server: Not a directory", data.display());
    assert!(!is_well && text.contains(&named), "{text}");
    let output = written.command(&[]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(&format!("cos_endpoint = file://{}: {named}", data.display())), "{text}");
    fs::remove_file(data.join(".cos-ftp-server")).unwrap();
    fs::remove_dir(&data).unwrap();
    let (text, _) = check(&written);
    assert!(text.contains("→ make the directory (mkdir -p)"), "{text}");
}

/// Gives `path` to [`OWNER`] where that is ours to give; whom it belongs to now.
fn give_away(path: &Path) -> u32 {
    if geteuid().is_root() {
        chown(path, Some(OWNER), Some(OWNER)).unwrap();
    }
    fs::metadata(path).unwrap().uid()
}

#[test]
fn what_root_makes_belongs_to_the_owner_of_the_directory_around_it() {
    let server = Setup::local().start();
    let data = server.log_dir().with_file_name("data");
    let owner = give_away(&data);
    give_away(&data.join(".cos-ftp-server"));
    let mut ftp = Ftp::login(&server);
    ftp.expect("MKD dir", "257 ");
    ftp.store("STOR dir/file", b"1");
    ftp.store("STOR file", &[1; 300_000]);
    for made in ["dir", "dir/file", "file"] {
        assert_eq!(fs::metadata(data.join(made)).unwrap().uid(), owner, "{made}");
    }

    let written = few_ports().write();
    let (data, log) = (written.dir().join("data"), written.dir().join("log"));
    give_away(&data);
    give_away(&log);
    let (_server, _) = TestServer::port_of(written.command(&[]));
    for made in [data.join(".cos-ftp-server"), log.join("cos_v5.log")] {
        assert_eq!(fs::metadata(&made).unwrap().uid(), owner, "{}", made.display());
    }
}

/// The program in a place where every user finds it.
pub(super) fn program_for_all() -> (TempDir, PathBuf) {
    let place = TempDir::new_in("/var/tmp").unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    let program = place.path().join("cos-ftp-server");
    // By another process: a child of another test that had it open for writing would keep it busy.
    let copied =
        Command::new("cp").arg(env!("CARGO_BIN_EXE_cos-ftp-server")).arg(&program).status();
    assert!(copied.unwrap().success());
    (place, program)
}

fn give_all_away(written: &Written) {
    for path in [written.dir(), &written.dir().join("data"), &written.dir().join("log")] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        give_away(path);
    }
    give_away(written.config());
}

#[test]
fn a_tls_key_of_root_alone_is_told_to_the_user_of_the_server() {
    if !geteuid().is_root() {
        // Nobody else can.
        return;
    }
    let certificate = Certificate::new("roots");
    let written = certificate.serve(few_ports(), "required").write();
    give_all_away(&written);
    let key = certificate.key();
    fs::set_permissions(key.parent().unwrap(), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let (_place, program) = program_for_all();
    let mut command = Command::new(program);
    command.args(["check", "--config"]).arg(written.config()).uid(OWNER).gid(OWNER);
    let (text, is_well) = told(command);
    let line = text.lines().find(|line| line.contains("TLS certificate")).unwrap();
    let fix = "→ let the user that runs the server read it, and nobody else (chgrp, chmod 640)";
    assert!(!is_well && line.contains(&key.display().to_string()), "{text}");
    assert!(line.ends_with(fix), "{text}");
}

#[test]
fn root_looks_with_the_eyes_of_the_services_user() {
    if !geteuid().is_root() {
        // Nobody else can.
        return;
    }
    let written = few_ports().write();
    let (place, program) = program_for_all();
    let config = written.config().display();
    let unit = |program: &Path| {
        let exec = format!("ExecStart={} --config {config}", program.display());
        let text = format!("[Service]\n{exec}\nUser=nobody\n");
        fs::write(place.path().join("cos-ftp-server.service"), text).unwrap();
    };
    let check = |places: &Path| {
        let mut command = Command::new(&program);
        command.args(["check", "--config"]).arg(written.config());
        command.env("SYSTEMD_UNIT_PATH", places);
        told(command)
    };
    // The configuration is root's, so the service could not even read it.
    unit(&program);
    let (text, is_well) = check(place.path());
    assert!(
        !is_well && text.contains("→ let nobody, who runs the service, read it: chgrp nogroup "),
        "{text}"
    );
    // It can, and finds what root has left in its way.
    give_all_away(&written);
    let log = written.dir().join("log/cos_v5.log");
    fs::write(&log, "").unwrap();
    let (text, is_well) = check(place.path());
    assert!(!is_well && text.contains("→ give the file to the user that runs"), "{text}");
    assert!(text.contains("1 of "), "{text}");
    fs::remove_file(log).unwrap();
    let (text, is_well) = check(place.path());
    assert!(is_well && text.contains("looked as nobody"), "{text}");
    // The unit's configuration is the one that is meant where none is named.
    let mut unnamed = Command::new(&program);
    unnamed.arg("check").env("SYSTEMD_UNIT_PATH", place.path());
    let (text, is_well) = told(unnamed);
    assert!(is_well && text.contains(&config.to_string()), "{text}");
    // Its unit lets it write elsewhere only, until somebody adds to it.
    let strict = |paths: &str| format!("[Service]\nProtectSystem=strict\nReadWritePaths={paths}\n");
    let additions = place.path().join("cos-ftp-server.service.d");
    fs::create_dir(&additions).unwrap();
    fs::write(additions.join("10-strict.conf"), strict("/srv")).unwrap();
    let (text, is_well) = check(place.path());
    let data = written.dir().join("data");
    let fix = format!("→ add ReadWritePaths={} to it", data.display());
    assert!(!is_well && text.contains(&fix) && text.contains("2 of "), "{text}");
    let written_to = written.dir().display().to_string();
    fs::write(additions.join("20-override.conf"), strict(&written_to)).unwrap();
    let (text, is_well) = check(place.path());
    assert!(is_well && text.contains("lets the service write /srv "), "{text}");
    // It is another program's: that it was not tried is told, and how to.
    unit(Path::new("/bin/true"));
    let (text, is_well) = check(place.path());
    let hint =
        format!("chmod 640 {config}; sudo -u nobody {} check --config {config}", program.display());
    assert!(is_well && text.contains(&hint), "{text}");
    let (text, is_well) = check(Path::new("/nowhere"));
    assert!(is_well && !text.contains("looked at as root"), "{text}");
}

#[test]
fn what_systemd_makes_at_the_first_start_is_no_obstacle() {
    let name = format!("cos-ftp-nowhere-{}", std::process::id());
    let check = |state: &str, ledger: &str| {
        let written = few_ports().option("ledger", &format!("/var/lib/{name}/{ledger}")).write();
        let (program, config) = (env!("CARGO_BIN_EXE_cos-ftp-server"), written.config().display());
        let unit = written.dir().join("cos-ftp-server.service");
        let text = format!("[Service]\nExecStart={program} --config {config}\n{state}\n");
        fs::write(&unit, text).unwrap();
        ["--check-config", "check"].map(|word| {
            let mut command = written.command(&[word]);
            told({
                command.env("SYSTEMD_UNIT_PATH", written.dir()).env("LC_ALL", "C");
                command
            })
        })
    };
    let state = format!("StateDirectory={name}");
    let made =
        format!("/var/lib/{name} is not there yet: systemd makes it when the service starts");
    for (text, is_well) in check(&state, "ledger") {
        assert!(is_well && text.contains(&made), "{text}");
    }
    // One below it nobody makes.
    let [_, (text, is_well)] = check(&state, "records/ledger");
    let fix = format!("→ add StateDirectory={name}/records to ");
    assert!(!is_well && text.contains(&fix), "{text}");
    let [_, (text, is_well)] = check(&format!("{state} {name}/records"), "records/ledger");
    assert!(is_well && text.contains(&format!("/var/lib/{name}/records is not there")), "{text}");
    // Without a service of this configuration it is to be made.
    let [_, (text, is_well)] = check("", "ledger");
    assert!(!is_well && text.contains("→ make the directory, or correct ledger"), "{text}");
}
