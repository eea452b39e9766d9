//! The real FTP clients, run with a script and a time limit. A client that is missing fails its
//! test; `tests/support/packages.sh` installs them.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::server::{PASSWORD, USER};

/// How long one script may take, seconds: a client that waits for a reply that never comes would
/// wait for minutes.
const TIME_LIMIT: &str = "240";

/// How the data connection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataMode {
    /// The client connects.
    Passive,
    /// The server connects.
    Active,
}

/// What a client wrote, both outputs in one.
#[derive(Debug)]
pub(crate) struct Output {
    /// Whether it reported success.
    pub(crate) success: bool,
    /// What it wrote.
    pub(crate) text: String,
}

impl Output {
    /// Checks that it reported success.
    pub(crate) fn expect_success(self) -> String {
        assert!(self.success, "{}", self.text);
        self.text
    }
}

/// tnftp, the classic `ftp`, in `dir`; logged in and in binary mode. It goes on after a failed
/// command, and its exit status tells nothing: look at the text.
pub(crate) fn tnftp(server: SocketAddr, mode: DataMode, dir: &Path, script: &str) -> String {
    let flags = if mode == DataMode::Active { "-inAv" } else { "-inpv" };
    let (ip, port) = (server.ip(), server.port());
    let script = format!("open {ip} {port}\nuser {USER} {PASSWORD}\nbinary\n{script}\n");
    run(limited("tnftp").arg(flags).current_dir(dir), &script).text
}

/// lftp in `dir`, logged in. It stops at the first command that fails.
pub(crate) fn lftp(server: SocketAddr, mode: DataMode, dir: &Path, script: &str) -> Output {
    let passive = if mode == DataMode::Passive { "on" } else { "off" };
    let host = host(server);
    let script = format!(
        "set cmd:fail-exit yes\nset net:max-retries 1\nset net:timeout 30\n\
         set ftp:passive-mode {passive}\nset ftp:ssl-allow no\n\
         open -u {USER},{PASSWORD} ftp://{host}\n{script}\n"
    );
    run(limited("lftp").arg("--norc").current_dir(dir).env("LC_ALL", "C.UTF-8"), &script)
}

/// curl with these arguments, logged in. The address comes last, see [`url`].
pub(crate) fn curl(mode: DataMode, arguments: &[&str]) -> Output {
    let mut command = limited("curl");
    command.args(["--silent", "--show-error", "--globoff", "--user"]);
    command.arg(format!("{USER}:{PASSWORD}"));
    if mode == DataMode::Active {
        command.args(["--ftp-port", "-"]);
    }
    run(command.args(arguments), "")
}

/// ncftpput, ncftpget and ncftpls, logged in: `arguments` follow the options.
pub(crate) fn ncftp(program: &str, server: SocketAddr, arguments: &[&str]) -> Output {
    let (ip, port) = (server.ip().to_string(), server.port().to_string());
    let mut command = limited(program);
    command.args(["-u", USER, "-p", PASSWORD, "-P", &port, "-r", "1"]);
    if program != "ncftpls" {
        command.arg(ip);
    }
    run(command.args(arguments), "")
}

/// wget into `dir`.
pub(crate) fn wget(dir: &Path, arguments: &[&str]) -> Output {
    let login = [format!("--ftp-user={USER}"), format!("--ftp-password={PASSWORD}")];
    let command = &mut limited("wget");
    run(
        command.current_dir(dir).args(["--tries=1", "--timeout=30"]).args(login).args(arguments),
        "",
    )
}

/// rclone in `dir`; the server is the remote `ftp:`.
pub(crate) fn rclone(server: SocketAddr, dir: &Path, arguments: &[&str]) -> Output {
    let obscured = run(limited("rclone").args(["obscure", PASSWORD]), "").expect_success();
    let (ip, port) = (server.ip().to_string(), server.port().to_string());
    let mut command = limited("rclone");
    // Only what no path can hold is spelt otherwise; without a configuration file of the user.
    let options = [
        ("TYPE", "ftp"),
        ("HOST", &ip),
        ("PORT", &port),
        ("USER", USER),
        ("PASS", obscured.trim()),
        ("ENCODING", "Slash"),
    ];
    command.envs(options.map(|(key, value)| (format!("RCLONE_CONFIG_FTP_{key}"), value)));
    command.current_dir(dir).args(["--config", "/dev/null", "--transfers", "8", "--checkers", "8"]);
    run(command.args(["--retries", "1", "--low-level-retries", "1"]).args(arguments), "")
}

/// Python's ftplib: `ftp` is connected and logged in when `script` begins; `login()` makes another.
pub(crate) fn python(server: SocketAddr, dir: &Path, script: &str) -> Output {
    let (ip, port) = (server.ip(), server.port());
    let script = format!(
        "import ftplib, io\ndef login():\n    ftp = ftplib.FTP(timeout=30)\n    \
         ftp.connect('{ip}', {port})\n    ftp.login('{USER}', '{PASSWORD}')\n    \
         return ftp\nftp = login()\n{script}\n"
    );
    run(limited("python3").arg("-").current_dir(dir), &script)
}

/// The address of `path` (without leading slash) on a server, percent-encoded.
pub(crate) fn url(server: SocketAddr, path: &str) -> String {
    let encode = |byte: u8| match char::from(byte) {
        plain if plain.is_ascii_alphanumeric() || "-._~/".contains(plain) => plain.to_string(),
        _ => format!("%{byte:02X}"),
    };
    format!("ftp://{}/{}", host(server), path.bytes().map(encode).collect::<String>())
}

fn host(server: SocketAddr) -> String {
    server.to_string()
}

/// A client that is ended when it takes too long.
pub(crate) fn limited(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", TIME_LIMIT, program]);
    command.env_remove("http_proxy").env_remove("ftp_proxy").env_remove("all_proxy");
    command
}

/// Runs a client to its end.
pub(crate) fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // A client that ended early tells why in its output.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the client ends");
    let code = output.status.code();
    assert!(!matches!(code, Some(126 | 127)), "not installed: {command:?}");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text += &String::from_utf8_lossy(&output.stderr);
    assert!(!matches!(code, Some(124 | 137)), "took over {TIME_LIMIT} s: {command:?}\n{text}");
    Output { success: output.status.success(), text }
}
