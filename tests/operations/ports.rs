use std::fs;
use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use super::check::{Told, few_ports};
use crate::support::certificate::Certificate;
use crate::support::server::Setup;

/// Keeps a port, as another program does.
fn strangers_port() -> (TcpListener, u16) {
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    (taken, port)
}

#[test]
fn a_port_of_another_program_is_told_with_the_process() {
    let (_taken, port) = strangers_port();
    let told = |setup: Setup| {
        let written = setup.write();
        let text = fs::read_to_string(written.config()).unwrap();
        let text = text.replace("\nlisten_port = 0", &format!("\nlisten_port = {port}"));
        fs::write(written.config(), text).unwrap();
        Told::of(&written)
    };
    let refused = told(few_ports(Setup::local()));
    refused.expect_failure("control port", "stop it, or choose another listen_port");
    let who = format!("{port} is in use by process {} (", std::process::id());
    let detail = refused.failed()["detail"].as_str().unwrap();
    assert!(detail.starts_with(&who), "{detail}");
    // Whose it is cannot be asked.
    let told = told(few_ports(Setup::local()).operations("control_socket", "off"));
    assert_eq!((told.status, told.names("skipped")), (0, vec!["control port"]), "{:#}", told.whole);
}

#[test]
fn the_ports_of_a_server_that_runs_are_its_own() {
    let certificate = Certificate::new("own-ports");
    let setup = certificate.serve(few_ports(Setup::local()), "optional");
    let setup = setup.tls("implicit_listen_port", "0").operations("metrics_listen", "127.0.0.1:0");
    let server = setup.start();
    let metrics = server.wait_for_log("metrics and health at http://");
    let metrics = metrics.rsplit("127.0.0.1:").next().unwrap().split('/').next().unwrap();
    let (control, implicit) = (server.address().port(), server.implicit_address().port());
    server.rewrite_config(|text| {
        text.replace("implicit_listen_port = 0", &format!("implicit_listen_port = {implicit}"))
            .replace("\nlisten_port = 0", &format!("\nlisten_port = {control}"))
            .replace("127.0.0.1:0", &format!("127.0.0.1:{metrics}"))
    });
    let mut status = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    let shown = status.args(["status", "--config"]).arg(server.config()).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in [
        format!("listening for implicit TLS on 127.0.0.1:{implicit}\n"),
        format!("metrics and page at http://127.0.0.1:{metrics}/\n"),
    ] {
        assert!(shown.contains(&line), "{line}: {shown}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    let output = command.args(["check", "--json", "--config"]).arg(server.config()).output();
    let told: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    let lines = told["checks"].as_array().unwrap();
    for name in ["control port", "implicit TLS port", "metrics port"] {
        let line = lines.iter().find(|line| line["check"] == name).unwrap();
        let its = format!("in use by this server, which runs as process {}", server.pid());
        assert!(line["detail"].as_str().unwrap().ends_with(&its), "{line:#}");
        assert_eq!(line["outcome"], "passed", "{line:#}");
    }
}

#[test]
fn every_port_that_the_server_listens_on_is_tried() {
    let (_taken, port) = strangers_port();
    let certificate = Certificate::new("ports");
    let setup = certificate.serve(few_ports(Setup::local()), "optional");
    let setup = setup.tls("implicit_listen_port", &port.to_string());
    let told = Told::of(&setup.operations("metrics_listen", "192.0.2.1:9121").write());
    assert_eq!(told.names("failed"), ["implicit TLS port", "metrics port"], "{:#}", told.whole);
    let fixes: Vec<_> = told.lines("failed").iter().map(|line| line["fix"].clone()).collect();
    let expected = ["stop it, or choose another implicit_listen_port", "correct metrics_listen"];
    assert_eq!(fixes, expected, "{:#}", told.whole);
}
