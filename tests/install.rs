//! `install.sh`, on the binary under test: what it writes works at once, and it can be run again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::server::TestServer;
use tempfile::TempDir;

/// What `init` makes of what was installed.
mod init;
/// Which configuration is whose, and which places are taken.
mod places;

const CONFIG: &str = "etc/cos-ftp-server/vsftpd.conf";

fn install(arguments: &[&str]) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");
    Command::new(script).args(arguments).output().expect("install.sh runs")
}

/// Installs into `prefix` and returns what was printed.
fn install_into(prefix: &Path) -> String {
    let prefix = prefix.to_str().expect("UTF-8");
    let binary = env!("CARGO_BIN_EXE_cos-ftp-server");
    succeeded(install(&["--prefix", prefix, "--binary", binary]))
}

fn succeeded(output: Output) -> String {
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").permissions().mode() & 0o7777
}

#[test]
fn the_commands_it_prints_work() {
    let prefix = TempDir::new().expect("a directory");
    let told = install_into(prefix.path());
    assert_eq!(mode(&prefix.path().join(CONFIG)), 0o600);
    assert_eq!(mode(&prefix.path().join("var/cos-ftp-server")), 0o700);

    // The port it names may be taken by another test's server.
    let config = fs::read_to_string(prefix.path().join(CONFIG)).expect("a configuration");
    assert!(config.contains("\nlisten_port = 2121\n"), "{config}");
    let config =
        config.replace("listen_port = 2121", "listen_port = 0\nlisten_address = 127.0.0.1");
    fs::write(prefix.path().join(CONFIG), config).expect("written");

    let commands: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(told.contains("The connection is not encrypted"), "{told}");
    assert!(told.contains("Other machines of the network use ftp://"), "{told}");
    let [_, start, put, list, init, cos @ .., check] = &commands[..] else { panic!("{told}") };
    let mut tried = Command::new("sh");
    let tried = succeeded(tried.arg("-c").arg(check).current_dir(prefix.path()).output().unwrap());
    assert!(tried.contains("all is well"), "{tried}");
    let mut server = Command::new("sh");
    server.arg("-c").arg(format!("exec {start}")).current_dir(prefix.path());
    let (_server, port) = TestServer::port_of(server);
    for (command, expected) in [(put, ""), (list, "LICENSE\n")] {
        let command = command.replace(":2121", &format!(":{port}"));
        let output = Command::new("sh")
            .arg("-c")
            .arg(command.replacen("curl", "curl --no-progress-meter", 1))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("curl runs");
        assert!(succeeded(output).trim_start().ends_with(expected), "{command}");
    }
    let stored = fs::read(prefix.path().join("var/cos-ftp-server/data/LICENSE"));
    assert_eq!(stored.expect("stored"), include_bytes!("../LICENSE"));
    assert!(init.contains("/cos-ftp-server init --config "), "{init}");
    let keys: Vec<&str> = cos.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(keys, ["cos_secretid", "cos_secretkey", "cos_bucket", "cos_region"]);
}

#[test]
fn its_last_lines_are_chinese_where_the_reader_is() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");
    let lines = |locale: &[(&str, &str)], again: bool| {
        let prefix = TempDir::new().expect("a directory");
        let mut told = String::new();
        for _ in 0..=usize::from(again) {
            let mut command = Command::new(script);
            command.arg("--prefix").arg(prefix.path());
            command.args(["--binary", env!("CARGO_BIN_EXE_cos-ftp-server")]);
            command.env_remove("LC_ALL").env_remove("LC_MESSAGES").env_remove("LANG");
            told = succeeded(command.envs(locale.iter().copied()).output().expect("it runs"));
        }
        let place = prefix.path().to_str().expect("UTF-8");
        let password = told.lines().find_map(|line| line.strip_prefix("Password: "));
        let told = told.replace(password.unwrap_or("none"), "PASSWORD").replace(place, "PREFIX");
        let commands = told.lines().filter(|line| line.is_ascii() && line.starts_with("    "));
        let commands: Vec<_> = commands.map(str::to_owned).collect();
        (told, commands)
    };
    for again in [false, true] {
        let (english, commands) = lines(&[("LANG", "C.UTF-8")], again);
        let (chinese, same) = lines(&[("LANG", "zh_CN.UTF-8")], again);
        assert!(english.is_ascii(), "{english}");
        assert!(chinese.contains("启动"), "{chinese}");
        // But for what is to be filled in.
        let mut typed = commands.iter().filter(|line| !line.contains('<'));
        assert!(typed.all(|line| same.contains(line)), "{commands:?} {same:?}");
        assert_eq!(same.first(), commands.first());
        let other = [("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C.UTF-8")];
        assert!(lines(&other, again).0.is_ascii());
    }
}

