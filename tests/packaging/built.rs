//! The package for Debian, the archive and the container, each made of the binary under test and
//! started once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{CONFIG, SCRIPTS, path};
use crate::documentation::links;
use crate::support::ftp::Ftp;
use crate::support::server::TestServer;

const BINARY: &str = env!("CARGO_BIN_EXE_cos-ftp-server");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a machine without Rust has.
const PLAIN_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

fn told(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// What a script of `packaging` makes, in `directory`.
fn package(script: &str, directory: &Path) -> PathBuf {
    let mut command = Command::new(path("packaging").join(script));
    // How small it becomes is not what is tried.
    command.env("DPKG_DEB_COMPRESSOR_LEVEL", "0").args(["--binary", BINARY]).arg(directory);
    PathBuf::from(told(&mut command).trim_end())
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        .permissions()
        .mode()
        & 0o777
}

/// Starts `server` for `served`, stores a file by curl, and reads it back.
fn serves(server: &Path) {
    let served = TempDir::new().unwrap();
    let mut command = Command::new(server);
    command.arg("serve").arg(served.path()).args(["--listen", "127.0.0.1:0"]);
    command.env("COS_FTP_PASSWORD", "secret");
    let (_server, port) = TestServer::port_of(command);
    let url = format!("ftp://ftpuser:secret@127.0.0.1:{port}/LICENSE");
    told(
        Command::new("curl")
            .args(["--silent", "--show-error", "-T"])
            .arg(path("LICENSE"))
            .arg(&url),
    );
    let read = told(Command::new("curl").args(["--silent", "--show-error", &url]));
    assert_eq!(read, fs::read_to_string(path("LICENSE")).unwrap());
}

/// Whoever reads what was unpacked can follow each link in it.
fn links_lead_somewhere(unpacked: &Path) {
    let readme = fs::read_to_string(unpacked.join("README.md")).unwrap();
    assert!(readme.contains("](docs/installing.md)"), "{readme}");
    assert_eq!(links::broken(unpacked), Vec::<String>::new());
}

#[test]
fn the_package_for_debian_holds_what_it_should_and_its_server_serves() {
    let dir = TempDir::new().unwrap();
    let file = package("deb", dir.path());
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with(&format!("cos-ftp-server_{VERSION}-1_")), "{name}");
    let field = |name: &str| told(Command::new("dpkg-deb").arg("--field").arg(&file).arg(name));
    assert_eq!(field("Version"), format!("{VERSION}-1\n"));
    assert!(field("Depends").contains("libc6 (>= "), "{}", field("Depends"));

    let root = dir.path().join("root");
    told(Command::new("dpkg-deb").arg("--raw-extract").args([&file, &root]));
    let doc = "usr/share/doc/cos-ftp-server";
    for (there, expected) in [
        ("usr/bin/cos-ftp-server".to_owned(), 0o755),
        // It holds secrets.
        (CONFIG[1..].to_owned(), 0o640),
        ("etc/logrotate.d/cos-ftp-server".to_owned(), 0o644),
        ("usr/lib/systemd/system/cos-ftp-server.service".to_owned(), 0o644),
        ("usr/share/man/man8/cos-ftp-server.8.gz".to_owned(), 0o644),
        ("usr/share/man/man5/cos-ftp-server.conf.5.gz".to_owned(), 0o644),
        (format!("{doc}/copyright"), 0o644),
        (format!("{doc}/prometheus-alerts.yml"), 0o644),
        (format!("{doc}/grafana-dashboard.json"), 0o644),
        (format!("{doc}/docs/installing.md"), 0o644),
        (format!("{doc}/docs/zh-CN/installing.md"), 0o644),
    ] {
        assert_eq!(mode(&root.join(&there)), expected, "{there}");
    }
    for script in SCRIPTS {
        assert_eq!(mode(&root.join("DEBIAN").join(script)), 0o755, "{script}");
    }
    let kept = fs::read_to_string(root.join("DEBIAN/conffiles")).unwrap();
    assert_eq!(kept, format!("{CONFIG}\n/etc/logrotate.d/cos-ftp-server\n"));
    links_lead_somewhere(&root.join(doc));
    serves(&root.join("usr/bin/cos-ftp-server"));
}

