use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::{Administration, CONFIG, install_into, mode, succeeded};

/// `init` of the server that was installed at `prefix`, started elsewhere and answered by a pipe.
fn init(prefix: &Path, answers: &str) -> Output {
    let elsewhere = TempDir::new().expect("a directory");
    let mut command = Command::new(prefix.join("bin/cos-ftp-server"));
    command.arg("init").current_dir(elsewhere.path()).env("LC_ALL", "C.UTF-8");
    answered(command, answers)
}

/// Where a configuration of the machine is, if the package was installed.
const MACHINES: &str = "/etc/cos-ftp-server";

/// Set for the process that sees no configuration of the machine.
const ALONE: &str = "COS_FTP_TEST_INSTALL";

/// Runs the test `own`, which calls this, where no configuration of the machine is in sight: it
/// would be taken for the one to replace as soon as the installation has none. `inside` is what it
/// does there.
fn without_the_machines(own: &str, inside: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() || !Path::new(MACHINES).exists() {
        return inside();
    }
    let hide = format!("mount -t tmpfs none {MACHINES} && exec \"$@\"");
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &hide, "sh"])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("install::init::{own}"), "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("unshare runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{MACHINES} is there, and only root can have it out of sight: {told}\n{complaint}"
    );
}

fn answered(mut command: Command, answers: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    // It may end before it has heard all.
    let _ = child.stdin.take().expect("a pipe").write_all(answers.as_bytes());
    child.wait_with_output().expect("it ends")
}

#[test]
fn whoever_may_not_replace_the_configuration_of_the_machine_is_told_of_both_ways() {
    let prefix = TempDir::new().expect("a directory");
    install_into(prefix.path());
    let around = prefix.path().join(CONFIG).parent().expect("a directory").to_owned();
    for (path, mode) in [(prefix.path(), 0o755), (&around, 0o555)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
    }
    let program = prefix.path().join("bin/cos-ftp-server");
    let mut command = match rustix::process::geteuid().is_root() {
        // To whom nothing is forbidden.
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--clear-groups"]).arg(&program);
            command
        }
        false => Command::new(&program),
    };
    command.arg("init").current_dir("/").env("LC_ALL", "C.UTF-8").env("HOME", "/home/alice");
    let output = answered(command, "");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let program = program.display();
    for part in [
        format!("{} is the configuration of this machine", prefix.path().join(CONFIG).display()),
        format!("sudo {program} init; "),
        format!("{program} init --config /home/alice/cos-ftp-server.conf\n"),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    assert_eq!(output.status.code(), Some(1), "{told}");
    fs::set_permissions(&around, fs::Permissions::from_mode(0o755)).expect("its mode");
}

#[test]
fn init_replaces_the_sample_as_long_as_nobody_has_changed_it() {
    without_the_machines(
        "init_replaces_the_sample_as_long_as_nobody_has_changed_it",
        replace_samples,
    );
}