#[test]
fn running_it_again_keeps_configuration_and_data() {
    let prefix = TempDir::new().expect("a directory");
    install_into(prefix.path());
    let config = prefix.path().join(CONFIG);
    let data = prefix.path().join("var/cos-ftp-server/data/kept");
    fs::write(&data, "data").expect("written");
    let before = fs::read_to_string(&config).expect("a configuration") + "# mine\n";
    fs::write(&config, &before).expect("written");

    let told = install_into(prefix.path());
    assert!(told.contains("Kept your configuration"), "{told}");
    assert!(!told.contains("Password") && !told.contains("cos_secretid"), "{told}");
    let server = prefix.path().join("bin/cos-ftp-server").display().to_string();
    let named = format!("--config {}", config.display());
    // Each a line that can be pasted.
    let [check, stop, start] =
        [" check ", " stop ", " "].map(|word| format!("\n    {server}{word}{named}\n"));
    for said in ["Updated ", "A server that runs is still the old one", &check, &stop, &start] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert_eq!(fs::read_to_string(&config).expect("kept"), before);
    assert_eq!(fs::read_to_string(&data).expect("kept"), "data");
}

#[test]
fn what_is_no_server_replaces_none() {
    let prefix = TempDir::new().expect("a directory");
    install_into(prefix.path());
    let name = prefix.path().to_str().expect("UTF-8");
    for wrong in [concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"), "/bin/true", "/bin/ls"] {
        let output = install(&["--prefix", name, "--binary", wrong]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains("nothing was changed"), "{told}");
    }
    let server = prefix.path().join("bin/cos-ftp-server");
    let version = Command::new(server).arg("--version").output().expect("the server is kept");
    assert!(version.status.success());
}

#[test]
fn a_place_that_cannot_be_written_is_found_before_the_build() {
    let dir = TempDir::new().expect("a directory");
    fs::write(dir.path().join("file"), "").expect("written");
    // The second looks to root as if it could be written.
    for prefix in [dir.path().join("file/below"), "/proc/below".into()] {
        // No binary: it would be built.
        let output = install(&["--prefix", prefix.to_str().expect("UTF-8")]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{told}");
        assert!(told.starts_with("install.sh: cannot write to"), "{told}");
        assert!(output.stdout.is_empty() && told.lines().count() == 1, "{output:?}");
        // Nobody is told to become what they are.
        let is_root = rustix::process::geteuid().is_root();
        assert_eq!(told.contains("or be root"), !is_root, "{told}");
    }
}

#[test]
fn each_installation_has_its_own_password() {
    let password = |told: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix("Password: "));
        line.expect("a password is printed").to_owned()
    };
    let (one, two) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    let (first, second) =
        (password(&install_into(one.path())), password(&install_into(two.path())));
    assert_eq!(first.len(), 16);
    assert_ne!(first, second);
}

#[test]
fn uninstalling_removes_the_binary_alone() {
    let prefix = TempDir::new().expect("a directory");
    install_into(prefix.path());
    let name = prefix.path().to_str().expect("UTF-8");
    let told = succeeded(install(&["--uninstall", "--prefix", name]));
    assert!(!prefix.path().join("bin/cos-ftp-server").exists());
    for kept in [CONFIG, "var/cos-ftp-server"] {
        let kept = prefix.path().join(kept);
        assert!(kept.exists());
        assert!(told.contains(kept.to_str().expect("UTF-8")), "{told}");
    }
    // Twice is no error.
    succeeded(install(&["--uninstall", "--prefix", name]));
}

#[test]
fn the_manual_pages_come_and_go_with_the_server() {
    let prefix = TempDir::new().expect("a directory");
    install_into(prefix.path());
    let pages = ["share/man/man8/cos-ftp-server.8", "share/man/man5/cos-ftp-server.conf.5"];
    let pages = pages.map(|page| prefix.path().join(page));
    assert_eq!(pages.each_ref().map(|page| mode(page)), [0o644; 2]);
    let name = prefix.path().to_str().expect("UTF-8");
    succeeded(install(&["--uninstall", "--prefix", name]));
    assert!(!pages.iter().any(|page| page.exists()));
}

/// The commands of the machine's administrator, which tell what they were asked for instead of
/// doing it; the caller seems to be root, and there is no user of the service.
struct Administration(TempDir);

impl Administration {
    fn new() -> Self {
        let dir = TempDir::new().expect("a directory");
        let calls = dir.path().join("calls");
        for (name, does) in [
            ("id", "echo 0".to_owned()),
            ("getent", "exit 2".to_owned()),
            ("useradd", format!("echo useradd \"$@\" >>{}", calls.display())),
            ("chown", format!("echo chown \"$@\" >>{}", calls.display())),
            ("systemctl", format!("echo systemctl \"$@\" >>{}", calls.display())),
        ] {
            let file = dir.path().join(name);
            fs::write(&file, format!("#!/bin/sh\n{does}\n")).expect("written");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its mode");
        }
        Self(dir)
    }

