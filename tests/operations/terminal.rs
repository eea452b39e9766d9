use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::server::{Setup, Written};
use crate::support::terminal::Terminal;

/// The server on a terminal, and the port that it listens on.
fn start(written: &Written) -> (Terminal, u16) {
    let mut terminal = Terminal::run(&written.command(&[]));
    terminal.wait_for("listening on 127.0.0.1:");
    let port = terminal.wait_for("\n").trim().parse().expect("a port");
    (terminal, port)
}

/// The configuration was named to start it, so it takes naming to stop it.
fn stop_command(written: &Written) -> String {
    let program = env!("CARGO_BIN_EXE_cos-ftp-server");
    format!("{program} stop --config {}", written.config().display())
}

fn log(written: &Written) -> String {
    std::fs::read_to_string(written.dir().join("log/cos_v5.log")).expect("the log")
}

#[test]
fn a_server_whose_terminal_is_closed_goes_on_and_says_so() {
    let written = Setup::local().write();
    let (mut terminal, port) = start(&written);
    terminal.close();
    let said = format!(
        "the terminal is closed: the server goes on as process {}; to stop it: {}\n",
        terminal.pid(),
        stop_command(&written)
    );
    let deadline = Instant::now() + Duration::from_secs(60);
    while !log(&written).contains(&said) {
        assert!(Instant::now() < deadline, "{}", log(&written));
        std::thread::sleep(Duration::from_millis(10));
    }
    TcpStream::connect(("127.0.0.1", port)).expect("it serves");

    // A SIGHUP of somebody else is a wish, as ever.
    let reload = written.command(&["reload"]).output().unwrap();
    assert!(reload.status.success(), "{reload:?}");
    assert!(log(&written).contains("SIGHUP: reading the configuration"), "{}", log(&written));

    // Who starts another is told of it by itself, whoever may look into the list of processes.
    let text = std::fs::read_to_string(written.config()).unwrap();
    let text = text.replace("listen_port = 0", &format!("listen_port = {port}"));
    std::fs::write(written.config(), text).unwrap();
    let output = written.command(&[]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    let (pid, stop) = (terminal.pid(), stop_command(&written));
    let who = format!("as process {pid}; to stop it: {stop}\n");
    let since = "a server with this configuration has been running since 20";
    for part in ["already in use", since, &who] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
