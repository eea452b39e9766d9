use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output};

use rustix::process::geteuid;
use tempfile::TempDir;

use super::directories::program_for_all;
use crate::support::ftp::Ftp;
use crate::support::server::TestServer;
use crate::support::terminal::Terminal;

const PASSWORD: &str = "secret";

/// `serve DIR` at a port of the system's choice.
fn serve(mut command: Command, directory: &Path) -> Command {
    command.arg("serve").arg(directory).args(["--listen", "127.0.0.1:0"]);
    command.env("COS_FTP_PASSWORD", PASSWORD);
    command
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"))
}

/// `program` by somebody to whom something is forbidden, as nothing is to root.
fn as_nobody(program: &Path) -> Command {
    if !geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--clear-groups"]).arg(program);
    command
}

fn login(line: &str) -> Ftp {
    let address = line.trim().trim_end_matches('/').parse().expect("an address");
    let mut ftp = Ftp::connect_to(address);
    ftp.play(&[("USER ftpuser", "331 "), (&format!("PASS {PASSWORD}"), "230 ")]);
    ftp
}

/// What is shown as a command to be typed.
fn shown_command(terminal: &mut Terminal, above: &str) -> String {
    terminal.wait_for(above);
    terminal.wait_for("\n    ");
    terminal.wait_for("\n").trim().to_owned()
}

/// The one in the line below.
fn next_command(terminal: &mut Terminal) -> String {
    terminal.wait_for("    ");
    terminal.wait_for("\n").trim().to_owned()
}

fn typed(command: &str) -> Output {
    Command::new("sh").args(["-c", command]).output().expect("sh runs")
}

#[test]
fn a_directory_that_may_not_be_written_is_served_for_reading() {
    let (place, everybodys) = program_for_all();
    let directory = place.path().join("served");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("file"), "1234").unwrap();
    fs::set_permissions(&directory, Permissions::from_mode(0o555)).unwrap();
    let mut terminal = Terminal::run(&serve(as_nobody(&everybodys), &directory));
    terminal.wait_for(" read-only: this process may not write to it");
    let said = terminal.wait_for(" read-only until Ctrl+C");
    assert!(!said.contains("ERROR"), "{said}");
    let before = terminal.wait_for("curl -u ftpuser ftp://");
    assert!(!before.contains("-T FILE"), "{before}");
    let mut ftp = login(&terminal.wait_for("\n"));
    assert_eq!(ftp.fetch("RETR file"), b"1234");
    ftp.expect("STOR other", "550 ");
    terminal.type_line("\u{3}");
    assert_eq!(terminal.end().1.code(), Some(0));
    fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
}

#[test]
fn a_server_without_a_configuration_is_asked_and_stopped_from_elsewhere() {
    let directory = TempDir::new().unwrap();
    let mut terminal = Terminal::run(&serve(program(), directory.path()));
    let status = shown_command(&mut terminal, "See what it is doing, or stop it, ");
    let stop = next_command(&mut terminal);
    assert!(status.contains(" status --socket ") && stop.contains(" stop --socket "), "{stop}");
    // Also when its own terminal is gone.
    terminal.close();
    let status = typed(&status);
    let told = String::from_utf8(status.stdout).unwrap();
    assert!(told.contains(&format!(", process {}, since ", terminal.pid())), "{told}");
    let stopped = typed(&stop);
    let told = String::from_utf8(stopped.stdout).unwrap();
    assert!(stopped.status.success() && told.ends_with("stopped\n"), "{told}");
    assert_eq!(terminal.end().1.code(), Some(0));
    // There is nothing left that could be asked.
    let output = typed(&stop);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, socket) = stop.split_once(" --socket ").unwrap();
    let named = format!("no server answers at {socket} (--socket): there is no such file\n");
    assert!(told.starts_with(&named) && told.contains("--socket FILE"), "{told}");
}