#[test]
fn a_new_package_tells_the_next_two_commands() {
    let dir = TempDir::new().unwrap();
    let script = fs::read_to_string(path("conf/debian/postinst")).unwrap();
    // There is a user, and no configuration and no systemd to tell of it.
    let places = ["log", "lib"].map(|name| dir.path().join(name));
    let user = told(Command::new("sh").args(["-c", "id -un"]));
    let script = script
        .replace("USER_NAME=cos-ftp", &format!("USER_NAME={}", user.trim_end()))
        .replace(CONFIG, dir.path().join("none").to_str().unwrap())
        .replace("/var/log/cos-ftp-server", places[0].to_str().unwrap())
        .replace("/var/lib/cos-ftp-server", places[1].to_str().unwrap())
        .replace("/run/systemd/system", "/nowhere");
    // Where there is no user yet, its home is there before it.
    let tools = dir.path().join("tools");
    fs::create_dir(&tools).unwrap();
    for (tool, line) in [
        ("adduser", "while [ \"$1\" != --home ]; do shift; done; ls -d \"$2\""),
        ("getent", "false"),
    ] {
        fs::write(tools.join(tool), format!("#!/bin/sh\n{line}\n")).unwrap();
        fs::set_permissions(tools.join(tool), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let run_with = |version: &str, path: &str| {
        let arguments = ["-c", &script, "postinst", "configure", version];
        told(Command::new("sh").args(arguments).env("PATH", path))
    };
    let run = |version: &str| run_with(version, PLAIN_PATH);
    let made = run_with("0.1.0-1", &format!("{}:{PLAIN_PATH}", tools.display()));
    assert_eq!(made, format!("{}\n", places[1].display()));
    places.iter().for_each(|place| fs::remove_dir(place).unwrap());
    let new = run("");
    let commands: Vec<_> = new.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    let expected = ["cos-ftp-server check", "systemctl enable --now cos-ftp-server"];
    assert_eq!(commands, expected, "{new}");
    // What the check looks at is there before the first start, and stays as it is afterwards.
    places.iter().for_each(|place| assert_eq!(mode(place), 0o750, "{}", place.display()));
    fs::set_permissions(&places[0], fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(run("0.1.0-1"), "");
    assert_eq!(mode(&places[0]), 0o700);
}

#[test]
fn the_archive_installs_itself_in_three_commands_where_there_is_no_rust() {
    let dir = TempDir::new().unwrap();
    let archive = package("tarball", dir.path());
    let name = archive.file_name().unwrap().to_str().unwrap().to_owned();
    let unpacked = name.strip_suffix(".tar.gz").unwrap();
    let commands = format!("tar xzf {name}\ncd {unpacked}\n./install.sh\n");
    told(Command::new("tar").args(["-C", dir.path().to_str().unwrap(), "-xzf"]).arg(&archive));
    links_lead_somewhere(&dir.path().join(unpacked));
    let home = dir.path().join("home");
    let prefix = home.join(".local");
    let mut shell = Command::new("sh");
    // For root it would be the machine's own places.
    let commands =
        commands.replace("install.sh", &format!("install.sh --prefix {}", prefix.display()));
    shell.args(["-e", "-c", &commands]).current_dir(dir.path());
    shell.env_clear().env("PATH", PLAIN_PATH).env("HOME", &home);
    let said = told(&mut shell);
    assert!(said.contains("Password: "), "{said}");
    assert_eq!(mode(&prefix.join("share/man/man8/cos-ftp-server.8")), 0o644);
    let server = prefix.join("bin/cos-ftp-server");
    assert_eq!(told(Command::new(&server).arg("--version")), format!("cos-ftp-server {VERSION}\n"));
    told(Command::new(&server).arg("--check-config").env_clear());
    serves(&server);
}

/// The arguments of an instruction of the Dockerfile, which are in JSON.
fn instruction(name: &str) -> Vec<String> {
    let text = fs::read_to_string(path("packaging/Dockerfile")).unwrap();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    serde_json::from_str(lines.next_back().unwrap_or_else(|| panic!("no {name}"))).unwrap()
}

/// What `packaging/check` builds where there is a tool for containers is started here as the
/// container starts it.
#[test]
fn the_command_of_the_container_serves_on_the_ports_that_it_exposes() {
    let text = fs::read_to_string(path("packaging/Dockerfile")).unwrap();
    assert!(text.contains("\nEXPOSE 2121 60000-60009\n"), "{text}");
    assert_eq!(instruction("ENTRYPOINT"), ["cos-ftp-server"]);
    let served = TempDir::new().unwrap();
    let mut arguments = instruction("CMD");
    assert!(text.contains(&format!(" {}\n", arguments[1])), "nobody made {}", arguments[1]);
    arguments[1] = served.path().to_str().unwrap().to_owned();
    let mut command = Command::new(BINARY);
    command.args(&arguments).args(["--listen", "127.0.0.1:0"]).env("COS_FTP_PASSWORD", "secret");
    let (_server, port) = TestServer::port_of(command);
    let mut ftp = Ftp::connect_to(([127, 0, 0, 1], port).into());
    ftp.expect("USER ftpuser", "331 ");
    ftp.expect("PASS secret", "230 ");
    let reply = ftp.expect("EPSV", "229 ");
    let port: u16 = reply.split('|').nth(3).and_then(|port| port.parse().ok()).expect("a port");
    assert!((60000..=60009).contains(&port), "{reply}");
}