    fn install(&self, arguments: &[&str]) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");
        let path = std::env::var("PATH").expect("a PATH");
        let path = format!("{}:{path}", self.0.path().display());
        succeeded(Command::new(script).args(arguments).env("PATH", path).output().expect("it runs"))
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.0.path().join("calls")).unwrap_or_default()
    }
}

#[test]
fn the_unit_runs_this_installation_as_its_own_user() {
    let dir = TempDir::new().expect("a directory");
    let name = |path: &str| dir.path().join(path).display().to_string();
    let (prefix, units) = (name("prefix"), name("units"));
    let places = ["--prefix", &prefix, "--unit-dir", &units];
    let administration = Administration::new();
    let binary = ["--binary", env!("CARGO_BIN_EXE_cos-ftp-server")];
    let told = administration.install(&[&places[..], &binary].concat());
    assert!(told.contains("systemctl enable --now cos-ftp-server"), "{told}");

    let unit = dir.path().join("units/cos-ftp-server.service");
    let text = fs::read_to_string(&unit).expect("a unit");
    let start =
        format!("\nExecStart={prefix}/bin/cos-ftp-server --config {prefix}/etc/cos-ftp-server\n");
    let reload = format!(
        "\nExecReload={prefix}/bin/cos-ftp-server reload --config {prefix}/etc/cos-ftp-server --pid "
    );
    let writable = format!("\nReadWritePaths={prefix}/var/cos-ftp-server\n");
    // `init` by root has the log there, unless it replaces a sample.
    let log = "\nLogsDirectory=cos-ftp-server\n";
    for line in [&start, &reload, &writable, log, "\nUser=cos-ftp\n"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("chown"), "served files may be millions: {text}");
    assert!(!text.contains("/usr/bin") && !text.contains("/var/lib"), "{text}");
    let mut verify = Command::new("systemd-analyze");
    let verified = verify.args(["verify", "--man=no"]).arg(&unit).output().expect("it runs");
    assert!(verified.status.success() && verified.stderr.is_empty(), "{verified:?}");

    assert_eq!(mode(&dir.path().join("prefix").join(CONFIG)), 0o640);
    let calls = administration.calls();
    for call in [
        format!("useradd --system --user-group --home-dir {prefix}/var/cos-ftp-server "),
        format!("chown -R cos-ftp: {prefix}/var/cos-ftp-server\n"),
        format!("chown root:cos-ftp {prefix}/{CONFIG}\n"),
    ] {
        assert!(calls.contains(&call), "{call} is not in\n{calls}");
    }
    let told = administration.install(&[&["--uninstall"], &places[..]].concat());
    assert!(told.contains("Removed") && !unit.exists(), "{told}");
}

#[test]
fn without_a_place_for_it_there_is_no_unit() {
    let prefix = TempDir::new().expect("a directory");
    let administration = Administration::new();
    let name = prefix.path().to_str().expect("UTF-8");
    let binary = env!("CARGO_BIN_EXE_cos-ftp-server");
    let told = administration.install(&["--prefix", name, "--binary", binary]);
    assert!(!told.contains("systemctl"), "{told}");
    assert_eq!(administration.calls(), "");
    assert_eq!(mode(&prefix.path().join(CONFIG)), 0o600);
}

#[test]
fn a_unit_of_the_operators_own_is_kept() {
    let dir = TempDir::new().expect("a directory");
    let unit = dir.path().join("cos-ftp-server.service");
    fs::write(&unit, "[Service]\nExecStart=/opt/mine\n").expect("written");
    let places = [dir.path().join("prefix"), dir.path().to_owned()];
    let [prefix, units] = places.map(|path| path.display().to_string());
    let places = ["--prefix", &prefix, "--unit-dir", &units];
    let administration = Administration::new();
    let binary = ["--binary", env!("CARGO_BIN_EXE_cos-ftp-server")];
    let told = administration.install(&[&places[..], &binary].concat());
    assert!(told.contains("Kept your unit"), "{told}");
    let told = administration.install(&[&["--uninstall"], &places[..]].concat());
    assert!(told.contains("Kept your unit"), "{told}");
    assert_eq!(fs::read(&unit).expect("kept"), b"[Service]\nExecStart=/opt/mine\n");
    assert_eq!(administration.calls(), "");
}

#[test]
fn wrong_arguments_change_nothing() {
    let dir = TempDir::new().expect("a directory");
    let spaced = dir.path().join("a b");
    let spaced = spaced.to_str().expect("UTF-8");
    for arguments in [
        &["--nonsense"][..],
        &["--prefix"],
        &["--prefix", spaced, "--binary", env!("CARGO_BIN_EXE_cos-ftp-server")],
        &["--prefix", dir.path().to_str().expect("UTF-8"), "--binary", "/nowhere/at/all"],
    ] {
        let output = install(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("install.sh: "));
    }
    assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 0);
    assert!(succeeded(install(&["--help"])).contains("--uninstall"));
}