#[test]
fn where_there_is_no_configuration_a_server_that_serve_started_is_named() {
    let (place, runtime) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let in_place = |mut command: Command| {
        command.current_dir(place.path()).env("XDG_RUNTIME_DIR", runtime.path());
        // No installation of this machine is asked.
        command.env("SYSTEMD_UNIT_PATH", place.path());
        command
    };
    // What a server that was killed has left behind is not named.
    drop(UnixListener::bind(runtime.path().join("cos-ftp-server-1.socket")).unwrap());
    let mut terminal = Terminal::run(&in_place(serve(program(), place.path())));
    let status = shown_command(&mut terminal, "See what it is doing, or stop it, ");
    let (_, socket) = status.split_once(" --socket ").unwrap();
    assert!(socket.starts_with(runtime.path().to_str().unwrap()), "{socket}");
    for word in ["status", "stop", "reload"] {
        let mut command = in_place(program());
        // This machine may have a configuration, and a server that must not hear of this.
        let output = command.args([word, "--config"]).arg(place.path()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        let named = format!("name the --socket FILE that it printed, one of: {socket}\n");
        assert!(told.starts_with("no server answers: ") && told.ends_with(&named), "{told}");
    }
    let output = program().args(["reload", "--socket", socket]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(64) && told.contains("has no configuration"), "{told}");
    terminal.type_line("\u{3}");
    assert_eq!(terminal.end().1.code(), Some(0));
}

/// Writes the configuration `file` of a server of `directory` that is asked at `socket`.
fn config_with<'a>(file: &'a Path, directory: &Path, socket: &Path) -> &'a Path {
    let (directory, socket) = (directory.display(), socket.display());
    let text = format!(
        "[COS_ACCOUNT_0]\ncos_endpoint = file://{directory}\nhome_dir = /\n\
         ftp_login_user_name = own\nftp_login_user_password = {PASSWORD}\nauthority = RW\n\
         [NETWORK]\nlisten_address = 127.0.0.1\nlisten_port = 0\n\
         [OPTIONAL]\nlog_dir = {directory}/../run\n[OPERATIONS]\ncontrol_socket = {socket}\n"
    );
    fs::write(file, text).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    file
}

#[test]
fn who_may_not_read_the_configuration_is_told_so_and_which_servers_answer() {
    let (place, everybodys) = program_for_all();
    let within = |name: &str| place.path().join(name);
    // As it is installed.
    for directory in ["bin", "etc/cos-ftp-server", "served", "run"] {
        fs::create_dir_all(within(directory)).unwrap();
        fs::set_permissions(within(directory), Permissions::from_mode(0o777)).unwrap();
    }
    let installed = within("bin/cos-ftp-server");
    fs::rename(everybodys, &installed).unwrap();
    let config = within("etc/cos-ftp-server/cos-ftp-server.conf");
    fs::write(&config, "").unwrap();
    fs::set_permissions(&config, Permissions::from_mode(0o000)).unwrap();
    let nobody = || {
        let mut command = as_nobody(&installed);
        command.current_dir(place.path()).env("XDG_RUNTIME_DIR", within("run"));
        // No installation of this machine is asked.
        command.env("SYSTEMD_UNIT_PATH", place.path());
        command
    };
    let told_by = |word: &str| {
        let output = nobody().arg(word).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("--socket FILE"), "{told}");
        told
    };
    let kept = format!("{} may not be read by this user, ", config.display());
    let told = told_by("status");
    assert!(told.starts_with(&kept) && !told.contains("/run/cos-ftp-server-"), "{told}");
    let mut terminal = Terminal::run(&serve(nobody(), &within("served")));
    let status = shown_command(&mut terminal, "See what it is doing, or stop it, ");
    let (_, socket) = status.split_once(" --socket ").unwrap();
    for word in ["status", "stop", "reload"] {
        let told = told_by(word);
        assert!(told.starts_with(&kept), "{told}");
        assert!(told.contains(&format!("one of: {socket}")), "{socket}: {told}");
    }
    // One with a configuration, whatever its socket is called, that this user has started.
    let other = within("run/status of the server");
    let mut own = nobody();
    own.args(["--config"]).arg(config_with(&within("own.conf"), &within("served"), &other));
    let (_own, _) = TestServer::port_of(own);
    let told = told_by("status");
    assert!(told.contains(&format!("'{}'", other.display())), "{told}");
    // Nor may one who cannot enter the directory look whether there is any.
    let around = config.parent().unwrap();
    fs::set_permissions(around, Permissions::from_mode(0o000)).unwrap();
    // What is said then depends on whether this machine has another one.
    assert!(told_by("status").contains(socket));
    fs::set_permissions(around, Permissions::from_mode(0o755)).unwrap();
    terminal.type_line("\u{3}");
    assert_eq!(terminal.end().1.code(), Some(0));
}

#[test]
fn passive_ports_are_written_as_in_a_configuration_too() {
    let directory = TempDir::new().unwrap();
    for ports in ["42128-42131", "42128,42131"] {
        let mut command = serve(program(), directory.path());
        command.args(["--passive-ports", ports]);
        let mut terminal = Terminal::run(&command);
        let said = terminal.wait_for("passive ports 42128-42131");
        assert!(!said.contains("parked"), "{said}");
        terminal.wait_for("Serving ");
        terminal.type_line("\u{3}");
        assert_eq!(terminal.end().1.code(), Some(0));
    }
}

#[test]
fn there_is_help_on_a_command() {
    for arguments in [["help", "serve"], ["serve", "--help"]] {
        let output = program().args(arguments).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && told.starts_with("Usage: cos-ftp-server serve DIR "));
        assert!(told.contains("--passive-ports") && !told.contains("hash-password"), "{told}");
    }
    for (word, said) in [("help", "    help   "), ("check", "    check --from")] {
        let output = program().args(["help", word]).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && told.contains(said), "{told}");
    }
    let output = program().args(["help", "nonsense"]).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
}
