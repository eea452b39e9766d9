//! `install.sh`, on the binary under test: what it writes works at once, and it can be run again.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use support::server::TestServer;
use tempfile::TempDir;

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
    let [_, start, put, list, cos @ ..] = &commands[..] else { panic!("{told}") };
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
    let keys: Vec<&str> = cos.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(keys, ["cos_secretid", "cos_secretkey", "cos_bucket", "cos_region"]);
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
    assert!(!told.contains("Password"), "{told}");
    assert_eq!(fs::read_to_string(&config).expect("kept"), before);
    assert_eq!(fs::read_to_string(&data).expect("kept"), "data");
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