fn replace_samples() {
    let prefix = TempDir::new().expect("a directory");
    install_into(prefix.path());
    let config = prefix.path().join(CONFIG);
    // As the unit's user is let in. Only root can give it to another group.
    fs::set_permissions(&config, fs::Permissions::from_mode(0o640)).expect("its mode");
    let group = if rustix::process::geteuid().is_root() { Some(12_345) } else { None };
    chown(&config, None, group).expect("its group");
    let sample = fs::read_to_string(&config).expect("a sample");

    let output = init(prefix.path(), "3\n\nbob\na password\n");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    for said in ["This replaces the sample ", "Wrote ", "can be listed, stored, read and deleted"] {
        assert!(told.contains(said), "{said}: {output:?}");
    }
    let text = fs::read_to_string(&config).expect("a configuration");
    let var = prefix.path().join("var/cos-ftp-server");
    for line in [
        format!("cos_endpoint = file://{}/data", var.display()),
        format!("log_dir = {}/log", var.display()),
        "ftp_login_user_name = bob".to_owned(),
    ] {
        assert!(text.lines().any(|told| told == line), "{line}: {text}");
    }
    assert_eq!(mode(&config), 0o640);
    assert!(group.is_none_or(|group| fs::metadata(&config).expect("there").gid() == group));
    let beside = fs::read_dir(config.parent().expect("a directory")).expect("a directory");
    assert_eq!(beside.count(), 1);

    // Where there is none it is made anew, in the installation.
    fs::rename(&config, config.with_extension("old")).expect("moved away");
    let output = init(prefix.path(), &format!("3\n{}/data\nbob\na password\n", var.display()));
    let own = config.with_file_name("cos-ftp-server.conf");
    assert_eq!(mode(&own), 0o600, "{output:?}");
    fs::remove_file(own).expect("it was there");

    // What somebody has written or changed is left alone, and named.
    for text in [text, sample.replace("listen_port = 2121", "listen_port = 2122")] {
        fs::write(&config, &text).expect("written");
        let output = init(prefix.path(), "3\n\nbob\na password\n");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let remedy = format!("move this one away: mv {0} {0}.old\n", config.display());
        assert!(output.status.code() == Some(1) && told.contains(&remedy), "{output:?}");
        assert_eq!(fs::read_to_string(&config).expect("kept"), text);
    }
}

#[test]
fn init_of_root_writes_what_the_service_reads_and_looks_with_its_eyes() {
    if !rustix::process::geteuid().is_root() {
        // Nobody else can.
        return;
    }
    without_the_machines(
        "init_of_root_writes_what_the_service_reads_and_looks_with_its_eyes",
        write_for_the_service,
    );
}

fn write_for_the_service() {
    // A place where every user finds the program.
    let dir = TempDir::new_in("/var/tmp").expect("a directory");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("its mode");
    let places = ["prefix", "units"].map(|name| dir.path().join(name));
    let [prefix, units] = places.each_ref().map(|path| path.to_str().expect("UTF-8"));
    let binary = env!("CARGO_BIN_EXE_cos-ftp-server");
    Administration::new().install(&["--prefix", prefix, "--unit-dir", units, "--binary", binary]);
    // A user that there is everywhere, to whom everything belongs that belongs to the service's.
    let unit = places[1].join("cos-ftp-server.service");
    let text = fs::read_to_string(&unit).expect("a unit");
    fs::write(&unit, text.replace("User=cos-ftp\n", "User=nobody\n")).expect("written");
    let var = places[0].join("var/cos-ftp-server");
    shell(&format!("chown -R nobody: {}", var.display()));
    let config = places[0].join(CONFIG);
    let init = |directory: &str| {
        let mut command = Command::new(places[0].join("bin/cos-ftp-server"));
        command.arg("init").env("LC_ALL", "C.UTF-8").env("SYSTEMD_UNIT_PATH", units);
        let output = answered(command, &format!("3\n{directory}\nbob\na password\n"));
        // The port may be taken by another test's server.
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    // The sample is root's alone, as the false chown gave it to nobody.
    chown(&config, None, Some(group_of_nobody())).expect("its group");
    let told = init("");
    for said in
        ["This replaces the sample ", "looked as nobody", "systemctl enable --now", "data, for bob"]
    {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(!told.contains("✗ log") && !told.contains("✗ service"), "{told}");
    // Moved away, as the message says: there is a new one, where the service looks for it.
    fs::remove_file(&config).expect("it was there");
    let config = config.with_file_name("cos-ftp-server.conf");
    let told = init(var.join("data").to_str().expect("UTF-8"));
    assert!(
        told.contains("This writes the configuration ") && told.contains("looked as"),
        "{told}"
    );
    assert_eq!(mode(&config), 0o640);
    assert_eq!(fs::metadata(&config).expect("there").gid(), group_of_nobody());
}

fn group_of_nobody() -> u32 {
    shell("id -g nobody").trim().parse().expect("a number")
}

fn shell(command: &str) -> String {
    succeeded(Command::new("sh").args(["-c", command]).output().expect("sh runs"))
}
